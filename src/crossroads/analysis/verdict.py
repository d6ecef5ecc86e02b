"""The verdict on a failure after a change of the code: frozen values, a sentence, and their JSON form."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from math import ceil, floor, log10
from typing import Any, Final, get_args

from crossroads.analysis.judging import OtherFailure, Place, Spot, VerdictKind
from crossroads.analysis.matching import Match, describe
from crossroads.analysis.pasts import Step
from crossroads.errors import StoreError
from crossroads.stats.probability import Probability
from crossroads.timeline.outcomes import Outcome

FORMAT: Final = "crossroads-verdict/1"

VERDICT: Final = "verdict"
"""Under this name the store keeps the latest verdict with its failure."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a failure still happens with the code as it is now, and how that is known.

    Args:
        kind: prevented: the run came to the crossing as it was recorded and survived, in so many futures;
            gone: the code doesn't come to the crossing any more, and where it did fail before, it doesn't;
            reduced, unchanged, worse: it fails less often than before, as often, more often;
            moved: it is gone or rarer, but another failure has come up;
            cannot tell: the recorded run wasn't met again and too little else is known, or the program can't be run.
        id, target, failure: of the failure that was verified: its id, its program, how it ended.
        places: that futures were lived from, with what was counted before and now.
        decisive: index of the place that decided; None where none did.
        needed: futures at that place that would tell, where nobody can tell so far; 0 elsewhere.
        match: how far the recorded run was met again; None where nothing of it was recorded.
        crossing: the recorded run's last turning point, up to which it was followed.
        again: how the run that followed it ended.
        is_again: whether that was this failure.
        reason: why nobody can tell, "" elsewhere.
        is_changed: whether the target's file is another one than the failure was found in; what it imports may have changed as well.
        futures: how many were lived for this.
        seconds: wall time.
        python: version of the interpreter.
        notes: what else is to be known, as sentences.
    """

    kind: VerdictKind
    id: str
    target: str
    failure: Outcome
    places: tuple[Place, ...] = ()
    decisive: int | None = None
    needed: int = 0
    match: Match | None = None
    crossing: Step | None = None
    again: Outcome | None = None
    is_again: bool = False
    reason: str = ""
    is_changed: bool = True
    futures: int = 0
    seconds: float = 0.0
    python: str = ""
    notes: tuple[str, ...] = ()

    @property
    def place(self) -> Place | None:
        """The place that decided."""
        return None if self.decisive is None else self.places[self.decisive]

    @property
    def start(self) -> Place | None:
        """Whole futures."""
        return next((place for place in self.places if place.spot == "start"), None)

    @property
    def still_happens(self) -> bool | None:
        """Whether there is still a failure; None where nobody can tell."""
        return None if self.kind == "cannot tell" else self.kind not in ("prevented", "gone")

    @property
    def sentence(self) -> str:
        """The verdict in words, with its numbers."""
        return _SENTENCES[self.kind](self)

    def finished(self, seconds: float) -> "Verdict":
        """The same verdict with the time that it took."""
        return replace(self, seconds=seconds)


def _prevented(verdict: Verdict) -> str:
    place, match = verdict.place, verdict.match
    assert place is not None
    assert match is not None
    how = "as recorded" if match.is_exact else f"with {match.matched} of {match.steps} recorded {match.unit}s"
    clean = "survives, and nothing is left to chance behind it" if place.is_exact else f"survives: {_clean(place)}{_was(place)}"
    return f"prevented: the run comes to {_crossing(verdict)} {how} and {clean}{_whole(verdict)}"


def _gone(verdict: Verdict) -> str:
    place, match = verdict.place, verdict.match
    assert place is not None
    behind = f" behind {match.last.name!r}" if match is not None and match.last is not None else ""
    parts = f"the run leaves the recorded one{behind} and doesn't come to {_crossing(verdict)} that way"
    return f"the crossing is gone: {parts}; from {_spot(place)} {_clean(place)}{_was(place)}{_whole(verdict)}"


def _reduced(verdict: Verdict) -> str:
    place = verdict.place
    assert place is not None
    here = f"from {_spot(place)} it fails in {_share(place.now)}, before in {_before(place)}{_times(place)}"
    return f"{verdict.kind}: {here}{_whole(verdict)}{_still(verdict)}"


def _unchanged(verdict: Verdict) -> str:
    start = verdict.start
    place = start if start is not None and start.now.failed else verdict.place
    assert place is not None
    return f"unchanged: from {_spot(place)} it fails in {_share(place.now)}, before in {_before(place)}{_still(verdict)}"


def _moved(verdict: Verdict) -> str:
    place = verdict.place
    assert place is not None
    other = next(other for other in place.others if other.has_risen)
    what = other.outcome.exception or other.outcome.kind
    where = f" at {other.outcome.where}" if other.outcome.where else ""
    seen = any(found.now.failed for found in verdict.places)
    old = "this failure is rarer" if seen else "this failure wasn't seen any more"
    return f"moved: {old}, but {other.count} of {place.now.futures} futures from {_spot(place)} end in {what}{where}"


def _cannot_tell(verdict: Verdict) -> str:
    if verdict.reason:
        return f"cannot tell: {verdict.reason}"
    match, place = verdict.match, verdict.place
    why = ""
    if match is not None and match.expected and not match.has_all:
        why = f"the run isn't the recorded one any more: it should come to {match.expected} and comes to {match.met}; "
    if place is None:
        return f"cannot tell: {why}it wasn't seen in {verdict.futures} futures, and how often it failed before isn't known"
    more = "" if place.excludes_before and not verdict.needed > place.now.futures else _more(verdict)
    return f"cannot tell: {why}from {_spot(place)} {_clean(place)}{_was(place)}{more}"


def _more(verdict: Verdict) -> str:
    return f", which is too little to tell; --futures {verdict.needed} may tell"


_SENTENCES: Final = {
    "prevented": _prevented,
    "gone": _gone,
    "reduced": _reduced,
    "unchanged": _unchanged,
    "worse": _reduced,
    "moved": _moved,
    "cannot tell": _cannot_tell,
}


_HIDDEN: Final = {"shortest way": "the shortest way there", "other draws": "the recorded choices", "unlikely options": "unlikely options"}


def _crossing(verdict: Verdict) -> str:
    return describe(verdict.crossing) if verdict.crossing is not None else "the end"


def _spot(place: Place) -> str:
    if place.spot == "start" or place.spot in _HIDDEN:
        return "the start"
    return f"behind {place.label!r}" if place.spot == "crossing" else repr(place.label)


def _clean(place: Place) -> str:
    bound = place.bound
    if bound is None:
        return f"{place.now.failed} of {place.now.futures} futures fail"
    if place.is_exact:
        return "the only future that there is survives"
    return f"none of {place.now.futures} futures fails, so less than {percent(bound, up=True)} of all do"


def _was(place: Place) -> str:
    return "" if place.before is None or not place.before.futures else f", before {percent(place.before.value)}"


def _whole(verdict: Verdict) -> str:
    """What whole futures say, where another place was decisive."""
    start, place = verdict.start, verdict.place
    if start is None or (place is not None and place.spot == "start"):
        return ""
    return f"; of whole futures {start.now.failed} of {start.now.futures} fail{_was(start)}"


def _still(verdict: Verdict) -> str:
    """In what other way it was seen to fail."""
    if verdict.is_again:
        return "; the very run that was recorded still fails"
    hidden = next((place for place in verdict.places if place.spot in _HIDDEN and place.now.failed), None)
    if hidden is None:
        return ""
    how = _HIDDEN[hidden.spot]
    if hidden.spot == "shortest way":
        return f"; {how} still fails"
    return f"; with {how} {hidden.now.failed} of {hidden.now.futures} futures fail, so it can still happen"


def _times(place: Place) -> str:
    found = place.ratio()
    if found is None or found.value is None or found.high is None:
        return ""
    return f", {found.value:.2g} times as often [{found.low:.2g}-{found.high:.2g}]"


def _share(probability: Probability) -> str:
    if probability.confidence >= 1:
        return percent(probability.value)
    return f"{percent(probability.value)} [{100 * probability.low:.1f}-{100 * probability.high:.1f}]"


def _before(place: Place) -> str:
    return "an unknown share" if place.before is None or not place.before.futures else _share(place.before)


def percent(share: float, up: bool = False) -> str:
    """A share, 0 <= share <= 1, in percent to two digits; rounded up to the next of them where it is a bound."""
    hundredths = 100.0 * share
    if hundredths <= 0.0:
        return "0 %"
    if hundredths > 99.0:
        return f"{min(hundredths, 99.9):.1f} %" if share < 1.0 else "100 %"
    unit = 10.0 ** (floor(log10(hundredths)) - 1)
    rounded = (ceil(hundredths / unit - 0.05) if up else round(hundredths / unit)) * unit
    return f"{rounded:.12g} %"


def verdict_to_data(verdict: Verdict) -> dict[str, Any]:
    """A verdict as JSON has it, with its sentence and the ratios and bounds that follow from its counts."""
    data = asdict(verdict)
    for place, values in zip(verdict.places, data["places"], strict=True):
        found = place.ratio()
        values["ratio"] = None if found is None else asdict(found)
        values["bound"] = place.bound
    if verdict.match is not None:
        data["match"] |= {"places": sorted(verdict.match.places.items()), "is_exact": verdict.match.is_exact}
    data = {"format": FORMAT, "verdict": data.pop("kind"), "sentence": verdict.sentence} | data
    return _listed(data)  # type: ignore[no-any-return]


def verdict_from_data(data: Mapping[str, Any]) -> Verdict:
    """A verdict as `verdict_to_data` gave it.

    Raises:
        StoreError: it isn't one.
    """
    try:
        return _verdict(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoreError(f"a verdict in the store can't be read ({type(error).__name__}: {error}); verify that failure again") from None


def _verdict(data: Mapping[str, Any]) -> Verdict:
    if data["format"] != FORMAT:
        raise ValueError(f"format is {data['format']!r}")
    match, crossing, again = data["match"], data["crossing"], data["again"]
    kept = {name: value for name, value in data.items() if name not in ("format", "verdict", "sentence")}
    return Verdict(
        **{
            **kept,
            "kind": _one_of(get_args(VerdictKind), data["verdict"]),
            "failure": Outcome(**data["failure"]),
            "places": tuple(_place(place) for place in data["places"]),
            "match": None if match is None else _match(match),
            "crossing": None if crossing is None else Step(**crossing),
            "again": None if again is None else Outcome(**again),
            "notes": tuple(str(note) for note in data["notes"]),
        }
    )


def _match(data: Mapping[str, Any]) -> Match:
    kept = {name: value for name, value in data.items() if name != "is_exact"}
    parted, last = data["parted"], data["last"]
    return Match(
        **{
            **kept,
            "places": {int(old): int(new) for old, new in data["places"]},
            "parted": None if parted is None else (int(parted[0]), int(parted[1])),
            "last": None if last is None else Step(**last),
        }
    )


def _place(data: Mapping[str, Any]) -> Place:
    kept = {name: value for name, value in data.items() if name not in ("ratio", "bound")}
    others = tuple(OtherFailure(**{**other, "outcome": Outcome(**other["outcome"])}) for other in data["others"])
    before = None if data["before"] is None else Probability(**data["before"])
    spot = _one_of(get_args(Spot), data["spot"])
    return Place(**{**kept, "spot": spot, "before": before, "now": Probability(**data["now"]), "others": others})


def _one_of(names: tuple[Any, ...], name: object) -> Any:
    if name not in names:
        raise ValueError(f"{name!r} isn't one of {', '.join(names)}")
    return name


def _listed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _listed(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_listed(part) for part in value]
    return value
