"""What leaked: effects of discarded lives that can't be taken back, recorded as they happen and shown at each return and at the end.

Python announces what it does to files, sockets and processes. What a C library does by itself isn't announced: of a database client that
is one, the connection is known if it is still open when its life goes back; a file it writes isn't known. How much was sent is known for
TCP connections that are open then, and for HTTP and mail. A file that is as it was before, or made and gone again, is no leak.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Protocol

from crossroads.rings import protection
from crossroads.rings.company import own_process
from crossroads.rings.copying import database_state
from crossroads.rings.descriptors import descriptors
from crossroads.rings.effects import READERS, Effect, is_device, server_name, state_now
from crossroads.rings.findings import Finding
from crossroads.rings.quiet import is_quiet, unrecorded
from crossroads.rings.record import MARKED, RETURNED, Record
from crossroads.rings.sockets import OpenSocket, open_sockets

__all__ = ["Leaks"]

_EFFECT: Final = "effect"
_LASTING: Final = "lasting"
_EFFECTS_MAX: Final = 10_000
"""Between two marks; a program that does more to the world than anybody would read is told from one that doesn't."""
_FINDINGS_MAX: Final = 100
_STANDARD: Final = (0, 1, 2)


class Restored(Protocol):
    """Knows which files a return puts back."""

    def covered_at(self, path: str, mark: int) -> bool: ...


class _Current:
    """What the audit hook of this process records into; the hook can't be taken away again."""

    __slots__ = ("is_hooked", "leaks")

    def __init__(self) -> None:
        self.leaks: Leaks | None = None
        self.is_hooked = False


class Leaks:
    """The companion of a ring that records what can't be taken back.

    Args:
        restored: knows which files are put back, and so don't leak; by default what `protect` was told of.
    """

    def __init__(self, restored: Restored | None = None) -> None:
        self._restored = restored or protection.of_this_ring()
        self._record = Record()
        self._known: set[tuple[str, str]] = set()
        self._sockets: dict[tuple[int, int], OpenSocket] = {}
        self._own = {own_process()}
        self._effects_count = 0
        current.leaks = self
        if not current.is_hooked:
            current.is_hooked = True
            sys.addaudithook(_hook)

    def add(self, effect: Effect) -> None:
        """Record an effect; one that is known since the last mark already isn't recorded again."""
        key = (effect.what, effect.subject)
        if (key in self._known and not effect.count) or self._effects_count >= _EFFECTS_MAX:
            return
        self._known.add(key)
        self._effects_count += 1
        self._record.add(_EFFECT, [effect.what, effect.subject, list(effect.before), effect.count])

    def since(self, mark: int) -> list[Finding]:
        """All that leaked since a mark was laid, in whatever life."""
        entries = list(self._record.entries())
        places = [place for place, entry in enumerate(entries) if entry == (MARKED, mark)]
        return self._findings(entries[places[-1] if places else 0 :], mark)

    def marked(self, mark: int) -> None:
        """From here on effects belong to this mark."""
        with unrecorded():
            self._own.add(own_process())
            self._record.add(MARKED, mark)
            self._known.clear()
            self._effects_count = 0
            self._sockets = {one.identity: one for one in self._outside()}

    def returning(self, mark: int, force: bool) -> None:
        """Note the connections that this life leaves, and how much was sent over them."""
        with unrecorded():
            for one in self._outside():
                before = self._sockets.get(one.identity)
                if before is None and one.peer:
                    self.add(Effect("connection", one.peer))
                sent = (one.sent_bytes or 0) - ((before.sent_bytes or 0) if before is not None else 0)
                if sent > 0:
                    self.add(Effect("sent", one.name, count=sent))

    def returned(self, mark: int) -> Sequence[Finding]:
        """Name what the lives that were discarded by this return have left in the world."""
        with unrecorded():
            findings = self._findings(self._record.lived_since(mark), mark)
            self._record.add(_LASTING, [[finding.subject, finding.text] for finding in findings])
            self._record.add(RETURNED, mark)
            return findings

    def ended(self) -> Sequence[Finding]:
        """Name all that discarded lives have left in the world, and record no more."""
        if current.leaks is self:
            current.leaks = None
        lasting = [tuple(pair) for name, pairs in self._record.entries() if name == _LASTING for pair in pairs]
        self._record.close()
        return [_leak(subject, text) for subject, text in dict.fromkeys(lasting)]

    def _outside(self) -> list[OpenSocket]:
        own = [one for one in descriptors() if one.number not in _STANDARD]
        return [one for one in open_sockets(own, self._own) if one.is_outside and not one.is_listening]

    def _findings(self, entries: Sequence[tuple[str, Any]], mark: int) -> list[Finding]:
        effects: dict[tuple[str, str], Effect] = {}
        for name, value in entries:
            if name == _EFFECT:
                what, subject, before, count = value
                first = effects.get((what, subject))
                state, so_far = (first.before, first.count) if first is not None else (tuple(before), 0)
                effects[what, subject] = Effect(what, subject, state, so_far + count)
        texts = {(effect.subject, text): None for effect in effects.values() for text in self._texts(effect, mark)}
        findings = [_leak(subject, text) for subject, text in texts]
        if len(findings) > _FINDINGS_MAX:
            rest = len(findings) - _FINDINGS_MAX
            findings[_FINDINGS_MAX:] = [_leak("more", f"{rest:,} more effects can't be taken back either")]
        return findings

    def _texts(self, effect: Effect, mark: int) -> Iterator[str]:
        if effect.what in ("file", "database") and self._restored.covered_at(effect.subject, mark):
            return
        text = _TEXTS[effect.what](effect)
        if text:
            yield text


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    leaks = current.leaks
    if leaks is None:
        return
    reader = READERS.get(event)
    if reader is None or is_quiet():
        return
    try:
        with unrecorded():
            for effect in reader(*arguments):
                leaks.add(effect)
    except Exception:
        # Whatever this raised would come out of the program's own call.
        pass


def _file_text(effect: Effect) -> str:
    before, now = effect.before, state_now(effect.subject)
    if is_device(effect.subject):
        return f"{effect.subject} was written to"
    if before == now:
        return ""
    deed = "made" if before == (-1,) else "removed" if now == (-1,) else "changed"
    return f"{effect.subject} was {deed}, and isn't protected"


def _database_text(effect: Effect) -> str:
    if effect.before == database_state(effect.subject):
        return ""
    return f"the database {effect.subject} was changed, and isn't protected"


def _connection_text(effect: Effect) -> str:
    server = server_name(effect.subject)
    return f"the {server} server at {effect.subject} was reached" if server else f"a connection to {effect.subject} was asked for"


_TEXTS: Final[dict[str, Callable[[Effect], str]]] = {
    "file": _file_text,
    "database": _database_text,
    "connection": _connection_text,
    "datagram": lambda effect: f"datagrams were sent to {effect.subject}",
    "sent": lambda effect: f"{effect.count:,} bytes were sent to {effect.subject}",
    "process": lambda effect: f"a process was started: {effect.subject}",
    "fork": lambda effect: "the program forked",
    "signal": lambda effect: f"{effect.subject} was sent",
}


def _leak(subject: str, text: str) -> Finding:
    return Finding("leak", subject, text, False)


current = _Current()
