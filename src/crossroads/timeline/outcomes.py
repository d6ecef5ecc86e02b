"""How a run ended. Pure values: who notices an ending and who counts it are elsewhere."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

OutcomeKind = Literal["passed", "failed", "exited", "crashed", "hung", "out of memory", "left behind", "diverged"]

WORLD_TIME_LIMIT: Final = "world-time limit"
"""What stands for the exception of a run that hung until the world's own clock had reached its limit."""

OUTCOME_KINDS: Final[tuple[str, ...]] = get_args(OutcomeKind)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one run ended.

    Args:
        kind: passed; failed (an exception); exited (`sys.exit` with a code that isn't 0, or `os._exit`); crashed (a signal); hung
            (wall or step limit); out of memory; left behind (it passed, but processes that it started were still there); diverged.
        exception: type of the exception that ended it ("AssertionError", "json.JSONDecodeError"), else "".
        message: the exception's text, the limit that was reached, the signal's name; at most some hundred characters.
        where: "file:line in function" of the raise, nearest to it in the program's own files; "" where unknown.
        code: exit code of an exited run, else None.
    """

    kind: OutcomeKind
    exception: str = ""
    message: str = ""
    where: str = ""
    code: int | None = None

    @property
    def is_failure(self) -> bool:
        """Whether this is an ending to be explained: anything but passed, diverged, left behind and exit code 0."""
        if self.kind == "exited":
            return self.code != 0
        return self.kind in ("failed", "crashed", "hung", "out of memory")

    @property
    def origin(self) -> tuple[str, str, str]:
        """What makes two endings the same failure: kind, exception type (or signal, or code) and raising place."""
        if self.kind == "exited":
            return self.kind, str(self.code), self.where
        if self.kind in ("crashed", "out of memory"):
            return self.kind, self.exception, ""
        return self.kind, self.exception, self.where


PASSED: Final = Outcome("passed")
