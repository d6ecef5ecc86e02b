"""Callbacks that are to run soon, and the running of those of one pass. `handles.py` is the same in Python.

Handles are objects of the stock class, or of one that adds nothing to it; their slots are read and written where they lie.
"""

from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF

from asyncio import events
from asyncio.format_helpers import _format_callback_source

from crossroads.worlds.asyncio.guises import named_as

cdef extern from "structmember.h":
    ctypedef struct PyMemberDef:
        Py_ssize_t offset

cdef extern from "Python.h":
    ctypedef struct PyMemberDescrObject:
        PyMemberDef *d_member
    object PyContext_CopyCurrent()
    int PyContext_Enter(object context) except -1
    int PyContext_Exit(object context) except -1
    object PyObject_CallObject(object callback, object args)
    object PyType_GenericAlloc(PyTypeObject *kind, Py_ssize_t items)


@named_as(events.Handle)
class QuickHandle(events.Handle):
    """A handle made while its loop isn't in debug mode."""

    __slots__ = ()


cdef Py_ssize_t place_of(str name) except -1:
    """Where an object of the class has this slot."""
    descriptor = events.Handle.__dict__[name]
    if type(descriptor).__name__ != "member_descriptor":
        raise ImportError(f"asyncio.Handle.{name} is no slot in this Python")
    return (<PyMemberDescrObject *><PyObject *>descriptor).d_member.offset


cdef Py_ssize_t CALLBACK = place_of("_callback")
cdef Py_ssize_t ARGS = place_of("_args")
cdef Py_ssize_t CANCELLED = place_of("_cancelled")
cdef Py_ssize_t LOOP = place_of("_loop")
cdef Py_ssize_t TRACEBACK = place_of("_source_traceback")
cdef Py_ssize_t REPR = place_of("_repr")
cdef Py_ssize_t CONTEXT = place_of("_context")

cdef object quick = QuickHandle
cdef object stock = events.Handle
cdef object stock_run = events.Handle._run


cdef inline void put(object handle, Py_ssize_t place, object value) noexcept:
    """Fill an empty slot."""
    Py_INCREF(value)
    (<PyObject **>(<char *><PyObject *>handle + place))[0] = <PyObject *>value


cdef inline object get(object handle, Py_ssize_t place):
    cdef PyObject *value = (<PyObject **>(<char *><PyObject *>handle + place))[0]
    if value is NULL:
        raise AttributeError("a slot of a handle is empty")
    return <object>value


def make_handle(callback, args, loop, context):
    """A handle, as its class makes it."""
    handle = PyType_GenericAlloc(<PyTypeObject *>quick, 0)
    put(handle, CONTEXT, PyContext_CopyCurrent() if context is None else context)
    put(handle, LOOP, loop)
    put(handle, CALLBACK, callback)
    put(handle, ARGS, args)
    put(handle, CANCELLED, False)
    put(handle, REPR, None)
    put(handle, TRACEBACK, None)
    return handle


def run_ready(ready):
    """Run what is ready now, in order; what is added meanwhile stays for the next pass."""
    popleft = ready.popleft
    cdef Py_ssize_t left = len(ready)
    cdef bint is_stock = False
    kind = None
    while left:
        left -= 1
        handle = popleft()
        if type(handle) is not kind:
            kind = type(handle)
            is_stock = isinstance(handle, stock) and kind._run is stock_run
        if not is_stock:
            if not handle._cancelled:
                handle._run()
        elif get(handle, CANCELLED) is not True:
            run(handle)


cdef int run(object handle) except -1:
    """What the method of the same name does."""
    context = get(handle, CONTEXT)
    try:
        PyContext_Enter(context)
        try:
            PyObject_CallObject(get(handle, CALLBACK), get(handle, ARGS))
        finally:
            PyContext_Exit(context)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        callback = _format_callback_source(handle._callback, handle._args)
        told = {"message": f"Exception in callback {callback}", "exception": error, "handle": handle}
        if handle._source_traceback:
            told["source_traceback"] = handle._source_traceback
        handle._loop.call_exception_handler(told)
    return 0
