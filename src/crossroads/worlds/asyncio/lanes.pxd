cimport cython

cdef class Lane:
    cdef public object network
    cdef public object course, here, there, label, receiver, last
    cdef public bint lossy
    cpdef launch(self, label, arrive, certain=*)
    cpdef fly(self, label, arrive, double least=*)
