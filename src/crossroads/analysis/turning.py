"""Turning points: the steps at which the failure probability jumps.

Three stages. A *scan* spends futures evenly over the path: at every step where there are few, at evenly spaced ones where there are
many. *Search*: an exact segmentation of what was counted proposes jumps, and a noisy binary search places each. *Certify*: fresh futures
on both sides decide whether the jump is real, and give its size, since the counts that made it a candidate overstate it. Paths of a few
steps need no search: every neighbouring pair is sampled until it is settled.

What remains undetected: an up and a down that cancel between two probes; jumps below JUMP_SIZE.
Source: optimal partitioning (Jackson et al., 2005) and noisy binary search (Karp & Kleinberg, 2007), see `stats.segments` and
`stats.localise`.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from crossroads.analysis.inquiry import Inquiry, Tally
from crossroads.stats.jumps import is_settled
from crossroads.stats.localise import Localiser
from crossroads.stats.segments import levels, segment

JUMP_SIZE: Final = 0.15
"""A jump is reported if it is surely above 0.1; one of 0.2 or more surely is."""

PAIRWISE_STEPS_MAX: Final = 48
"""Up to so many steps, neighbouring pairs are compared directly."""

PAIR_FIRST, PAIR_MORE, PAIR_MAX = 32, 32, 400
"""Futures for each step of a pair: to begin with, at a time, and at most."""

SCAN_STEPS_MAX: Final = 384
"""Up to so many steps every step is scanned; beyond, COARSE_STEPS evenly spaced ones."""

COARSE_STEPS: Final = 128
SCAN_EACH, SCAN_TOTAL_MIN = 12, 1_536

LOCALISE_FUTURES, LOCALISE_MAX = 8, 400
LOCALISE_REACH: Final = 8
"""Probes on either side of a cut that the search may use."""

LEVEL_STEP_MIN: Final = 0.07
"""Cuts between segments whose fitted levels are nearer than this aren't followed up."""

FRESH_FIRST, FRESH_MORE, FRESH_MAX = 64, 48, 400
"""Futures on each side of a candidate that decide about it."""

PASSES_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class Jump:
    """A certified jump between a step and the next.

    Args:
        step: the one before the jump.
        before, after: fresh counts (failed, futures) at the step and at the next.
    """

    step: int
    before: tuple[int, int]
    after: tuple[int, int]

    @property
    def size(self) -> float:
        """Share of failures after less before."""
        return self.after[0] / self.after[1] - self.before[0] / self.before[1]


class JumpSearch:
    """The search along one path, up to a step from which q is 1. Each stage leaves what it has found in `jumps`.

    Args:
        inquiry: the failing run.
        upto: the step from which on q counts as 1.
    """

    def __init__(self, inquiry: Inquiry, upto: int) -> None:
        self._inquiry, self._upto = inquiry, upto
        self._judged: set[int] = set()
        self.jumps: list[Jump] = []
        self.method = "full scan" if upto <= SCAN_STEPS_MAX else "scan and search"

    def run(self) -> None:
        """Find the jumps.

        Raises:
            BudgetSpent: there may be more; `jumps` holds those certified so far.
        """
        self._inquiry.stage = "looking for turning points"
        self._certify([self._upto - 1] if self._upto > 0 else [])
        if self._upto < PAIRWISE_STEPS_MAX:
            self._certify(self._compare_pairs())
            return
        probes = self._scan()
        for round_number in range(PASSES_MAX):
            self._certify(self._localise(probes))
            gaps = self._unexplained_gaps()
            if not gaps or round_number == PASSES_MAX - 1:
                return
            probes = self._refine(gaps)

    # Few steps.

    def _compare_pairs(self) -> list[int]:
        """Steps whose jump to the next is settled to be one, by sampling every pair until it is settled."""
        steps = range(self._upto + 1)
        self._inquiry.sample_steps({step: max(0, PAIR_FIRST - self._at(step).futures) for step in steps})
        verdicts: dict[int, str] = {}
        while True:
            for step in range(self._upto):
                if verdicts.get(step, "open") == "open":
                    verdicts[step] = is_settled(self._at(step).counts, self._at(step + 1).counts, JUMP_SIZE, futures_max=PAIR_MAX)
            unsettled = [step for step, verdict in verdicts.items() if verdict == "open"]
            if not unsettled:
                return [step for step, verdict in verdicts.items() if verdict == "jump"]
            sides = sorted({side for step in unsettled for side in (step, step + 1)})
            more = {side: PAIR_MORE for side in sides if self._at(side).futures < PAIR_MAX and side < self._upto}
            if not more:
                return [step for step, verdict in verdicts.items() if verdict == "jump"]
            self._inquiry.sample_steps(more)

    # Many steps.

    def _scan(self) -> list[int]:
        if self._upto <= SCAN_STEPS_MAX:
            probes = list(range(self._upto + 1))
        else:
            probes = sorted({round(number * self._upto / COARSE_STEPS) for number in range(COARSE_STEPS + 1)})
        each = max(SCAN_EACH, SCAN_TOTAL_MIN // len(probes))
        self._inquiry.sample_steps({step: max(0, each - self._at(step).futures) for step in probes})
        return probes

    def _localise(self, probes: list[int]) -> list[int]:
        """The likeliest steps of the jumps that the counts at the probes suggest."""
        tallies = [self._at(step) for step in probes]
        failed, futures = [tally.failed for tally in tallies], [tally.futures for tally in tallies]
        cuts = segment(failed, futures)
        fitted = levels(failed, futures, cuts)
        edges = [0, *cuts, len(probes)]
        searches: list[Localiser] = []
        for number, cut in enumerate(cuts):
            if abs(fitted[number + 1] - fitted[number]) < LEVEL_STEP_MIN:
                continue
            left = probes[max(edges[number], cut - LOCALISE_REACH)]
            right = probes[min(edges[number + 2] - 1, cut + LOCALISE_REACH - 1)]
            search = Localiser(left, right, fitted[number], fitted[number + 1])
            for step in self._inquiry.sampled_steps():
                if left <= step <= right:
                    search.add(step, *self._at(step).counts)
            searches.append(search)
        self._narrow(searches)
        return sorted({search.best()[0] for search in searches})

    def _narrow(self, searches: list[Localiser]) -> None:
        for _ in range(LOCALISE_MAX // LOCALISE_FUTURES):
            probing = {id(search): search.probe() for search in searches if not search.done()}
            if not probing:
                return
            steps = sorted(set(probing.values()))
            before = {step: self._at(step).counts for step in steps}
            self._inquiry.sample_steps({step: LOCALISE_FUTURES for step in steps})
            for step in steps:
                failed, futures = self._at(step).counts
                news = (failed - before[step][0], futures - before[step][1])
                for search in searches:
                    if probing.get(id(search)) == step:
                        search.add(step, *news)

    def _unexplained_gaps(self) -> list[tuple[int, int]]:
        """Stretches between certified jumps over which q changes by a jump's size and more."""
        sampled = [step for step in self._inquiry.sampled_steps() if step <= self._upto]
        gaps = []
        for (begin, end), _ in zip(pairwise([-1, *sorted(jump.step for jump in self.jumps), self._upto]), range(100), strict=False):
            inside = [step for step in sampled if begin < step <= end]
            if len(inside) > 1 and inside[-1] - inside[0] > 1:
                change = abs(self._smooth(inside[-3:]) - self._smooth(inside[:3]))
                if change >= JUMP_SIZE:
                    gaps.append((inside[0], inside[-1]))
        return gaps

    def _smooth(self, steps: list[int]) -> float:
        tallies = [self._at(step) for step in steps]
        return sum(tally.failed for tally in tallies) / max(1, sum(tally.futures for tally in tallies))

    def _refine(self, gaps: list[tuple[int, int]]) -> list[int]:
        """Scan the gaps more densely: a step between each two probes, or more futures where there is none between."""
        wanted: dict[int, int] = {}
        for begin, end in gaps:
            inside = [step for step in self._inquiry.sampled_steps() if begin <= step <= end]
            for left, right in pairwise(inside):
                step = (left + right) // 2
                wanted[step] = SCAN_EACH
        affordable = dict(list(wanted.items())[: max(0, self._inquiry.left // (4 * SCAN_EACH))])
        self._inquiry.sample_steps(affordable)
        return [step for step in self._inquiry.sampled_steps() if step <= self._upto and any(a <= step <= b for a, b in gaps)]

    # All.

    def _certify(self, candidates: list[int]) -> None:
        """Decide about candidates by fresh futures on both sides."""
        open_steps = [step for step in candidates if step not in self._judged and 0 <= step < self._upto]
        start = {side: self._at(side).counts for step in open_steps for side in (step, step + 1)}
        more = FRESH_FIRST
        while open_steps:
            sides = sorted({side for step in open_steps for side in (step, step + 1) if side < self._upto})
            self._inquiry.sample_steps({side: more for side in sides})
            more = FRESH_MORE
            for step in list(open_steps):
                before, after = self._since(step, start), self._since(step + 1, start)
                verdict = is_settled(before, after, JUMP_SIZE, futures_max=FRESH_MAX)
                if verdict == "open" and min(before[1], after[1]) < FRESH_MAX:
                    continue
                open_steps.remove(step)
                self._judged.add(step)
                if verdict == "jump" and min(before[1], after[1]) > 0:
                    self.jumps.append(Jump(step, before, after))
        self.jumps.sort(key=lambda jump: jump.step)

    def _since(self, step: int, start: dict[int, tuple[int, int]]) -> tuple[int, int]:
        if step >= self._upto:
            return self._at(step).counts
        failed, futures = self._at(step).counts
        return failed - start[step][0], futures - start[step][1]

    def _at(self, step: int) -> Tally:
        """Counts at a step; from `upto` on every future counts as failing, as far as the point of no return is certain."""
        if step >= self._upto:
            known = self._inquiry.at_step(step)
            return known if known.futures >= FRESH_MAX else Tally(10_000, 10_000)
        return self._inquiry.at_step(step)
