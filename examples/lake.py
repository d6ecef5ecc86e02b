"""FrozenLake of gymnasium, walked by a policy that doesn't look at the ice. It knows nothing of crossroads: each step of the environment
is a point, and the environment draws where the walker slips.
"""

import gymnasium

RIGHT, DOWN = 2, 1
PLAN = {0: DOWN, 4: DOWN, 8: RIGHT, 9: DOWN, 13: RIGHT, 14: RIGHT, 1: RIGHT, 2: DOWN, 6: DOWN, 10: DOWN, 3: DOWN}


def main():
    env = gymnasium.make("FrozenLake-v1", is_slippery=True, success_rate=0.9)
    place, _ = env.reset()
    over = False
    while not over:
        place, _, fell_or_arrived, out_of_time, _ = env.step(PLAN[place])
        over = fell_or_arrived or out_of_time
    row, column = divmod(int(place), 4)
    assert place == 15, f"through the ice at row {row}, column {column}"


if __name__ == "__main__":
    main()
