"""`python -m crossroads` is the command `crossroads`."""

import sys

from crossroads.faces.cli import main

if __name__ == "__main__":
    sys.exit(main())
