"""The `random` module under control: its functions, every `random.Random`, and through `os.urandom` also SystemRandom, secrets and uuid.

`random.Random` is changed in place, not replaced: subclasses, pickles, isinstance and names bound early are as ever, and no metaclass gets
in the way of a program's own. Out of reach: a subclass that calls neither `Random.__init__` nor `Random.seed` is seeded by CPython's C code
from the system, and a subclass that keeps a state of its own keeps it.
"""

import _random
import os
import random
import tempfile
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakValueDictionary

from crossroads.timeline.hashing import fold
from crossroads.worlds.imports import on_import
from crossroads.worlds.patches import Patches
from crossroads.worlds.pool import Pool
from crossroads.worlds.twister import head

_set_seed: Final[Any] = _random.Random.seed
_get_state: Final[Any] = _random.Random.getstate
_set_state: Final[Any] = _random.Random.setstate
_get_bits: Final[Any] = _random.Random.getrandbits
_stock_seed: Final[Any] = random.Random.seed

FUNCTIONS: Final = tuple(name for name in random.__all__ if not isinstance(getattr(random, name), type))
DRAWS: Final = tuple(name for name in FUNCTIONS if name not in ("seed", "getstate", "setstate"))

NODE: Final = 0x02005E100001
"""The hardware address in uuid1: a locally administered one."""

_KIND: Final = "random"


class _RandomSource:
    """A `random.Random`: its Mersenne Twister, and the second number of a pair that `gauss` keeps."""

    __slots__ = ("_random", "ident")

    def __init__(self, instance: random.Random) -> None:
        self._random = instance
        self.ident = id(instance)

    def digest(self) -> bytes:
        gauss = self._gauss()
        return head(self._random) if gauss is None else fold(0, head(self._random) + repr(gauss).encode())

    def last_digest(self) -> bytes:
        return repr((_KIND, _get_bits(self._random, 128), self._gauss())).encode()

    def take(self, number: int) -> bytes:
        _set_seed(self._random, number)
        self._random.gauss_next = None  # type: ignore[attr-defined]
        return head(self._random)

    def is_fresh(self, taken: object) -> bool:
        return head(self._random) == taken and self._gauss() is None

    def _gauss(self) -> object:
        return getattr(self._random, "gauss_next", None)


class Randoms:
    """Patches of `random`, `os.urandom`, `uuid` and `tempfile`, and the living instances of `random.Random` made since."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._patches = Patches()
        self._living: WeakValueDictionary[int, random.Random] = WeakValueDictionary()
        self._cancels: list[Callable[[], None]] = []
        self._module_instance: random.Random | None = None

    def install(self) -> None:
        """Patch; the module's functions then belong to a new instance.

        The old one is reseeded from the system in every forked child (`random` registers that with os.register_at_fork).
        """
        self._exempt_tempfile()
        self._patch_system()
        self._patch_class()
        instance = self._module_instance = random.Random()
        self._patches.set(random, "_inst", instance)
        for name in FUNCTIONS:
            self._patch_function(name, getattr(instance, name))
        self._cancels = [
            on_import("uuid", self._patch_uuid),
            on_import("secrets", self._patch_secrets),
            # It draws a key when it is imported, which many packages do; that is no use of entropy by the program.
            on_import("multiprocessing.process", lambda module: None, during=self._pool.aside),
        ]

    def uninstall(self) -> None:
        """Undo; instances made meanwhile keep their states and are stock ones from now on."""
        for cancel in self._cancels:
            cancel()
        self._patches.undo()
        self._living.clear()

    def keep(self) -> Callable[[], None]:
        """Keep the present states; what is returned forgets the instances made since, and lets an epoch begin that finds those states."""
        kept = []
        for instance in list(self._living.values()):
            state = _get_state(instance)
            kept.append((instance, _RandomSource(instance).last_digest()))
            _set_state(instance, state)
        digests = {id(instance): digest for instance, digest in kept}

        def rewind() -> None:
            if len(self._living) > len(kept):
                self._living.clear()
                self._living.update({id(instance): instance for instance, _ in kept})
            self._pool.due = dict(digests)

        return rewind

    def sources(self) -> list[_RandomSource]:
        """All living instances, the module's included."""
        return [_RandomSource(instance) for reference in self._living.valuerefs() if (instance := reference()) is not None]

    @property
    def has_generators(self) -> bool:
        """Whether there are others than the module's own."""
        return any(instance is not self._module_instance for instance in list(self._living.values()))

    def _patch_system(self) -> None:
        pool, patches = self._pool, self._patches

        def urandom(size: int, /) -> bytes:
            """Return a bytes object containing random bytes."""
            return pool.urandom(size)

        def getrandom(size: int, flags: int = 0) -> bytes:
            """Obtain a series of random bytes."""
            return pool.urandom(size)

        patches.set(os, "urandom", urandom)
        patches.set(random, "_urandom", urandom)
        if hasattr(os, "getrandom"):
            patches.set(os, "getrandom", getrandom)

    def _patch_class(self) -> None:
        pool, living = self._pool, self._living

        def seed(self: random.Random, a: Any = None, version: int = 2) -> None:
            if pool.on_first_use is not None:
                pool.first_use()
            if a is None:
                _set_seed(self, pool.unseeded())
                self.gauss_next = None  # type: ignore[attr-defined]
            else:
                _stock_seed(self, a, version)
                _set_seed(self, pool.seeded(_KIND, _get_bits(self, 128).to_bytes(16, "big")))
            pool.made = True
            living[id(self)] = self

        seed.__doc__, seed.__qualname__ = _stock_seed.__doc__, _stock_seed.__qualname__
        self._patches.set(random.Random, "seed", seed)
        if pool.draws:
            for cls in (random.SystemRandom, random.Random):
                for name in DRAWS:
                    self._patches.set(cls, name, pool.drawing(f"{cls.__name__}.{name}", getattr(cls, name)))

    def _patch_function(self, name: str, bound: Callable[..., Any]) -> None:
        pool = self._pool
        if pool.draws and name in DRAWS:
            self._patches.set(random, name, _public(pool.drawing(f"random.{name}", bound), name))
            return
        self._patches.set(random, name, bound)
        pool.covers.add(random, name, _public(pool.thin(bound), name))

    def _patch_uuid(self, uuid: Any) -> None:
        self._patches.set(uuid, "_generate_time_safe", None)
        self._patches.set(uuid, "_UuidCreate", None)
        self._patches.set(uuid, "_node", NODE)
        self._patches.set(uuid, "_last_timestamp", None)

    def _patch_secrets(self, secrets: Any) -> None:
        # Bound methods of SystemRandom, taken before or after its methods were wrapped: always those of now.
        system = secrets._sysrand
        self._patches.set(secrets, "randbits", system.getrandbits)
        self._patches.set(secrets, "choice", system.choice)

    def _exempt_tempfile(self) -> None:
        """Give tempfile a stock Random: names that a program never sees are no part of its fate, and futures must not share them."""
        self._patches.set(tempfile, "_Random", _stock_class())
        self._patches.set(tempfile, "_name_sequence", None)


def stock_random(seed: int) -> random.Random:
    """A generator that no world varies: for what chooses a program's inputs, and is no part of its fate."""
    kind: Any = vars(tempfile)["_Random"]
    generator: random.Random = kind(seed)
    return generator


def _stock_class() -> type[random.Random]:
    """A Random that stays as `random.Random` is before it is patched."""
    methods: dict[str, Any] = {name: getattr(_random.Random, name) for name in ("random", "getrandbits")}
    for name, value in vars(random.Random).items():
        if callable(value) and (not name.startswith("__") or name == "__init__"):
            methods[name] = value
    return type("Random", (random.Random,), methods)


def _public(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The function as a member of the module `random`, so that it can be pickled by name."""
    function.__module__, function.__name__, function.__qualname__ = "random", name, name
    return function
