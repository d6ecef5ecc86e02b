"""`crossroads live`: run a program once, with a ring on its finger."""

import json
import os
import subprocess
import sys
from typing import Any, Final, NoReturn

import click

from crossroads import __version__
from crossroads.faces.cli import options
from crossroads.faces.cli.session import Session
from crossroads.snapshots import kernel
from crossroads.worlds.targets import parse_target

OUTSIDE: Final = "crossroads.rings.outside"
"""What this process becomes: an interpreter with nothing in it but the program and its ring."""


show_lives_option = click.option("--show-lives", is_flag=True, help="Show what discarded lives have printed, too, dimmed.")
output_option = click.option(
    "--output",
    type=options.OneOf("auto", "held", "live"),
    default="auto",
    show_default=True,
    help="When to show output: once it is certain, as it comes, or (auto) as it comes on terminals only.",
)


@options.verb(
    "live",
    "Run a program that goes back in time.",
    click.argument("target"),
    click.argument("arguments", nargs=-1, type=click.UNPROCESSED),
    click.option("--journal", metavar="FILE", help='Keep a journal there, from which "crossroads wake FILE" brings the program back.'),
    show_lives_option,
    click.option("--max-returns", type=options.Whole(0), default=1000, show_default=True, help="So many returns and no more."),
    click.option("--strict", is_flag=True, help="Let a return fail where the world isn't as it was at the mark."),
    output_option,
    options_first=True,
)
def live_verb(session: Session, target: str, arguments: tuple[str, ...], journal: str | None, **settings: Any) -> int:
    """Run TARGET once, under a ring: after crossroads.mark() it can go back by crossroads.go_back().

    TARGET is "path.py", "path.py:function" or "package.module:function". A file runs as by "python path.py", except that one which
    only defines main() has it called; a coroutine function runs on the event loop of crossroads.worlds.asyncio. ARGUMENTS are the
    program's, options of this command come before TARGET. The exit code is the program's.

    With --journal it draws, and lives by a clock of its own, as under "crossroads run", and remembers plain data only.
    """
    parse_target(target)
    become(settings if journal is None else {**settings, "journal": journal}, [target, *arguments], journaled=journal is not None)


def become(settings: dict[str, Any], arguments: list[str], *, journaled: bool) -> NoReturn:
    """Become the interpreter of the program.

    Args:
        settings: of `crossroads.rings.outside`.
        arguments: the target and its arguments.
        journaled: whether hashes and addresses are to be the same each time.
    """
    interpreter = [sys.executable, *subprocess._args_from_interpreter_flags()]  # type: ignore[attr-defined]
    kernel.flush_stdio()
    environment = dict(os.environ)
    if journaled:
        settings = {**settings, "version": __version__}
        environment["PYTHONHASHSEED"] = "0"
        kernel.fix_addresses()
    os.execve(sys.executable, [*interpreter, "-m", OUTSIDE, json.dumps(settings), *arguments], environment)
