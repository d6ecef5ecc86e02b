"""The shortest way on the command line: found by run and shrink, lived by replay, written by export."""

import json
from dataclasses import replace
from pathlib import Path

import faces_values as made
import pytest
from faces_fakes import Fakes, keep

from crossroads.analysis.replay import Replay
from crossroads.analysis.report import account_to_data, shrunk_to_data
from crossroads.errors import DivergedError, EngineError
from crossroads.faces.cli import main
from crossroads.faces.cli.run import SHRINKING_LEAST_S
from crossroads.faces.cli.shrink import FUTURES
from crossroads.snapshots.limits import Limits
from crossroads.store.store import Store
from crossroads.timeline.formats import loads

pytestmark = pytest.mark.usefixtures("in_programs")


@pytest.fixture
def store(tmp_path: Path) -> list[str]:
    path = tmp_path / "store.sqlite"
    with Store(path) as kept:
        keep(kept, made.boat())
        keep(kept, made.coins(), account=account_to_data(made.coins_account()))
        kept.save_piece("b0a7b0a7", "shrunk", shrunk_to_data(made.boat_shrunk()))
    return ["--store", str(path)]


def names(fakes: Fakes) -> list[str]:
    return [name for name, _, _ in fakes.calls]


def test_run_shrinks_what_it_explains_in_a_part_of_the_time(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    fakes = Fakes(made.exploration(made.boat()), shrunk=made.boat_shrunk())
    assert main(["run", "boat.py", "--jobs", "2", "--wall", "3", *store], fakes.services) == 1
    assert names(fakes) == ["explore", "shrink"]
    assert {"jobs": 2, "limits": Limits(wall_s=3.0), "seconds": SHRINKING_LEAST_S, "seed": 0}.items() <= fakes.named("shrink").items()
    lines = capsys.readouterr().out.splitlines()
    headline = next(at for at, text in enumerate(lines) if text.startswith("Failure b0a7b0a7"))
    assert lines[headline + 5] == "Shortest way there: 2 choices over a calm run; --shrunk replays it."


def test_run_as_json_has_the_shortest_way(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    fakes = Fakes(made.exploration(made.boat()), shrunk=made.boat_shrunk())
    assert main(["run", "boat.py", "--json", "-", *store], fakes.services) == 1
    (failure,) = json.loads(capsys.readouterr().out)["failures"]
    first = failure["shrunk"]["steps"][0]
    assert (first["name"], first["option"], first["calm"]) == ("route", "'open sea'", "'coast'")
    assert failure["shrunk"]["named"]["named"][1]["text"] == "'storm'"


@pytest.mark.parametrize("options", [[], ["--no-explain"]])
def test_run_doesnt_shrink_what_is_known_or_not_wanted(options: list[str], store: list[str]) -> None:
    known = replace(made.boat(), shrunk=None if options else made.boat_shrunk())
    fakes = Fakes(made.exploration(known))
    main(["run", "boat.py", *options, *store], fakes.services)
    assert "shrink" not in names(fakes)


def test_run_says_why_there_is_no_shortest_way(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    fakes = Fakes(made.exploration(made.boat()), shrunk=DivergedError("it isn't the same run each time; look for threads"))
    assert main(["run", "boat.py", *store], fakes.services) == 1
    text = " ".join(capsys.readouterr().out.split())
    assert "the shortest way to failure b0a7b0a7 isn't known: it isn't the same run each time; look for threads." in text
    assert "Decided in 2 steps" in text
    fakes = Fakes(made.exploration(made.boat()), shrunk=EngineError("no future can be lived here"))
    assert main(["run", "boat.py", *store], fakes.services) == 3


def test_shrink(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    fakes = Fakes(shrunk=made.coins_shrunk())
    assert main(["shrink", "3fa", "--budget", "90s", "--seed", "4", *store], fakes.services) == 0
    assert fakes.calls[0][1] == ("3fa9c2d1",)
    assert {"budget": FUTURES, "seconds": 90.0, "seed": 4, "store": Path(store[1])}.items() <= fakes.named("shrink").items()
    text = " ".join(capsys.readouterr().out.split())
    assert "Shortest way there: a calm run fails, by what the program draws itself with seed 23; --shrunk replays it." in text
    assert main(["shrink", "3fa", "--budget", "200", "--json", *store], (fakes := Fakes(shrunk=made.coins_shrunk())).services) == 0
    assert {"budget": 200, "seconds": None}.items() <= fakes.named("shrink").items()
    assert json.loads(capsys.readouterr().out)["shrunk"]["seeded"] is True


def test_show_has_what_the_store_has(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "b0a7", *store]) == 0
    assert "Shortest way there: 2 choices over a calm run" in capsys.readouterr().out


def test_replay_and_export_of_the_shortest_way(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    shrunk = made.boat_shrunk()
    assert shrunk.survivor is not None
    fakes = Fakes(replayed=Replay(shrunk.timeline, shrunk.timeline, True, ()))
    assert main(["replay", "b0a7b0a7", "--shrunk", *store], fakes.services) == 1
    assert fakes.calls[0][1] == (shrunk.timeline,)
    fakes = Fakes(replayed=Replay(shrunk.survivor, shrunk.survivor, True, ()))
    assert main(["replay", "b0a7b0a7", "--shrunk", "--survivor", *store], fakes.services) == 0
    assert fakes.calls[0][1] == (shrunk.survivor,)
    capsys.readouterr()
    for options, timeline in (["--shrunk"], shrunk.timeline), (["--shrunk", "--survivor"], shrunk.survivor):
        assert main(["export", "b0a7", "-", *options, *store]) == 0
        assert loads(capsys.readouterr().out) == timeline


def test_what_isnt_known_is_refused_with_the_way_to_it(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "3fa9", "--shrunk", *store]) == 4
    assert 'isn\'t known yet; find it with "crossroads shrink 3fa9c2d1" first' in capsys.readouterr().err
    with Store(Path(store[1])) as kept:
        kept.save_piece("3fa9c2d1", "shrunk", shrunk_to_data(replace(made.coins_shrunk(), survivor=None)))
    assert main(["export", "3fa9", "-", "--shrunk", "--survivor", *store]) == 4
    assert "no run that ends well was found beside the shortest way" in capsys.readouterr().err


def test_budgets_out_of_range(store: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["shrink", "3fa9", "--budget", "3", *store]) == 4
    assert "budget=3 must be at least 100" in capsys.readouterr().err
