
cdef class Descriptor:
    cdef public object endpoint, number, inheritable

cdef class Endpoint:
    cdef public object network, course
    cdef public object host, family, kind, proto
    cdef public dict options
    cdef public object error
    cdef public bint closed
    cdef public object local, remote, bound_ip
    cdef public Descriptor descriptor
    cdef public list others
    cpdef touch(self)
