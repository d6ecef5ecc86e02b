"""How long things take: the distribution of latencies, as survival function, conditional draws and weights of a race. Pure functions.

The plain distribution is a mixture of exponentials (hyperexponential), from a fast loopback to a stall: heavy-tailed, and with closed forms
for "given that it hasn't arrived by now", which is how arrivals are settled: one rival at a time.
"""

from math import exp, log
from typing import Final, NamedTuple

Mixture = tuple[tuple[float, float], ...]
"""Pairs of mean (seconds) and weight; the weights sum to 1."""

PLAIN: Final[Mixture] = ((0.0002, 0.48), (0.001, 0.28), (0.005, 0.15), (0.02, 0.06), (0.08, 0.03))
"""Latencies of the usual weather; each is drawn independently."""

COINCIDENCE: Final = 0.03
"""Of arrivals that have a rival, the share that falls into the rival's pass of the loop or into the pass just before or after it."""

LATE: Final = 0.02
"""How often the loop wakes late, so that what is due within `LATE_S` falls into one pass."""

LATE_S: Final = 0.005

REVERSED: Final = 0.2
"""How often several ready descriptors are reported in the other order."""


class Style(NamedTuple):
    """A kind of network weather; which one a run has is its first choice.

    Args:
        name: as reports show it.
        weight: its probability.
        pace: factor on all latencies.
        coincidence: probability that an arrival is placed at its rival, 0..1.
        late: probability that the loop wakes late.
        laggard: factor on the latencies of the lines that lag, 1: none does.
    """

    name: str
    weight: float
    pace: float = 1.0
    coincidence: float = COINCIDENCE
    late: float = LATE
    laggard: float = 1.0

    def __repr__(self) -> str:
        return self.name


STYLES: Final = (
    Style("usual", 0.7),
    Style("crowded: much arrives at the same time", 0.1, coincidence=0.3, late=0.1),
    Style("slow", 0.1, pace=4.0, coincidence=0.05),
    Style("uneven: some lines lag", 0.1, pace=0.2, laggard=60.0),
)

LAGGING: Final = 0.25
"""In uneven weather, the share of lines that lag."""


def survival(mixture: Mixture, time: float) -> float:
    """P(latency > time)."""
    if time <= 0.0:
        return 1.0
    return sum(weight * exp(-time / mean) for mean, weight in mixture)


def between(mixture: Mixture, low: float, high: float, u: float) -> float:
    """A latency between low and high, in seconds, drawn by a uniform number 0 <= u < 1 (not its quantile); high may be infinite."""
    parts = [weight * (exp(-low / mean) - exp(-high / mean)) for mean, weight in mixture]
    rest = u * sum(parts)
    for (mean, _), part in zip(mixture, parts, strict=True):
        if rest < part:
            share = rest / part
            kept = exp(-(high - low) / mean)
            return min(low - mean * log(1.0 - share * (1.0 - kept)), high)
        rest -= part
    return low
