"""What has arrived at a stream and isn't read yet."""

from collections import deque


class Inbox:
    """Bytes in the pieces in which they came; a piece read whole is never copied."""

    __slots__ = ("_pieces", "_start", "size")

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._start = 0
        self.size = 0

    def add(self, piece: bytes) -> None:
        """Put bytes, at least one, at the end."""
        self._pieces.append(piece)
        self.size += len(piece)

    def take(self, size: int) -> bytes:
        """Take the first `size` bytes out, or all if there are fewer."""
        pieces, start = self._pieces, self._start
        if len(pieces) == 1 and self.size <= size:
            piece = pieces.popleft()
            self._start = self.size = 0
            return piece[start:] if start else piece
        size = min(size, self.size)
        self.size -= size
        taken = []
        while size:
            piece = pieces[0]
            end = start + size
            if end < len(piece):
                taken.append(piece[start:end])
                start = end
                break
            taken.append(pieces.popleft()[start:])
            size -= len(piece) - start
            start = 0
        self._start = start
        return b"".join(taken)

    def peek(self, size: int) -> bytes:
        """The first `size` bytes, which stay."""
        return b"".join(self._pieces)[self._start : self._start + size]

    def clear(self) -> None:
        """Throw everything away."""
        self._pieces.clear()
        self._start = self.size = 0
