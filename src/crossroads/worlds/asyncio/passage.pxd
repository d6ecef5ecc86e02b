cdef class Passage:
    cdef public object label
    cdef public object arrive
    cdef public Py_ssize_t since, floor, known, due
    cdef public Py_ssize_t order
    cdef public bint landed, dropped
    cdef public list followers
    cdef public int lost
    cdef public double pace
    cdef public object socket, units
    cdef public tuple numbers
