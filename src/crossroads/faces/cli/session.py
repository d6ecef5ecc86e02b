"""What the verbs share while one command runs: the analysis they ask, and what was asked of the command as a whole."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any

from crossroads.analysis.results import Account, Exploration, Shrunk

if TYPE_CHECKING:
    from crossroads.analysis.evidence import Evidence
    from crossroads.analysis.kept import KeptResult
    from crossroads.analysis.replay import Replay
    from crossroads.analysis.swept import Sweep
    from crossroads.analysis.verdict import Verdict

INTERRUPTED = 2
"""Exit code after Ctrl-C."""


def _sweep(*given: Any, **named: Any) -> "Sweep":
    from crossroads.analysis.sweep import sweep_cancel

    return sweep_cancel(*given, **named)


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of the analysis that run programs; tests put fakes in their place.

    Args:
        explore, explain, replay, gather, shrink, verify, replay_kept: the functions of these names.
        sweep: `sweep_cancel`.
    """

    explore: Callable[..., Exploration]
    explain: Callable[..., Account]
    replay: "Callable[..., Replay]"
    gather: "Callable[..., Evidence]"
    shrink: Callable[..., Shrunk]
    verify: "Callable[..., Verdict]"
    replay_kept: "Callable[..., list[KeptResult]]"
    sweep: "Callable[..., Sweep]" = _sweep


class Session:
    """One command from its start to its exit code.

    Args:
        services: None loads the real ones at first use, so that `--help` doesn't wait for them.
    """

    def __init__(self, services: Services | None = None) -> None:
        self._services = services
        self.debug = False
        self.interrupted = False

    @property
    def services(self) -> Services:
        """What does the work."""
        if self._services is None:
            from crossroads.analysis.evidence import gather
            from crossroads.analysis.explain import explain
            from crossroads.analysis.explore import explore
            from crossroads.analysis.kept import replay_kept
            from crossroads.analysis.replay import replay
            from crossroads.analysis.shrink import shrink
            from crossroads.analysis.verify import verify

            self._services = Services(explore, explain, replay, gather, shrink, verify, replay_kept)
        return self._services

    @contextmanager
    def noticing_interrupts(self) -> Iterator[None]:
        """Remember a Ctrl-C, which the analysis ends with what it knows so far instead of an exception."""
        ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if ours:
            signal.signal(signal.SIGINT, self._interrupt)
        try:
            yield
        finally:
            if ours:
                signal.signal(signal.SIGINT, signal.default_int_handler)

    @contextmanager
    def leaving_interrupts_to_program(self) -> Iterator[None]:
        """A Ctrl-C goes to the program under the debugger alone. A handler rather than SIG_IGN, which the program would inherit."""
        before = signal.getsignal(signal.SIGINT)
        signal.signal(signal.SIGINT, lambda number, frame: None)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self.interrupted = True
        raise KeyboardInterrupt
