"""Where runs happen: this machine and its cores. Timelines go in, runs come out; processes never leave it.

What belongs here: sharing work out, starting engines, the two programs that engines start. What must never: what the runs are for.
"""
