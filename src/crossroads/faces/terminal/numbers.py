"""Numbers as people read them: sensible digits, and never 0 % or 100 % for what is only near it."""

from math import ceil, floor, log10
from typing import Final

from crossroads.stats.probability import Probability

NEAR: Final = 0.02
"""A share that surely differs from 0 or 1 by no more than this is told as that; 500 failures in a row, which make "too late", do so."""


def percent(share: float) -> str:
    """A share, 0 <= share <= 1, as "25 %", "2.5 %", "0.04 %", "99.5 %", "< 0.001 %" or "> 99.9 %"."""
    if share <= 0:
        return "0 %"
    if share >= 1:
        return "100 %"
    hundredths = share * 100
    if hundredths < 0.001:
        return "< 0.001 %"
    if hundredths >= 99.95:
        return "> 99.9 %"
    if hundredths > 99:
        return f"{hundredths:.1f}".removesuffix(".0") + " %"
    if hundredths >= 9.95:
        return f"{min(hundredths, 99):.0f} %"
    return f"{_two_digits(hundredths)} %"


def percent_at_most(share: float) -> str:
    """Like `percent` for an upper bound: to two significant digits, rounded up, so that what is said holds."""
    if not 0 < share < 1:
        return percent(share)
    unit = 10.0 ** (floor(log10(share)) - 1)
    return percent(min(1.0, ceil(share / unit - 1e-9) * unit))


def percent_or_bound(probability: Probability) -> str:
    """A probability where there is no room for its interval: "25 %", and "0 %" or "100 %" only where the interval is so near that nobody
    minds; else what the futures vouch for, "at most 3.1 %" or "at least 94 %"."""
    if probability.futures == 0 and probability.confidence < 1:
        return "unknown"
    if probability.value <= 0 and probability.high > NEAR:
        return f"at most {percent_at_most(probability.high)}"
    if probability.value >= 1 and probability.low < 1 - NEAR:
        return f"at least {percent(floor(probability.low * 100 + 1e-9) / 100)}"
    return percent(probability.value)


def bounds(probability: Probability, stated: bool = False) -> str:
    """The interval of a probability in percent: "[22.1-28.0]", "exact" where it was proved, "unknown" where nothing is known.

    Args:
        probability: any.
        stated: whether the confidence is to be said, "[22.1-28.0 at 95 % confidence]"; once in a report is enough.
    """
    if probability.confidence >= 1:
        return "exact"
    if probability.futures == 0:
        return "unknown"
    confidence = f" at {percent(probability.confidence)} confidence" if stated else ""
    low = "<0.01" if 0 < probability.low < 1e-4 and probability.high > 1e-3 else _end(probability.low)
    return f"[{low}-{_end(probability.high)}{confidence}]"


def estimate(probability: Probability, stated: bool = False) -> str:
    """A probability with its interval: "25 % [22.1-28.0]", "50 % (exact)" or "unknown"; `stated` as in `bounds`."""
    around = bounds(probability, stated)
    if around == "unknown":
        return around
    return f"{percent(probability.value)} ({around})" if around == "exact" else f"{percent(probability.value)} {around}"


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 future", "12,000 futures"."""
    return f"{grouped(number)} {one if number == 1 else many or one + 's'}"


def grouped(number: int) -> str:
    """A whole number with commas from ten thousand on: "9999", "10,000"."""
    return f"{number:,}" if abs(number) >= 10_000 else str(number)


def duration(seconds: float) -> str:
    """Wall or world time: "0.03 s", "3.2 s", "48 s", "3 min 20 s", "2 h 05 min"."""
    if seconds < 59.5:
        return f"{seconds:.2g} s" if seconds < 9.95 else f"{seconds:.0f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def clock(seconds: float) -> str:
    """A moment of world time, to the digits that matter: "0.05 ms", "0 s", "12.4 s", "3600 s"."""
    if 0 < abs(seconds) < 0.0001:
        return f"{seconds * 1000:.4f}".rstrip("0").rstrip(".") + " ms"
    return f"{seconds:.4g} s" if abs(seconds) < 9999.5 else f"{seconds:,.0f} s"


def _end(share: float) -> str:
    hundredths = share * 100
    if hundredths <= 0 or hundredths >= 100:
        return f"{max(0.0, min(100.0, hundredths)):.0f}"
    if hundredths >= 99.95:
        return "99.9"
    return _two_digits(hundredths) if hundredths < 0.95 else f"{hundredths:.1f}"


def _two_digits(number: float) -> str:
    """A positive number below 10 to two significant digits, without closing zeros."""
    digits = max(0, 1 - floor(log10(number)))
    text = f"{number:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
