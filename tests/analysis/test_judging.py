"""The verdict as a pure function of counts: what is seen still happens, and what isn't seen counts only where it would have been."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossroads.analysis.judging import OtherFailure, Place, Spot, judge
from crossroads.analysis.matching import Match
from crossroads.stats.sequences import estimate, proved
from crossroads.timeline.outcomes import Outcome

EXACT = Match(5, 5, 20)
WITH_OTHERS = Match(5, 5, 20, others=2, parted=(7, 8))
MOST = Match(5, 4, 20, parted=(7, 8))
GONE = Match(5, 3, None, parted=(7, 8))
SHIFTED = Match(5, 1, None, parted=(7, 8), unit="point")
ANY = (EXACT, WITH_OTHERS, MOST, GONE, SHIFTED, None)

OTHER = OtherFailure(Outcome("failed", "KeyError"), 3, has_risen=True)
KNOWN = OtherFailure(Outcome("failed", "KeyError"), 3, has_risen=False)


def place(spot: Spot, before: tuple[int, int] | None, now: tuple[int, int], *others: OtherFailure, is_exact: bool = False) -> Place:
    known = None if before is None else estimate(*before)
    found = proved(now[0] / now[1], now[1], now[0]) if is_exact else estimate(*now)
    return Place(spot, 3, "x", "chance", "", 0.0, known, found, others, is_exact=is_exact)


def start(before: tuple[int, int] = (50, 1000), now: tuple[int, int] = (0, 1000), *others: OtherFailure) -> Place:
    return place("start", before, now, *others)


def crossing(now: tuple[int, int] = (0, 299), *others: OtherFailure, before: tuple[int, int] | None = (200, 200)) -> Place:
    return place("crossing", before, now, *others)


def test_reached_as_recorded_and_clean_is_prevented_however_rare_it_was() -> None:
    assert judge([crossing(), start((1, 1000))], EXACT).kind == "prevented"
    assert judge([crossing((0, 59)), start((1, 1000))], EXACT).kind == "prevented"


def test_too_few_clean_futures_say_nothing() -> None:
    found = judge([crossing((0, 58)), start()], EXACT)
    assert (found.kind, found.needed) == ("cannot tell", 59)


def test_the_only_future_behind_the_crossing_is_enough() -> None:
    assert judge([place("crossing", (200, 200), (0, 1), is_exact=True), start()], EXACT).kind == "prevented"


@pytest.mark.parametrize("match", [WITH_OTHERS, MOST], ids=["others between", "most"])
def test_reached_in_another_way_needs_a_second_witness(match: Match) -> None:
    assert judge([crossing(), start()], match).kind == "prevented"
    assert judge([crossing(), start((1, 1000))], match).kind == "cannot tell"


def test_never_explained_needs_whole_futures() -> None:
    assert judge([crossing(before=None), start()], EXACT).kind == "prevented"
    assert judge([crossing(before=None), start((1, 1000))], EXACT).kind == "cannot tell"


def test_a_crossing_that_is_gone_needs_a_place_where_it_failed() -> None:
    assert judge([start()], GONE).kind == "gone"
    found = judge([start((1, 1000)), place("parting", (90, 300), (0, 299))], GONE)
    assert found.kind == "gone"
    assert found.place is not None
    assert found.place.spot == "parting"
    rare = judge([start((2, 1000), (0, 300))], GONE)
    assert rare.kind == "cannot tell"
    assert rare.needed > 300


@pytest.mark.parametrize("match", [SHIFTED, None], ids=["other draws", "unknown"])
def test_a_past_that_cant_be_followed_says_nothing(match: Match | None) -> None:
    assert judge([start()], match).kind == "cannot tell"


def test_what_is_seen_is_reduced_unchanged_or_worse() -> None:
    assert judge([crossing((40, 40)), start(now=(52, 1000))], EXACT).kind == "unchanged"
    assert judge([crossing((90, 299)), start(now=(10, 1000))], EXACT).kind == "reduced"
    assert judge([start(now=(200, 1000))], GONE).kind == "worse"
    assert judge([crossing((40, 40)), start(now=(5, 1000))], EXACT).kind == "reduced"


def test_how_often_it_fails_behind_a_point_was_counted_until_it_was_clear_enough() -> None:
    assert judge([crossing((58, 60), before=(44, 50)), start(now=(50, 1000))], EXACT).kind == "unchanged"
    assert judge([crossing((299, 299), before=(30, 100)), start(now=(50, 1000))], EXACT).kind == "worse"


def test_one_way_closed_and_the_other_open_is_never_prevented() -> None:
    assert judge([crossing(), start(now=(48, 1000))], EXACT).kind == "reduced"


def test_seen_only_where_nothing_is_known_from_before() -> None:
    hidden = place("unlikely options", None, (1, 598))
    assert judge([crossing(), start(), hidden], EXACT).kind == "reduced"
    assert judge([start((1, 1000), (0, 1000)), hidden], GONE).kind == "unchanged"


def test_another_failure_moves_it() -> None:
    assert judge([crossing((0, 299), OTHER), start()], EXACT).kind == "moved"
    assert judge([crossing((0, 299), KNOWN), start()], EXACT).kind == "prevented"
    assert judge([crossing((30, 299), OTHER), start()], EXACT).kind == "moved"
    assert judge([crossing((299, 299), OTHER), start(now=(50, 1000))], EXACT).kind == "unchanged"


def test_nothing_lived_says_nothing() -> None:
    assert judge([start(now=(0, 0))], EXACT).kind == "cannot tell"
    assert judge([], None).kind == "cannot tell"


counts = st.integers(1, 400).flatmap(lambda futures: st.tuples(st.integers(0, futures), st.just(futures)))
spots = st.sampled_from(["turning point", "parting", "crossing", "other draws", "unlikely options", "shortest way"])


@given(st.lists(st.tuples(spots, st.none() | counts, counts), max_size=5), counts, counts, st.sampled_from(ANY))
@settings(derandomize=True, deadline=None, max_examples=300)
def test_whatever_was_counted_a_failure_that_was_seen_is_never_prevented(
    places: list[tuple[Spot, tuple[int, int] | None, tuple[int, int]]], before: tuple[int, int], now: tuple[int, int], match: Match | None
) -> None:
    all_places = [start(before, now), *(place(*one) for one in places)]
    found = judge(all_places, match)
    if any(one.now.failed for one in all_places):
        assert found.kind in ("reduced", "unchanged", "worse")
    elif found.kind in ("prevented", "gone"):
        assert any(one.excludes_before for one in all_places)


@pytest.mark.parametrize("q", [0.002, 0.02, 0.3, 1.0])
def test_unchanged_code_is_hardly_ever_called_anything_else(q: float) -> None:
    """The counts of before and now come from the same shares: with 95 % confidence together, at most about 5 % of verdicts may be wrong."""
    draw = random.Random(round(q * 1000))

    def drawn(futures: int, share: float) -> tuple[int, int]:
        return sum(draw.random() < share for _ in range(futures)), futures

    kinds = []
    for _ in range(200):
        behind = place("crossing", drawn(200, 0.98), drawn(60, 0.98))
        kinds.append(judge([behind, place("start", drawn(1000, q), drawn(400, q))], EXACT).kind)
    assert not {"prevented", "gone", "moved", "cannot tell"} & set(kinds)
    assert kinds.count("unchanged") >= 184
