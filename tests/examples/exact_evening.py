"""The world of `examples/last_ten_minutes.py` told once more, as a tree: no clock, no tasks, no crossroads. Its sums are exact."""

from collections.abc import Sequence
from math import ceil

TRAVELLER_LOST, FIGHTER_LOST, GOOD = "TravellerLost", "FighterLost", "good"

Weights = tuple[float, ...]

DOOR = RUN, RING_NOW, INSIDE = range(3)
KEEPS, HANDS_OVER = range(2)
HOLDS_UP, SPEAKS = range(2)
TURNS_ROUND = SLIPS_ON = 0

CLOUDS: Weights = (0.15, 0.25, 0.6)
MINUTES_TO_STRENGTH = [ceil(12 / sunlight) for sunlight in (1.5, 2.0, 3.0)]
FIRST_MISSILE = range(5, 10)


def after(taken: Sequence[int]) -> Weights | str:
    """What comes after these choices, in the order of the program: the weights of the next one's options, or the end."""
    left = list(taken)
    if not left:
        return (1 / 3,) * 3
    door = left.pop(0)
    if door == RING_NOW:
        return GOOD
    if door == RUN and not left:
        return (0.5, 0.5)
    command = left.pop(0) if door == RUN else KEEPS
    if not left:
        return CLOUDS
    strong_at = MINUTES_TO_STRENGTH[left.pop(0)]
    if not left:
        return (0.2,) * 5
    wins = strong_at < FIRST_MISSILE[left.pop(0)]
    comes_in_time = strong_at + 0.5 + 2.2 < 10
    if door == INSIDE:
        return GOOD if wins and comes_in_time else FIGHTER_LOST
    turns = 0.6 if command == KEEPS else 0.3
    if not left:
        return (turns, 1 - turns)
    if left.pop(0) != TURNS_ROUND and wins:
        return GOOD
    if not left:
        return (0.5, 0.5)
    slips = 0.7 if left.pop(0) == HOLDS_UP else 0.25
    if not left:
        return (slips, 1 - slips)
    return GOOD if left.pop(0) == SLIPS_ON else TRAVELLER_LOST


def q(end: str, *taken: int) -> float:
    """P(this end | these choices), the others being drawn."""
    following = after(taken)
    if isinstance(following, str):
        return float(following == end)
    return sum(weight * q(end, *taken, option) for option, weight in enumerate(following))


def lost_in_a_life() -> float:
    """P(the traveller is lost | one who knows nothing runs, keeps the command, and holds up the ring)."""
    total = 0.0
    for clouds, cloudy in enumerate(CLOUDS):
        for missile in range(5):
            for turns, weight in ((TURNS_ROUND, 0.6), (1, 0.4)):
                past = (RUN, KEEPS, clouds, missile, turns)
                hurt = not isinstance(after(past), str)
                total += cloudy * 0.2 * weight * (q(TRAVELLER_LOST, *past, HOLDS_UP) if hurt else 0.0)
    return total


def prevented_in_life_three() -> float:
    """P(the ring is put on before the first missile is seen): such a traveller has one thing left to learn."""
    return 0.6 * 0.7
