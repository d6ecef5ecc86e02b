"""The state of the Mersenne Twister as it is read, against `getstate`."""

import _random
import random
import struct

from hypothesis import given
from hypothesis import strategies as st

from crossroads.worlds import twister


class Mine(random.Random):
    """With an attribute of its own."""

    def __init__(self, seed: int) -> None:
        self.name = "mine"
        super().__init__(seed)


@given(st.integers(0, 2**128 - 1), st.integers(0, 1500))
def test_head_is_what_getstate_says(seed: int, words: int) -> None:
    for instance in (_random.Random(seed), random.Random(seed), Mine(seed)):
        for _ in range(words):
            instance.getrandbits(32)
        state = _random.Random.getstate(instance)
        assert twister.head(instance) == struct.pack("i5I", state[-1], *state[:5]) == twister._get_head(instance)


def test_these_pythons_are_read_in_place() -> None:
    assert twister.head is twister._read_head
