"""Functions, code and classes of an interpreter that is to be forked from, made lasting: their references are no longer counted.

CPython counts a reference by writing into the object, and each page that a forked child writes into is copied: 2 µs, a hundred times in a
short life. What the library and we have defined by then lives as long as the process anyway. Source: PEP 683, immortal objects, which
CPython's garbage collector knows to leave alone.
"""

import ctypes
import gc
import sys
import sysconfig
from collections.abc import Iterator
from types import BuiltinFunctionType, CodeType, FunctionType, MethodDescriptorType, ModuleType, WrapperDescriptorType
from typing import Any, Final

_VERSIONS: Final = ((3, 12), (3, 13))
"""CPythons that have the count of an immortal object in this place; 3.11 has none."""

_LASTING: Final = 0xFFFF_FFFF
_OWNERS: Final = (type, ModuleType, BuiltinFunctionType, MethodDescriptorType, WrapperDescriptorType)


def make_lasting() -> int:
    """Make the functions, classes and modules that there are now lasting: the number of objects, 0 where this isn't possible."""
    if not _is_possible():
        return 0
    lasting = {id(thing): thing for owner in gc.get_objects() for thing in _parts(owner)}
    for address in lasting:
        _count(address).value = _LASTING
    return len(lasting)


def _is_possible() -> bool:
    is_known = (
        sys.version_info[:2] in _VERSIONS and not sysconfig.get_config_var("Py_GIL_DISABLED") and not hasattr(sys, "gettotalrefcount")
    )
    return is_known and sys.byteorder == "little" and _count(id(None)).value == _LASTING


def _count(address: int) -> ctypes.c_uint32:
    return ctypes.c_uint32.from_address(address)


def _parts(owner: Any) -> Iterator[object]:
    if isinstance(owner, FunctionType):
        yield from (owner, owner.__globals__, owner.__defaults__, *(owner.__closure__ or ()))
        yield from _codes(owner.__code__)
    elif isinstance(owner, _OWNERS):
        yield owner


def _codes(code: CodeType) -> Iterator[object]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
        else:
            yield constant
