"""What may be asked for by the marker and the options, and how the rest is refused."""

from types import SimpleNamespace
from typing import Any

import pytest

from crossroads.errors import SettingError
from crossroads.faces.pytest.settings import Asked, arguments_of, asked_of, seconds_of


class Item:
    """As much of an item as is looked at."""

    def __init__(self, *markers: Any, futures: str | None = None, seed: str | None = None) -> None:
        self._markers = list(markers)
        self.config = SimpleNamespace(option=SimpleNamespace(crossroads_futures=futures, crossroads_seed=seed))

    def iter_markers(self, name: str) -> list[Any]:
        return self._markers


def asked(*markers: Any, **options: str) -> Asked:
    item: Any = Item(*markers, **options)
    return asked_of(item)


def mark(*args: Any, **kwargs: Any) -> Any:
    """A marker, whether or not this pytest knows it."""
    return SimpleNamespace(args=args, kwargs=kwargs)


def test_nothing_asked_is_the_default() -> None:
    assert asked() == Asked(wall_s=10.0)
    assert asked(mark()) == Asked()


def test_all_that_can_be_asked() -> None:
    marker = mark(futures=7, seed=2**64 - 1, faults=("loss", "crash"), budget="1.5m", wall=3, steps=10)
    assert asked(marker) == Asked(7, 2**64 - 1, ("crash", "loss"), 90.0, 3.0, 10)


def test_the_nearest_marker_wins_and_the_command_line_over_all() -> None:
    near, far = mark(futures=5), mark(futures=9, seed=4)
    assert asked(near, far) == Asked(futures=5, seed=4)
    assert asked(near, far, futures="6", seed="0") == Asked(futures=6, seed=0)


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        (mark(500), r"crossroads\(500\) has an argument without a name; write futures=500, or one of futures, faults, .*"),
        (mark(future=5), r"crossroads\(future=...\) isn't an argument of the marker; it has futures, faults, seed, .*"),
        (mark(hosts=["a"]), r"crossroads\(hosts=...\) isn't .*; machines are made where they are used: call crossroads.world.host.*"),
        (mark(cancel=3), r"crossroads\(cancel=3\) must be a text that isn't empty, .*"),
        (mark(keep=""), r"crossroads\(keep=''\) must be a text that isn't empty, .*"),
        (mark(verify=True), r"crossroads\(verify=...\) isn't an argument of the marker; give pytest .*"),
        (mark(futures=0), "futures=0 must be at least 1; .*"),
        (mark(futures="many"), "futures=many must be a whole number.*"),
        (mark(seed=-1), "seed=-1 must be at least 0"),
        (mark(faults="fire"), "faults=fire isn't one of crash, partition, reset, loss; .*"),
        (mark(budget=60), "budget=60 must be a time, such as 90s, 5m or 1h"),
        (mark(wall=0), "wall=0 must be more than 0 seconds; .*"),
        (mark(steps=0), "steps=0 must be at least 1"),
    ],
)
def test_what_is_refused(marker: Any, message: str) -> None:
    with pytest.raises(SettingError, match=f"^{message}$"):
        asked(marker)


def test_every_marker_is_looked_at() -> None:
    with pytest.raises(SettingError, match="nothing"):
        arguments_of([mark(futures=5), mark(nothing=1)])


@pytest.mark.parametrize(("text", "seconds"), [("1s", 1.0), ("90s", 90.0), ("1.5 m", 90.0), ("2H", 7200.0)])
def test_times(text: str, seconds: float) -> None:
    assert seconds_of(text, "budget") == seconds


@pytest.mark.parametrize("text", ["", "s", "0.5s", "-1s", "1e3s", "10", "5d"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(SettingError, match="budget="):
        seconds_of(text, "budget")
