"""Made-up results for the tests of the faces: as exploring and explaining would give them, without running anything."""

import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from crossroads.analysis.judging import OtherFailure, Place, VerdictKind
from crossroads.analysis.matching import Match
from crossroads.analysis.pasts import Step
from crossroads.analysis.results import (
    Account,
    CurvePoint,
    Decision,
    Exploration,
    Failure,
    Moment,
    Option,
    PointOfNoReturn,
    Shrunk,
    ShrunkStep,
    Tally,
    TurningPoint,
    WayOut,
)
from crossroads.analysis.swept import Sweep, SweptAwait, SweptFailure
from crossroads.analysis.verdict import Verdict
from crossroads.stats.probability import Probability
from crossroads.stats.sequences import estimate, proved
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.timelines import Epoch, NamedOverride, Override, Timeline

SNAPSHOTS = Path(__file__).parent / "snapshots"


def check_snapshot(name: str, text: str) -> None:
    """Compare a printed report with the pinned one; CROSSROADS_UPDATE_SNAPSHOTS=1 pins it anew."""
    path = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("CROSSROADS_UPDATE_SNAPSHOTS"):
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"no snapshot {path.name}; look at the report and pin it with CROSSROADS_UPDATE_SNAPSHOTS=1"
    assert text == path.read_text(encoding="utf-8")


def share(value: float, futures: int = 400) -> Probability:
    return estimate(round(value * futures), futures)


def coins_timeline(**changes: object) -> Timeline:
    timeline = Timeline(
        target="two_coins.py:main",
        epochs=(Epoch(0, 17),),
        outcome=Outcome("failed", "AssertionError", "both coins came up heads", "two_coins.py:19 in main"),
        digest="ab" * 16,
        points=101,
        python="3.13",
    )
    return replace(timeline, **changes)  # type: ignore[arg-type]


def coins_account() -> Account:
    where = "two_coins.py:12 in main"
    probes = [(1, 0.25), (11, 0.26), (21, 0.24), (22, 0.5), (41, 0.49), (61, 0.51), (62, 1.0), (80, 1.0)]
    curve = [CurvePoint(0, "", "start", "", 0.0, share(0.25))]
    curve += [CurvePoint(point, "step", "mark", where, 0.0, share(q)) for point, q in probes]
    curve.append(CurvePoint(101, "", "end", "two_coins.py:19 in main", 0.0, proved(1.0, 0, 0)))
    return Account(
        baseline=share(0.25, 1000),
        curve=tuple(curve),
        turning_points=(
            TurningPoint(21, "step", "mark", where, 0.0, share(0.25), share(0.5)),
            TurningPoint(61, "step", "mark", where, 0.0, share(0.5), share(1.0)),
        ),
        decisions=(),
        point_of_no_return=PointOfNoReturn(62, "step", where, 0.0, "estimated", 0.99, 528),
        last_way_out=WayOut(61, "step", where, 0.0, "", coins_timeline(epochs=(Epoch(0, 17), Epoch(61, 5)), outcome=Outcome("passed"))),
        unexplained_rise=0.0,
        gradual=False,
        futures_spent=3412,
        method="full scan",
    )


def coins(account: bool = True) -> Failure:
    timeline = coins_timeline()
    assert timeline.outcome is not None
    return Failure(
        id="3fa9c2d1",
        outcome=timeline.outcome,
        count=250,
        probability=estimate(250, 1000),
        timeline=timeline,
        output="tossing\n\x1b[31mheads\n",
        account=coins_account() if account else None,
    )


def coins_shrunk() -> Shrunk:
    """Coins are drawn by the program itself."""
    timeline = coins_timeline(epochs=(Epoch(0, 23, "all"),))
    survivor = coins_timeline(epochs=(Epoch(0, 29, "all"),), outcome=Outcome("passed"), digest="ef" * 16)
    notes = ("it depends on what the program draws itself: seed 23",)
    return Shrunk(timeline, timeline, (), True, True, 10, survivor, futures=130, seconds=1.5, notes=notes)


def boat_shrunk() -> Shrunk:
    """Two choices, both needed."""
    timeline = replace(boat().timeline, epochs=(Epoch(0, 3, "all"),), overrides=(Override(2, 2), Override(4, 1)), points=5)
    named = replace(timeline, overrides=(), named=(NamedOverride("route", 0, 2, "'open sea'"), NamedOverride("weather", 0, 1, "'storm'")))
    steps = (
        ShrunkStep(2, "decide", "route", "boat.py:16 in main", 5.0, "route", 0, "'open sea'", "'coast'"),
        ShrunkStep(4, "chance", "weather", "boat.py:9 in sail", 10.0, "weather", 0, "'storm'", "'calm'"),
    )
    survivor = replace(named, named=named.named[:1], outcome=Outcome("passed"), digest="ef" * 16, points=9)
    return Shrunk(timeline, named, steps, True, False, 10, survivor, steps[1], "'calm'", 42, 0.5)


def boat() -> Failure:
    """Decided by the program's own decision and by the weather; in world time."""
    outcome = Outcome("failed", "RuntimeError", "the boat was lost", "boat.py:11 in sail")
    timeline = Timeline("boat.py:main", (Epoch(0, 3),), (Override(2, 2),), outcome=outcome, digest="cd" * 16, points=9, python="3.13")
    route = (
        Option("'coast'", False, 1 / 3, share(0.0), best=True),
        Option("'canal'", False, 1 / 3, share(0.0), best=True),
        Option("'open sea'", True, 1 / 3, share(0.41)),
    )
    weather = (Option("'calm'", False, 0.9, proved(0.2710, 8, 4), best=True), Option("'storm'", True, 0.1, proved(1.0, 1, 1)))
    values = [0.14, 0.14, 0.13, 0.41, 0.41, 0.34, 0.34, 0.34, 0.34, 1.0]
    labels = [("", "start", ""), ("harbour", "mark", "boat.py:15 in main"), ("route", "decide", "boat.py:16 in main")]
    labels += [("day", "mark", "boat.py:8 in sail"), ("weather", "chance", "boat.py:9 in sail")] * 3
    labels.append(("", "end", "boat.py:11 in sail"))
    curve = [CurvePoint(i, label, kind, where, i * 2.5, share(values[i])) for i, (label, kind, where) in enumerate(labels)]
    account = Account(
        baseline=share(0.14, 1000),
        curve=tuple(curve),
        turning_points=(
            TurningPoint(2, "route", "decide", "boat.py:16 in main", 5.0, share(0.13), share(0.41), route),
            TurningPoint(8, "weather", "chance", "boat.py:9 in sail", 20.0, share(0.34), proved(1.0, 1, 1), weather),
        ),
        decisions=(Decision(2, "route", "boat.py:16 in main", 5.0, route),),
        point_of_no_return=PointOfNoReturn(9, "", "boat.py:11 in sail", 22.5, "proved", 1.0, 0),
        last_way_out=WayOut(8, "weather", "boat.py:9 in sail", 20.0, "'calm'", replace(timeline, outcome=Outcome("passed"))),
        unexplained_rise=-0.07,
        gradual=False,
        futures_spent=911,
        method="full scan",
        notes=("the route was drawn uniformly, as decisions are",),
    )
    return Failure("b0a7b0a7", outcome, 140, estimate(140, 1000), timeline, account=account)


def within() -> Failure:
    """Decided by when messages arrived: once by the moment within an option, once where there was nothing to race against."""
    failure = boat()
    assert failure.account is not None
    options = tuple(
        Option(f"{side} the timeout at boat.py:9 in sail", side == "before", weight, share(fails), side == "before")
        for side, weight, fails in (("before", 0.94, 0.37), ("together with", 0.03, 0.8), ("after", 0.03, 0.65))
    )
    steps = (
        TurningPoint(2, "boat -> port, message 1", "latency", "boat.py:16 in main", 5.0, share(0.4), share(0.75), options),
        TurningPoint(
            8,
            "port -> boat, end",
            "event",
            "boat.py:9 in sail",
            20.0,
            share(0.75),
            proved(1.0, 1, 1),
            moment=Moment(0.0125, 0.9, 0.01, share(0.02), share(0.98)),
        ),
    )
    return replace(failure, account=replace(failure.account, turning_points=steps, decisions=(), unexplained_rise=0.0))


def gradual() -> Failure:
    failure = coins()
    values = [(point, 0.6 + 0.4 * point / 101) for point in range(0, 102, 5)]
    account = replace(
        coins_account(),
        baseline=share(0.6, 1000),
        curve=tuple(CurvePoint(point, "step", "mark", "", 0.0, share(q)) for point, q in values),
        turning_points=(),
        point_of_no_return=None,
        last_way_out=None,
        unexplained_rise=0.4,
        gradual=True,
        method="scan and search",
    )
    return replace(failure, account=account)


def always() -> Failure:
    outcome = Outcome("crashed", "SIGSEGV")
    timeline = coins_timeline(outcome=outcome, points=3)
    account = Account(
        baseline=share(1.0, 300),
        curve=(CurvePoint(0, "", "start", "", 0.0, share(1.0)), CurvePoint(3, "", "end", "", 0.0, proved(1.0, 0, 0))),
        turning_points=(),
        decisions=(),
        point_of_no_return=PointOfNoReturn(0, "", "", 0.0, "estimated", 0.99, 299),
        last_way_out=None,
        unexplained_rise=0.0,
        gradual=False,
        futures_spent=300,
        method="full scan",
    )
    return Failure("00c0ffee", outcome, 200, estimate(200, 200), timeline, account=account)


def many_steps(steps: int = 12) -> Failure:
    """More turning points with more options than a screen can hold."""
    failure = boat()
    options = tuple(Option(f"option {number} of a long list", number == 0, 0.1, share(number / 20), number == 0) for number in range(10))
    size = 0.85 / (steps * (steps + 1) / 2)
    levels = [0.15 + size * k * (k + 1) / 2 for k in range(steps + 1)]
    levels_of = [share(level, 2000) for level in levels]
    points = tuple(
        TurningPoint(
            10 * k + 3,
            f"choice {k}",
            "decide",
            "boat.py:9 in sail",
            0.0,
            share(before, 2000),
            share(after, 2000),
            (replace(options[0], failure=share(after, 2000)), *options[1:]),
        )
        for k, (before, after) in enumerate(pairwise(levels))
    )
    curve = tuple(CurvePoint(10 * k, "", "mark", "", 0.0, levels_of[k]) for k in range(steps + 1))
    assert failure.account is not None
    late = PointOfNoReturn(10 * steps - 2, "day", "boat.py:8 in sail", 0.0, "proved", 1.0, 32)
    account = replace(failure.account, turning_points=points, curve=curve, unexplained_rise=0.2, point_of_no_return=late)
    return replace(failure, account=account, timeline=replace(failure.timeline, points=10 * steps + 5))


def exploration(*failures: Failure, futures: int = 1000, **changes: object) -> Exploration:
    failed = sum(failure.count for failure in failures)
    result = Exploration(
        target=failures[0].timeline.target if failures else "two_coins.py:main",
        world="plain",
        seed=0,
        engine="fork",
        python="3.13.0",
        seconds=3.21,
        explored=Tally(futures, futures - failed, failed),
        failures=failures,
    )
    return replace(result, **changes)  # type: ignore[arg-type]


def sweep(*failures: Failure, **changes: object) -> Sweep:
    """Four awaits of a coroutine of boat.py; unsafe at the first of them where there are failures."""
    first = failures[0] if failures else None
    bad = None if first is None else SweptFailure(first.id, first.outcome, "as its result arrives", first.timeline)
    failed = sum(failure.count for failure in failures)
    moments = ("as its result arrives",) if failures else ()
    awaits = (
        SweptAwait("boat.py:8 in sail", ("boat.py:9 in tack",), 40, failed, 0, 0, moments, bad),
        SweptAwait("boat.py:11 in sail", (), 30, 0, 12, 0, (), None),
        SweptAwait("boat.py:12 in sail", ("/usr/lib/python3/site-packages/tide/gauge.py:301 in read",), 20, 0, 20, 0, (), None),
        SweptAwait("boat.py:13 in sail", (), 9, 0, 0, 1, (), None),
    )
    tally = Tally(100, 99 - failed - 32, failed, {"cancelled": 32, "diverged": 1})
    explored = exploration(*failures, target="boat.py:main", world="asyncio", explored=tally)
    return replace(Sweep("sail", awaits, Tally(1, 1), 12, 12, explored), **changes)  # type: ignore[arg-type]


def verdict(kind: VerdictKind = "prevented") -> Verdict:
    """On the boat: what a change of the code may have led to."""
    step = Step(20, "chance", "weather", 3, 1, "'storm'", "boat.py:14 in sail", 2.5, "0a1b2c3d")
    failed = {"prevented": 0, "gone": 0, "moved": 0, "cannot tell": 0, "reduced": 30, "unchanged": 297, "worse": 299}[kind]
    other = OtherFailure(Outcome("failed", "KeyError", "'mast'", "boat.py:30 in moor"), 12, has_risen=True)
    behind = Place("crossing", 20, "weather", "chance", "boat.py:14 in sail", 2.5, estimate(199, 200), estimate(failed, 299))
    whole = Place("start", None, "", "", "", 0.0, estimate(51, 1000), estimate(failed // 6, 1000), (other,) if kind == "moved" else ())
    parted = (20, 18) if kind in ("gone", "cannot tell") else None
    match = Match(
        34,
        34 if parted is None else 12,
        18 if parted is None else None,
        parted=parted,
        last=replace(step, point=14, name="route", option="'coast'") if parted else None,
        expected="'weather' ('storm')" if parted else "",
        met="'sky' ('calm')" if parted else "",
    )
    return Verdict(
        kind,
        "b0a7b0a7",
        "boat.py:main",
        Outcome("failed", "AssertionError", "sank", "boat.py:40 in main"),
        places=(behind, whole) if parted is None else (whole,),
        decisive=1 if kind == "moved" else 0,
        needed=2995 if kind == "cannot tell" else 0,
        match=match,
        crossing=step,
        again=Outcome("passed"),
        futures=1598,
        seconds=12.3,
        python="3.13.0",
        notes=("it was found with Python 3.12, and this is 3.13",),
    )
