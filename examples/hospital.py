"""An island hospital needs oxygen every hour, and every fourth day a ferry brings it, if the sea is calm. Does the ward run out?

An ordinary SimPy model, `python hospital.py` runs it once. The hospital's own decisions are made by `decide`, the weather is drawn by
`chance`, what the patients need comes from `random` as in any model, and `mark` names each shift.
"""

import random

import simpy

from crossroads import chance, decide, mark

DAYS = 16
SHIFT_H = 3
BOTTLES_A_SHIFT = 0.5
LOADS = {"half load": 16, "full load": 32}


class Hospital:
    def __init__(self, env):
        self.env = env
        self.bottles = 22.0
        env.process(self.ward())
        env.process(self.ferry())

    def ward(self):
        while True:
            mark("shift")
            self.bottles -= BOTTLES_A_SHIFT * random.gauss(1.0, 0.2)
            if self.bottles <= 0:
                raise RuntimeError(f"the ward is out of oxygen on day {self.env.now / 24:.1f}")
            yield self.env.timeout(SHIFT_H)

    def ferry(self):
        load = LOADS[decide("standing order", list(LOADS))]
        for day in range(2, DAYS, 4):
            yield self.env.timeout(day * 24 + 1 - self.env.now)
            sea = chance("sea", ["calm", "storm"], weights=[0.7, 0.3])
            if sea == "calm":
                self.bottles = min(self.bottles + load, 50)
            elif self.bottles < 16:
                yield from self.run_short()

    def run_short(self):
        action = decide("emergency", ["call the helicopter", "wait for the ferry"])
        if action == "call the helicopter":
            yield self.env.timeout(12)
            self.bottles += 12


def main():
    env = simpy.Environment()
    hospital = Hospital(env)
    env.run(until=DAYS * 24)
    return hospital.bottles


if __name__ == "__main__":
    print(f"{main():.1f} bottles left")
