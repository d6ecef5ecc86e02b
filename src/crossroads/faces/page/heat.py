"""Source lines that tell failing futures from surviving ones, shown in their source."""

from collections.abc import Sequence

from crossroads.analysis.lines import LineRanking, RankedLine
from crossroads.faces.page.data import HeatFile, HeatLine, TellingLines
from crossroads.faces.page.words import short
from crossroads.faces.terminal.numbers import count, estimate
from crossroads.faces.terminal.sources import file_lines

AROUND = 2
"""Lines of source on each side of one that tells."""

LINES_MAX = 60
"""Of one excerpt."""

SLOW = "Lines were traced, as this Python has no sys.monitoring; 3.12 and later are faster."


def telling_lines(rankings: Sequence[LineRanking], signs: dict[int, str], target: str) -> tuple[TellingLines, ...]:
    """The rankings with their source.

    Args:
        rankings: by turning point.
        signs: number of each turning point by its index.
        target: beside which relative files are looked for.
    """
    return tuple(_telling(one, signs.get(one.point, ""), target) for one in rankings)


def _telling(ranking: LineRanking, sign: str, target: str) -> TellingLines:
    futures = f"{count(ranking.failing, 'failing future')} and {count(ranking.surviving, 'surviving one')} from point {ranking.point:,}"
    if not ranking.failing or not ranking.surviving:
        kind = "failing" if not ranking.failing else "surviving"
        note = f"Of {ranking.failing + ranking.surviving} futures from here none was a {kind} one, so that no line can tell."
    elif not ranking.lines:
        note = "All of them execute the same lines: what differs is what the lines do, not which of them run."
    else:
        note = ""
    if ranking.slow:
        note = f"{note} {SLOW}".strip()
    title = f"{futures}; {count(ranking.shared, 'line')} executed by all."
    return TellingLines(ranking.point, sign, title, _files(ranking.lines, target), note)


def _files(lines: Sequence[RankedLine], target: str) -> tuple[HeatFile, ...]:
    ranks = {(line.file, line.line): rank for rank, line in enumerate(lines, 1)}
    files = dict.fromkeys(line.file for line in lines)
    return tuple(HeatFile(short(file), _excerpt(file, lines, ranks, target)) for file in files)


def _excerpt(file: str, lines: Sequence[RankedLine], ranks: dict[tuple[str, int], int], target: str) -> tuple[HeatLine, ...]:
    source = file_lines(file, target)
    known = {line.line: line for line in lines if line.file == file}
    wanted: dict[int, None] = {}
    for number in sorted(known, key=lambda number: ranks[file, number]):
        if len(wanted) > LINES_MAX:
            break
        wanted |= dict.fromkeys(range(max(1, number - AROUND), min(len(source), number + AROUND) + 1))
        wanted[number] = None
    return tuple(_line(number, source, known.get(number), ranks.get((file, number), 0)) for number in sorted(wanted))


def _line(number: int, source: Sequence[str], ranked: RankedLine | None, rank: int) -> HeatLine:
    text = short(source[number - 1].expandtabs(4).rstrip()) if number <= len(source) else ""
    if ranked is None:
        return HeatLine(number, text)
    saves = ranked.saving > ranked.ochiai
    return HeatLine(
        number=number,
        text=text,
        rank=rank,
        fails=estimate(ranked.failure),
        share=round(ranked.failure.value, 4),
        ochiai=f"{ranked.saving if saves else ranked.ochiai:.2f}",
        saves=saves,
        failing=ranked.failing,
        surviving=ranked.surviving,
    )
