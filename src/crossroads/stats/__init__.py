"""Counts in, numbers and intervals out.

What belongs here: pure functions and sans-I/O classes that turn counts of failed futures into estimates, intervals, decisions
and the next place to sample. A caller lives the futures and hands the counts in.

What must never: anything of ours except `errors`; `os`, `socket`, `asyncio`, `sqlite3`, `random`, `time`; numpy or scipy, which
serve the tests as oracles only. Nothing here draws, waits, reads or prints, so the same counts always give the same answer.
"""
