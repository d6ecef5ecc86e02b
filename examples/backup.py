"""A nightly backup over a line that breaks now and then. Plain Python with its own generator: crossroads isn't even imported.

Each part takes its time, a broken line costs a retry; the pauses between retries double, and the job has to be done by six.
"""

import random

PARTS = 40
HOURS_MAX = 6.0

rng = random.Random(2024)


def upload(part):
    hours = 0.0
    pause = 0.1
    while rng.random() < 0.2:
        hours += pause
        pause *= 2
    return hours + rng.uniform(0.05, 0.12)


def main():
    hours = sum(upload(part) for part in range(PARTS))
    if hours > HOURS_MAX:
        raise TimeoutError(f"done after {hours:.1f} hours")
    return hours


if __name__ == "__main__":
    print(f"done after {main():.1f} hours")
