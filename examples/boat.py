from crossroads import chance, decide


def main():
    route = decide("route", ["coast", "open sea"])
    for day in range(1, 5):
        weather = chance("weather", ["calm", "storm"], weights=[0.9, 0.1])
        if weather == "storm" and route == "open sea":
            raise RuntimeError(f"the boat was lost on day {day}")
