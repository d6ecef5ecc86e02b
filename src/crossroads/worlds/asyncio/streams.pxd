cimport cython
from crossroads.worlds.asyncio.endpoints cimport Endpoint
from crossroads.worlds.asyncio.inbox cimport Inbox
from crossroads.worlds.asyncio.lanes cimport Lane

cdef object partial

cdef class Stream(Endpoint):
    cdef public Py_ssize_t _mark, _messages, outstanding, window
    cdef public bint announced, can_send, direct, end_landed, ended, finished, shut_read
    cdef public Inbox inbox
    cdef public Lane lane
    cdef public object listener, request
    cdef public Stream peer
    cdef public int state
    cpdef bint is_readable(self) except -1
    cpdef bint is_writable(self) except -1
    @cython.locals(size=Py_ssize_t, room=Py_ssize_t)
    cpdef send(self, data, flags=*)
    @cython.locals(first=Py_ssize_t)
    cdef _dispatch(self, data, Py_ssize_t size)
    cpdef recv(self, size, flags=*)
    cpdef make_room(self, Py_ssize_t size)
    cpdef take(self, data)
