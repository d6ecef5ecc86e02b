"""A life without a process of its own."""

from crossroads.snapshots.live import LiveRun
from crossroads.snapshots.plans import Plan


class Still:
    """A world in which nothing is drawn and no time passes."""

    def rekey(self, seed: int) -> None: ...

    def fingerprint(self) -> str:
        return ""

    def drawn(self) -> bool:
        return False

    def elapsed(self) -> float:
        return 0.0

    def give_up_after(self, seconds: float) -> None: ...

    def woke(self) -> None: ...


def test_what_is_drawn_before_the_first_choice_belongs_to_the_runs_seed() -> None:
    draws = set()
    for seed in range(10):
        live = LiveRun(Still(), 100, lambda _, outcome: exit(1))
        live.follow(Plan({0: (seed, "")}))
        draws.add(live.four("pair, message 1"))
    assert len(draws) == 10


def test_a_choice_at_which_an_epoch_begins_is_drawn_from_that_epoch() -> None:
    taken = set()
    for seed in range(20):
        live = LiveRun(Still(), 100, lambda _, outcome: exit(1))
        live.follow(Plan({0: (1, ""), 2: (seed, "")}))
        assert live.choose("latency", "first", "ab", None, None, 0.9) == 1
        taken.add(live.choose("latency", "second", "ab", None, None, 0.9))
        assert live.choose("latency", "third", "ab", None, None, 0.1) == 0
    assert taken == {0, 1}
