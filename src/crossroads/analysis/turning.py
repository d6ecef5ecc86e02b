"""Turning points: the steps at which the failure probability jumps.

Three stages. A *scan* spends futures evenly over the path: at every step where there are few, at evenly spaced ones where there are
many. *Search*: an exact segmentation of what was counted proposes jumps, and a noisy binary search places each. *Certify*: fresh futures
on both sides and all that went before decide together whether the jump is real; the fresh ones alone give its size, since the counts that
made it a candidate overstate it. Up to SCAN_STEPS_MAX steps every neighbouring pair is then sampled until it is settled, the likeliest
first, which finds jumps that are undone soon after.

Where no step is a jump, one is measured by the whole rise, 1 - q(0), which all changes add up to: the last step with a way out. In a
program that mostly fails it is often what decided, and no step can jump far there.

Where time is scarce, see `inquiry`, the scan has fewer futures, neighbours aren't compared, and jumps are certified with fewer futures.

What remains undetected: an up and a down that cancel between two probes; other jumps below JUMP_SIZE.
Source: optimal partitioning (Jackson et al., 2005) and noisy binary search (Karp & Kleinberg, 2007), see `stats.segments` and
`stats.localise`.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from crossroads.analysis.inquiry import Inquiry, Tally
from crossroads.stats.jumps import USUAL, JumpRule, evidence, verdict
from crossroads.stats.localise import Localiser
from crossroads.stats.segments import levels, segment

JUMP_SIZE: Final = USUAL.size
"""Size from which a jump is reported. Counts blur it: one of 0.2 or more is, in 98 of 100 cases; one below 0.08 nearly never."""

FEW_STEPS: Final = 32
"""Up to so many steps, neighbouring pairs are compared from the start; there is no stretch to pool."""

PAIR_FIRST, PAIR_MORE, PAIR_MAX = 32, 16, 240
"""Futures for each step of a pair: to begin with where steps are few, at a time, and at most."""

PAIR_AT_ONCE: Final = 32
"""Pairs that get more futures at a time, the likeliest to jump first."""

PAIR_UNEVEN: Final = 1.5
"""A step with so many times the futures of its neighbour waits for it."""

PAIR_SUSPECT: Final = 3.0
"""Evidence (a log-likelihood ratio) at which a pair is handed to the proof; it is let go where a jump is excluded."""

PAIR_TOTAL, PAIR_SHARE = 8_000, 0.6
"""Futures that comparing all neighbours may cost, and which share of those that are left."""

PAIR_SCARCE_MAX: Final = 12
"""Of the pairs that are still unsettled when those are spent, the likeliest so many are proved or refuted."""

PROVED_AT_ONCE: Final = 8
"""Pairs that are proved side by side."""

PROOF_SHARE: Final = 0.85
"""Of the futures that are left when the proof of pairs begins, it may use so many; the options need some, too."""

SCAN_STEPS_MAX: Final = 512
"""Up to so many steps every step is scanned; beyond, COARSE_STEPS evenly spaced ones."""

COARSE_STEPS: Final = 128
SCAN_TOTAL: Final = 1_280
"""Futures of the scan; neighbouring probes pool theirs in the segmentation, so many probes with few futures do as well as the reverse."""

SCAN_EACH_MIN: Final = 4
SCAN_TIME_SHARE: Final = 0.1
"""Of the time of all cores, where it is scarce, the scan may take so much."""

THRIFTY_STEPS_MAX, THRIFTY_PROBES, THRIFTY_PROBES_MIN = 64, 32, 8
"""Where time is scarce: up to so many steps each is scanned, and else so many; at least so many if there isn't the time for that."""

THRIFTY_AT_ONCE: Final = 2
"""Pairs proved side by side where time is scarce."""

THRIFTY_PROVING_UNTIL: Final = 0.4
"""Where time is scarce, after so much of it no further pairs are proved; the options need some, too."""

COMPARING_SHARE: Final = 0.15
"""Of the time of all cores, where the futures from the start are dear, comparing all neighbours may take so much."""

COMPARING_UNTIL, SEARCHING_UNTIL = 0.3, 0.5
"""Shares of the time after which, wherever it is limited, no more neighbours are compared, and the search ends."""

CERTAIN_LEAST: Final = 16
"""Fresh futures on each side before a jump is proved, at least, however dear they are."""

LOCALISE_FUTURES, LOCALISE_MAX = 8, 400
LOCALISE_REACH: Final = 8
"""Probes on either side of a cut that the search may use."""

LEVEL_STEP_MIN: Final = 0.07
"""Cuts between segments whose fitted levels are nearer than this aren't followed up."""

FRESH_MORE: Final = 32
"""Fresh futures on each side of a candidate at a time."""

RISE_MIN: Final = 0.1
"""Of a smaller rise no step is told: it would take thousands of futures to be sure of it."""

LAST_LATE: Final = 1.0
"""The evidence that the last step needs where it is measured by the rise: it is one candidate, not the likeliest of many."""

END_FUTURES: Final = 500
"""Failures in a row at the step from which q counts as 1 that are taken as they are, not as a certainty."""


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

    `unproved` counts candidates for whose proof futures or time ran short; `is_cut` tells that the search's share of the time was over.
    """

    def __init__(self, inquiry: Inquiry, upto: int) -> None:
        self._inquiry, self._upto = inquiry, upto
        self._judged: set[int] = set()
        self.jumps: list[Jump] = []
        self.unproved = 0
        self.is_finished = self.is_cut = False
        self._usual = USUAL
        self._is_thrifty = inquiry.thrift(upto, max(0, upto - 1)) > 1.0
        self.method = "full scan" if upto <= SCAN_STEPS_MAX and not self._is_thrifty else "scan and search"

    def run(self) -> None:
        """Find the jumps.

        Raises:
            BudgetSpent: there may be more; `jumps` holds those certified so far.
        """
        self._inquiry.stage = "looking for turning points"
        with self._inquiry.until(SEARCHING_UNTIL):
            self._search()
            self._measure_last()
            self.is_finished = not self.unproved
            return
        self.is_cut = True

    def _search(self) -> None:
        self._certify([self._upto - 1] if self._upto > 0 else [])
        if self._upto >= FEW_STEPS:
            probes = self._scan()
            self._certify(self._localise(probes))
            gaps = self._unexplained_gaps(probes)
            if gaps:
                self._certify(self._localise(self._refine(gaps)))
        if self._upto <= SCAN_STEPS_MAX and (not self._is_thrifty or self._upto < FEW_STEPS):
            with self._inquiry.until(COMPARING_UNTIL):
                self._compare_pairs()
            self._prove(self._likely_pairs())

    def _measure_last(self) -> None:
        """Where there is no jump, decide about the last step with a way out by its part of the rise."""
        last, rise = self._upto - 1, 1.0 - self._at(0).share
        if self.jumps or last < 0 or rise < RISE_MIN:
            return
        self._judged.discard(last)
        self._usual = JumpRule(
            size=rise * USUAL.size,
            margin=rise * USUAL.margin,
            late=LAST_LATE,
            futures_min=round(USUAL.futures_min / rise),
            futures_max=round(USUAL.futures_max / rise),
        )
        self._certify([last])

    # Many steps.

    def _scan(self) -> list[int]:
        steps_max, coarse, total = SCAN_STEPS_MAX, COARSE_STEPS, SCAN_TOTAL
        if self._is_thrifty:
            total = min(total, self._inquiry.futures_in(SCAN_TIME_SHARE, 0))
            steps_max = min(THRIFTY_STEPS_MAX, total // SCAN_EACH_MIN)
            coarse = max(THRIFTY_PROBES_MIN, min(THRIFTY_PROBES, steps_max))
        if self._upto <= steps_max:
            probes = list(range(self._upto + 1))
        else:
            probes = sorted({round(number * self._upto / coarse) for number in range(coarse + 1)})
        each = max(SCAN_EACH_MIN, total // len(probes))
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
            self._inquiry.sample_steps(dict.fromkeys(steps, LOCALISE_FUTURES))
            for step in steps:
                failed, futures = self._at(step).counts
                news = (failed - before[step][0], futures - before[step][1])
                for search in searches:
                    if probing.get(id(search)) == step:
                        search.add(step, *news)

    def _unexplained_gaps(self, probes: list[int]) -> list[tuple[int, int]]:
        """Stretches between certified jumps over which q changes by a jump's size and more, and in which no candidate was looked at.

        Where candidates were looked at and weren't jumps, the change is gradual; where every step was probed, nothing is to be refined.
        """
        if len(probes) > self._upto:
            return []
        gaps = []
        for begin, end in pairwise([-1, *(jump.step for jump in self.jumps), self._upto]):
            inside = [step for step in probes if begin < step <= end]
            if len(inside) < 2 or any(begin < step < end for step in self._judged):
                continue
            if abs(self._smooth(inside[-3:]) - self._smooth(inside[:3])) >= JUMP_SIZE:
                gaps.append((inside[0], inside[-1]))
        return gaps

    def _smooth(self, steps: list[int]) -> float:
        tallies = [self._at(step) for step in steps]
        return sum(tally.failed for tally in tallies) / max(1, sum(tally.futures for tally in tallies))

    def _refine(self, gaps: list[tuple[int, int]]) -> list[int]:
        """Probe the gaps once more, between the probes that were."""
        inside = [[step for step in self._inquiry.sampled_steps() if begin <= step <= end] for begin, end in gaps]
        between = [(left + right) // 2 for steps in inside for left, right in pairwise(steps) if right - left > 1]
        if between:
            self._inquiry.sample_steps(dict.fromkeys(between, max(SCAN_EACH_MIN, SCAN_TOTAL // 2 // len(between))))
        return [step for step in self._inquiry.sampled_steps() if any(begin <= step <= end for begin, end in gaps)]

    # Neighbours.

    def _compare_pairs(self) -> None:
        """Sample neighbours until it is settled that there is no jump between them, or long enough.

        This finds what pooling can't: a jump that is undone a step or two later, or one among steps that all differ. The likeliest
        pairs come first, so that they are settled when futures run short.
        """
        steps = range(self._upto + 1)
        each, allowance = PAIR_FIRST, min(PAIR_TOTAL, round(PAIR_SHARE * self._inquiry.left))
        if self._inquiry.thrift(0) > 1.0 and (fewer := self._inquiry.futures_in(COMPARING_SHARE, 0)) < allowance:
            allowance = fewer
            self._inquiry.is_thrifty = True
        if self._is_thrifty:
            allowance = min(allowance, self._inquiry.futures_in(SCAN_TIME_SHARE, 0))
            each = max(SCAN_EACH_MIN, min(each, allowance // len(steps)))
        self._inquiry.sample_steps({step: max(0, each - self._at(step).futures) for step in steps if self._upto < FEW_STEPS})
        while True:
            values = self._unjudged()
            unsettled = [step for step, value in values.items() if USUAL.excluded < value < PAIR_SUSPECT]
            more: dict[int, int] = {}
            for step in sorted(unsettled, key=lambda step: -values[step])[:PAIR_AT_ONCE]:
                for side in self._scarcer(step):
                    if self._at(side).futures < PAIR_MAX and (len(more) + 1) * PAIR_MORE <= allowance:
                        more[side] = PAIR_MORE
            if not more:
                return
            allowance -= sum(more.values())
            self._inquiry.sample_steps(dict(sorted(more.items())))

    def _likely_pairs(self) -> list[int]:
        """Steps that may jump to the next, by what is known, the likeliest first."""
        values = self._unjudged()
        likely = sorted((step for step in values if values[step] >= 0.0), key=lambda step: -values[step])
        scarce = [step for step in likely if values[step] < PAIR_SUSPECT and self._is_scarce(step)]
        return [step for step in likely if step not in scarce[PAIR_SCARCE_MAX:]]

    def _unjudged(self) -> dict[int, float]:
        """The evidence for a jump from each step about which nothing is decided."""
        return {step: self._pair_evidence(step) for step in range(self._upto) if step not in self._judged}

    def _is_scarce(self, step: int) -> bool:
        return min(self._at(step).futures, self._at(step + 1).futures) < PAIR_MAX

    def _scarcer(self, step: int) -> list[int]:
        """Of the two steps of a pair those that more futures should come from: one where the other has many more already."""
        sides = [side for side in (step, step + 1) if side < self._upto]
        fewest = min(self._at(side).futures for side in sides)
        return [side for side in sides if self._at(side).futures <= PAIR_UNEVEN * fewest]

    def _prove(self, candidates: list[int]) -> None:
        """Certify the likeliest candidates first, as far as futures go."""
        inquiry = self._inquiry
        reserve = round((1.0 - PROOF_SHARE) * inquiry.left)
        self.unproved = len(candidates)
        while candidates:
            affordable = (inquiry.left - reserve) // (2 * (USUAL.futures_max + FRESH_MORE))
            if affordable < 1 or (self._is_thrifty and inquiry.time_used > THRIFTY_PROVING_UNTIL):
                return
            count = min(affordable, THRIFTY_AT_ONCE if self._is_thrifty or inquiry.time_used > COMPARING_UNTIL else PROVED_AT_ONCE)
            self._certify(candidates[:count])
            candidates = candidates[count:]
            self.unproved = len(candidates)

    def _pair_evidence(self, step: int) -> float:
        return evidence((self._at(step).counts, self._at(step + 1).counts))

    # All.

    def _certify(self, candidates: list[int]) -> None:
        """Decide about candidates, by all their futures and by fresh ones on both sides, from which alone sizes are quoted."""
        open_steps = [step for step in candidates if step not in self._judged and 0 <= step < self._upto]
        start = {side: self._at(side).counts for step in open_steps for side in (step, step + 1)}
        rules = {step: self._rule(step) for step in open_steps}
        while open_steps:
            self._sample_sides(open_steps, rules)
            for step in list(open_steps):
                before, after = self._since(step, start), self._since(step + 1, start)
                found = verdict((self._at(step).counts, self._at(step + 1).counts), (before, after), rules[step])
                if found != "open":
                    open_steps.remove(step)
                    self._judged.add(step)
                    if found == "jump":
                        self.jumps = sorted([*self.jumps, Jump(step, before, after)], key=lambda jump: jump.step)

    def _rule(self, step: int) -> JumpRule:
        """How sure one has to be of a jump from this step: as usual, from fewer fresh futures where they are dear."""
        sides = [side for side in (step, step + 1) if side < self._upto]
        usual = self._usual
        fewest = self._inquiry.affordable(usual.futures_min, CERTAIN_LEAST, *sides)
        most = usual.futures_max * fewest // usual.futures_min
        if step + 1 == self._upto:
            known = max(1, self._at(self._upto).futures)
            fewest, most = min(fewest, known), min(most, known)
        return replace(usual, futures_min=fewest, futures_max=most)

    def _sample_sides(self, steps: list[int], rules: dict[int, JumpRule]) -> None:
        wanted: dict[int, int] = {}
        for step in steps:
            for side in (step, step + 1):
                if side < self._upto:
                    wanted[side] = max(wanted.get(side, 0), min(FRESH_MORE, rules[step].futures_min))
        self._inquiry.sample_steps(dict(sorted(wanted.items())))

    def _since(self, step: int, start: dict[int, tuple[int, int]]) -> tuple[int, int]:
        if step >= self._upto:
            return self._at(step).counts
        failed, futures = self._at(step).counts
        return failed - start[step][0], futures - start[step][1]

    def _at(self, step: int) -> Tally:
        """Counts at a step; from `upto` on every future counts as failing, as far as the point of no return is certain."""
        if step >= self._upto:
            known = self._inquiry.at_step(step)
            is_short = self._inquiry.is_thrifty and step == self._upto
            return known if known.futures >= END_FUTURES or is_short else Tally(10_000, 10_000)
        return self._inquiry.at_step(step)
