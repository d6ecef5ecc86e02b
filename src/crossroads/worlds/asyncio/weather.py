"""How long things take: the distribution of latencies, as tails and conditional draws. Pure functions.

The plain distribution is a mixture of exponentials (hyperexponential), from a fast loopback to a stall: heavy-tailed, and with closed forms
for "given that it hasn't arrived by now", which is how arrivals are settled: one rival at a time.
"""

import math
from typing import Final

Mixture = tuple[tuple[float, float], ...]
"""Pairs of mean (seconds) and weight; the weights sum to 1."""

PLAIN: Final[Mixture] = ((0.0002, 0.48), (0.001, 0.28), (0.005, 0.15), (0.02, 0.06), (0.08, 0.03))
"""Latencies of the usual weather; each is drawn independently."""

COINCIDENCE: Final = 0.03
"""Of arrivals that have a rival, the share that falls into the rival's pass of the loop or into the pass just before or after it."""

LATE: Final = 0.02
"""How often the loop wakes late, so that what is due within `LATE_S` falls into one pass."""

LATE_S: Final = 0.005

SPLIT: Final = 0.03
"""How often bytes that were written at once travel in two segments."""

REVERSED: Final = 0.2
"""How often several ready descriptors are reported in the other order."""


class Style:
    """A kind of network weather; which one a run has is its first choice.

    Args:
        name: as reports show it.
        weight: its probability.
        pace: factor on all latencies.
        coincidence: probability that an arrival is placed at its rival, 0..1.
        late: probability that the loop wakes late.
        laggard: factor on the latencies of the lines that lag, 1: none does.
    """

    __slots__ = ("coincidence", "laggard", "late", "name", "pace", "weight")

    def __init__(
        self,
        name: str,
        weight: float,
        pace: float = 1.0,
        coincidence: float = COINCIDENCE,
        late: float = LATE,
        laggard: float = 1.0,
    ) -> None:
        self.name, self.weight = name, weight
        self.pace, self.coincidence, self.late, self.laggard = pace, coincidence, late, laggard

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

((_MEAN_1, _PART_1), (_MEAN_2, _PART_2), (_MEAN_3, _PART_3), (_MEAN_4, _PART_4), (_MEAN_5, _PART_5)) = PLAIN


def beyond(time: float) -> float:
    """P(latency > time) for a time in seconds, >= 0; 1 at 0. A loop takes twice as long."""
    return (
        _PART_1 * math.exp(-time / _MEAN_1)
        + _PART_2 * math.exp(-time / _MEAN_2)
        + _PART_3 * math.exp(-time / _MEAN_3)
        + _PART_4 * math.exp(-time / _MEAN_4)
        + _PART_5 * math.exp(-time / _MEAN_5)
    )


def between(low: float, high: float, chance: float, u: float) -> float:
    """A latency between low and high, in seconds, drawn by a uniform number 0 <= u < 1 (not its quantile).

    Args:
        low, high: 0 <= low < high; high may be infinite.
        chance: P(low < latency <= high).
        u: says which part of the mixture, and where in it.
    """
    rest = u * chance
    for mean, weight in PLAIN:
        above_low = weight * math.exp(-low / mean)
        part = above_low - weight * math.exp(-high / mean)
        if rest < part:
            latency = low - mean * math.log(1.0 - rest / above_low)
            return latency if latency < high else high
        rest -= part
    return low


# Faults, which happen only where they were asked for.

FAULT: Final = 0.01
"""Of what is sent, the share at which a fault happens, where faults are allowed."""

FAULTS_MAX: Final = 3
"""So many faults happen in a run, at most."""

DOWN_S: Final = (0.1, 1.0, 10.0)
"""For how long a crashed host is down, if it is known how it starts; each is as likely as the others."""

CUT_S: Final = (0.1, 1.0, 10.0)
"""For how long a drawn partition lasts; each is as likely as the others."""

DATAGRAM_HARM: Final = (("lost", 0.6), ("doubled", 0.2), ("overtaken", 0.2))
"""What happens to a datagram that is harmed, and the shares of each."""

STREAM_HARM: Final = (("stalls", 0.95), ("reset", 0.05))
"""What happens to a connection that is harmed, and the shares of each."""

STALL_S: Final = 0.2
"""What a lost segment costs at the least: the least retransmission timeout (TCP_RTO_MIN of Linux)."""

OVERTAKEN_PACE: Final = 10.0
"""An overtaken datagram takes so many times as long."""

CONNECT_S: Final = 127.0
"""A request for a connection that nobody answers is given up after so long (tcp_syn_retries=6 of Linux)."""
