"""The process that works for one order of the local page: started by `jobs`, never by hand.

The order comes as JSON on stdin, what it gives goes as lines of JSON to stdout as it was. Whatever else is printed goes to a file of its
own. SIGINT ends the work with what is known; when stdin ends, the server is gone, and so is this process.
"""

import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, Final

from crossroads.analysis.evidence import gather
from crossroads.analysis.explain import explain
from crossroads.analysis.explore import explore
from crossroads.analysis.progress import Progress
from crossroads.analysis.replay import replay
from crossroads.analysis.results import Account, Failure
from crossroads.analysis.sweep import sweep_cancel
from crossroads.analysis.walk import futures_from, traced
from crossroads.errors import CrossroadsError, InternalError
from crossroads.faces.page.curves import curve_of, marks_of
from crossroads.faces.terminal.failure import how_often
from crossroads.faces.terminal.numbers import count, grouped
from crossroads.faces.terminal.words import title
from crossroads.faces.ui.kept import failure_of
from crossroads.faces.ui.texts import report
from crossroads.faces.ui.walk import ending_of, steps_of
from crossroads.timeline.formats import from_data

OUTPUT_CHARS_MAX: Final = 200_000

Order = dict[str, Any]
Say = Callable[[dict[str, Any]], None]


def main() -> None:
    """Do what stdin says."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    channel = os.fdopen(os.dup(1), "w", encoding="ascii")
    with tempfile.TemporaryFile() as printed:
        for descriptor in (1, 2):
            os.dup2(printed.fileno(), descriptor)
        order = json.loads(sys.stdin.readline())
        threading.Thread(target=_end_with_server, daemon=True).start()

        def say(message: dict[str, Any]) -> None:
            channel.write(json.dumps(message) + "\n")
            channel.flush()

        say(_done(order, say, printed.fileno()))


def _done(order: Order, say: Say, printed: int) -> dict[str, Any]:
    try:
        result = WORK[order["kind"]](order, say)
    except KeyboardInterrupt:
        return {"stopped": True}
    except CrossroadsError as error:
        return {"error": str(error)}
    except Exception as error:
        return {"error": str(InternalError(f"{type(error).__name__}: {error}"))}
    if order["kind"] == "replay":
        size = os.fstat(printed).st_size
        raw = os.pread(printed, OUTPUT_CHARS_MAX, max(0, size - OUTPUT_CHARS_MAX))
        result["output"] = raw.decode("utf-8", "replace")
    return {"result": result}


def _end_with_server() -> None:
    """Engines end with this process, whichever way it ends."""
    os.read(0, 1)
    os._exit(1)


def _explore(order: Order, say: Say) -> dict[str, Any]:
    settings: dict[str, Any] = {name: order[name] for name in ("futures", "seed", "faults", "store")}
    settings["on_progress"] = lambda progress: say(_progress(progress))
    cancel = order["cancel"]
    target = order["target"]
    found = sweep_cancel(target, cancel=cancel, **settings).exploration if cancel else explore(target, **settings)
    tally = found.explored
    failed = tally.futures - tally.passed
    known = count(tally.futures, "future")
    text = f"{known} lived, {grouped(tally.passed)} passed, {grouped(failed)} did not."
    if found.one_future:
        text += " Every run is the same: nothing is drawn or decided."
    return {"text": text, "complete": found.complete, "failures": [_named(failure) for failure in found.failures]}


def _named(failure: Failure) -> dict[str, str]:
    return {"id": failure.id, "title": title(failure.outcome), "how_often": how_often(failure)}


def _explain(order: Order, say: Say) -> dict[str, Any]:
    failure = failure_of(order["store"], order["id"])

    def show(account: Account) -> None:
        known = replace(failure, account=account)
        curve = curve_of(known)
        if curve is not None:
            say({"curve": asdict(curve), "marks": [asdict(mark) for mark in marks_of(known)]})

    account = explain(
        failure.id,
        budget=order["budget"],
        store=order["store"],
        on_progress=lambda progress: say(_progress(progress)),
        on_account=show,
    )
    show(account)
    kept = failure_of(order["store"], order["id"]).account
    text = f"Explained with {count(account.futures_spent, 'future')}."
    is_kept = kept is None or kept.futures_spent <= account.futures_spent
    if kept is not None and not is_kept:
        text += f" It was stopped before it told as much as the earlier account, from {count(kept.futures_spent, 'future')}, which is kept."
    return {"text": text, "complete": account.ended != "interrupted", "kept": is_kept}


def _look(order: Order, say: Say) -> dict[str, Any]:
    say({"note": "living the failing run again, beside its nearest survivor"})
    failure = failure_of(order["store"], order["id"])
    return {"text": "Lived again.", "page": report(order["store"], failure, gather(failure))}


def _replay(order: Order, say: Say) -> dict[str, Any]:
    say({"note": "living the failing run again"})
    again = replay(failure_of(order["store"], order["id"]))
    outcome = again.timeline.outcome
    ended = title(outcome) if outcome is not None else "it was stopped"
    return {"text": f"{'The same run again' if again.same else 'ANOTHER run than the one recorded'}: {ended}"}


def _walk(order: Order, say: Say) -> dict[str, Any]:
    """Without a point: the points of the life itself."""
    failure = failure_of(order["store"], order["id"])
    timeline = from_data(order["timeline"])
    if order["point"] is None:
        return {"text": "Its points are known.", "steps": steps_of(traced(timeline))}
    endings = futures_from(
        timeline, order["point"], order["option"], order["futures"], on_progress=lambda progress: say({**_progress(progress), "note": ""})
    )
    return {"text": "Lived.", "endings": [ending_of(ending.count, ending.example, failure.outcome) for ending in endings]}


def _progress(progress: Progress) -> dict[str, Any]:
    note = count(progress.found, "different failure") + " so far" if progress.stage == "exploring" else progress.note
    return {"done": progress.done, "total": progress.total, "rate": progress.rate, "note": note}


WORK: Final[dict[str, Callable[[Order, Say], dict[str, Any]]]] = {
    "explore": _explore,
    "explain": _explain,
    "look": _look,
    "replay": _replay,
    "walk": _walk,
}
