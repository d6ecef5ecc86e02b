"""The signs that reports are drawn with, and what stands for them where only ASCII can be written."""

BARS = " ▁▂▃▄▅▆▇█"
"""Fillings of a character cell, from empty to full."""

NUMBERS = "①②③④⑤⑥"
"""Marks of the turning points, in the order of the run."""

AXIS, CORNER, UPRIGHT = "─└│"
LATE = "▲"
POINTER = "→"
ELLIPSIS = "…"
RULE = "━"

_ASCII = str.maketrans(
    {
        **dict(zip(BARS, " ...:::##", strict=True)),
        **{sign: str(number) for number, sign in enumerate(NUMBERS, 1)},
        AXIS: "-",
        CORNER: "+",
        UPRIGHT: "|",
        LATE: "^",
        POINTER: ">",
        ELLIPSIS: "...",
        RULE: "=",
    }
)


def writable(text: str, encoding: str | None) -> str:
    """The text with signs that the encoding can't write replaced: ours by ASCII signs, others by their escapes.

    Args:
        text: any.
        encoding: a codec's name; one that isn't known is taken as ASCII, None (a stream that keeps texts) as UTF-8.
    """
    codec = encoding or "utf-8"
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return text.translate(_ASCII).encode(codec, "backslashreplace").decode(codec)
    except LookupError:
        return writable(text, "ascii")
    return text
