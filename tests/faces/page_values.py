"""Made-up evidence for the tests of pages: two lives of a small async program, its lines and its state."""

from dataclasses import replace
from typing import Any

import faces_values as made

from crossroads.analysis.evidence import Evidence
from crossroads.analysis.lines import LineRanking, RankedLine
from crossroads.analysis.lives import Moment, TwoLives, Value, WitnessedLife
from crossroads.analysis.results import Account, CurvePoint, Failure
from crossroads.faces.page.data import ShrunkStep
from crossroads.stats.probability import Probability
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.points import Point

MS = 1e-3


def message(label: str, sent: float, due: float | None, text: str = "") -> dict[str, Any]:
    return {"label": label, "text": text, "sent": sent, "due": due}


def moment(index: int, label: str, messages: list[dict[str, Any]], printed: str = "", **changes: Any) -> Moment:
    point = Point(index, "latency", label, "boat.py:9 in sail", index * MS, ("before the storm", "after the storm"), 0, (0.5, 0.5))
    state = {"tasks": [{"name": "Task-1", "host": "", "where": f"boat.py:{index} in sail"}], "messages": messages}
    return Moment(replace(point, **changes), printed, (Value(str(index)),), state)


def two_lives() -> TwoLives:
    """They part at point 2: in one the request arrives, in the other it doesn't."""
    timeline = made.boat().timeline
    ask, answer = "client 1 -> server:80, message 1", "server:80 -> client 1, message 1"
    start = [moment(0, "", [], kind="start"), moment(1, ask, [message(ask, 0.5 * MS, None, "[GET /]")])]
    doomed = [
        *start,
        moment(2, ask, [message(ask, 0.5 * MS, None, "[GET /]")], taken=1),
        moment(3, answer, [message(answer, 2.5 * MS, None)], "asked\nlost\n"),
        moment(4, "RuntimeError", [message(answer, 2.5 * MS, None)], "Traceback\n", kind="end", options=(), taken=None),
    ]
    survivor = [
        *start,
        moment(2, ask, [message(ask, 0.5 * MS, None, "[GET /]")]),
        moment(3, answer, [message(answer, 2.2 * MS, 2.9 * MS)], "asked\n"),
        moment(4, "passed", [], kind="end", options=(), taken=None),
    ]
    saved = replace(timeline, outcome=Outcome("passed"), points=4)
    return TwoLives(
        WitnessedLife(timeline, True, tuple(doomed), 3514), WitnessedLife(saved, True, tuple(survivor), 3514), 2, "before the storm", 1
    )


def evidence() -> Evidence:
    lives = two_lives()
    share = made.share(0.8, 20)
    lines = (
        RankedLine("boat.py", 11, 12, 0, made.share(1.0, 12), 1.0, 0.0),
        RankedLine("boat.py", 9, 2, 14, share, 0.2, 0.9),
    )
    return Evidence(lives.doomed, lives, (LineRanking(2, 12, 14, lines, 5, False),), ("day",), "fork", "3.13.0")


SHRUNK = (
    ShrunkStep(2, "client 1 -> server:80, message 1", "after the storm", "before the storm", "boat.py:9 in sail", 2 * MS),
    ShrunkStep(8, "harbour", "another harbour", "", "", 0.0),
)


def long_run(points: int = 1_000_000, looked_at: int = 1_000_000) -> Failure:
    """A failure whose run has a million points, all of them looked at."""
    failure = made.coins()
    shares = [Probability(q / 100, max(0.0, q / 100 - 0.1), min(1.0, q / 100 + 0.1), 0.95, 100, q) for q in range(101)]
    step = points // looked_at
    curve = tuple(
        CurvePoint(index, "step", "mark", "two_coins.py:12 in main", index * MS, shares[(index * 7919 // 1000) % 50])
        for index in range(0, points, step)
    )
    account = failure.account
    assert isinstance(account, Account)
    steps = tuple(replace(step, point=point) for step, point in zip(account.turning_points, (points // 5, points * 3 // 5), strict=True))
    account = replace(account, curve=curve, turning_points=steps)
    return replace(failure, account=account, timeline=replace(failure.timeline, points=points))


HOSTILE = (
    "</script><script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=1">',
    "{{ 7 * 7 }}{% for x in y %}",
    "<!--<script>",
    "\x1b[31mred\x00\x07\r\n",
    "\u202ereversed\u2066 \u200f",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "\u2028\u2029\ud800",
    "x" * 10_000_000,
)


def hostile(text: str) -> tuple[Failure, Evidence]:
    """A failure whose every text is a stranger's."""
    failure, seen = made.boat(), evidence()
    account = failure.account
    assert account is not None
    options = tuple(replace(option, option=text) for option in account.turning_points[0].options)
    account = replace(
        account,
        curve=tuple(replace(point, label=text, where=text) for point in account.curve),
        turning_points=tuple(replace(step, label=text, where=text, options=options) for step in account.turning_points),
        decisions=(),
        notes=(text,),
    )
    outcome = Outcome("failed", text[:200], text[:500], text[:200])
    timeline = replace(failure.timeline, outcome=outcome, target=text[:200])
    assert seen.lives is not None
    life = seen.lives.doomed
    moments = tuple(
        replace(
            one,
            point=replace(one.point, label=text, where=text, options=(text, text)),
            printed=text,
            values=(Value(text),),
            state={
                "tasks": [{"name": text, "host": text, "where": text}],
                "messages": [message(f"{text} -> {text}, {text}", 0.0, None, text)],
            },
        )
        for one in life.moments
    )
    life = replace(life, moments=moments)
    lines = (replace(seen.lines[0], lines=tuple(replace(line, file=text) for line in seen.lines[0].lines)),)
    lives = replace(seen.lives, doomed=life, survivor=replace(seen.lives.survivor, moments=moments), option=text)
    return (
        replace(failure, account=account, outcome=outcome, timeline=timeline, output=text),
        replace(seen, doomed=life, lives=lives, watch=(text,), lines=lines, notes=(text,)),
    )
