"""What earlier runs have left for a test, looked at before its futures are lived: kept regressions, and failures that are known.

A kept regression that fails, and a known failure that still happens, end the test at once, as a test of their own would.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.text import Text

from crossroads.analysis.kept import KeptResult, replay_kept
from crossroads.analysis.sources import open_store
from crossroads.analysis.verdict import Verdict
from crossroads.analysis.verify import verify
from crossroads.faces.pytest.settings import Asked
from crossroads.faces.terminal.kept import WHICH, kept_report
from crossroads.faces.terminal.lines import View, blocks, command
from crossroads.faces.terminal.verdict import verdict_report
from crossroads.faces.terminal.words import title

VERIFIED_MAX = 3
"""Of the known failures of a test so many are verified, the latest first."""

VERIFYING_S = 60.0
"""Each of them may take so long."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What became of them now.

    Args:
        kept: results of kept regressions.
        verdicts: on known failures, if they were asked for.
    """

    kept: tuple[KeptResult, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def failing(self) -> str:
        """The first that ends the test, in one line; "" where nothing does."""
        for result in self.kept:
            if result.is_failure and result.outcome is not None:
                return f"{result.file}, {WHICH[result.which]}: {title(result.outcome)}"
        for verdict in self.verdicts:
            if verdict.still_happens:
                return f"{verdict.id} is {verdict.sentence}"
        return ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of those that don't, as sentences."""
        stale = [f"{result.file} is stale, {WHICH[result.which]}: {result.detail}" for result in self.kept if result.status == "stale"]
        return (*stale, *(f"failure {verdict.id}: {verdict.sentence}" for verdict in self.verdicts if not verdict.still_happens))

    def lines(self, view: View) -> list[Text]:
        """The report of those that end the test."""
        targets = dict.fromkeys(result.target for result in self.kept if result.is_failure)
        again = [command(view.command("run", target), "explain it:") for target in targets]
        failing = [verdict_report(verdict, view) for verdict in self.verdicts if verdict.still_happens]
        return blocks(kept_report(self.kept, view) + again, *failing)


def look(target: str, asked: Asked, directory: Path, shared: dict[str, Any], *, is_verifying: bool) -> Earlier:
    """Replay the regressions that are kept for a test, and verify its known failures if that is asked for.

    Args:
        target: its node id, as it is from the working directory.
        asked: limits of its futures.
        directory: where regressions are kept; it need not be there.
        shared: store, jobs and limits, as for `verify`.
        is_verifying: whether known failures are verified.

    Raises:
        CrossroadsError: a file isn't a regression, or nothing can be run.
    """
    engine = {name: shared[name] for name in ("jobs", "limits")}
    kept = tuple(replay_kept(directory, target, **engine)) if directory.is_dir() else ()
    if not is_verifying:
        return Earlier(kept)
    with open_store(shared["store"]) as store:
        known = [row.id for row in store.failures() if row.target == target][:VERIFIED_MAX]
    seconds = VERIFYING_S if asked.budget_s is None else asked.budget_s
    return Earlier(kept, tuple(verify(id, seconds=seconds, store=shared["store"], **engine) for id in known))


class StillFails(Exception):
    """What is known of a test fails now; its text is the report."""

    def __init__(self, earlier: Earlier, view: View) -> None:
        super().__init__("\n".join(text.plain for text in earlier.lines(view)))
        self.earlier = earlier
