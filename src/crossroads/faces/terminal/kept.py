"""Kept regressions that were replayed, as lines: what fails again comes first."""

from collections.abc import Sequence

from rich.text import Text

from crossroads.analysis.kept import KeptResult
from crossroads.faces.terminal.lines import BAD, QUIET, View, opened, prose
from crossroads.faces.terminal.numbers import count
from crossroads.faces.terminal.texts import clean
from crossroads.faces.terminal.words import at, title

WHICH = {"failing": "the run that failed", "saved": "its saved neighbour"}


def kept_report(results: Sequence[KeptResult], view: View) -> list[Text]:
    """One line for all that pass, and some for each that doesn't; none where nothing was replayed."""
    if not results:
        return []
    files = len({result.file for result in results})
    failing = [result for result in results if result.is_failure]
    stale = [result for result in results if result.status == "stale"]
    told = [f"{count(len(failing), 'run')} failed"] * bool(failing) + [f"{count(len(stale), 'run')} stale"] * bool(stale)
    lines = prose(f"Replayed {count(files, 'kept regression')}: {', '.join(told) or 'all passed'}.", view, style="" if told else QUIET)
    for result in failing:
        lines += opened("Fails:", f"{clean(result.file)}, {WHICH[result.which]}, {_how(result)}.", view, BAD)
    for result in stale:
        lines += opened("Stale:", f"{clean(result.file)}, {WHICH[result.which]}: {clean(result.detail)}.", view)
    return lines


def _how(result: KeptResult) -> str:
    words = "fails again as it did" if result.status == "still fails" else "fails"
    if result.outcome is None:
        return words
    return f"{words}: {title(result.outcome)}{at(result.outcome.where)}"
