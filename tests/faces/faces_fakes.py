"""Fakes of what runs programs, for the tests of the command line: they give made-up results and remember what they were asked."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import faces_values as made

from crossroads.analysis.evidence import Evidence
from crossroads.analysis.kept import KeptResult
from crossroads.analysis.replay import Replay, Watched
from crossroads.analysis.results import Account, Exploration, Failure, Shrunk
from crossroads.analysis.swept import Sweep
from crossroads.analysis.verdict import Verdict
from crossroads.faces.cli.session import Services
from crossroads.store.keys import ExplorationKey
from crossroads.store.store import Store
from crossroads.timeline.timelines import WorldSettings


@dataclass
class Fakes:
    """Gives what it is told to give, or raises it.

    Args:
        exploration, account, replayed, evidence, shrunk, verdict, kept, swept: what is given; an exception is raised instead.
        watched: points that a replay passes.
        calls: (name, positional, named arguments) of each call.
        during: called in the middle of each call.
    """

    exploration: Exploration | BaseException = field(default_factory=made.exploration)
    account: Account | BaseException = field(default_factory=made.coins_account)
    replayed: Replay | BaseException | None = None
    evidence: Evidence | BaseException = field(default_factory=Evidence)
    shrunk: Shrunk | BaseException = field(default_factory=made.coins_shrunk)
    verdict: Verdict | BaseException = field(default_factory=made.verdict)
    kept: list[KeptResult] | BaseException = field(default_factory=list)
    swept: Sweep | BaseException = field(default_factory=made.sweep)
    watched: tuple[Watched, ...] = ()
    calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)
    during: Callable[[str, dict[str, Any]], None] = lambda name, named: None

    @property
    def services(self) -> Services:
        """These fakes in the places of the real functions."""
        rest = (self._shrink, self._verify, self._replay_kept, self._sweep)
        return Services(self._explore, self._explain, self._replay, self._gather, *rest)

    def _explore(self, *given: Any, **named: Any) -> Exploration:
        return self._answer("explore", given, named, self.exploration)

    def _sweep(self, *given: Any, **named: Any) -> Sweep:
        return self._answer("sweep", given, named, self.swept)

    def _explain(self, *given: Any, **named: Any) -> Account:
        return self._answer("explain", given, named, self.account)

    def _replay(self, *given: Any, **named: Any) -> Replay:
        for watched in self.watched:
            named["on_point"](watched)
        return self._answer("replay", given, named, self.replayed)

    def _shrink(self, *given: Any, **named: Any) -> Shrunk:
        return self._answer("shrink", given, named, self.shrunk)

    def _gather(self, *given: Any, **named: Any) -> Evidence:
        return self._answer("gather", given, named, self.evidence)

    def _verify(self, *given: Any, **named: Any) -> Verdict:
        return self._answer("verify", given, named, self.verdict)

    def _replay_kept(self, *given: Any, **named: Any) -> list[KeptResult]:
        return self._answer("replay_kept", given, named, self.kept)

    def _answer(self, name: str, given: tuple[Any, ...], named: dict[str, Any], answer: Any) -> Any:
        self.calls.append((name, given, named))
        self.during(name, named)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def named(self, name: str) -> dict[str, Any]:
        """The named arguments of the only call of that name."""
        (found,) = [named for called, _, named in self.calls if called == name]
        return found


def keep(store: Store, failure: Failure, futures: int = 1000, account: dict[str, Any] | None = None) -> None:
    """Put a failure into a store as an exploration does."""
    timeline = replace(failure.timeline)
    key = ExplorationKey(timeline.target, WorldSettings(), 0, "", "3.13")
    store.add_failure(key, failure.id, timeline, failure.output, 0, 5)
    counts = {"passed": futures - failure.count, failure.outcome.kind: failure.count}
    store.record_block(key, 0, futures, counts, {failure.id: failure.count})
    if account is not None:
        store.save_account(failure.id, account)
