"""`numpy.random` under control, from the moment the program imports it: the legacy functions, RandomState, and all bit generators.

The classes are C types that can't be changed, so subclasses of the same names take their places; a Generator is followed through its bit
generator. numpy is imported nowhere here: everything is taken from the module that the hook is given.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from weakref import WeakValueDictionary

from crossroads.timeline.hashing import fold
from crossroads.worlds.imports import on_import
from crossroads.worlds.patches import Patches
from crossroads.worlds.pool import Pool

BIT_GENERATORS: Final = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
NOT_DRAWS: Final = frozenset({"bit_generator", "spawn", "seed", "get_state", "set_state", "get_bit_generator", "set_bit_generator"})
_MAKE_BIT_GENERATOR: Final = "__bit_generator_ctor"
_TWISTER: Final = "MT19937"
_NOT_STATE: Final = frozenset({"bit_generator", "has_gauss", "gauss"})


class _Stock:
    """What numpy has, as it was before the patch."""

    def __init__(self, numpy_random: Any) -> None:
        self.RandomState: Any = numpy_random.RandomState
        self.Generator: Any = numpy_random.Generator
        self.BitGenerator: Any = numpy_random.BitGenerator
        self.SeedSequence: Any = numpy_random.SeedSequence
        self.default_rng: Any = numpy_random.default_rng
        self.bit_generators: dict[str, Any] = {name: getattr(numpy_random, name) for name in BIT_GENERATORS}
        self._scratch: Any = self.bit_generators[_TWISTER](0)

    def kind(self, bit_generator: Any) -> str | None:
        """The name of the stock class under a bit generator, perhaps of a class of the program's own; None if there is none."""
        for cls in type(bit_generator).__mro__:
            if self.bit_generators.get(cls.__name__) is cls:
                return str(cls.__name__)
        return None

    def fresh_state(self, kind: str, number: int) -> dict[str, Any]:
        """The state that `take` gives."""
        if kind == _TWISTER:
            self._scratch._legacy_seeding(_words(number))
            state: dict[str, Any] = self._scratch.state
        else:
            state = self.bit_generators[kind](self.SeedSequence(number)).state
        return state

    def take(self, kind: str, bit_generator: Any, random_states: list[Any], number: int) -> None:
        """Give a bit generator a new state, made of `number` alone, and let these RandomStates on it hold nothing back."""
        if kind == _TWISTER and random_states and bit_generator.seed_seq is None:
            # Seeding in place costs 8 µs, copying states 100. It forgets the SeedSequence, so it isn't for those that could spawn from one.
            for random_state in random_states:
                self.RandomState.seed(random_state, _words(number))
            return
        state = {**self.fresh_state(kind, number), "bit_generator": type(bit_generator).__name__}
        bit_generator.state = state
        for random_state in random_states:
            self.RandomState.set_state(random_state, {**state, "has_gauss": 0, "gauss": 0.0})


class _NumpySource:
    """A bit generator, with the RandomStates that draw from it, each of which may hold back the second number of a pair."""

    __slots__ = ("_bit_generator", "_kind", "_random_states", "_stock", "ident")

    def __init__(self, stock: _Stock, kind: str, bit_generator: Any, random_states: list[Any]) -> None:
        self._stock = stock
        self._kind = kind
        self._bit_generator = bit_generator
        self._random_states = random_states
        self.ident = id(bit_generator)

    def digest(self) -> bytes:
        state, held = self._state()
        return _digest(self._kind, state, held)

    def last_digest(self) -> bytes:
        if self._kind != _TWISTER or len(self._random_states) > 1:
            return self.digest()
        # Its next draws stand for its state, at a tenth of the cost of reading that.
        held = [repr(self._stock.RandomState.standard_normal(random_state)) for random_state in self._random_states]
        return "|".join([self._kind, *held]).encode() + _next_draws(self._bit_generator)

    def take(self, number: int) -> object:
        self._stock.take(self._kind, self._bit_generator, self._random_states, number)
        return number

    def is_fresh(self, taken: object) -> bool:
        assert isinstance(taken, int), taken
        state, held = self._state()
        return not held and _flat(state) == _flat(self._stock.fresh_state(self._kind, taken))

    def _state(self) -> tuple[dict[str, Any], list[str]]:
        """The state of the bit generator, and what the RandomStates hold back, in no particular order of theirs."""
        states = [self._stock.RandomState.get_state(random_state, legacy=False) for random_state in self._random_states]
        held = sorted(repr(float(state["gauss"])) for state in states if state["has_gauss"])
        state = states[0] if states else self._bit_generator.state
        return {name: value for name, value in state.items() if name not in _NOT_STATE}, held


class NumpyRandoms:
    """Patches of `numpy.random`, and the living generators made since."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._patches = Patches()
        self._bit_generators: WeakValueDictionary[int, Any] = WeakValueDictionary()
        self._random_states: WeakValueDictionary[int, Any] = WeakValueDictionary()
        self._stock: _Stock | None = None
        self._legacy: Any = None
        self._cancel: Callable[[], None] | None = None

    def install(self) -> None:
        """Patch `numpy.random` when it is imported; at once where it is."""
        self._cancel = on_import("numpy.random", self._patch, during=self._pool.aside)

    def uninstall(self) -> None:
        """Undo. Generators made meanwhile stay as they are, of subclasses of numpy's."""
        if self._cancel is not None:
            self._cancel()
        self._patches.undo()
        self._bit_generators.clear()
        self._random_states.clear()
        self._stock = self._legacy = None

    def keep(self) -> Callable[[], None]:
        """Keep the present states; what is returned puts them back, and forgets the generators made since."""
        bit_generators = [(bit_generator, bit_generator.state) for bit_generator in list(self._bit_generators.values())]
        stock = self._stock
        random_states = (
            [(one, stock.RandomState.get_state(one, legacy=False)) for one in list(self._random_states.values())] if stock else []
        )

        def rewind() -> None:
            if self._stock is None:
                return
            self._bit_generators.clear()
            self._random_states.clear()
            for bit_generator, state in bit_generators:
                bit_generator.state = state
                self._bit_generators[id(bit_generator)] = bit_generator
            for random_state, state in random_states:
                assert stock is not None
                stock.RandomState.set_state(random_state, state)
                self._random_states[id(random_state)] = random_state

        return rewind

    def sources(self) -> list[_NumpySource]:
        """All living bit generators, those inside of RandomStates included, each once."""
        found: list[_NumpySource] = []
        if self._stock is None:
            return found
        groups: dict[int, tuple[Any, list[Any]]] = {}
        for bit_generator in list(self._bit_generators.values()):
            groups[id(bit_generator)] = (bit_generator, [])
        for random_state in list(self._random_states.values()):
            inner = random_state._bit_generator
            groups.setdefault(id(inner), (inner, []))[1].append(random_state)
        for bit_generator, random_states in groups.values():
            kind = self._stock.kind(bit_generator)
            if kind is not None:
                found.append(_NumpySource(self._stock, kind, bit_generator, random_states))
        return found

    @property
    def has_generators(self) -> bool:
        """Whether there are others than the one behind the legacy functions."""
        if self._bit_generators:
            return True
        return any(random_state is not self._legacy for random_state in list(self._random_states.values()))

    def _patch(self, module: Any) -> None:
        if self._stock is not None:
            return
        stock = self._stock = _Stock(module)
        classes = {name: self._bit_generator_class(cls) for name, cls in stock.bit_generators.items()}
        classes["RandomState"] = self._random_state_class(stock)
        if self._pool.draws:
            classes["Generator"] = self._generator_class(stock)
        for name, cls in classes.items():
            self._patches.set(module, name, cls)
        self._patch_pickling(module._pickle, stock, classes)
        generator = classes.get("Generator", stock.Generator)
        self._patches.set(module, "default_rng", _default_rng(stock, classes["PCG64"], generator))
        self._patch_legacy(module, stock)

    def _patch_pickling(self, module: Any, stock: _Stock, classes: dict[str, Any]) -> None:
        """Have pickles of stock generators, made elsewhere or before, loaded as generators of ours."""
        for name in [name for name in classes if name in vars(module)]:
            self._patches.set(module, name, classes[name])
        names = {name: classes[name] for name in BIT_GENERATORS}
        self._patches.set(module, "BitGenerators", {**module.BitGenerators, **names})
        stock_make = getattr(module, _MAKE_BIT_GENERATOR)

        @wraps(stock_make)
        def make(bit_generator: Any = "MT19937") -> Any:
            name = getattr(bit_generator, "__name__", bit_generator)
            known = bit_generator is name or bit_generator is stock.bit_generators.get(name)
            return classes[name]() if known and name in classes else stock_make(bit_generator)

        self._patches.set(module, _MAKE_BIT_GENERATOR, make)

    def _patch_legacy(self, module: Any, stock: _Stock) -> None:
        """Put a RandomState of ours behind the legacy functions: also for libraries that take `mtrand._rand` itself, as SciPy does."""
        old = module.mtrand._rand
        with self._pool.aside():
            legacy = self._legacy = module.RandomState.__new__(module.RandomState)
            stock.RandomState.__init__(legacy, 0)
        self._random_states[id(legacy)] = legacy
        self._pool.latecomer("numpy.random", _NumpySource(stock, _TWISTER, legacy._bit_generator, [legacy]))
        self._patches.set(module.mtrand, "_rand", legacy)
        for name in _legacy_names(module):
            function = getattr(module, name)
            bare = getattr(legacy, name) if getattr(function, "__self__", None) is old else function
            for owner in (module, module.mtrand):
                if name in vars(owner):
                    self._patch_function(owner, name, bare)
        if not self._pool.draws:
            for name in _methods(stock.RandomState):
                self._pool.covers.add(legacy, name, self._pool.thin(getattr(legacy, name)))

    def _patch_function(self, owner: Any, name: str, bare: Any) -> None:
        if self._pool.draws and name not in NOT_DRAWS:
            self._patches.set(owner, name, self._pool.drawing(f"numpy.{name}", bare))
        else:
            self._patches.set(owner, name, bare)
            self._pool.covers.add(owner, name, self._pool.thin(bare))

    def _bit_generator_class(self, stock: Any) -> Any:
        pool, living, key = self._pool, self._bit_generators, self._key

        @wraps(stock.__init__)
        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            with pool.making():
                stock.__init__(self, *args, **kwargs)
            if any(value is not None for value in (*args, *kwargs.values())):
                key(self, [])
            living[id(self)] = self

        return _subclass(stock, {"__init__": init})

    def _random_state_class(self, stock: _Stock) -> Any:
        pool, living, key, base = self._pool, self._random_states, self._key, stock.RandomState

        @wraps(base.__init__)
        def init(self: Any, seed: Any = None) -> None:
            with pool.making():
                base.__init__(self, seed)
            if seed is not None and not hasattr(seed, "capsule"):
                key(self._bit_generator, [self])
            living[id(self)] = self

        @wraps(base.seed)
        def reseed(self: Any, seed: Any = None) -> None:
            with pool.making():
                base.seed(self, seed)
            if seed is not None:
                key(self._bit_generator, [self])

        return _subclass(base, {"__init__": init, "seed": reseed, **self._drawing(base)})

    def _generator_class(self, stock: _Stock) -> Any:
        return _subclass(stock.Generator, self._drawing(stock.Generator))

    def _drawing(self, stock: Any) -> dict[str, Any]:
        """Methods that tell of each draw, where draws are told of."""
        if not self._pool.draws:
            return {}
        draws = [name for name in _methods(stock) if name not in NOT_DRAWS]
        return {name: self._pool.drawing(f"{stock.__name__}.{name}", getattr(stock, name)) for name in draws}

    def _key(self, bit_generator: Any, random_states: list[Any]) -> None:
        """Give what has just been seeded the state that belongs to its seed in this run."""
        assert self._stock is not None
        kind = self._stock.kind(bit_generator)
        if kind is not None:
            number = self._pool.seeded(kind, _next_draws(bit_generator))
            self._stock.take(kind, bit_generator, random_states, number)


def _default_rng(stock: _Stock, pcg64: Any, generator: Any) -> Callable[..., Any]:
    @wraps(stock.default_rng)
    def default_rng(seed: Any = None) -> Any:
        if not isinstance(seed, (stock.BitGenerator, stock.Generator, stock.RandomState)):
            return generator(pcg64(seed))
        made = stock.default_rng(seed)
        return made if made is seed else generator(made.bit_generator)

    return default_rng


def _subclass(stock: type, namespace: dict[str, Any]) -> Any:
    """A subclass that passes for the stock class: by name, in pickles, and for isinstance of stock objects."""

    class Passing(type):
        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, stock) if cls is ours else type.__instancecheck__(cls, instance)

        def __subclasscheck__(cls, subclass: Any) -> bool:
            return issubclass(subclass, stock) if cls is ours else type.__subclasscheck__(cls, subclass)

    names = {"__module__": "numpy.random", "__doc__": stock.__doc__}
    ours: Any = Passing(stock.__name__, (stock,), {**names, **namespace})
    return ours


def _legacy_names(module: Any) -> list[str]:
    names = [*module.__all__, "get_bit_generator", "set_bit_generator"]
    found = [name for name in names if callable(getattr(module, name, None)) and not isinstance(getattr(module, name), type)]
    return [name for name in found if name != "default_rng"]


def _methods(stock: Any) -> list[str]:
    return [name for name in dir(stock) if not name.startswith("_") and callable(getattr(stock, name))]


def _words(number: int) -> list[int]:
    """The four words of 32 bits of a number of 128."""
    return [number >> shift & 0xFFFFFFFF for shift in (0, 32, 64, 96)]


def _next_draws(bit_generator: Any) -> bytes:
    """What it would draw next, at least 128 bits of it; this moves it on."""
    return bytes(bit_generator.random_raw(4).tobytes())


def _digest(kind: str, state: Any, held: list[str]) -> bytes:
    return fold(0, b"|".join([kind.encode(), *(text.encode() for text in held), _flat(state)]))


def _flat(value: Any) -> bytes:
    """Bytes for a state as numpy gives it: nested dicts of numbers and arrays."""
    if isinstance(value, dict):
        parts = [name.encode() + b"=" + _flat(value[name]) for name in sorted(value) if name != "bit_generator"]
        return b"{" + b",".join(parts) + b"}"
    if hasattr(value, "tobytes"):
        return bytes(value.tobytes())
    return repr(int(value)).encode()
