cimport cython
# Half to even, as Python's does.
from libc.math cimport llrint as round
from crossroads.snapshots.live cimport LiveRun
from crossroads.worlds.asyncio.passage cimport Passage
from crossroads.worlds.asyncio.weather cimport Style, between, beyond
from crossroads.worlds.elapsed cimport Elapsed

cdef class Position:
    cdef object _name, _traffic

@cython.final
cdef class Traffic:
    cdef public object describe, locate, overdue, touch, rival, _locating
    cdef public LiveRun chooser
    cdef public Elapsed _clock
    cdef public Py_ssize_t pass_ns, limit_ns
    cdef public Py_ssize_t hidden
    cdef tuple _positions
    cdef public list _open
    cdef public list _settled
    cdef public list _settling
    cdef public Py_ssize_t _order
    cdef public Py_ssize_t _spins
    cdef public Style _style
    cdef public dict _paces
    cdef public object _settles
    cdef public object _told
    cdef public object _split_label, _split_units, _split_numbers
    @cython.locals(order=Py_ssize_t, flight=Passage, before=Passage)
    cpdef Passage launch(self, label, arrive, behind=*, double least=*)
    @cython.locals(u=double)
    cpdef Py_ssize_t split(self, label, Py_ssize_t size) except -1
    @cython.locals(now=Py_ssize_t, due=Py_ssize_t, following=Py_ssize_t, head=Py_ssize_t, floor=Py_ssize_t, target=Py_ssize_t)
    cpdef bint poll(self, timers, bint idle) except -1
    @cython.locals(now=Py_ssize_t, count=Py_ssize_t)
    cpdef bint tick(self) except -1
    @cython.locals(head=Passage)
    cdef Py_ssize_t _next_due(self) except -1
    @cython.locals(floor=Py_ssize_t, flight=Passage)
    cdef Py_ssize_t _next_floor(self) except -1
    @cython.locals(later=Py_ssize_t, time=Py_ssize_t, gap=Py_ssize_t, late=double, is_rounded=bint)
    cdef Py_ssize_t _wake(self, Py_ssize_t target, Py_ssize_t head, Py_ssize_t due, Py_ssize_t following) except -1
    @cython.locals(settled=list, flight=Passage, follower=Passage)
    cdef _land(self, Py_ssize_t now, Py_ssize_t due, rival)
    @cython.locals(still=list, flights=list, flight=Passage)
    cdef _settle_open(self, Py_ssize_t now, Py_ssize_t due, timer)
    @cython.locals(since=Py_ssize_t, known=Py_ssize_t, rival_time=Py_ssize_t, head=Py_ssize_t, pace=double, low=double, left=double, high=double, after=double, taken=int, seconds=double, left_then=double)
    cdef bint _settle(self, Passage flight, Py_ssize_t now, Py_ssize_t due, timer) except -1
    @cython.locals(near=double, style=Style)
    cdef int _race(self, Passage flight, rival, double after) except -1
    cdef bint _alone(self, Passage flight, double low, double left, double pace) except -1
    cpdef tuple _locate(self)
    @cython.locals(distance=Py_ssize_t)
    cdef Py_ssize_t _beside(self, Passage flight, Py_ssize_t now, Py_ssize_t rival_time, int side) except? -1
    cdef tuple _numbers(self, Passage flight)
    cdef tuple _draw(self, Passage flight)
    @cython.locals(style=Style)
    cdef double _pace(self, Passage flight) except? -1
    cpdef bint is_reversed(self, list sockets) except -1

cdef object heappop, heappush
cdef Py_ssize_t NEVER, ROUNDED_NS, LATE_NS, SLOWER
cdef double NEAR, RACE_MIN, SPLIT

@cython.locals(flight=Passage)
cdef Passage _depart(label, arrive, Py_ssize_t since, Py_ssize_t least, Py_ssize_t order)
