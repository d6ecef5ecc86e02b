"""Hashes of objects that have none of their own: numbers in the order in which they were first asked for, rather than addresses.

Sets of such objects (connections, members of a room, events) iterate in the order of their hashes. Stock Python takes them from addresses,
which differ between a life, the same life with its points recorded, and the next machine; from here on they are the run's.

It is `object.__hash__` that is exchanged, in the descriptor that classes made later take it from and in classes that there are already.
Objects that were there before keep their addresses' hashes, as they may lie in dictionaries; so do those that can't be held weakly.
"""

import ctypes
import gc
import sysconfig
import weakref
from _weakrefset import _IterationGuard  # type: ignore[attr-defined]
from asyncio import AbstractEventLoop, Future, Task
from collections.abc import Callable, Iterator
from types import AsyncGeneratorType, FunctionType
from typing import Any, Final
from zlib import crc32

HASH_MASK: Final = 2**60 - 1
CALM_FACTOR: Final = 1

MIDDLE: Final = 0x5554
"""The hash of the first object: in the middle of a set's table, whether that has 8, 32, 128 or more places, so that there is room on both
sides of it."""

KNOWN_MAX: Final = 100_000
"""Objects remembered before those that are gone are looked for."""

_HASH_SLOT: Final = 15 * 8
"""Where CPython's PyTypeObject has `tp_hash`, and below where PyWrapperDescrObject has `d_wrapped`, in 64-bit builds."""

_WRAPPED: Final = 6 * 8

_HEAP_TYPE, _COLLECTED = 1 << 9, 1 << 14
_C_TYPES: Final = frozenset(map(id, (AsyncGeneratorType, Future, Task)))
_LEFT: Final = (type, AbstractEventLoop, _IterationGuard)
"""Left as they are: classes, most of which have been hashed by now, loops, which asyncio looks up at each step of a task, and what shows
a weak set that it is being looked at."""

_names, _flags, _weakly, _qualname, _order = (
    type.__dict__[name].__get__ for name in ("__dict__", "__flags__", "__weakrefoffset__", "__qualname__", "__mro__")
)
"""What a class says of itself, whatever its metaclass makes of such questions."""

_Hash: Final = ctypes.PYFUNCTYPE(ctypes.c_ssize_t, ctypes.py_object)


def hash_of(number: int, factor: int, salt: int = 0) -> int:
    """The hash of an object.

    Args:
        number: how many of its kind were asked before, >= 0; the first has the same hash under all factors.
        factor: CALM_FACTOR: small sets iterate as their objects came; its negative: the other way round; else shuffled.
        salt: of its kind, 0 <= salt < 2**32.
    """
    offset = number * factor if -1 <= factor <= 1 else number * factor >> 7
    return (salt << 20) + MIDDLE + offset & HASH_MASK


def factor_of(seed: int) -> int:
    """What shuffles hashes in the epoch of a seed."""
    return (seed >> 3) | 1


class Hashes:
    """The hashes of this interpreter's objects, from `install` on. They are for good: an object's hash may never change."""

    def __init__(self) -> None:
        self.choose: Callable[[type], int | None] | None = None
        """Gives the factor of a class when a second object of it is asked; 0: that of the epoch; None: the same, and to be asked again."""
        self.givers: dict[int, Callable[[Any], tuple[int, bool]]] = {}
        """By a class's identity what gives its objects their hashes, and tells whether they are to be kept."""
        self._known: dict[int, tuple[weakref.ref[Any], int]] = {}
        self._kinds: dict[int, tuple[int, int, int | None]] = {}
        self._factor = CALM_FACTOR
        self._limit = KNOWN_MAX
        self._is_installed = False
        self._stock: Callable[[Any], int] = hash

    @property
    def is_installed(self) -> bool:
        """Whether hashes are given."""
        return self._is_installed

    def install(self) -> None:
        """Give hashes from now on, where this interpreter is one whose inside is known."""
        self.reset()
        if self._is_installed or not _is_possible():
            return
        self._is_installed = True
        descriptor = _pointer(object.__dict__["__hash__"], _WRAPPED)
        stock = descriptor.value
        assert stock is not None
        self._stock = _Hash(stock)
        kinds = list(_kinds(stock))
        identities = {id(kind) for kind in kinds}
        for thing in gc.get_objects():
            if id(type(thing)) in identities:
                self._known[id(thing)] = weakref.ref(thing), self._stock(thing)
        hook = _Hash(self._hook())
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(hook))
        ours = ctypes.cast(hook, ctypes.c_void_p).value
        for kind in kinds:
            _pointer(kind, _HASH_SLOT).value = ours
        _pointer(object, _HASH_SLOT).value = descriptor.value = ours

    def adopt(self) -> None:
        """Give hashes to the objects of the program's classes, too, whose `__hash__` is the address in other words."""
        if not self._is_installed:
            return
        kinds = {id(kind): kind for kind in _classes() if _is_by_address(kind)}
        elders = [thing for thing in gc.get_objects() if id(type(thing)) in kinds] if kinds else []
        self._known.update({id(thing): (weakref.ref(thing), hash(thing)) for thing in elders})
        for kind in kinds.values():
            type.__setattr__(kind, "__hash__", object.__hash__)

    def reset(self) -> None:
        """Count anew, under no seed."""
        self._kinds.clear()
        self._factor = CALM_FACTOR

    def begin_epoch(self, seed: int) -> None:
        """Shuffle by this seed what is hashed from now on."""
        self._factor = factor_of(seed)

    def keep(self) -> Callable[[], None]:
        """Keep the present counts; what is returned puts them back."""
        kinds, factor = self._kinds.copy(), self._factor

        def rewind() -> None:
            self._kinds, self._factor = kinds.copy(), factor

        return rewind

    def _hook(self) -> Callable[[Any], int]:
        """What stands in for `object.__hash__`; it looks nothing up in modules, as the last hashes are asked for when these are gone."""
        find, identify, number = self._known.get, id, self._number

        def hash_of(thing: Any) -> int:
            found = find(identify(thing))
            return found[1] if found is not None and found[0]() is thing else number(thing, found)

        return hash_of

    def _number(
        self,
        thing: Any,
        found: tuple[Any, int] | None,
        *,
        is_finalized: Callable[[Any], bool] = gc.is_finalized,
        refer: Callable[[Any], Any] = weakref.ref,
        give: Callable[[int, int, int], int] = hash_of,
        salted: Callable[[bytes], int] = crc32,
        weakly: Callable[[type], int] = _weakly,
        name: Callable[[type], str] = _qualname,
    ) -> int:
        if found is not None and is_finalized(thing):
            # Garbage, whose weak references are cleared before its finalizers run.
            return found[1]
        kind = type(thing)
        if not weakly(kind):
            return self._stock(thing)
        if len(self._known) >= self._limit:
            self._prune()
        giver = self.givers.get(id(kind))
        if giver is not None:
            value, is_kept = giver(thing)
            if is_kept:
                self._known[id(thing)] = refer(thing), value
            return value
        state = self._kinds.get(id(kind))
        count, salt, factor = (0, salted(name(kind).encode()), None) if state is None else state
        self._kinds[id(kind)] = count + 1, salt, factor
        if factor is None and count and self.choose is not None:
            factor = self.choose(kind)
            if factor is not None and count > 1:
                # Those to come lie beside those that came before there was a choice.
                count, salt = 0, salt + 1
            self._kinds[id(kind)] = count + 1, salt, factor
        value = give(count, factor or self._factor, salt)
        self._known[id(thing)] = refer(thing), value
        return value

    def _prune(self) -> None:
        for address, (reference, _) in list(self._known.items()):
            if reference() is None:
                self._known.pop(address, None)
        self._limit = max(KNOWN_MAX, 2 * len(self._known))


HASHES: Final = Hashes()
"""Those of this process: there is one `object`."""


def _is_possible() -> bool:
    """Whether this interpreter's types are as we know them: both places hold the same function."""
    if ctypes.sizeof(ctypes.c_void_p) != 8 or sysconfig.get_config_var("Py_GIL_DISABLED") or sysconfig.get_config_var("Py_TRACE_REFS"):
        return False
    known = [getattr(ctypes.pythonapi, name, None) for name in ("PyObject_GenericHash", "_Py_HashPointer")]
    stock = [ctypes.cast(function, ctypes.c_void_p).value for function in known if function is not None]
    return _pointer(object, _HASH_SLOT).value == _pointer(object.__dict__["__hash__"], _WRAPPED).value in stock


def _kinds(stock: int) -> Iterator[type]:
    """The classes whose objects, from now on, get hashes from here: all that have the stock one and can be found and held weakly."""
    for kind in _classes():
        is_stock = _pointer(kind, _HASH_SLOT).value == stock
        if is_stock and _is_found(kind) and (_flags(kind) & _HEAP_TYPE or id(kind) in _C_TYPES) and not issubclass(kind, _LEFT):
            yield kind


def _is_by_address(kind: type) -> bool:
    """Whether a class hashes its objects by nothing but `id(self)`, and none of them equals anything else, which might have that hash."""
    function = _names(kind).get("__hash__")
    if type(function) is not FunctionType:
        return False
    names, is_plain = {*function.__code__.co_names}, not function.__code__.co_freevars
    is_by_id = is_plain and "id" in names and names <= {"id", "hash"}
    return is_by_id and _equals_itself_alone(kind) and _is_found(kind) and not issubclass(kind, _LEFT)


def _equals_itself_alone(kind: type) -> bool:
    """Whether `==` of a class is the stock one, or one that looks at nothing but what it is given."""
    equal = next(names["__eq__"] for one in _order(kind) if "__eq__" in (names := _names(one)))
    return equal is object.__eq__ or (type(equal) is FunctionType and not equal.__code__.co_names and not equal.__code__.co_freevars)


def _is_found(kind: type) -> bool:
    """Whether the collector has its objects, and they can be held weakly."""
    return bool(_flags(kind) & _COLLECTED and _weakly(kind))


def _classes() -> Iterator[type]:
    ahead: list[type] = [object]
    seen = {id(object)}
    while ahead:
        kind = ahead.pop()
        yield kind
        subclasses: list[type] = type.__subclasses__(kind)
        below = [one for one in subclasses if id(one) not in seen]
        seen.update(map(id, below))
        ahead += below


def _pointer(thing: Any, offset: int) -> ctypes.c_void_p:
    return ctypes.c_void_p.from_address(id(thing) + offset)
