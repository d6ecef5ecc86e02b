"""The local runner: which engine it takes, how it shares work out, and that it can be used again."""

import os
from pathlib import Path

import pytest

from crossroads.errors import EngineError, SettingError, TargetError
from crossroads.runners.local import JOBS_MAX, LocalRunner
from crossroads.snapshots import fork, together
from crossroads.snapshots.limits import Limits
from crossroads.snapshots.live import GIVEN_UP
from crossroads.snapshots.plans import Reach
from crossroads.timeline.timelines import Epoch, Timeline, WorldSettings
from crossroads.worlds.targets import parse_target

PROGRAM = """
import random
from crossroads import chance, mark
{early}
def main():
    mark("a")
    chance("x", [1, 2, 3])
    random.random()
"""
THREAD = "import threading\nthreading.Thread(target=threading.Event().wait, name='waiter', daemon=True).start()"


def runner(folder: Path, early: str = "", **settings: object) -> LocalRunner:
    path = folder / "program.py"
    path.write_text(PROGRAM.format(early=early))
    return LocalRunner(parse_target(str(path)), WorldSettings(), **settings)  # type: ignore[arg-type]


def begin(*seeds: int) -> list[Timeline]:
    return [Timeline("program.py:main", (Epoch(0, seed),)) for seed in seeds]


@pytest.mark.slow
def test_an_import_that_leaves_a_thread_is_replayed_and_noted(tmp_path: Path) -> None:
    with runner(tmp_path, THREAD, jobs=1) as local:
        assert local.engine_name == "fork"
        runs = local.run(begin(1, 2))
        assert local.engine_name == "replay"
        assert [run.outcome.kind for run in runs] == ["passed"] * 2
        assert local.notes == ["every future was replayed from the start, since importing the program leaves threads: waiter behind"]
        local.run(begin(3))
        assert len(local.notes) == 1


@pytest.mark.slow
def test_fork_that_was_asked_for_is_refused_where_it_is_unsound(tmp_path: Path) -> None:
    with runner(tmp_path, THREAD, jobs=1, engine="fork") as local, pytest.raises(EngineError, match="leave --engine out or use replay"):
        local.run(begin(1))


@pytest.mark.slow
def test_lives_that_share_a_process_are_taken_many_at_a_time_whatever_others_took_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with runner(tmp_path, jobs=1) as local:
        local.run(begin(1))
        local._lived_s = 1e6
        monkeypatch.setattr(together, "SLOW_SHARE", float("inf"))
        monkeypatch.setattr(fork, "START_CHEAP_S", float("inf"))
        local.run(begin(*range(2_000)), together=True)
        assert 1 <= local._together.lots <= 40


@pytest.mark.slow
def test_runs_come_in_order_and_are_told_of(tmp_path: Path) -> None:
    told: dict[int, str] = {}
    with runner(tmp_path, jobs=2) as local:
        runs = local.run(begin(*range(10)), on_run=lambda index, run: told.update({index: run.timeline.digest}))
        assert [run.timeline.epochs[0].seed for run in runs] == list(range(10))
        assert told == {index: run.timeline.digest for index, run in enumerate(runs)}
        assert [run.timeline for run in local.run(begin(*range(10)), elsewhere=True)] == [run.timeline for run in runs]
        local.close()
        local.close()
        assert [run.timeline for run in local.run(begin(*range(10)))] == [run.timeline for run in runs]
        assert local.run([]) == []
        assert local.python.startswith("3.")
        assert local.notes == []


@pytest.mark.slow
def test_each_may_be_given_up_at_a_point_of_its_own(tmp_path: Path) -> None:
    with runner(tmp_path, jobs=2) as local:
        whole = local.run(begin(*range(10)))
        cut = local.run(begin(*range(10)), until=[Reach(index % 2) for index in range(10)])
    assert [run.timeline for run in cut[::2]] == [run.timeline for run in whole[::2]]
    assert {run.outcome for run in cut[1::2]} == {GIVEN_UP}


@pytest.mark.slow
def test_an_error_of_one_engine_ends_all(tmp_path: Path) -> None:
    with runner(tmp_path, "raise OSError('no')", jobs=2) as local:
        for _ in range(2):
            with pytest.raises(TargetError, match="OSError: no"):
                local.run(begin(*range(10)))
            assert local._engines == []


@pytest.mark.slow
def test_another_world_of_the_same_program(tmp_path: Path) -> None:
    with runner(tmp_path, jobs=1) as local, local.with_world(WorldSettings(points="draws")) as other:
        (marks,), (draws,) = local.run(begin(1)), other.run(begin(1))
        assert (marks.timeline.points, draws.timeline.points) == (3, 4)


@pytest.mark.parametrize(
    "settings",
    [
        {"jobs": 0},
        {"jobs": JOBS_MAX + 1},
        {"engine": "spoon"},
        {"limits": Limits(wall_s=0.0)},
        {"limits": Limits(wall_s=float("nan"))},
        {"limits": Limits(memory_bytes=1)},
    ],
)
def test_settings_out_of_range(tmp_path: Path, settings: dict[str, object]) -> None:
    with pytest.raises(SettingError):
        runner(tmp_path, **settings)


def test_the_order_names_the_folders_of_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    order = runner(tmp_path).order()
    assert order["folders"] == [f"{os.path.realpath(tmp_path)}/"]
    assert order["target"] == {"place": str(tmp_path / "program.py"), "function": "main", "is_path": True, "is_test": False}
