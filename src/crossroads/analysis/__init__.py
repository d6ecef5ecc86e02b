"""What futures are lived for: explore, explain, replay, and the values and JSON that they give.

What belongs here: asking a runner for runs and `stats` for intervals. What must never: processes, terminals.
"""
