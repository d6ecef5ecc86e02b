"""The local page over the store: a small server on this machine alone, for the one who has started it.

What belongs here: requests, pages, processes that work for them. What a report shows is in `page`; what is computed, in the analysis.
"""
