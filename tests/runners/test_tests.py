"""Plain tests of pytest's as programs: what each kind of test, fixture and end becomes in a future."""

from pathlib import Path

import pytest
from tests_tools import end, ends, lives, project

from crossroads.errors import TargetError
from crossroads.timeline.outcomes import Outcome

pytestmark = pytest.mark.slow

KINDS = """
import logging, os, random, sys, unittest, warnings
import pytest

def setup_module(module):
    module.STATE = ["module"]

def coin():
    assert random.random() < 0.5, "tails"

class TestBuiltin:
    @classmethod
    def setup_class(cls):
        cls.made = []

    def setup_method(self):
        self.made.append(STATE[0])

    def test_fixtures(self, monkeypatch, caplog, capsys, recwarn, request, wide):
        assert self.made == ["module"]
        monkeypatch.setenv("A", "b")
        print("hello")
        assert capsys.readouterr().out == "hello\\n"
        logging.getLogger("x").warning("w %s", 1)
        assert caplog.messages == ["w 1"]
        warnings.warn("x")
        assert len(recwarn) == 1
        assert request.getfixturevalue("wide") == ["wide"]
        assert "nested" not in os.environ.get("A")
        coin()

def test_captured_output_from_below(capfd):
    os.write(1, b"x")
    random.random()
    os.write(1, b"y")
    assert capfd.readouterr().out == "xy"
    coin()

@pytest.fixture(params=[1, 2], ids=["a::b [c]", "d"])
def param(request):
    return request.param

@pytest.fixture
def doubled(request):
    return request.param * 2

@pytest.mark.parametrize("doubled", [3], indirect=True)
def test_parameters(param, doubled):
    assert (param, doubled) == (1, 6)
    coin()

class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.limit = 0.5

    def setUp(self):
        self.own = self.limit

    def test_case(self):
        self.assertLess(random.random(), self.own)

@pytest.fixture
def bad_setup():
    coin()

def test_setup(bad_setup): pass

@pytest.fixture
def bad_teardown():
    yield
    coin()

def test_teardown(bad_teardown): pass

@pytest.mark.xfail(reason="known", raises=AssertionError)
def test_expected(): coin()

@pytest.mark.xfail(strict=True, reason="known")
def test_unexpected(): pass

def test_exit():
    if random.random() < 0.5:
        pytest.exit("gone", returncode=3)

def test_system_exit():
    if random.random() < 0.5:
        sys.exit(0)

def test_fail():
    if random.random() < 0.5:
        pytest.fail("no way")

def test_raises():
    with pytest.raises(ValueError):
        if random.random() < 0.5:
            raise ValueError

@pytest.mark.filterwarnings("error")
def test_warning():
    if random.random() < 0.5:
        warnings.warn("old", DeprecationWarning)

def test_missing(nothing): pass

@pytest.mark.skipif(True, reason="never")
def test_skipped_by_mark(wide_failing): pass

def test_skipped_inside():
    if random.random() < 0.5:
        pytest.skip("no luck")

def test_wider_that_fails(wide_failing): pass
"""

CONFTEST = """
import pytest

@pytest.fixture(scope="session")
def wide():
    return ["wide"]

@pytest.fixture(scope="module")
def wide_failing():
    raise OSError("no disk")
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return project(tmp_path, test_kinds=KINDS, conftest=CONFTEST)


def line(text: str) -> int:
    return next(number for number, said in enumerate(KINDS.splitlines(), 1) if text in said)


@pytest.mark.parametrize(
    ("test", "kind", "exception", "message", "at"),
    [
        ("TestBuiltin::test_fixtures", "failed", "AssertionError", "tails\nassert 0.", "assert random.random() < 0.5"),
        ("test_captured_output_from_below", "failed", "AssertionError", "tails\n", "assert random.random() < 0.5"),
        ("test_parameters[a::b [c]-3]", "failed", "AssertionError", "tails\n", "assert random.random() < 0.5"),
        ("Case::test_case", "failed", "AssertionError", "", "self.assertLess"),
        ("test_setup", "failed", "AssertionError", "in its setup: tails\n", "assert random.random() < 0.5"),
        ("test_teardown", "failed", "AssertionError", "in its teardown: tails\n", "assert random.random() < 0.5"),
        ("test_unexpected", "failed", "Failed", "[XPASS(strict)] known", "xfail(strict=True"),
        ("test_exit", "exited", "pytest.exit", "gone", "pytest.exit("),
        ("test_system_exit", "failed", "SystemExit", "0", "sys.exit(0)"),
        ("test_fail", "failed", "Failed", "no way", "pytest.fail("),
        ("test_raises", "failed", "Failed", "DID NOT RAISE", "pytest.raises("),
        ("test_warning", "failed", "DeprecationWarning", "old", 'warnings.warn("old"'),
        ("test_missing", "failed", "_pytest.fixtures.FixtureLookupError", "in its setup: fixture 'nothing' not found", "def test_missing"),
        ("test_wider_that_fails", "failed", "OSError", "in its setup: no disk", None),
    ],
)
def test_an_end_is_the_tests_own(here: Path, test: str, kind: str, exception: str, message: str, at: str | None) -> None:
    found = end(f"test_kinds.py::{test}")
    assert (found.kind, found.exception) == (kind, exception)
    assert message in found.message
    place = "conftest.py:10 in" if at is None else f"test_kinds.py:{line(at)} in"
    assert found.where.startswith(place)


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("test_expected", {"xfailed: known", "xpassed: known"}),
        ("test_skipped_by_mark", {"skipped: never"}),
        ("test_skipped_inside", {"skipped: no luck", ""}),
    ],
)
def test_a_skip_and_an_expected_failure_pass_and_say_so(here: Path, test: str, said: set[str]) -> None:
    assert set(ends(f"test_kinds.py::{test}")) == {Outcome("passed", message=text) for text in said}


def test_wider_fixtures_are_set_up_once_for_all_futures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conftest = """
import os, pytest
def note(text):
    with open(os.environ["NOTES"], "a") as file:
        file.write(text + "\\n")

@pytest.fixture(scope="session", autouse=True)
def session():
    note("session")
    yield
    note("end of session")

@pytest.fixture(scope="package")
def package(): note("package")
@pytest.fixture(scope="class", params=[1, 2])
def of_class(request, package): note(f"class {request.param}")
@pytest.fixture
def function():
    note("function")
    yield
    note("end of function")
"""
    source = """
import random
def setup_module(): __import__("conftest").note("module")
class TestA:
    def test_a(self, function, of_class):
        random.random()
"""
    project(tmp_path, conftest=conftest, test_a=source)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
    (run, *_) = lives("test_a.py::TestA::test_a[2]", 5, pristine=True)
    assert run.outcome.kind == "passed"
    notes = (tmp_path / "notes").read_text().split("\n")
    assert notes[:4] == ["session", "package", "module", "class 2"]
    assert notes[4:] == ["function", "end of function"] * 5 + [""]


def test_the_output_is_the_tests_own_with_a_traceback_from_its_own_frames(here: Path) -> None:
    runs = lives("test_kinds.py::test_setup", 8, pristine=True)
    failed = next(run for run in runs if run.outcome.is_failure)
    said = failed.output.splitlines()
    assert said[:2] == [
        "Traceback (most recent call last):",
        f'  File "{here}/test_kinds.py", line {line("def bad_setup") + 1}, in bad_setup',
    ]
    assert not any("_pytest" in text for text in said)
    assert next(run.output for run in runs if not run.outcome.is_failure) == ""


@pytest.mark.parametrize(
    ("files", "target", "said"),
    [
        ({"test_a": "import nothing_like_it"}, "test_a.py::test_x", "test_a.py can't be imported: ModuleNotFoundError: No module named"),
        ({"test_a": "def test_x(:"}, "test_a.py::test_x", "line 1: invalid syntax"),
        ({"test_a": "def test_x(): pass"}, "test_a.py::test_y", "test_a.py has no such test; list its tests with: pytest --collect-only"),
        (
            {"test_a": "class TestA:\n  def test_x(self): 0\n  def test_y(self): 0"},
            "test_a.py::TestA",
            "has 2 tests (test_x, test_y); name",
        ),
        (
            {"test_a": "import pytest\npytest.skip('gone', allow_module_level=True)"},
            "test_a.py::test_x",
            "is skipped with its module: gone",
        ),
        ({"conftest": "1/0", "test_a": "def test_x(): pass"}, "test_a.py::test_x", "conftest.py can't be imported: ZeroDivisionError"),
        ({"test_a": "def test_x(): pass", "ini": "[pytest]\naddopts = --nope"}, "test_a.py::test_x", "can't be collected: "),
        (
            {"base": "class Base:\n  async def test_x(self): pass", "test_a": "from base import Base\nclass TestA(Base): pass"},
            "test_a.py::TestA::test_x",
            "is async, but not by its source; write it as async def in the test's file",
        ),
    ],
)
def test_what_cant_be_run_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], target: str, said: str
) -> None:
    monkeypatch.chdir(project(tmp_path, **files))
    with pytest.raises(TargetError) as refused:
        lives(target, 1)
    assert said in str(refused.value)
    assert not (tmp_path / ".pytest_cache").exists()


def test_options_for_many_tests_and_processes_dont_matter(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = [run.timeline.digest for run in lives("test_kinds.py::test_fail", 2)]
    monkeypatch.setenv(
        "PYTEST_ADDOPTS", "-n 2 -k nothing -m 'not slow' --lf --sw -x -vv --durations=3 --pdb --setup-plan --junitxml=out.xml"
    )
    assert [run.timeline.digest for run in lives("test_kinds.py::test_fail", 2)] == plain
    assert not (here / "out.xml").exists()
