"""Hashes that a life computes for every message, and at its beginning: numbers for a name, the bytes of what happened, and the state that
a source of draws gets. `hashing.py` is the same in Python."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport INT32_MAX, INT32_MIN, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy

import marshal

cdef extern from "blake2.h":
    ctypedef struct blake2_state:
        pass
    void blake2_key(blake2_state *state, const unsigned char *key, size_t key_size, size_t digest_size) noexcept
    void blake2_digest(const blake2_state *keyed, const unsigned char *message, size_t size, uint64_t *words) noexcept

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL

Four = tuple[float, float, float, float]


cdef class KeyedFour:
    cdef blake2_state _keyed

    def __init__(self, bytes key):
        blake2_key(&self._keyed, key, len(key), 32)

    cpdef tuple of(self, str name):
        cdef uint64_t words[8]
        cdef Py_ssize_t size
        held = encoded(name)
        cdef const char *text = chars_of(held, &size)
        blake2_digest(&self._keyed, <const unsigned char *>text, size, words)
        return (_unit(words[0]), _unit(words[1]), _unit(words[2]), _unit(words[3]))


cdef inline object encoded(str text):
    """What has the text's bytes as UTF-8: itself, where it's all ASCII."""
    return text if text.isascii() else text.encode("utf-8", "surrogatepass")


cdef inline const char *chars_of(object held, Py_ssize_t *size) except NULL:
    """Those bytes, while the object is held."""
    if type(held) is bytes:
        size[0] = len(<bytes>held)
        return <const char *><bytes>held
    return PyUnicode_AsUTF8AndSize(held, size)


cdef inline double _unit(uint64_t word) noexcept:
    # The digest's bytes are the word's, least first; they are read as a number whose first byte counts most.
    cdef uint64_t turned = 0
    cdef int place
    for place in range(8):
        turned = turned << 8 | (word >> (8 * place) & 0xFF)
    return <double>(turned >> 11) * 2.0 ** -53


def fold(seed, bytes state):
    cdef blake2_state keyed
    cdef uint64_t words[8]
    cdef char digest[16]
    cdef bytes key = seed.to_bytes(8, "big")
    cdef int place
    blake2_key(&keyed, key, 8, sizeof(digest))
    blake2_digest(&keyed, state, len(state), words)
    for place in range(16):
        digest[place] = <char>(words[place >> 3] >> (8 * (place & 7)) & 0xFF)
    return PyBytes_FromStringAndSize(digest, sizeof(digest))


cdef class _Writer:
    """Writes what `marshal` does in its format 0."""

    cdef char *data
    cdef Py_ssize_t size, room

    def __cinit__(self):
        self.room = 4096
        self.data = <char *>malloc(self.room)
        if self.data is NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.data)

    cdef int head(self, char kind, Py_ssize_t number, Py_ssize_t following) except -1:
        """A type, a number of four bytes, and room for so many more."""
        cdef uint32_t word = <uint32_t>number
        cdef int place
        cdef char *grown
        if self.size + 5 + following > self.room:
            grown = <char *>realloc(self.data, 2 * (self.size + 5 + following))
            if grown is NULL:
                raise MemoryError
            self.data, self.room = grown, 2 * (self.size + 5 + following)
        self.data[self.size] = kind
        for place in range(4):
            self.data[self.size + 1 + place] = <char>(word >> (8 * place) & 0xFF)
        self.size += 5
        return 0

    cdef int text(self, str part) except -1:
        cdef Py_ssize_t size
        held = encoded(part)
        cdef const char *text = chars_of(held, &size)
        self.head(b"u", size, size)
        memcpy(self.data + self.size, text, size)
        self.size += size
        return 0

    cdef int other(self, part) except -1:
        cdef bytes data = marshal.dumps(part, 0)
        self.head(data[0], 0, len(data))
        self.size -= 5
        memcpy(self.data + self.size, <const char *>data, len(data))
        self.size += len(data)
        return 0

    cdef int number(self, part) except -1:
        cdef long long number
        try:
            number = part
        except OverflowError:
            return self.other(part)
        if not INT32_MIN <= number <= INT32_MAX:
            return self.other(part)
        return self.head(b"i", number, 0)


def bytes_of(list held):
    cdef _Writer writer = _Writer()
    cdef tuple parts
    for parts in held:
        writer.head(b"(", len(parts), 0)
        for part in parts:
            if type(part) is str:
                writer.text(<str>part)
            elif type(part) is int:
                writer.number(part)
            elif isinstance(part, str):
                writer.text(str.__str__(part))
            elif type(part) is bool:
                writer.other(part)
            else:
                writer.number(int.__index__(part))
    return PyBytes_FromStringAndSize(writer.data, writer.size)
