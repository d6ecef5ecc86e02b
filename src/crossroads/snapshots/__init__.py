"""Live programs, paused at points, and futures that are started from them: engines, the processes they own, supervision.

What belongs here: laying, branching, collecting, evicting. What must never:
what a program draws from (worlds), what counts mean (analysis).
"""
