cimport cython

cdef class Descriptor:
    cdef public object endpoint, number, inheritable
    @cython.locals(endpoint=Endpoint)
    cpdef bint is_readable(self) except -1
    @cython.locals(endpoint=Endpoint)
    cpdef bint is_writable(self) except -1

cdef class Endpoint:
    cdef public object network, course
    cdef public object host, family, kind, proto
    cdef public dict options
    cdef public object error
    cdef public bint closed
    cdef public object local, remote, bound_ip
    cdef public Descriptor descriptor
    cdef public list others
    cpdef bint is_readable(self) except -1
    cpdef bint is_writable(self) except -1
    cpdef touch(self)
