cdef Py_ssize_t HELD

cdef class Digest:
    cdef object _hash
    cdef list _held
    cpdef hold(self, tuple parts)
    cdef _fold(self)
