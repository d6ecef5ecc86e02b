"""What fixes a run: points, choices, epochs, overrides, outcomes, digests, and the JSON form of it.

What belongs here: pure values and functions. What must never: files, clocks, randomness, processes.
"""
