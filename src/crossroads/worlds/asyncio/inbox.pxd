cdef class Inbox:
    cdef object _pieces
    cdef Py_ssize_t _start
    cdef public Py_ssize_t size
    cpdef add(self, bytes piece)
    cpdef bytes take(self, Py_ssize_t size)
