"""Keeps a program's output from being shown a second time, while its past is lived again."""

import os
from typing import Final

from crossroads.rings.held import Held
from crossroads.snapshots import kernel

STREAMS: Final = (1, 2)

_dup2, _close = os.dup2, os.close


class Hush:
    """stdout and stderr lead nowhere, each until somebody lets it speak.

    Args:
        numbers: descriptors that are to be silent, of `STREAMS`.
    """

    def __init__(self, numbers: tuple[int, ...]) -> None:
        self._kept: dict[int, int] = {}
        if not numbers:
            return
        kernel.flush_stdio()
        null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        for number in numbers:
            try:
                self._kept[number] = kernel.move_up(os.dup(number))
            except OSError:
                continue
            _dup2(null, number)
        _close(null)

    def kept(self, number: int) -> int:
        """A descriptor that leads where a silent stream will lead again; 0 for one that isn't silent."""
        return self._kept.get(number, 0)

    def speak(self, numbers: tuple[int, ...], held: Held) -> None:
        """Let these streams go where they should, from now on."""
        speaking = [number for number in numbers if number in self._kept]
        if not speaking:
            return
        kernel.flush_stdio()
        for number in speaking:
            kept = self._kept.pop(number)
            _dup2(kept, number)
            _close(kept)
        held.take()
