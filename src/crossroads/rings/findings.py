"""What a return, or the end of a ring, has found that isn't as it was at the mark."""

from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing in the world that isn't as it was at the mark.

    Args:
        kind: a short stable word for what was looked at, such as "file", "socket" or "clock".
        subject: which one: a path, an address, a name.
        text: one sentence for a reader.
        mended: whether it was put right.
    """

    kind: str
    subject: str
    text: str
    mended: bool

    def __str__(self) -> str:
        return self.text
