"""The store: one SQLite file per project with what was explored, what failed and what was explained.

It knows timelines only. What an account says, and what a count means, is for its callers.
"""
