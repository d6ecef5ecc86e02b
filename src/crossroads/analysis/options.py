"""The options of a choice point: what becomes of runs that take each, and which is best."""

from collections.abc import Sequence

from crossroads.analysis.inquiry import Inquiry
from crossroads.analysis.results import Option
from crossroads.stats.elimination import Elimination
from crossroads.timeline.points import Point

ROUND, ROUND_LEAST, OPTION_LEAST = 16, 4, 4
"""Futures for each option that is still in the race, at a time: as a rule, and where they are dear; and how many for
an option are enough then, at least."""

TOLERANCE = 0.05
"""Options whose failure probabilities are nearer than this are as good as each other."""


def compare_options(inquiry: Inquiry, points: Sequence[Point], each_max: int) -> None:
    """Race the options of choice points by successive elimination, all points side by side.

    Args:
        inquiry: counts the futures.
        points: choice points on the path, with their options.
        each_max: futures for one option, at most.

    Raises:
        BudgetSpent: some races aren't settled; what was counted stays.
    """
    races = [(point, Elimination(len(point.options), tolerance=TOLERANCE)) for point in points]
    for point, race in races:
        for option in range(len(point.options)):
            race.record(option, *inquiry.tally((point.index, option)).counts)
            if not point.weights[option]:
                race.record(option, 10_000, 10_000)
    steps = {point.index: inquiry.path.step_of(point.index) for point in points}
    rounds = {index: inquiry.affordable(ROUND, ROUND_LEAST, step, step + 1) for index, step in steps.items()}
    most = {index: inquiry.affordable(each_max, OPTION_LEAST, step, step + 1) for index, step in steps.items()}
    for _ in range(max(1, each_max // ROUND)):
        spots = [
            (point.index, option)
            for point, race in races
            if not race.done
            for option in race.alive
            if inquiry.tally((point.index, option)).futures < most[point.index]
        ]
        if not spots:
            return
        before = {spot: inquiry.tally(spot).counts for spot in spots}
        inquiry.sample({spot: rounds[spot[0]] for spot in spots})
        asked = set(spots)
        for point, race in races:
            for option in range(len(point.options)):
                spot = (point.index, option)
                if spot in asked:
                    failed, futures = inquiry.tally(spot).counts
                    race.record(option, failed - before[spot][0], futures - before[spot][1])


def options_of(inquiry: Inquiry, point: Point) -> tuple[Option, ...]:
    """The options of a choice point with what is known of each."""
    counts = [inquiry.tally((point.index, option)).counts for option in range(len(point.options))]
    possible = [option for option, weight in enumerate(point.weights) if weight]
    best = not_worse([counts[option] for option in possible])
    chosen = {possible[number] for number in best}
    return tuple(
        Option(text, point.taken == option, point.weights[option], inquiry.estimate(*counts[option]), option in chosen)
        for option, text in enumerate(point.options)
    )


def not_worse(counts: Sequence[tuple[int, int]]) -> list[int]:
    """Indices of those not known to fail more often than another and near the lowest estimate; all of them while nothing is known."""
    if not counts:
        return []
    race = Elimination(len(counts), tolerance=TOLERANCE)
    for number, (failed, futures) in enumerate(counts):
        race.record(number, failed, futures)
    shares = [failed / futures if futures else 0.0 for failed, futures in counts]
    lowest = min(shares[number] for number in race.alive)
    return [number for number in race.alive if shares[number] <= lowest + TOLERANCE]
