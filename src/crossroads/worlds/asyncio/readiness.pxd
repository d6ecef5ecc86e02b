cimport cython
from crossroads.worlds.asyncio.endpoints cimport Descriptor
from crossroads.worlds.asyncio.traffic cimport Traffic

cdef class Watched:
    cdef object key
    cdef public Descriptor descriptor
    cdef Py_ssize_t events
    @cython.locals(events=Py_ssize_t, descriptor=Descriptor, mask=Py_ssize_t)
    cdef Py_ssize_t ready(self) except -1

cdef class Readiness:
    cdef public object timers, own
    cdef public set paused
    cdef public dict keys, perhaps
    cdef Traffic _traffic
    cdef object _stuck
    cdef dict _watched
    cdef Py_ssize_t _polls, _collections

    @cython.locals(watched=Watched)
    cpdef touch(self, Descriptor descriptor)
    cpdef list select(self, timeout=*)
    @cython.locals(polls=Py_ssize_t, perhaps=dict, traffic=Traffic, ready=list)
    cpdef list poll(self, bint idle)
    @cython.locals(found=list, idle=list, watched=Watched, paused=set, mask=Py_ssize_t)
    cpdef list ready(self)

cdef Py_ssize_t POLLS_A_LOOK, COUNTED_EVERY, READ, WRITE
