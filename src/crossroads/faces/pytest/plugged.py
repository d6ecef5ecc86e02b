"""Where three things plug in that aren't there yet: regressions that were kept, verdicts on known failures, cancelling at each await.

Until then nothing is kept, `--crossroads-verify` is refused by `door.check_options`, and `cancel=` by `settings.arguments_of`.
"""

from collections.abc import Callable
from pathlib import Path

from crossroads.analysis.explore import explore
from crossroads.analysis.results import Exploration, Failure
from crossroads.faces.pytest.settings import Asked


def kept_failures(target: str, store: Path | None) -> tuple[Failure, ...]:
    """The regressions kept for a test that fail now; lived before its futures are, and reported before what those find.

    Args:
        target: the test's node id, as it is from the working directory.
        store: path; None: the project's own.
    """
    return ()


def verdicts(target: str, store: Path | None) -> tuple[str, ...]:
    """What has become of the known failures of a test under --crossroads-verify, as sentences for its report."""
    return ()


def explorer_of(asked: Asked) -> Callable[..., Exploration]:
    """What lives the futures of a test, with the arguments of `explore`; another one where the marker says what to cancel."""
    return explore
