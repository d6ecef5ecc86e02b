"""What names an exploration, and what names a failure found in it. Pure values."""

import json
from dataclasses import dataclass
from hashlib import blake2b

from crossroads.timeline.formats import world_from_data, world_to_data
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.timelines import WorldSettings

ID_DIGITS = 8
"""Hexadecimal digits of a failure's id."""


@dataclass(frozen=True, slots=True)
class ExplorationKey:
    """What fixes every future of an exploration: explorations with equal keys go on where the last one stopped.

    Args:
        target: "path.py:function" or "package.module:function".
        world: what the target runs in.
        seed: 0 <= seed < 2**64, from which the seeds of all futures come.
        code: digest of the target's source.
        python: "3.13" and the like.
        surroundings: digest of what else the program depends on, "" where it isn't known.
    """

    target: str
    world: WorldSettings
    seed: int
    code: str
    python: str
    surroundings: str = ""

    def to_text(self) -> str:
        """The key as JSON text in ASCII; equal keys give equal texts."""
        data = [self.target, world_to_data(self.world), self.seed, self.code, self.python]
        if self.surroundings:
            data.append(self.surroundings)
        return json.dumps(data, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> "ExplorationKey":
        """The key that `to_text` wrote; raises ValueError for any other text."""
        data = json.loads(text)
        if not isinstance(data, list) or [type(part) for part in data] not in ([str, dict, int, str, str], [str, dict, int, str, str, str]):
            raise ValueError("key must be [target, world, seed, code, python, surroundings]")
        target, world, seed, code, python, *surroundings = data
        return cls(target, world_from_data(world), seed, code, python, *surroundings)


def failure_id(key: ExplorationKey, outcome: Outcome) -> str:
    """The id of a failure: the same in each exploration with this key, another under another seed or after a change of the code.

    Args:
        key: the exploration's.
        outcome: the failure; only its `origin` counts.

    Returns:
        8 hexadecimal digits. Two of 300 failures share an id with a probability of about 1e-5.
    """
    text = json.dumps([key.to_text(), *outcome.origin])
    return blake2b(text.encode("ascii"), digest_size=ID_DIGITS // 2).hexdigest()
