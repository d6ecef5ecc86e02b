"""What all randomness of a run hangs on: the present epoch's seed, the stream of bytes, the seeds met so far, and who wants to know.

A *source* is anything with a state that draws come from. At a new epoch each gets a new state, F(seed, present state), where F is a hash:
equal sources stay equal, unequal ones stay unequal, and nothing depends on the order in which they are met or on where they lie in memory.
What the sources are is said by the modules that patch them: `randoms` and `adaptors.numpy`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from hashlib import blake2b, shake_256
from operator import index
from typing import Any, Final, Protocol

from crossroads.timeline.hashing import fold
from crossroads.worlds.patches import Covers

IMPORT_SEED: Final = 0x63726F7373726F61
"""The epoch in which programs are imported, the same in all futures."""

SEEDS_REMEMBERED_MAX: Final = 1_000_000
"""Seeds whose epoch is remembered, at about 150 bytes each; those met later belong to the epoch in which they are used."""


class Source(Protocol):
    """One state that draws come from."""

    @property
    def ident(self) -> int:
        """Tells it from the other living sources."""

    def digest(self) -> bytes:
        """Some bytes for its state, of one length or another; equal states have equal ones. The state stays as it is."""

    def last_digest(self) -> bytes:
        """The like, for a state about to be replaced: of any length, cheaper since it may be disturbed, not comparable with `digest`."""

    def take(self, number: int) -> object:
        """Go on from a new state made of `number`, 0 <= number < 2**128, alone; what is returned is for `is_fresh`."""

    def is_fresh(self, taken: object) -> bool:
        """Whether the state is still the one of the `take` that returned this."""


class Stream:
    """Bytes without end from a key: what `os.urandom` returns. Source: counter mode, here of SHAKE-256."""

    __slots__ = ("_key", "position")

    def __init__(self) -> None:
        self._key = b"crossroads"
        self.position = 0

    def read(self, count: int) -> bytes:
        """The next `count` bytes, 0 <= count."""
        self.position += 1
        return shake_256(self._key + self.position.to_bytes(8, "big")).digest(count)

    def rekey(self, seed: int) -> None:
        """Go on as F(seed, present state)."""
        self._key = fold(seed, self.digest())
        self.position = 0

    def go_to(self, key: bytes, position: int) -> None:
        """Go on from a state that it was in."""
        self._key, self.position = key, position

    def digest(self) -> bytes:
        """Its present state: the key and how often it was read."""
        return self._key + self.position.to_bytes(8, "big")


class Pool:
    """The state that the patches of one interpreter share.

    Args:
        draws: whether `on_draw` may be set later; the patches are heavier then.
    """

    def __init__(self, draws: bool) -> None:
        self.draws: Final = draws
        self.covers: Final = Covers()
        self.reset()

    def reset(self) -> None:
        """Be as new: no epoch has begun, and nobody is told of anything."""
        self.stream = Stream()
        self.epochs: list[int] = []
        self.made = False
        self.given: dict[int, object] = {}
        self.due: dict[int, bytes] = {}
        """By source, the last digest of a state that it is to have again, and that the epoch about to begin replaces at once."""
        self.on_first_use: Callable[[], None] | None = None
        self.on_draw: Callable[[str], None] | None = None
        self._memory: dict[bytes, int] = {}
        self._depth = 0
        self._aside: Stream | None = None

    def keep(self) -> Callable[[], None]:
        """Keep the present state, that of a program just imported; what is returned puts it back."""
        key, position, epochs, made, given = self.stream.digest()[:-8], self.stream.position, list(self.epochs), self.made, dict(self.given)

        def rewind() -> None:
            self.reset()
            self.stream.go_to(key, position)
            self.epochs, self.made, self.given = list(epochs), made, given

        return rewind

    # Epochs.

    def rekey(self, seed: int, sources: Sequence[Source]) -> None:
        """Begin a new epoch in the stream and in these sources."""
        if self.epochs == [IMPORT_SEED]:
            # What was seeded while the program was imported is fate like everything else; remembering its epoch would fix, in all
            # futures, what the program seeds alike later on.
            self._memory.clear()
        self.epochs.append(seed)
        self.stream.rekey(seed)
        self.given = {}
        self.made = False
        due, self.due = self.due, {}
        for source in sources:
            state = due[source.ident] if source.ident in due else source.last_digest()
            self.given[source.ident] = source.take(to_number(fold(seed, state)))

    def seeded(self, kind: str, state: bytes) -> int:
        """The number for a source that the program has just seeded: by its state, and the epoch in which that state was first asked for.

        Args:
            kind: of the source.
            state: equal for equal seeds.
        """
        key = kind.encode() + state
        remember = self._memory.setdefault if len(self._memory) < SEEDS_REMEMBERED_MAX else self._memory.get
        return to_number(fold(remember(key, self.epochs[-1]), key))

    def unseeded(self) -> int:
        """The number for a source that the program makes without a seed."""
        return to_number(self.read(16))

    def latecomer(self, name: str, source: Source) -> None:
        """Key a source of the interpreter's that comes to be late (at an import), as if it had been there from the start.

        So it makes no difference whether an epoch begins before or after that import.
        """
        for count, seed in enumerate(self.epochs):
            state = source.last_digest() if count else name.encode()
            self.given[source.ident] = source.take(to_number(fold(seed, state)))

    def drawn(self, sources: Sequence[Source]) -> bool:
        """Whether anything may have been drawn or made since the epoch began, these being the sources that live now."""
        if self.made or self.stream.position or len(sources) != len(self.given):
            return True
        return any(source.ident not in self.given or not source.is_fresh(self.given[source.ident]) for source in sources)

    def fingerprint(self, sources: Sequence[Source]) -> str:
        """32 hexadecimal digits for the states of the stream and these sources, in whatever order."""
        total = blake2b(self.stream.digest(), digest_size=16)
        for digest in sorted([source.digest() for source in sources]):
            total.update(digest)
        return total.hexdigest()

    # Uses.

    def first_use(self) -> None:
        """Called before each use that could be the first."""
        callback = self.on_first_use
        if callback is not None and self._aside is None:
            self.on_first_use = None
            self.covers.uncover()
            callback()

    def read(self, count: int) -> bytes:
        """The next bytes of the stream, or beside it while something that isn't the program's is going on."""
        return (self._aside or self.stream).read(count)

    def urandom(self, size: Any, /) -> bytes:
        """`os.urandom`."""
        count = index(size)
        if count < 0:
            raise ValueError("negative argument not allowed")
        if self._depth or self._aside is not None:
            return self.read(count)
        self.before("urandom")
        return self.read(count)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """A time in which entropy is used that isn't the program's: nobody is told, and the stream doesn't move."""
        before, self._aside = self._aside, Stream()
        try:
            yield
        finally:
            self._aside = before

    @contextmanager
    def making(self) -> Iterator[None]:
        """The making or seeding of a source: perhaps the first use, but not a draw, whatever it draws inside."""
        self.first_use()
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        self.made = True

    def before(self, name: str) -> None:
        """Tell whoever wants to know that a draw is about to be made."""
        self.first_use()
        if self.on_draw is not None and self._aside is None:
            self._depth += 1
            try:
                self.on_draw(name)
            finally:
                self._depth -= 1

    def drawing(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, telling of each draw; a draw made inside of another one isn't told of."""

        @wraps(function)
        def draw(*args: Any, **kwargs: Any) -> Any:
            if self._depth:
                return function(*args, **kwargs)
            self.before(name)
            self._depth += 1
            try:
                return function(*args, **kwargs)
            finally:
                self._depth -= 1

        return draw

    def thin(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, noticing its first use."""

        @wraps(function)
        def use(*args: Any, **kwargs: Any) -> Any:
            if self.on_first_use is not None:
                self.first_use()
            return function(*args, **kwargs)

        return use


def to_number(digest: bytes) -> int:
    """The number that sources are made from, of a digest of 16 bytes."""
    return int.from_bytes(digest, "big")
