"""How a journal is begun with a program, and how a program is woken from one: the world that it lives in, and whether it is the same one.

Under a journal a program lives as the futures of `crossroads run` do, in a world of its own: what it draws, its clock and the order of its
directory listings are the same each time. What it reads from elsewhere isn't.
"""

import ast
import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crossroads.errors import JournalError, SettingError
from crossroads.rings import companions, irreversible, origins
from crossroads.rings.chronicle import Chronicle, printable
from crossroads.rings.journals import SCHEMA, Journal, Record
from crossroads.rings.pasts import Past, past_of
from crossroads.timeline.timelines import WorldSettings
from crossroads.worlds.plain import PlainWorld
from crossroads.worlds.sources import starts_loop
from crossroads.worlds.targets import Target, code_digest, parse_target, world_of
from crossroads.worlds.world import make_world

__all__ = ["Journey", "begin", "wake"]

_urandom = os.urandom


@dataclass(frozen=True, slots=True)
class Journey:
    """A program that is about to be lived, for the first time or again.

    Args:
        target: as a user writes it.
        arguments: of the program.
        settings: of its ring that are kept in the journal.
        chronicle: to be told of everything.
        run_coroutine: runs a coroutine function in the program's world.
        begun: path of its journal where that has just been begun, "" where the program was woken from it.
    """

    target: str
    arguments: list[str]
    settings: dict[str, Any]
    chronicle: Chronicle
    run_coroutine: Callable[[Callable[[], Any]], Any]
    begun: str = ""


def begin(path: str, text: str, arguments: list[str], settings: dict[str, Any], is_script: bool, ours: str) -> Journey:
    """Begin a journal.

    Args:
        path: of the file, which isn't there yet.
        text: the target.
        arguments, settings: as they are kept.
        is_script: whether the target is run as a script.
        ours: version of crossroads.

    Raises:
        JournalError: there is such a file, or it can't be made.
        TargetError: there is no such program.
    """
    target = parse_target(text)
    program: Record = {
        "schema": SCHEMA,
        "target": text,
        "is_file": target.is_path,
        "directory": os.getcwd(),
        "arguments": arguments,
        "world": _world_for(target, is_script),
        "code": code_digest(target),
        "python": origins.python_tag(),
        "crossroads": ours,
        "seed": int.from_bytes(_urandom(8), "big"),
        "settings": settings,
    }
    _check_hashes()
    return replace(_journey(Journal.begin(path, program), Past(program), text), begun=os.path.abspath(path))


def wake(path: str, program: str | None, force: bool, ours: str) -> Journey:
    """Go on with a journal, in the directory in which its program was started if that has it.

    Args:
        path: of the file.
        program: where the program's file is now; None to look for it.
        force: whether what can't be taken back may be done again.
        ours: version of crossroads.

    Raises:
        JournalError: it can't be gone on with; the file is as it was.
    """
    journal, records = Journal.reopen(path)
    past = past_of(records)
    if past.has_ended:
        raise JournalError(f"journal={path!r} is of a program that has ended; there is nothing to wake, remove it to begin anew")
    _check_hashes()
    text = _find(past.program, program, os.path.dirname(os.path.abspath(path)))
    if past.program["crossroads"] != ours:
        then = past.program["crossroads"]
        raise JournalError(f"the journal was written by crossroads {then}, and this is {ours}; wake its program with the same version")
    origins.check(past.files, past.packages, past.program["python"])
    committed = past.all_committed()
    if committed and not force:
        names = " and ".join(f'"{what}"' for what in committed)
        raise JournalError(f"waking would do {names} again, which can't be taken back; use --force to do so all the same")
    print(f"crossroads: {printable(_said(past, text))}", file=sys.stderr, flush=True)
    return _journey(journal, past, text)


def _said(past: Past, text: str) -> str:
    """What is about to be run: somebody else may have written the journal."""
    command = shlex.join([text, *past.program["arguments"]])
    if not past.marks:
        return f"waking {command}, which had set no mark: from its start"
    last = past.marks[-1]
    returns = f" after {past.returns} return{'' if past.returns == 1 else 's'}" if past.returns else ""
    return f"waking {command} at mark {last.label!r} ({last.place}){returns}"


def _world_for(target: Target, is_script: bool) -> str:
    """The name of the world that a target is for; of a script it is told from the whole file."""
    if not is_script:
        return world_of(target)
    try:
        return "asyncio" if starts_loop(ast.parse(Path(target.place).read_bytes())) else "plain"
    except (OSError, SyntaxError, ValueError):
        return "plain"


def _journey(journal: Journal, past: Past, text: str) -> Journey:
    companions.load()
    world = make_world(WorldSettings(name=past.program["world"]))
    assert isinstance(world, PlainWorld)
    world.install()
    chronicle = Chronicle(journal, past, world)
    irreversible.current.told = chronicle.irreversible
    return Journey(text, past.program["arguments"], past.program["settings"], chronicle, world.run)


def _find(program: Record, given: str | None, beside: str) -> str:
    """The target as it is found now; if its directory is there, this process is in it then."""
    text: str = program["target"]
    if not program["is_file"]:
        _check_code(program, [text])
        return text
    place, function = _parts(text)
    folders = (program["directory"], os.getcwd(), beside)
    paths = [given] if given is not None else [os.path.join(folder, place) for folder in folders]
    found = [path for path in paths if os.path.isfile(path)]
    if not found:
        where = given or f"in {program['directory']}, nor here, nor beside the journal"
        raise JournalError(f"the journal's program {place!r} isn't {where}; name its file by --program PATH")
    path = _check_code(program, found)
    sys.path[0] = os.path.dirname(os.path.realpath(path))
    if path == os.path.join(program["directory"], place):
        os.chdir(program["directory"])
        path = place
    return f"{path}:{function}" if function else path


def _parts(text: str) -> tuple[str, str]:
    """A file's path, and the name of a function, "" for none."""
    place, colon, function = text.rpartition(":")
    return (place, function) if colon and os.sep not in function else (text, "")


def _check_code(program: Record, texts: list[str]) -> str:
    """The first of these targets that is the journal's program."""
    same = next((text for text in texts if code_digest(parse_target(text)) == program["code"]), None)
    if same is None:
        raise JournalError(f"{texts[0]} isn't what it was when the journal was written; put it back as it was, or begin a new journal")
    return same


def _check_hashes() -> None:
    if sys.flags.hash_randomization:
        raise SettingError("a journal needs hashes of texts that are always the same; start Python without the options -E, -I and -R")
