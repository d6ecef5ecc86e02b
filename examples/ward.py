"""A hospital ward at noon, and two hundred tomorrows that may follow from it: `python ward.py`.

An ordinary SimPy model. Its processes are generators in the middle of their work, which neither `copy.deepcopy` nor pickle can copy; so
to ask what may come of this very noon, one would have to build it anew, two hundred times. The ring goes back to it instead, and each
life brings home how its day ended.
"""

import copy
import random

import simpy

import crossroads

TOMORROWS = 200
NOON_H, DAY_H = 12, 24


class Ward:
    def __init__(self, env):
        self.env = env
        self.beds = simpy.Resource(env, capacity=10)
        self.turned_away = 0
        env.process(self.arrivals())

    def arrivals(self):
        while True:
            yield self.env.timeout(random.expovariate(1 / 1.5))
            self.env.process(self.patient())

    def patient(self):
        if self.beds.count == self.beds.capacity:
            self.turned_away += 1
            return
        with self.beds.request() as bed:
            yield bed
            yield self.env.timeout(random.lognormvariate(2.5, 0.6))


def main():
    random.seed(5)
    env = simpy.Environment()
    ward = Ward(env)
    env.run(until=NOON_H)

    noon = crossroads.mark("noon")
    if noon.returns < TOMORROWS:
        random.seed(noon.returns)
        ward.turned_away = 0
        env.run(until=NOON_H + DAY_H)
        crossroads.go_back(noon, remember=ward.turned_away)

    print(f"noon: {ward.beds.count} of {ward.beds.capacity} beds are taken")
    try:
        copy.deepcopy(ward)
    except TypeError as error:
        print(f"copy.deepcopy: {error}")
    print(f"turned away by the next noon, in {len(noon.memory)} tomorrows:")
    for number in range(max(noon.memory) + 1):
        print(f"{number:3} {'#' * noon.memory.count(number)}")


if __name__ == "__main__":
    with crossroads.ring():
        main()
