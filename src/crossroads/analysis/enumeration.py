"""Living all that could follow, where choices alone decide and there are few: the answer is then proved, not estimated.

The tree is walked breadth first: a run with its first choices forced tells which choices came after, and each option not taken there
begins a run of its own. A tree of n leaves costs n futures. Whether it is worth beginning is estimated from random runs.
Source: Knuth (1975), "Estimating the efficiency of backtrack programs", for the estimate.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from crossroads.analysis.inquiry import Inquiry
from crossroads.snapshots.run import Choice, Run
from crossroads.timeline.keys import derive
from crossroads.timeline.timelines import Override, Timeline

LEAVES_MAX = 2_000
"""Larger trees are sampled."""

ESTIMATE_RUNS = 16


@dataclass(frozen=True, slots=True)
class Leaf:
    """One of all the ways in which a run can go on.

    Args:
        choices: all its choices from the root of the tree on.
        failed: whether it ends in the failure that is being explained.
        run: it.
    """

    choices: tuple[Choice, ...]
    failed: bool
    run: Run

    @property
    def weight(self) -> float:
        """Its probability, given the root."""
        return prod(choice.probability for choice in self.choices)


def enumerate_futures(inquiry: Inquiry, since: int) -> list[Leaf] | None:
    """All the ways in which the failing run could have gone on from a point; None where draws play a part or there are too many.

    Args:
        inquiry: the failing run.
        since: the point, 0 <= since < n.

    Returns:
        Leaves whose weights sum to 1; options of probability 0 aren't among them.
    """
    if not _is_promising(inquiry, since):
        return None
    inquiry.stage = "living all futures there are"
    root = inquiry.failing.branch(since, derive(0, "enumeration"))
    leaves: list[Leaf] = []
    prefixes: list[tuple[Choice, ...]] = [()]
    while prefixes:
        if len(leaves) + len(prefixes) > min(LEAVES_MAX, inquiry.left):
            return None
        runs = inquiry.enumerate_runs([_forced(root, prefix) for prefix in prefixes])
        deeper: list[tuple[Choice, ...]] = []
        for prefix, run in zip(prefixes, runs, strict=True):
            choices = _all_choices(prefix, run, since)
            if run.drawn or not run.timeline.digest or run.outcome.kind in ("hung", "diverged"):
                return None
            if any(not choice.probability for choice in choices):
                continue
            leaves.append(Leaf(choices, inquiry.is_this(run.outcome), run))
            deeper += _siblings(choices, len(prefix))
        prefixes = deeper
    return leaves


def _is_promising(inquiry: Inquiry, since: int) -> bool:
    if inquiry.left < LEAVES_MAX // 10:
        return False
    step = inquiry.path.step_of(since)
    if step >= inquiry.path.count - 1:
        return False
    if inquiry.is_thrifty and inquiry.at_step(step).has_drawn:
        return False
    runs = inquiry.sample_steps({step: ESTIMATE_RUNS})
    if any(run.drawn or not run.timeline.digest for run in runs):
        return False
    sizes = [prod(choice.options for choice in run.choices if choice.point >= since) for run in runs]
    return sum(sizes) / len(sizes) <= LEAVES_MAX


def _forced(root: Timeline, prefix: Sequence[Choice]) -> Timeline:
    return replace(root, overrides=root.overrides + tuple(Override(choice.point, choice.taken) for choice in prefix))


def _all_choices(prefix: Sequence[Choice], run: Run, since: int) -> tuple[Choice, ...]:
    """Those from the root on. A run that began at a snapshot tells of those from its last forced one on, with their probabilities."""
    forced = prefix[-1].point if prefix else since
    return (*prefix[:-1], *(choice for choice in run.choices if choice.point >= forced))


def _siblings(choices: Sequence[Choice], first: int) -> list[tuple[Choice, ...]]:
    """For each choice behind the forced ones, each option that wasn't taken, behind the choices before it."""
    found = []
    for number in range(first, len(choices)):
        choice = choices[number]
        for option in range(choice.options):
            if option != choice.taken:
                found.append((*choices[:number], replace(choice, taken=option)))
    return found
