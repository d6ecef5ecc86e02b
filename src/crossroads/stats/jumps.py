"""How much speaks for a jump of the failure probability from one point to the next, and when that is settled.

Of many pairs of points those are looked at longest whose counts differ by luck, too, so the counts that made a pair a candidate overstate
its jump. That doesn't make them worthless: they still say that there is none, and they save most of the futures of a proof. `verdict` thus
goes by all counts together, and asks the fresh ones, which the choice of the pair hasn't touched, not to gainsay them; sizes are to be
quoted from the fresh ones alone.

Source: Wald's (1945) sequential test, with the likelihood of normal distributions.
"""

from dataclasses import dataclass
from typing import Final, Literal

from crossroads.errors import SettingError
from crossroads.stats.checks import check_counts, check_share

Verdict = Literal["jump", "no jump", "open"]

Counts = tuple[int, int]
Pair = tuple[Counts, Counts]


@dataclass(frozen=True, slots=True)
class JumpRule:
    """What counts as a jump, and how sure one has to be.

    Args:
        size: the jump that matters, 0 < size < 1.
        margin: half of the range of sizes that may come out either way, 0 < margin <= size and size + margin <= 1.
        excluded: evidence at or below which there is no jump, < 0.
        early: evidence from which on a jump is proved as soon as it may be, > 0.
        late: evidence that it has to have with `futures_max`, 0 <= late <= early.
        futures_min, futures_max: fresh futures on each side before a jump is proved, and from which on it is decided.

    Raises:
        SettingError: if a setting breaks its rule.
    """

    size: float = 0.14
    margin: float = 0.06
    excluded: float = -2.3
    early: float = 5.0
    late: float = 2.0
    futures_min: int = 96
    futures_max: int = 320

    def __post_init__(self) -> None:
        check_share("size", self.size, 0.14)
        if not 0.0 < self.margin <= self.size or self.size + self.margin > 1.0:
            raise SettingError(f"margin={self.margin} must keep 0 < margin <= size={self.size} and size + margin <= 1")
        if not self.excluded < 0.0 <= self.late <= self.early:
            raise SettingError(f"excluded={self.excluded}, late={self.late}, early={self.early} must keep excluded < 0 <= late <= early")
        if not 1 <= self.futures_min <= self.futures_max:
            raise SettingError(
                f"futures_min={self.futures_min} and futures_max={self.futures_max} must keep 1 <= futures_min <= futures_max"
            )


USUAL: Final = JumpRule()
"""A jump of 0.2 or more is told, one below 0.08 isn't."""


def evidence(pair: Pair, rule: JumpRule = USUAL) -> float:
    """How much speaks for a jump: the log-likelihood ratio of |D| = size + margin against |D| = size - margin.

    It is 2 margin (|d| - size) / variance, with d the observed difference and its variance at the pair of levels that is exactly `size`
    apart around the observed middle, which stays honest where one level is 0 or 1.

    Args:
        pair: (failed, futures) at a point and at the next.
        rule: what counts as a jump.

    Returns:
        Above 0 where a jump is likelier; 0 where either point has no futures. It knows no direction: up is as good as down.

    Raises:
        SettingError: if the counts break their rule.
    """
    before, after = pair
    check_counts(*before)
    check_counts(*after)
    if not before[1] or not after[1]:
        return 0.0
    middle = (_smoothed(before) + _smoothed(after)) / 2.0
    middle = min(max(middle, rule.size / 2.0), 1.0 - rule.size / 2.0)
    low, high = middle - rule.size / 2.0, middle + rule.size / 2.0
    spread_low, spread_high = low * (1.0 - low), high * (1.0 - high)
    # Which side is the lower one is uncertain too: the larger variance, which differs only where the counts are uneven.
    variance = max(spread_low / before[1] + spread_high / after[1], spread_high / before[1] + spread_low / after[1])
    return 2.0 * rule.margin * (abs(after[0] / after[1] - before[0] / before[1]) - rule.size) / variance


def verdict(together: Pair, fresh: Pair, rule: JumpRule = USUAL) -> Verdict:
    """Whether there is a jump, or not, or more fresh futures are needed.

    Not an anytime guarantee: the error rates were simulated. With the usual rule, a look after every 32 fresh futures a side, and pairs
    chosen as `analysis.turning` does, on the exact curves of 600 failing runs of five models in tests/models: of 585 jumps of 0.2 and more
    11 were missed, none of 0.24 or more; of 979 jumps told 4 were below 0.08, the smallest 0.046.

    Args:
        together: (failed, futures) at a point and at the next, all there are.
        fresh: the part of them that came after the pair was chosen.
        rule: what counts as a jump.

    Returns:
        "jump", "no jump" or "open"; never "open" from `futures_max` fresh futures a side on. Always a text: compare it.

    Raises:
        SettingError: if the counts break their rule.
    """
    likely, alone = evidence(together, rule), evidence(fresh, rule)
    futures = min(fresh[0][1], fresh[1][1])
    if likely <= rule.excluded:
        return "no jump"
    if futures < rule.futures_min:
        return "open"
    if futures >= rule.futures_max:
        return "jump" if likely >= rule.late and alone >= 0.0 else "no jump"
    return "jump" if likely >= rule.early and alone >= 0.0 else "open"


def _smoothed(counts: Counts) -> float:
    failed, futures = counts
    return (failed + 0.5) / (futures + 1.0)
