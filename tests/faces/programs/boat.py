"""A boat that may meet a storm on the way it chose."""

from crossroads import chance, decide, mark


def sail(route):
    for _day in range(5):
        mark("day")
        weather = chance("weather", ["calm", "storm"], weights=[0.9, 0.1])
        if weather == "storm" and route == "open sea":
            raise RuntimeError("the boat was lost")


def main():
    mark("harbour")
    route = decide("route", ["coast", "canal", "open sea"])
    sail(route)
