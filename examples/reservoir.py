"""A reservoir through a hundred days of rain, drawn with NumPy. It mustn't overflow, and mustn't run dry.

Each morning the gate is set by a rule that only looks at the level; `mark` makes every morning a point.
"""

import numpy as np

from crossroads import mark

CAPACITY = 100.0
DAYS = 100

rng = np.random.default_rng(7)


def main():
    level = 60.0
    wet = False
    for day in range(DAYS):
        mark("morning")
        wet = rng.random() < (0.6 if wet else 0.06)
        rain = rng.gamma(2.0, 6.0) if wet else 0.0
        gate = 1.5 if level < 80 else 10.0
        level = level + rain - gate
        assert level <= CAPACITY, f"day {day}: the reservoir overflows"
        level = max(level, 20.0)
    return level


if __name__ == "__main__":
    print(f"level {main():.0f}")
