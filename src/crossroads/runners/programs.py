"""Programs as a life needs them: what to call, where its names are, and how its end is to be read. Functions, and tests of pytest's."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NoReturn

from crossroads.errors import NotSimulated, TargetError
from crossroads.runners.folders import Folder
from crossroads.snapshots.endings import asked_at, outcome_of, safe_text, type_name
from crossroads.timeline.outcomes import Outcome
from crossroads.worlds.hashes import HASHES
from crossroads.worlds.targets import Target, load_target


def as_it_is(outcome: Outcome) -> Outcome:
    """The end of a function, read as the interpreter does."""
    return outcome


@dataclass(frozen=True, slots=True)
class Program:
    """A program that is loaded and was not called yet.

    Args:
        module: the one that its own names are in.
        function: to be called without arguments in a world.
        name: as reports say it, a path or a node id.
        read_end: makes the outcome of what `outcome_of` has found in the call.
        folder: of its temporary files, which are its futures' own; None where it sees to them itself.
    """

    module: ModuleType
    function: Callable[[], Any]
    name: str
    read_end: Callable[[Outcome], Outcome] = as_it_is
    folder: Folder | None = None

    def outcome(self, life: Callable[[], object], explain_end: Callable[[], bool]) -> Outcome:
        """Call `life`, which calls the function, and say how that ended; see `outcome_of`."""
        outcome = self.read_end(outcome_of(life, explain_end))
        self.clear()
        return outcome

    def clear(self) -> None:
        """At the end of a life, wherever that comes from."""
        if self.folder is not None:
            self.folder.clear()


def load_program(target: Target, world: str, go: Callable[[Program], NoReturn]) -> NoReturn:
    """Load the program and go on with it, further up on the stack: a test lives inside of a session of pytest's.

    Args:
        target: what it is.
        world: the name of the one that it is in.
        go: lives, and ends the process.

    Raises:
        TargetError: it can't be loaded; the text says why.
    """

    def begin(program: Program) -> NoReturn:
        HASHES.adopt()
        go(program)

    if target.is_test:
        try:
            from crossroads.runners.session import run_session
        except ImportError:
            raise TargetError(f"{target} is a test, and pytest isn't installed here; install it with: pip install pytest") from None
        run_session(target, world, begin)
    try:
        module, function = load_target(target)
    except TargetError:
        raise
    except BaseException as error:
        raise TargetError(import_problem(target.place, error)) from error
    begin(Program(module, function, target.place))


def import_problem(place: str, error: BaseException) -> str:
    """Why the module at `place` can't be imported, in one sentence."""
    if isinstance(error, SyntaxError):
        return f"{error.filename or place}, line {error.lineno}: {error.msg}; the program can't be imported"
    if isinstance(error, SystemExit):
        return f"{place} calls sys.exit() while it is imported; guard it with if __name__ == '__main__'"
    asked = asked_at(error.__traceback__) if isinstance(error, NotSimulated) else ""
    return f"{place} can't be imported: {type_name(error)}: {safe_text(error)}" + (f"; asked for at {asked}" if asked else "")
