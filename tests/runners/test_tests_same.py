"""The same timeline of a test is the same run: from a snapshot, in a new process, on another engine; whatever the kind of test."""

import os
import tempfile
from pathlib import Path

import pytest
from tests_tools import lives, lives_of, project

from crossroads.runners.folders import NAME
from crossroads.timeline.timelines import Epoch

pytestmark = pytest.mark.slow

SOURCE = """
import asyncio, os, random, sqlite3
import pytest
from crossroads import chance, mark
from hypothesis import example, given, settings, strategies as st

@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shared")
    (folder / "a").write_text("0")
    random.random()
    return folder

def test_plain():
    mark("a")
    assert random.random() < 0.5

async def test_async():
    seen = []
    async def put(number):
        await asyncio.sleep(random.random())
        seen.append(number)
    await asyncio.gather(put(0), put(1))
    assert seen == [0, 1]

@pytest.mark.parametrize("limit", [0.5], ids=["a b::c"])
def test_parameter(limit, shared):
    assert chance("x", [0, 1]) < limit

def test_files(shared, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    assert os.getcwd() == str(tmp_path)
    assert os.listdir() == []
    table = sqlite3.connect("table.db", isolation_level=None)
    table.execute("create table t (x)")
    log = open("log", "a+")
    os.symlink("log", "link")
    for step in range(4):
        mark(f"{step} of {tmp_path}")
        drawn = random.randrange(3)
        log.write("x")
        log.flush()
        table.execute("insert into t values (?)", [drawn])
        with open(shared / "a", "a") as file:
            file.write("1")
        if drawn == 2:
            os.remove("link") if os.path.islink("link") else os.symlink("log", "link")
        os.write(1, b"y")
        assert os.path.getsize("link" if os.path.islink("link") else "log") == step + 1
        assert (shared / "a").read_text() == "0" + "1" * (step + 1)
        assert table.execute("select count(*) from t").fetchone() == (step + 1,)
    assert capfd.readouterr().out == "yyyy"
    assert drawn, hash(str(tmp_path))

async def test_steps(shared, tmp_path):
    made = set()
    for step in range(4):
        mark(step)
        await asyncio.sleep(random.random())
        made.add(str(random.randrange(9)))
        (tmp_path / str(max(made))).touch()
        assert set(os.listdir(tmp_path)) <= made

@given(st.lists(st.integers(0, 3)), st.booleans())
@settings(max_examples=10)
@example([1], True)
def test_hypothesis(numbers, flag):
    random.Random(1).random()
    assert not numbers or random.random() < 0.8, (numbers, flag)

@given(st.integers(0, 3))
@settings(max_examples=10)
async def test_async_hypothesis(number):
    await test_async()
"""

TESTS = (
    "test_plain",
    "test_async",
    "test_files",
    *(pytest.param(name, marks=pytest.mark.once) for name in ("test_parameter[a b::c]", "test_hypothesis", "test_async_hypothesis")),
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with temporary folders of its own, so that what is left there is its own, too."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.chdir(tmp_path)
    return project(tmp_path, test_same=SOURCE)


@pytest.mark.parametrize("test", TESTS)
def test_fork_is_replay_of_a_test(here: Path, test: str) -> None:
    target = f"test_same.py::{test}"
    forked = lives(target, 6, jobs=2)
    kinds = {run.outcome.exception for run in forked}
    assert kinds == {"", "AssertionError"}, [run.outcome for run in forked]
    one_of_each = {run.outcome.exception: run.timeline for run in forked}.values()
    begun = [timeline.epochs for timeline in one_of_each]
    assert [run.timeline for run in lives_of(target, begun, pristine=True)] == [*one_of_each]
    assert [run.timeline for run in lives_of(target, begun, engine="replay")] == [*one_of_each]
    assert not leftovers()


@pytest.mark.parametrize("test", ["test_steps", "test_files"])
def test_futures_from_the_middle_of_a_test_are_those_from_its_start(here: Path, test: str) -> None:
    target = f"test_same.py::{test}"
    begun = [(Epoch(0, 1), Epoch(point, seed)) for point in (2, 3) for seed in range(4)]
    forked = lives_of(target, begun, jobs=2)
    assert all(run.timeline.digest and run.timeline.points > 3 for run in forked)
    assert len({run.timeline.digest for run in forked}) > 2
    assert [run.timeline for run in forked] == [run.timeline for run in lives_of(target, begun, pristine=True)]
    assert not leftovers()


def leftovers() -> list[str]:
    root = os.path.join(os.environ.get("TMPDIR", "/tmp"), NAME)
    return os.listdir(root) if os.path.isdir(root) else []


def test_hypothesis_has_the_same_inputs_in_each_future_and_tells_the_one_that_failed(here: Path) -> None:
    runs = [run for run in lives("test_same.py::test_hypothesis", 12, pristine=True) if run.outcome.is_failure]
    assert len({run.outcome.where for run in runs}) == 1
    assert all("falsified by the example: test_hypothesis(" in run.output for run in runs)
