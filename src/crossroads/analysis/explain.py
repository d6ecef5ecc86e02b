"""Explain a failing run: where it was decided, when it was too late, what would have saved it.

Stages, each of which leaves the account valid: live all futures where there are few; else find when it was too late, the turning
points, the options there and at the last way out, and the options of the program's other decisions. When the budget is spent or the
user interrupts, what is known by then is the account, and its notes say what is missing.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil
from typing import TypeVar

from crossroads.analysis.account import AccountBuilder, exact_account
from crossroads.analysis.enumeration import Leaf, enumerate_futures
from crossroads.analysis.inquiry import BudgetSpent, Inquiry, Misjudged
from crossroads.analysis.moments import find_moments
from crossroads.analysis.options import compare_options
from crossroads.analysis.pasts import RecordedPast, past_of, record_past, save_past
from crossroads.analysis.path import Path, Paths, is_choice
from crossroads.analysis.progress import OnAccount, OnProgress
from crossroads.analysis.report import account_to_data
from crossroads.analysis.results import Account, Failure
from crossroads.analysis.sources import StorePath, load_failure, open_store, runner_for
from crossroads.analysis.too_late import find_too_late
from crossroads.analysis.turning import JumpSearch
from crossroads.errors import DivergedError, SettingError
from crossroads.runners.local import LocalRunner
from crossroads.snapshots.engine import EngineName
from crossroads.snapshots.limits import Limits
from crossroads.snapshots.live import TRACE_MAX
from crossroads.store.store import Store
from crossroads.timeline.outcomes import WORLD_TIME_LIMIT
from crossroads.timeline.timelines import Timeline

T = TypeVar("T")

BUDGET = 15_000
"""Futures that an explanation may cost by default; most cost a third of it or less."""

CONFIDENCE = 0.95

OPTION_EACH_MAX = 240
"""Futures for one option of a turning point."""

DECISIONS_MAX = 30
"""Decisions, other than turning points, whose options are compared: the last ones before it was too late."""

DECISION_EACH_MAX = 320

OPTIONS_UNTIL = 0.9
"""The share of the time after which the options of turning points are compared no longer."""

OTHERS_MAX = 100
"""Of the other failures that were met so many are kept, so that `verify` knows them."""

MORE = 4
"""Of a budget that was spent, so many times as much is suggested; half as wide intervals need that."""

AS_LONG_AS_IT_NEEDS = '"crossroads explain ID" takes as long as it needs where no --budget is given'

GLIMPSE_S, GLIMPSE_SHARE = 0.5, 0.05
"""What is known so far is shown at most so often, and making it takes at most this share of the time."""


def explain(
    failure: Failure | str,
    *,
    budget: int = BUDGET,
    seconds: float | None = None,
    seed: int = 0,
    eps: float = 0.01,
    store: StorePath = None,
    engine: EngineName | None = None,
    jobs: int | None = None,
    limits: Limits | None = None,
    paths: Paths | None = None,
    on_progress: OnProgress | None = None,
    on_account: OnAccount | None = None,
) -> Account:
    """Where a failure was decided, when it was too late, and what would have saved it.

    Args:
        failure: one that `explore` found, or its id in the store; its account is kept there, unless it was interrupted and an earlier
            one tells more.
        budget: futures it may cost, at least 100; fewer give wider intervals and "cannot tell".
        seconds: wall time it may take, more than 0; None: any. Where futures are dear, fewer are lived so that it takes about half of
            that, and the account depends on how fast the machine is.
        seed: of the futures; the same seed gives the same account.
        eps: a chance of survival that counts as none, 0 < eps <= 0.2.
        store: path of the store; None: the project's.
        engine, jobs, limits: as for `explore`.
        paths: those that `explore` has filled in a moment ago, with the same code; this failure's is added. None: there are none.
        on_progress: called as it goes on.
        on_account: called with what is known so far, a few times a minute up to twice a second; where all futures can be lived, never.

    Raises:
        SettingError: a setting is out of range.
        StoreError: there is no such failure, or the store can't be used.
        DivergedError: the failing run isn't the same any more; the program or what it depends on has changed.
        TargetError, EngineError: the program can't be run.
    """
    check_settings(budget, seed, eps, seconds)
    with open_store(store) as kept:
        found = load_failure(kept, failure) if isinstance(failure, str) else failure
        with runner_for(found.timeline, engine=engine, jobs=jobs, limits=limits) as runner:
            known = (found.probability.failed, found.probability.futures)
            inquiries: list[Inquiry] = []
            account = explain_timeline(
                runner,
                found.timeline,
                known,
                budget=budget,
                seconds=seconds,
                seed=seed,
                eps=eps,
                paths=paths,
                on_progress=on_progress,
                on_account=on_account,
                on_inquiry=inquiries.append,
            )
            return _keep(kept, runner, found, account, inquiries)


def _keep(kept: Store, runner: LocalRunner, found: Failure, account: Account, inquiries: Sequence[Inquiry]) -> Account:
    """Keep an account with its failure and how that comes about, if the store has the failure and no better one; give it back."""
    earlier = found.account
    if account.ended == "interrupted" and earlier is not None and earlier.futures_spent > account.futures_spent:
        # Whoever stops an attempt to know more doesn't want to know less.
        spent = f"{earlier.futures_spent:,} futures"
        note = f"the earlier account, from {spent}, is kept, as this one was stopped before it knew as much"
        return replace(account, notes=(*account.notes, note))
    if any(row.id == found.id for row in kept.failures()):
        kept.save_account(found.id, account_to_data(account))
        others = [outcome for inquiry in inquiries for outcome in inquiry.others.values()][:OTHERS_MAX]
        past = _past(runner, found.timeline, inquiries[0].path, _deciding(account))
        save_past(kept, runner.target, found.id, found.timeline, None if past is None else replace(past, others=tuple(others)))
    return account


def _past(runner: LocalRunner, failing: Timeline, path: Path, deciding: Sequence[int]) -> RecordedPast | None:
    """How the failure came about: from the points that are known, if they are all there are."""
    if failing.digest and 0 < failing.points < TRACE_MAX:
        return past_of(failing, path.trace, deciding)
    return record_past(runner, failing, deciding)


def _deciding(account: Account) -> list[int]:
    """The points of an account up to which its run may have to be followed when the code has changed."""
    points = [step.point for step in account.turning_points]
    return [*points, account.last_way_out.point] if account.last_way_out is not None else points


def check_settings(budget: int, seed: int, eps: float, seconds: float | None = None) -> None:
    """Raise SettingError unless they are in range."""
    if budget < 100:
        raise SettingError(f"budget={budget} must be at least 100 futures; {BUDGET:,} is the usual number")
    if not 0 <= seed < 2**64:
        raise SettingError(f"seed={seed} must be from 0 to 2**64 - 1")
    if seconds is not None and not seconds > 0:
        raise SettingError(f"seconds={seconds} must be more than 0; leave it out to let the explanation take its time")
    if not 0 < eps <= 0.2:
        raise SettingError(f"eps={eps} must be more than 0 and at most 0.2: the chance of survival that counts as none")


def explain_timeline(
    runner: LocalRunner,
    failing: Timeline,
    known: tuple[int, int],
    *,
    budget: int = BUDGET,
    seconds: float | None = None,
    seed: int = 0,
    eps: float = 0.01,
    paths: Paths | None = None,
    on_progress: OnProgress | None = None,
    on_account: OnAccount | None = None,
    on_inquiry: Callable[[Inquiry], None] | None = None,
) -> Account:
    """The account of one failing timeline.

    Args:
        runner: where its futures are lived.
        failing: a timeline with its outcome, a failure.
        known: (failed, futures) of the whole program, as exploring counted them; left out of account where an option was imposed.
        budget, seconds, seed, eps, paths, on_progress, on_account: as for `explain`.
        on_inquiry: called with what counts the futures, before the first is lived.

    Raises:
        DivergedError: lived again, it is another run.
    """
    path = trace_path(runner, failing, paths)
    inquiry = Inquiry(runner, failing, path, seed=seed, budget=budget, seconds=seconds, on_progress=on_progress)
    if on_inquiry is not None:
        on_inquiry(inquiry)
    if not path.is_imposed and (leaves := _all_futures(inquiry, known)) is not None:
        return exact_account(inquiry, leaves)
    builder = AccountBuilder(inquiry, eps)
    if on_account is not None:
        inquiry.on_batch = _glimpses(builder, on_account)
    try:
        while not _sample_all(inquiry, builder, eps):
            builder.begin_anew()
        if inquiry.is_thrifty:
            builder.ended = "budget"
            builder.note(
                f"futures take up to {inquiry.dearest:.2g} s each, too long to live as many as usual in {seconds:.4g} s, so the numbers"
                f' are less sure; "crossroads explain ID --budget {ceil(inquiry.usual_s / 60)}m" lives as many as usual'
            )
    except BudgetSpent:
        builder.ended = "budget"
        if inquiry.is_late:
            builder.note(f"the time of {seconds:g} s was up while {inquiry.stage}; {AS_LONG_AS_IT_NEEDS}")
        else:
            builder.note(f"the budget of {budget:,} futures was spent while {inquiry.stage}; {_more(budget)}")
    except KeyboardInterrupt:
        builder.ended = "interrupted"
        builder.note(f"interrupted while {inquiry.stage}")
        return builder.build()
    learn(inquiry, builder.points_needed())
    builder.learn_saving()
    return builder.build()


def _all_futures(inquiry: Inquiry, known: tuple[int, int]) -> list[Leaf] | None:
    """All futures of the program, if there are few; else those that are known count from now on."""
    if inquiry.origin[1] == WORLD_TIME_LIMIT:
        inquiry.patience.note_hung(known[0], inquiry.path.point(inquiry.path.end).time)
    leaves = _unless_spent(lambda: enumerate_futures(inquiry, 0))
    if leaves is None:
        inquiry.pool(0, *known)
    return leaves


def _glimpses(builder: AccountBuilder, on_account: OnAccount) -> Callable[[], None]:
    """What shows the account as it stands, but not too often."""
    due = 0.0

    def show() -> None:
        nonlocal due
        began = time.monotonic()
        if began >= due:
            on_account(builder.build())
            now = time.monotonic()
            due = now + max(GLIMPSE_S, (now - began) / GLIMPSE_SHARE)

    return show


def learn(inquiry: Inquiry, points: Sequence[int]) -> None:
    """Live the failing run once more for those of some points of which only the numbers are known."""
    unknown = tuple(sorted(point for point in points if not inquiry.path.is_known(point)))
    if unknown:
        inquiry.path.learn(inquiry.runner.run([inquiry.failing], trace=unknown)[0].trace)


def trace_path(runner: LocalRunner, failing: Timeline, paths: Paths | None = None) -> Path:
    """The points of the failing timeline, the first TRACE_MAX of them: lived again for them, unless its path is known.

    Args:
        runner: where it is lived.
        failing: a timeline with its outcome, a failure.
        paths: those that are known; this one is added. None: there are none.

    Raises:
        DivergedError: it is another run now.
    """
    if paths and failing.digest in paths:
        return paths[failing.digest]
    run = runner.run([failing], trace="all" if failing.points < TRACE_MAX else tuple(range(TRACE_MAX)))[0]
    outcome = failing.outcome
    assert outcome is not None
    if run.outcome.origin != outcome.origin or run.timeline.digest != failing.digest:
        if runner.run([failing])[0].timeline.digest == failing.digest:
            raise DivergedError(
                "the failing run is another one when its points are looked at: the program follows the addresses of its objects, as"
                " sorting by id() does, and looking moves those; sort by something that the objects hold instead"
            )
        now = run.outcome
        raise DivergedError(
            f"the failing run isn't the same any more: it {outcome.kind} ({outcome.exception or outcome.message}) when it was found,"
            f' now it {now.kind}{f" ({now.exception})" if now.exception else ""}; if the program has changed, "crossroads run" finds its'
            " failures anew"
        )
    path = Path(run.timeline.points or failing.points or 1, run.trace)
    if paths is not None and failing.digest:
        paths[failing.digest] = path
    return path


def _sample_all(inquiry: Inquiry, builder: AccountBuilder, eps: float) -> bool:
    """Go through the stages; False where what was found on the way no longer holds."""
    try:
        _go_through_stages(inquiry, builder, eps)
    except Misjudged:
        return False
    return True


def _go_through_stages(inquiry: Inquiry, builder: AccountBuilder, eps: float) -> None:
    inquiry.stage = "looking for the point of no return"
    too_late = find_too_late(inquiry, eps=eps, confidence=CONFIDENCE)
    builder.too_late = too_late
    path = inquiry.path
    if too_late.streak and (leaves := _unless_spent(lambda: enumerate_futures(inquiry, path.first(too_late.step)))) is not None:
        builder.proof = leaves if all(leaf.failed for leaf in leaves) else None
    search = JumpSearch(inquiry, too_late.step)
    builder.search = search
    search.run()
    if not search.is_finished:
        builder.ended = "budget"
        builder.note(_unsettled(inquiry, search))
    inquiry.stage = "comparing the options at the turning points"
    chosen = sorted({path.last(step) for step in [*(jump.step for jump in search.jumps), too_late.step - 1] if step >= 0})
    learn(inquiry, chosen)
    with inquiry.until(OPTIONS_UNTIL):
        compare_options(inquiry, [path.point(index) for index in chosen if is_choice(path.point(index))], OPTION_EACH_MAX)
    builder.find_survivor()
    inquiry.stage = "looking for the times that decided"
    find_moments(inquiry, builder)
    inquiry.stage = "comparing the options of the decisions"
    decisions = [point for point in path.choices if point.kind == "decide" and point.index < path.first(too_late.step)]
    builder.decisions = decisions[-DECISIONS_MAX:]
    compare_options(inquiry, builder.decisions, DECISION_EACH_MAX)


def _unsettled(inquiry: Inquiry, search: JumpSearch) -> str:
    """Why there may be more turning points than were found."""
    if search.is_cut and not search.unproved:
        return f"the search for turning points ended early, as there are {inquiry.seconds:g} s for all; {AS_LONG_AS_IT_NEEDS}"
    what = f"{search.unproved} more steps that may be turning points weren't settled"
    if search.is_cut:
        return f"{what} in their share of the {inquiry.seconds:g} s; {AS_LONG_AS_IT_NEEDS}"
    return what + ("" if inquiry.is_thrifty else f" with {inquiry.budget:,} futures; {_more(inquiry.budget)}")


def _more(budget: int) -> str:
    return f'"crossroads explain ID --budget {MORE * budget}" may live more'


def _unless_spent(work: Callable[[], T]) -> T | None:
    try:
        return work()
    except BudgetSpent:
        return None
