"""`crossroads live`: run a program once, with a ring on its finger."""

import json
import os
import subprocess
import sys
from typing import Any, Final

import click

from crossroads.faces.cli import options
from crossroads.faces.cli.session import Session
from crossroads.worlds.targets import parse_target

OUTSIDE: Final = "crossroads.rings.outside"
"""What this process becomes: an interpreter with nothing in it but the program and its ring."""


@options.verb(
    "live",
    "Run a program that goes back in time.",
    click.argument("target"),
    click.argument("arguments", nargs=-1, type=click.UNPROCESSED),
    click.option("--show-lives", is_flag=True, help="Show what discarded lives have printed, too, dimmed."),
    click.option("--max-returns", type=options.Whole(0), default=1000, show_default=True, help="So many returns and no more."),
    click.option("--strict", is_flag=True, help="Let a return fail where the world isn't as it was at the mark."),
    click.option(
        "--output",
        type=options.OneOf("auto", "held", "live"),
        default="auto",
        show_default=True,
        help="When to show output: once it is certain, as it comes, or (auto) as it comes on terminals only.",
    ),
    options_first=True,
)
def live_verb(session: Session, target: str, arguments: tuple[str, ...], **settings: Any) -> int:
    """Run TARGET once, under a ring: after crossroads.mark() it can go back by crossroads.go_back().

    TARGET is "path.py", "path.py:function" or "package.module:function". A file runs as by "python path.py", except that one which
    only defines main() has it called; a coroutine function runs on the event loop of crossroads.worlds.asyncio. ARGUMENTS are the
    program's, options of this command come before TARGET. The exit code is the program's.
    """
    parse_target(target)
    interpreter = [sys.executable, *subprocess._args_from_interpreter_flags()]  # type: ignore[attr-defined]
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os.execv(sys.executable, [*interpreter, "-m", OUTSIDE, json.dumps(settings), target, *arguments])
