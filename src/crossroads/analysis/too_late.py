"""When it was too late: the first step from which no way out is found.

"No way out" is monotone: one run saved from step k proves that it wasn't too late at any step up to k. So the place is found by
bisection between survivors (certificates, which replay) and failures in a row (a sequential test, valid at any stopping time).
Probes are quick, the final place is confirmed at the fine level; a late survivor moves the lower end, and the search goes on with
longer probes. Quick probes cost nothing but futures where they are wrong: just before the place that is confirmed a survivor is known.

Where runs that fail go on for long after they are doomed, each future from a place that is too late is dear, and a survivor cheap. So where
all known survivors end well before the failing run does, the search begins where the last of them ended, and where time is scarce the
probes lean to the side of the survivors, and take a few futures each.

Cost: about log2(count) / 2 * 48 futures for the probes, twice that where a chance of survival is small over a long stretch; and
ln(1 / delta) / eps for the confirmation.
Source: bisection with one-sided likelihood-ratio tests (Wald, 1945), the error divided over the places that may be confirmed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from crossroads.analysis.inquiry import Inquiry, Spot
from crossroads.stats.streaks import streak_level, streak_needed

PROBE_FIRST = 48
"""Failures in a row that make a first probe seem too late."""

PROBE_EPS = 0.05
"""Level of the probes once such a place has proved to have a way out."""

PROBE_LEAST, FINAL_LEAST, FORCED_LEAST = 2, 12, 4
"""So many futures, at least, where they are dear: a probe's, those in a row that confirm, and options forced."""

SHORT_SHARE = 0.25
"""If the survivors known at the start all ended within this share of the failing run, the search begins behind them."""

LEANING = 4
"""Where futures are dear, a probe divides what is left into one part and this many less one, the smaller one on the survivors' side."""

FIRST_LOOK = 8
"""Futures at the last step before the end: most failures have a way out up to the last moment, and this shows it at once."""

FORCED_MAX = 300
"""Options forced, each once, at choices behind a place that seems too late."""


@dataclass(frozen=True, slots=True)
class TooLate:
    """The first step without a way out.

    Args:
        step: its number; the end of the path where there was a way out until then.
        streak: failures in a row from there, none saved; 0 at the end.
        level: q(step) >= level at the confidence asked for; 1 at the end. At most 1 - eps, less where fewer futures were lived.
    """

    step: int
    streak: int
    level: float


def find_too_late(inquiry: Inquiry, *, eps: float, confidence: float) -> TooLate:
    """Bisect for the first step from which no way out is found.

    Args:
        inquiry: the failing run.
        eps: chance of survival that counts as none, 0 < eps < 1.
        confidence: that survival isn't above eps at the step given, 0 < confidence < 1.

    Raises:
        BudgetSpent: it can't be told with what is left.
        Misjudged: it is to be found anew.
    """
    end = inquiry.path.count - 1
    delta = (1.0 - confidence) / (math.ceil(math.log2(end + 2)) + 2)
    probe_streak, final_streak = PROBE_FIRST, streak_needed(eps, delta)
    if end > 0 and not inquiry.patience.is_worth and has_way_out(inquiry, end - 1, FIRST_LOOK):
        return TooLate(end, 0, 1.0)
    inquiry.look_ahead()
    lower, seeming = 0, sorted({end, inquiry.given_up_from}, reverse=True)
    while True:
        while lower < seeming[-1]:
            middle = _next_probe(inquiry, lower, seeming[-1])
            if has_way_out(inquiry, middle, probe_streak):
                lower = middle + 1
            else:
                seeming.append(middle)
        place = seeming[-1]
        if place == end:
            return TooLate(end, 0, 1.0)
        escaped = place if has_way_out(inquiry, place, final_streak, FINAL_LEAST) else _force_options(inquiry, place, eps)
        if escaped is None:
            streak = inquiry.at_step(place).futures
            level = 1.0 - streak_level(streak, delta) - inquiry.patience.doubt
            return TooLate(place, streak, max(0.0, min(1.0 - eps, level)))
        lower, probe_streak = escaped + 1, streak_needed(PROBE_EPS, delta)
        while seeming[-1] != end and (seeming[-1] < lower or has_way_out(inquiry, seeming[-1], probe_streak)):
            lower = max(lower, seeming.pop() + 1)


def _next_probe(inquiry: Inquiry, lower: int, upper: int) -> int:
    path = inquiry.path
    if lower == 0 and upper == path.count - 1:
        behind = inquiry.doomed_from
        if 0 < behind < SHORT_SHARE * upper:
            return behind
    return lower + (upper - lower) // (LEANING if inquiry.thrift(upper) > 1.0 else 2)


def has_way_out(inquiry: Inquiry, step: int, futures: int, least: int = PROBE_LEAST) -> bool:
    """Whether a future from this step, of at most so many, doesn't end in this failure; stops at the first.

    Args:
        inquiry: the failing run.
        step: where to look.
        futures: how many, where they aren't dear.
        least: how many, however dear they are.
    """
    batch = 2 if inquiry.is_thrifty else 4
    while True:
        tally = inquiry.at_step(step)
        if tally.failed < tally.futures:
            return True
        enough = inquiry.affordable(futures, least, step)
        if tally.futures >= enough:
            return False
        asked_before = tally.asked
        inquiry.sample_steps({step: min(batch, enough - tally.futures)})
        if inquiry.at_step(step).futures == tally.futures and asked_before > 10 * futures:
            return False
        batch = min(batch * 2, 128)


def _force_options(inquiry: Inquiry, step: int, eps: float) -> int | None:
    """Take each option of each later choice once, likely enough options only; the last step at which one of them was a way out.

    Where futures that still go on are given up, those choices are left out that lie behind that place.
    """
    first = inquiry.path.first(step)
    taken = {point.index: point.taken for point in inquiry.path.choices}
    spots: Sequence[Spot] = [
        (point.index, option)
        for point in inquiry.path.choices
        if first <= point.index < inquiry.path.first(inquiry.given_up_from)
        for option, weight in enumerate(point.weights)
        if option != taken[point.index] and weight >= eps
    ][: inquiry.affordable(FORCED_MAX, FORCED_LEAST, step)]
    inquiry.sample({spot: 1 for spot in spots if not inquiry.tally(spot).futures})
    saved = [spot[0] for spot in spots if inquiry.tally(spot).failed < inquiry.tally(spot).futures]
    return inquiry.path.step_of(max(saved)) if saved else None
