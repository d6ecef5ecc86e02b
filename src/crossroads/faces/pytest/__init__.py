"""Tests as programs: what the pytest plugin loads when a test asks for its futures. The engine knows node ids; here is how pytest shows
what was found.
"""
