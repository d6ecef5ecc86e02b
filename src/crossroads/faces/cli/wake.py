"""`crossroads wake`: bring a program back from its journal."""

from typing import Any

import click

from crossroads.faces.cli import options
from crossroads.faces.cli.live import become, output_option, show_lives_option
from crossroads.faces.cli.session import Session


@options.verb(
    "wake",
    "Bring a program back to its latest mark, from its journal.",
    click.argument("wake", metavar="FILE"),
    click.option("--program", metavar="PATH", help="Where the program's file is now, if it isn't found."),
    click.option("--force", is_flag=True, help="Do again what the program has named irreversible, too."),
    show_lives_option,
    output_option,
)
def wake_verb(session: Session, **settings: Any) -> int:
    """Go on with the program of a journal FILE that "crossroads live --journal" has written, where a power cut or a kill has ended it.

    It is lived again from its start to its latest mark, with what was remembered and drawn then, and without showing again what was
    shown before; from there on it is as if it had never ended, and goes on writing FILE. What it does to the world outside on the way
    it does again, and what it reads there has to be as it was. Refused where the program, what it imports, or Python differ. The exit
    code is the program's; 3 where its past isn't the same again.
    """
    become(settings, [], journaled=True)
