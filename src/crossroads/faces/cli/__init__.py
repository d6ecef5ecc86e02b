"""The command line, one file for each verb. `main` is the installed command.

What belongs here: options and their rules, which piece is asked for what, exit codes. How a result looks is in `terminal`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossroads.faces.cli.session import Services

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None, services: "Services | None" = None) -> int:
    """Run the command.

    Args:
        arguments: without the command's own name; None takes those of the process.
        services: what does the work; None is the analysis itself.

    Returns:
        The exit code: 0 no failure found, 1 failures found, 2 interrupted, 3 internal error, 4 usage error.
    """
    try:
        from crossroads.faces.cli.app import run_command
    except KeyboardInterrupt:
        return 2
    return run_command(arguments, services)
