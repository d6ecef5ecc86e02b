"""What a program runs in: its entropy, clock and directory listings under control, and what makes points in it.

What belongs here: taking hold of an interpreter. What must never: processes, statistics, terminals.
"""
