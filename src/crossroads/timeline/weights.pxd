cimport cython

@cython.locals(rest=double, weight=double, taken=Py_ssize_t, last=Py_ssize_t)
cpdef Py_ssize_t pick(double u, Py_ssize_t count, weights) except -1
cpdef double probability(taken, Py_ssize_t count, weights) except? -1
@cython.locals(total=double, weight=double)
cdef double _total(weights) except? -1
