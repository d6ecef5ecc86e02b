"""The bytes of a file into another: shared where the file system can (a reflink costs nothing), copied by the kernel otherwise.

Holes stay holes. The target keeps its inode, so that descriptors and mappings of it go on being good.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from typing import Final

__all__ = ["copy_contents"]

_FICLONE: Final = 0x40049409
_COPY_BYTES: Final = 1 << 30
_CHUNK_BYTES: Final = 1 << 20
_UNSUPPORTED: Final = frozenset((errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTTY, errno.EBADF, errno.ETXTBSY))
_lseek, _pread, _pwrite, _truncate, _fstat = os.lseek, os.pread, os.pwrite, os.ftruncate, os.fstat
_ioctl = fcntl.ioctl


def copy_contents(source: int, target: int) -> None:
    """Make `target` hold what `source` holds.

    Args:
        source: descriptor of a regular file, open for reading.
        target: descriptor of another, open for writing; what it held is lost.
    """
    size = _fstat(source).st_size
    _truncate(target, 0)
    if size and not _clone(source, target):
        for start, end in _extents(source, size):
            _copy_range(source, target, start, end)
    _truncate(target, size)


def _clone(source: int, target: int) -> bool:
    try:
        _ioctl(target, _FICLONE, source)
    except OSError:
        return False
    return True


def _extents(source: int, size: int) -> Iterator[tuple[int, int]]:
    """(start, end) of the parts that aren't holes; moves the source's position."""
    end = 0
    while end < size:
        try:
            start = _lseek(source, end, os.SEEK_DATA)
            end = _lseek(source, start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return
            start, end = end, size
        yield start, min(end, size)


def _copy_range(source: int, target: int, start: int, end: int) -> None:
    while start < end:
        try:
            done = os.copy_file_range(source, target, min(_COPY_BYTES, end - start), start, start)
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
            return _copy_by_hand(source, target, start, end)
        if not done:
            # Some file systems say so instead of failing; or the file has become shorter, which the next read finds too.
            return _copy_by_hand(source, target, start, end)
        start += done
    return None


def _copy_by_hand(source: int, target: int, start: int, end: int) -> None:
    while start < end:
        part = _pread(source, min(_CHUNK_BYTES, end - start), start)
        if not part:
            return
        while part:
            done = _pwrite(target, part, start)
            start, part = start + done, part[done:]
