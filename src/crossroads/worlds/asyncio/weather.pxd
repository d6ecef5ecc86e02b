cimport cython
cimport libc.math as math

cdef double _MEAN_1, _MEAN_2, _MEAN_3, _MEAN_4, _MEAN_5
cdef double _PART_1, _PART_2, _PART_3, _PART_4, _PART_5

cdef class Style:
    cdef readonly object name
    cdef readonly double coincidence, laggard, late, pace, weight

cpdef double beyond(double time) noexcept
@cython.locals(rest=double, mean=double, weight=double, above_low=double, part=double, latency=double)
cpdef double between(double low, double high, double chance, double u) except? -1
