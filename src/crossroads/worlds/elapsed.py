"""The time that passes in a run, as a plain number that its clock and its traffic share."""


class Elapsed:
    """Nanoseconds since the start; whoever lets time pass writes them."""

    __slots__ = ("elapsed_ns",)

    def __init__(self) -> None:
        self.elapsed_ns = 0
