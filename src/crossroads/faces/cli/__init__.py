"""The command line, one file for each verb. `main` is the installed command.

What belongs here: options and their rules, which piece is asked for what, exit codes. How a result looks is in `terminal`.
"""

from crossroads.faces.cli.app import main

__all__ = ["main"]
