"""The ring: a program goes back to a moment that it has marked, with everything as it was then except for what it remembers.

Lives are forked from sleeping snapshots of the program itself (`snapshots.kernel`); nothing here knows of timelines or futures.
"""
