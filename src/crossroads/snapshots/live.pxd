cimport cython
from crossroads.timeline.keys cimport Units
from crossroads.timeline.digests cimport Digest
from crossroads.timeline.weights cimport pick, probability

cdef object _NO_LABEL

cdef class LiveRun:
    cdef public Py_ssize_t index
    cdef public bint begun
    cdef public object kind, label
    cdef public Py_ssize_t marks
    cdef public list choices, trace
    cdef public object pause, pauses, observe
    cdef public object _fate, _step_limit, _end
    cdef public Py_ssize_t _stop
    cdef public object _plan
    cdef public bint _is_forced
    cdef public Py_ssize_t _choices_max
    cdef public Units units
    cdef public Digest _digest
    cdef public object _mark_label, _text
    cdef public dict _occurrences, _fours
    cdef public object _calm
    cdef public bint _tracing
    cdef public object _traced
    cdef public Py_ssize_t _draws, _draw_mask, _next_thinning
    cdef public object _last_print, _actor, _locate, _lines
    cdef public Py_ssize_t _next_collection

    cpdef mark(self, label)
    cpdef event(self, label, actor=*, locate=*)
    @cython.locals(index=Py_ssize_t, count=Py_ssize_t, occurrence=Py_ssize_t)
    cpdef choose(self, kind, label, options, weights, locate=*, u=*)
    cpdef took(self, double seconds)
    @cython.locals(occurrence=Py_ssize_t)
    cpdef tuple four(self, name)
    cdef _happen(self, kind, label)
    cdef _relabel(self, kind, label)
