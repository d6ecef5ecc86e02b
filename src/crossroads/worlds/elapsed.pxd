cdef class Elapsed:
    cdef public Py_ssize_t elapsed_ns
