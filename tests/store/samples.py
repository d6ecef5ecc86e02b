"""Values that the tests of the store share."""

from crossroads.store.keys import ExplorationKey
from crossroads.timeline.outcomes import Outcome
from crossroads.timeline.timelines import Epoch, Override, Timeline, WorldSettings

KEY = ExplorationKey("boat.py:main", WorldSettings(), 2**64 - 1, "c0de", "3.13")
OTHER_KEY = ExplorationKey("boat.py:main", WorldSettings(), 2, "c0de", "3.13")


def timeline(seed: int = 1) -> Timeline:
    """A lived timeline that fails."""
    outcome = Outcome("failed", "ValueError", "sank", "boat.py:3 in main")
    epochs, overrides = (Epoch(0, seed),), (Override(2, 1),)
    return Timeline("boat.py:main", epochs, overrides, outcome=outcome, digest="ab" * 16, points=9, python="3.13", code="c0de")
