"""Kept regressions: writing a failure that was found as a small file, and replaying such files with the code as it is now."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from crossroads.analysis.guiding import crossing_of
from crossroads.analysis.matching import plain_text
from crossroads.analysis.pasts import PAST, RecordedPast, past_from_data, steps_of
from crossroads.analysis.results import Failure
from crossroads.analysis.sameness import is_same_failure, line_at, signature
from crossroads.analysis.sources import runner_for
from crossroads.errors import StoreError, TargetError, TimelineError
from crossroads.runners.local import LocalRunner
from crossroads.snapshots.engine import EngineName
from crossroads.snapshots.limits import Limits
from crossroads.snapshots.run import Run
from crossroads.store.rows import FailureRow
from crossroads.timeline.formats import TEXT_BYTES_MAX, to_data
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.regressions import LINE_CHARS_MAX, Anchor, Regression, dumps, loads
from crossroads.timeline.timelines import NamedOverride, Timeline, WorldSettings
from crossroads.worlds.targets import parse_target

DIRECTORY: Final = "tests/crossroads"
"""Where regressions are kept, seen from where the command is run."""

FILES_MAX: Final = 1_000
"""So many files are replayed, the first ones by name."""

CHOICES_MAX: Final = 500
"""Of a run that wasn't shrunk so many choices are kept, those before the last turning point."""

SLUG_CHARS_MAX: Final = 40

Status = Literal["still fails", "fails otherwise", "passes", "stale"]


@dataclass(frozen=True, slots=True)
class KeptResult:
    """What became of one run of a kept regression.

    Args:
        file: its file.
        target: its program.
        which: "failing", the run that failed; "saved", its neighbour that didn't.
        status: still fails: in the same way; fails otherwise; passes; stale: its choices don't apply any more, so that it says nothing.
        outcome: how it ended now; None where the program can't be run.
        detail: what doesn't match, for a stale one.
        timeline: as it was lived now; None where it wasn't.
    """

    file: str
    target: str
    which: Literal["failing", "saved"]
    status: Status
    outcome: Outcome | None = None
    detail: str = ""
    timeline: Timeline | None = None

    @property
    def is_failure(self) -> bool:
        """Whether this is a failure to be reported."""
        return self.status in ("still fails", "fails otherwise")


def kept_to_data(results: Sequence[KeptResult]) -> list[dict[str, Any]]:
    """The results as JSON has them."""
    return [
        {
            "file": result.file,
            "target": result.target,
            "which": result.which,
            "status": result.status,
            "outcome": None if result.outcome is None else asdict(result.outcome),
            "detail": result.detail,
            "timeline": None if result.timeline is None else to_data(result.timeline),
        }
        for result in results
    ]


def regression_of(failure: Failure, row: FailureRow) -> Regression:
    """What is kept of a failure: its shortest way and the saved neighbour of that; or its seed and the choices up to where it was decided.

    Args:
        failure: from the store.
        row: of the same failure.

    Raises:
        StoreError: neither is known.
    """
    data = row.pieces.get(PAST)
    past = None if data is None else past_from_data(data)
    line = (past.raised if past is not None else "")[:LINE_CHARS_MAX]
    shrunk = failure.shrunk
    if shrunk is not None and (shrunk.steps or not shrunk.seeded):
        failing = replace(shrunk.named, outcome=failure.outcome, overrides=())
        saved = shrunk.survivor
        return Regression(_bare(failing), None if saved is None or saved.overrides else _bare(saved), failure.id, line)
    if past is None or past.digest != failure.timeline.digest:
        raise StoreError(
            f'failure {failure.id} has nothing to keep: how it came about wasn\'t recorded; explore again with "crossroads run" where it'
            " still fails"
        )
    crossing = crossing_of(past, failure.account)
    choices = [step for step in past.steps if step.is_choice and (crossing is None or step.point <= crossing)][-CHOICES_MAX:]
    named = tuple(NamedOverride(step.name, step.occurrence, step.taken or 0, step.option) for step in choices)
    return Regression(_bare(replace(failure.timeline, named=named, overrides=())), None, failure.id, line, _anchor(past, crossing))


def write_regression(regression: Regression, directory: Path) -> Path:
    """Write a regression into a directory, which is made where it isn't there; an earlier file of it is replaced.

    Returns:
        The file: "<target>-<id>.json", the target in small letters, digits and dashes.

    Raises:
        TimelineError: it breaks a rule of the format.
        OSError: it can't be written.
    """
    text = dumps(regression)
    slug = re.sub(r"[^a-z0-9]+", "-", regression.failing.target.lower().replace(".py:", "-")).strip("-")[-SLUG_CHARS_MAX:].strip("-")
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / f"{slug or 'program'}-{regression.found}.json"
    file.write_text(text, encoding="ascii")
    return file


def read_regressions(directory: Path, target: str | None = None) -> list[tuple[Path, Regression]]:
    """The regressions that are kept in a directory, those of one target or all, in order of their file names.

    Args:
        directory: where they are; none where there is no such directory.
        target: as it is typed; None: all.

    Raises:
        TargetError: there is no such target.
        TimelineError: a file can't be read, or isn't one.
    """
    if not directory.is_dir():
        return []
    wanted = None if target is None else str(parse_target(target))
    found = []
    for file in sorted(directory.glob("*.json"))[:FILES_MAX]:
        try:
            with file.open("rb") as opened:
                regression = loads(opened.read(TEXT_BYTES_MAX + 1))
        except OSError as error:
            raise TimelineError(f"kept regression {str(file)!r} can't be read: {error.strerror}; check its permissions") from None
        except TimelineError as error:
            raise TimelineError(f"kept regression {str(file)!r}: {error}") from None
        if wanted is None or regression.failing.target == wanted:
            found.append((file, regression))
    return found


def replay_kept(
    directory: Path | str = DIRECTORY,
    target: str | None = None,
    *,
    engine: EngineName | None = None,
    jobs: int | None = None,
    limits: Limits | None = None,
) -> list[KeptResult]:
    """Replay the regressions that are kept in a directory with the code as it is now.

    Args:
        directory: where they are.
        target: those of this program alone; None: all.
        engine, jobs, limits: as for `explore`.

    Returns:
        For each file the run that failed, then its saved neighbour where there is one.

    Raises:
        TargetError: there is no such target.
        TimelineError: a file isn't a regression.
        EngineError: nothing can be run here.
    """
    groups: dict[tuple[str, WorldSettings], list[tuple[Path, Regression]]] = {}
    order = read_regressions(Path(directory), target)
    for file, regression in order:
        groups.setdefault((regression.failing.target, regression.failing.world), []).append((file, regression))
    results: dict[Path, list[KeptResult]] = {}
    for members in groups.values():
        try:
            with runner_for(members[0][1].failing, engine=engine, jobs=jobs, limits=limits) as runner:
                for file, regression in members:
                    results[file] = _replayed(runner, file, regression)
        except TargetError as error:
            for file, regression in members:
                results.setdefault(file, [KeptResult(str(file), regression.failing.target, "failing", "stale", detail=str(error))])
    return [result for file, _ in order for result in results[file]]


def _replayed(runner: LocalRunner, file: Path, regression: Regression) -> list[KeptResult]:
    lives: list[tuple[Literal["failing", "saved"], Timeline]] = [("failing", regression.failing)]
    if regression.saved is not None:
        lives.append(("saved", regression.saved))
    runs = runner.run([replace(life, outcome=None) for _, life in lives], trace="all")
    return [_result(runner, file, regression, which, life, run) for (which, life), run in zip(lives, runs, strict=True)]


def _result(
    runner: LocalRunner, file: Path, regression: Regression, which: Literal["failing", "saved"], life: Timeline, run: Run
) -> KeptResult:
    outcome = run.outcome
    common = KeptResult(str(file), life.target, which, "passes", outcome, timeline=run.timeline)
    if outcome.is_failure:
        now = signature(outcome, line_at(outcome.where, runner.target))
        same = is_same_failure(signature(regression.failure, regression.line), now)
        return replace(common, status="still fails" if same and which == "failing" else "fails otherwise")
    detail = _mismatch(life.named, run) or (_moved(regression.anchor, run) if which == "failing" else "")
    if not detail and outcome.kind == "diverged":
        detail = outcome.message
    return replace(common, status="stale", detail=detail) if detail else common


def _mismatch(wanted: Sequence[NamedOverride], run: Run) -> str:
    """The first choice that the run should have made and hasn't, in words; "" where it has made all."""
    met = {(step.name, step.occurrence): step for step in steps_of(run.trace) if step.is_choice}
    for one in wanted:
        step = met.get((one.name, one.occurrence))
        which = f"{one.name!r}" + (f", number {one.occurrence + 1}" if one.occurrence else "")
        if step is None:
            return f"the choice {which} isn't met any more"
        if one.text and plain_text(one.text) != plain_text(step.option):
            return f"the choice {which} has no option {plain_text(one.text)} any more"
    return ""


def _moved(anchor: Anchor | None, run: Run) -> str:
    """What differs at the point that the run had to come to, in words; "" where nothing does."""
    if anchor is None:
        return ""
    step = next((step for step in steps_of(run.trace) if step.point == anchor.point), None)
    if step is None or step.name != anchor.label:
        return f"point {anchor.point} isn't {anchor.label!r} any more"
    return "" if step.draws == anchor.draws else f"the program draws otherwise before point {anchor.point}, {anchor.label!r}"


def _bare(timeline: Timeline) -> Timeline:
    """The timeline as it is kept: nothing in it that any edit of the program would change."""
    named = tuple(replace(one, text=plain_text(one.text)) for one in timeline.named)
    return replace(timeline, named=named, digest="", points=0, code="")


def _anchor(past: RecordedPast, crossing: int | None) -> Anchor | None:
    step = past.step(crossing) if crossing is not None else None
    return None if step is None or step.is_choice else Anchor(step.point, step.name, step.draws)
