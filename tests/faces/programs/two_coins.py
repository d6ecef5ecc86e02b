"""Fails at its end if both of two coins, tossed among many draws that don't matter, came up heads."""

import random

from crossroads import mark


def main():
    first = second = False
    noise = 0.0
    for step in range(100):
        mark("step")
        if step == 20:
            first = random.random() < 0.5
        if step == 60:
            second = random.random() < 0.5
        noise += random.gauss(0.0, 1.0)
    if first and second:
        raise AssertionError("both coins came up heads")
    return noise
