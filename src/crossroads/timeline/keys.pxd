cdef class Units:
    cdef object _key, _keyed, _four_of
    cpdef double draw(self, kind, name, occurrence) except? -1
    cpdef tuple four(self, name, occurrence)
