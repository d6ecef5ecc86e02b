"""The command itself: its verbs, and how whatever ends a verb becomes one line on stderr and an exit code.

Exit codes as pytest's: 0 no failure found, 1 failures found, 2 interrupted, 3 internal error, 4 usage error; 5 a verdict that can't be
told.
"""

import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Final

import click

from crossroads import __version__
from crossroads.errors import CrossroadsError, DivergedError, EngineError, InternalError
from crossroads.faces.cli.explain import explain_verb
from crossroads.faces.cli.export import export_verb
from crossroads.faces.cli.keep import keep_verb
from crossroads.faces.cli.list import list_verb
from crossroads.faces.cli.live import live_verb
from crossroads.faces.cli.options import CONTEXT_SETTINGS, debug_option
from crossroads.faces.cli.replay import replay_verb
from crossroads.faces.cli.report import report_verb
from crossroads.faces.cli.run import run_verb
from crossroads.faces.cli.session import INTERRUPTED, Services, Session
from crossroads.faces.cli.show import show_verb
from crossroads.faces.cli.shrink import shrink_verb
from crossroads.faces.cli.ui import ui_verb
from crossroads.faces.cli.verify import verify_verb
from crossroads.faces.cli.wake import wake_verb
from crossroads.faces.terminal.glyphs import writable
from crossroads.faces.terminal.texts import clean

OURS: Final = 3
"""Exit code for a bug in crossroads, a machine that futures can't be run on, and a run that isn't the same again."""

USAGE: Final = 4
VERBS: Final = (
    run_verb,
    explain_verb,
    shrink_verb,
    replay_verb,
    verify_verb,
    keep_verb,
    report_verb,
    show_verb,
    list_verb,
    export_verb,
    ui_verb,
    live_verb,
    wake_verb,
)


class Verbs(click.Group):
    """A group that lists its verbs in the order in which one needs them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order in which they were added."""
        return list(self.commands)


@click.group(cls=Verbs, context_settings=CONTEXT_SETTINGS, invoke_without_command=True)
@click.version_option(__version__, "--version", prog_name="crossroads", message="%(prog)s %(version)s")
@debug_option
@click.pass_context
def app(context: click.Context) -> None:
    """Run the futures of a Python program, and explain the one that fails.

    Start with "crossroads run PROGRAM.py": it lives a thousand futures of main() in that file and explains what fails.

    Exit codes: 0 no failure found, 1 failures found, 2 interrupted, 3 internal error, 4 usage error, 5 a verdict that can't be told.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
        context.exit(USAGE)


for _verb in VERBS:
    app.add_command(_verb)


def run_command(arguments: Sequence[str] | None, services: Services | None) -> int:
    """The work of `main`: its arguments and its exit codes."""
    session = Session(services)
    if sys.stdout is None:
        sys.stdout = io.StringIO()
    try:
        with session.noticing_interrupts():
            code = app.main(arguments, prog_name="crossroads", standalone_mode=False, obj=session)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except BrokenPipeError:
        return _give_stdout_up(INTERRUPTED)
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted; what was found until then is in the store", session)
        return INTERRUPTED
    except CrossroadsError as error:
        _say(str(error), session)
        return OURS if isinstance(error, InternalError | EngineError | DivergedError) else USAGE
    except click.ClickException as error:
        _say(_usage_message(error), session)
        return USAGE
    except OSError as error:
        _say(f"the system refused: {error}", session)
        return _give_stdout_up(OURS)
    except Exception as error:
        _say(_unexpected(error), session)
        return OURS


def _unexpected(error: Exception) -> str:
    return str(InternalError(f"{type(error).__name__}: {error}")) + "; --debug shows its traceback"


def _usage_message(error: click.ClickException) -> str:
    """Click's message in our form: small letter, no full stop, and where to read on."""
    text = error.format_message().strip().rstrip(".").replace('"', "'")
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "crossroads"
    return f'{text[:1].lower()}{text[1:]}; see "{path} --help"'


def _say(message: str, session: Session) -> None:
    if session.debug:
        traceback.print_exc()
    print(writable(f"crossroads: {clean(' '.join(message.split()))}", getattr(sys.stderr, "encoding", None)), file=sys.stderr)


def _give_stdout_up(code: int) -> int:
    """Nothing more may be written to a stdout whose reader has gone (as `head` does) or whose disk is full, at exit neither."""
    try:
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        os.close(devnull)
    except (OSError, ValueError):
        pass
    return code
