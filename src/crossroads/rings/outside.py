"""A program under a ring that is put on from outside: what `crossroads live` becomes, in a process with nothing else in it.

    python -m crossroads.rings.outside SETTINGS TARGET [ARGUMENTS]

SETTINGS is a JSON object with arguments of `ring`, and {"journal": path} where there is to be one. To wake a program there is no TARGET,
but {"wake": path, "program": its file or null, "force": whether what can't be taken back may be done again}. With a
journal "version" is that of crossroads. The program runs as by `python program.py`; one that only defines `main` is called.
"""

import ast
import asyncio
import inspect
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Final

from crossroads.errors import CrossroadsError, TargetError
from crossroads.rings.ring import ring
from crossroads.rings.traveller import tell
from crossroads.snapshots.endings import without_us
from crossroads.worlds.targets import DEFAULT_FUNCTION, load_target, parse_target

if TYPE_CHECKING:
    from crossroads.rings.durable import Journey

USAGE: Final = 4
"""Exit code of a command that isn't understood or can't be done here, as of `crossroads` itself."""


def main() -> None:
    """Run the program; its end is the interpreter's, and its exceptions are told as if nothing of ours was there."""
    settings, arguments = json.loads(sys.argv[1]), sys.argv[2:]
    sys.excepthook = _told_without_us(sys.excepthook)
    if "journal" in settings or "wake" in settings:
        try:
            journey = _journey(settings, arguments)
        except CrossroadsError as error:
            sys.exit(_refused(error))
        sys.argv = [journey.target, *journey.arguments]
        worn = ring(**settings, **journey.settings).told_to(journey.chronicle)
        life = program_of(journey.target, journey.run_coroutine, journey.begun)
    else:
        sys.argv = arguments
        worn = ring(**settings)
        life = program_of(arguments[0])
    with worn:
        life()
    tell(finding.text for finding in worn.findings if not finding.mended)


def _journey(settings: dict[str, Any], arguments: list[str]) -> "Journey":
    """Takes what is about the journal out of the settings."""
    from crossroads.rings import durable

    ours = settings.pop("version")
    if "wake" in settings:
        return durable.wake(settings.pop("wake"), settings.pop("program"), settings.pop("force"), ours)
    kept = {name: settings.pop(name) for name in ("max_returns", "strict")}
    return durable.begin(settings.pop("journal"), arguments[0], arguments[1:], kept, starts_itself(arguments[0]), ours)


def _refused(error: CrossroadsError) -> int:
    from crossroads.rings.chronicle import printable

    print(f"crossroads: {printable(str(error))}", file=sys.stderr)
    return USAGE


def program_of(text: str, run_coroutine: Callable[[Callable[[], Any]], Any] | None = None, begun: str = "") -> Callable[[], object]:
    """What there is to call for a target, as a user writes it.

    Args:
        run_coroutine: runs a coroutine function; by default on a loop that is in memory, on its own clock, where all of it can go back.
        begun: a journal without a past, which is removed if the program's file turns out not to have the function.

    Raises:
        TargetError: there is no such program.
    """
    if starts_itself(text):
        return lambda: run_script(text)
    target = parse_target(text)
    if target.is_path:
        sys.argv[0] = target.place
        sys.path[0] = os.path.dirname(os.path.realpath(target.place))

    def call() -> object:
        try:
            _, function = load_target(target)
        except TargetError as error:
            if begun:
                os.unlink(begun)
            sys.exit(_refused(error))
        return (run_coroutine or run_calmly)(function) if inspect.iscoroutinefunction(function) else function()

    return call


def starts_itself(text: str) -> bool:
    """Whether a target is a file that is run as a script: it names no function, and doesn't leave its `main` to be called by others."""
    if not Path(text).is_file():
        return False
    try:
        tree = ast.parse(Path(text).read_bytes())
    except (SyntaxError, ValueError):
        return True
    scopes = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    if not any(isinstance(node, scopes) and node.name == DEFAULT_FUNCTION for node in tree.body):
        return True
    used = {name.id for node in tree.body if not isinstance(node, scopes) for name in ast.walk(node) if isinstance(name, ast.Name)}
    return bool(used & {DEFAULT_FUNCTION, "__name__"})


def run_script(path: str) -> None:
    """Run a file as `python path` does: as the module `__main__`, beside its own folder."""
    code = compile(Path(path).read_bytes(), path, "exec")
    module = ModuleType("__main__")
    module.__file__ = path
    module.__builtins__ = sys.modules["builtins"]  # type: ignore[attr-defined]
    sys.modules["__main__"] = module
    sys.path[0] = os.path.dirname(os.path.realpath(path))
    exec(code, vars(module))


def run_calmly(function: Callable[[], Any]) -> Any:
    """Run a coroutine function on a loop of our asyncio world: in memory, on its own clock, where all of it can go back."""
    from crossroads.worlds.asyncio import new_event_loop

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(function())


def _told_without_us(tell: Callable[..., Any]) -> Callable[..., Any]:
    def told(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        rest = without_us(trace)
        tell(kind, error.with_traceback(rest), rest)

    return told


if __name__ == "__main__":
    main()
