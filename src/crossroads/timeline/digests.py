"""The digest of a run: equal digests mean the same points, labels, options taken, draws and outcome.

A run of equal marks costs nothing here: only changes of label are hashed, with the index at which they came.
"""

from hashlib import blake2b


class Digest:
    """An order-sensitive fold of what happened in a run."""

    __slots__ = ("_hash",)

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=16)

    def add(self, *parts: str | int) -> None:
        """Fold one thing that happened; its parts are kept apart from their neighbours."""
        texts = [str(part) for part in parts]
        lengths = ",".join(str(len(text)) for text in texts)
        self._hash.update(f"{lengths};{''.join(texts)}".encode("utf-8", "surrogatepass"))

    def hexdigest(self) -> str:
        """32 hexadecimal digits for all that was added so far."""
        return self._hash.hexdigest()
