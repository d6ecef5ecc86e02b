"""Whether a failure still happens: what was counted before and now, and the verdict on it. Pure functions of counts.

A failure that is seen still happens, whatever else is known. That it isn't seen is worth something only where it would have been: so
"prevented" takes the crossing, reached as it was recorded, and enough futures from there; "gone" takes a place from which it failed often
enough before for the futures that are clean now to exclude that. Else the verdict is that nobody can tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from crossroads.analysis.matching import Match
from crossroads.stats.probability import Probability
from crossroads.stats.ratios import Ratio, ratio, ratio_to_known
from crossroads.stats.streaks import streak_level, streak_needed
from crossroads.timeline.outcomes import Outcome

VerdictKind = Literal["prevented", "gone", "reduced", "unchanged", "worse", "moved", "cannot tell"]

Spot = Literal["start", "turning point", "parting", "crossing", "other draws", "unlikely options", "shortest way"]

DELTA: Final = 0.05
"""Of a verdict that takes all its futures into account the probability to be wrong by chance."""

BOUND_MAX: Final = 0.05
"""From the crossing so few may fail at most for "prevented": 59 clean futures say so."""


@dataclass(frozen=True, slots=True)
class OtherFailure:
    """A failure that isn't the one that is verified.

    Args:
        outcome: the first such one that was seen.
        count: futures that ended so.
        has_risen: whether it is new, or more frequent than it was.
    """

    outcome: Outcome
    count: int
    has_risen: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A place that futures were lived from with the code as it is now.

    Args:
        spot: "start"; "turning point"; "parting", where the run leaves the recorded one; "crossing", right behind the last turning point;
            "other draws", the start with all recorded options forced and everything else drawn anew; "unlikely options", the start with
            some choices forced to options at random, whatever their weight; "shortest way", the shrunk run.
        point: index in the recorded run, None where there is none.
        label, kind, where, time: of that point.
        before: q there with the code as it was; None where unknown.
        now: q there with the code as it is.
        others: how its futures failed otherwise.
        unknown: futures that diverged.
        is_exact: whether nothing is drawn or chosen behind it, so that one future is all of them.
    """

    spot: Spot
    point: int | None
    label: str
    kind: str
    where: str
    time: float
    before: Probability | None
    now: Probability
    others: tuple[OtherFailure, ...] = ()
    unknown: int = 0
    is_exact: bool = False

    @property
    def bound(self) -> float | None:
        """Where none failed: less than this share does, at 95 % confidence. None where some did, or none were lived."""
        if self.now.failed or not self.now.futures:
            return None
        return 0.0 if self.is_exact else streak_level(self.now.futures, DELTA)

    @property
    def excludes_before(self) -> bool:
        """Whether so many clean futures would hardly have come up if it failed from here as often as before."""
        return self.before is not None and self.bound is not None and self.bound < self.before.low

    def ratio(self, confidence: float = 0.95) -> Ratio | None:
        """How many times as often it fails from here as before; None where that isn't known."""
        if self.before is None or not self.before.futures or not self.now.futures:
            return None
        now = (self.now.failed, self.now.futures)
        if self.before.low == self.before.high:
            return ratio_to_known(now, self.before.value, confidence)
        return ratio(now, (self.before.failed, self.before.futures), confidence)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What follows from the counts.

    Args:
        kind: of the verdict.
        place: the one that decided, None where none did.
        needed: futures at that place that would tell more; 0 where that isn't the trouble.
    """

    kind: VerdictKind
    place: Place | None = None
    needed: int = 0


def judge(places: Sequence[Place], match: Match | None) -> Judgement:
    """The verdict that follows from counts.

    Args:
        places: at least the start.
        match: how far the recorded run was met again; None where it isn't known.
    """
    failing = [place for place in places if place.now.failed]
    lower, higher = _changed(places)
    risen = max((place for place in places if any(other.has_risen for other in place.others)), key=_risen_count, default=None)
    if failing:
        if higher and not lower:
            return Judgement("worse", _whole_first(higher))
        if lower and risen is not None:
            return Judgement("moved", risen)
        if lower and higher:
            start = next((place for place in (*lower, *higher) if place.spot == "start"), None)
            return Judgement("unchanged" if start is None else "reduced" if start in lower else "worse", start or failing[0])
        return Judgement("reduced", _whole_first(lower)) if lower else Judgement("unchanged", failing[0])
    if risen is not None:
        return Judgement("moved", risen)
    if not any(place.now.futures for place in places):
        return Judgement("cannot tell")
    return _clean(places, match)


def _clean(places: Sequence[Place], match: Match | None) -> Judgement:
    """The verdict where the failure wasn't seen anywhere.

    A run that came to the crossing just as recorded and survives is evidence enough. One that came there in another way, or not at all,
    says something together with a place from which it failed before and doesn't now. A run that had to draw the same and didn't says
    nothing.
    """
    crossing = next((place for place in places if place.spot == "crossing"), None)
    beside = [place for place in places if place.spot in ("start", "turning point", "parting") and place.excludes_before]
    if match is not None and match.has_most and crossing is not None and crossing.bound is not None:
        if crossing.bound > BOUND_MAX:
            return Judgement("cannot tell", crossing, streak_needed(BOUND_MAX, DELTA))
        if beside or (match.is_exact and crossing.excludes_before):
            return Judgement("prevented", crossing)
    elif match is not None and match.unit == "choice" and beside:
        return Judgement("gone", min(beside, key=_sharpness))
    known = [place for place in places if place.before is not None and place.before.value > 0 and place.spot != "crossing"]
    if not known:
        return Judgement("cannot tell")
    best = max(known, key=lambda place: place.before.value if place.before is not None else 0.0)
    assert best.before is not None
    share = best.before.low if best.before.low > 1e-6 else best.before.value / 4
    return Judgement("cannot tell", best, streak_needed(min(share, 0.99), DELTA))


def _changed(places: Sequence[Place]) -> tuple[list[Place], list[Place]]:
    """The places from which it fails less than before, and those from which it fails more.

    Whole futures were a fixed number and are compared by their ratio. How many there were from other places depended on what came out, so
    there the intervals, which allow for that, have to lie apart.
    """
    lower, higher = [], []
    for place in places:
        if place.before is None or not place.before.futures or not place.now.futures:
            continue
        if place.spot == "start":
            found = place.ratio()
            assert found is not None
            is_lower, is_higher = found.high is not None and found.high < 1.0, found.low > 1.0
        else:
            is_lower, is_higher = place.now.high < place.before.low, place.now.low > place.before.high
        lower += [place] * is_lower
        higher += [place] * is_higher
    return lower, higher


def _whole_first(places: Sequence[Place]) -> Place:
    return next((place for place in places if place.spot == "start"), places[0])


def _risen_count(place: Place) -> float:
    return sum(other.count for other in place.others if other.has_risen) / max(1, place.now.futures)


def _sharpness(place: Place) -> float:
    """The smaller, the more the clean futures from here say: the bound against what it was."""
    assert place.before is not None and place.bound is not None  # noqa: PT018
    return place.bound / place.before.low
