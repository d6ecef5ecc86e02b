cimport cython
from crossroads.worlds.asyncio.endpoints cimport Endpoint

cdef class Lane:
    cdef public object network
    cdef public object course, here, there, label, last
    cdef public Endpoint receiver
    cdef public bint lossy
    cdef bint _names_receiver
    cpdef launch(self, label, arrive, certain=*)
    cpdef fly(self, label, arrive, double least=*)
    cdef _follow(self, label, arrive, double least)
    @cython.locals(receiver=Endpoint)
    cdef _name(self, flight)
