cimport cython
from crossroads.worlds.asyncio.traffic cimport Traffic

cdef class Readiness:
    cdef public object timers, own
    cdef public set paused
    cdef public dict keys, perhaps
    cdef Traffic _traffic
    cdef object _stuck
    cdef dict _sockets
    cdef Py_ssize_t _polls, _collections

    cpdef touch(self, socket)
    cpdef list select(self, timeout=*)
    @cython.locals(polls=Py_ssize_t, perhaps=dict, traffic=Traffic, ready=list)
    cpdef list poll(self, bint idle)
    @cython.locals(found=list, idle=list, keys=dict, sockets=dict, paused=set, events=Py_ssize_t, mask=Py_ssize_t)
    cpdef list ready(self)

cdef Py_ssize_t POLLS_A_LOOK
