"""How results look in a notebook: a fragment of HTML without scripts for each, and a figure of the curve.

Results look it up when a notebook asks for it, so that nothing here is loaded elsewhere.
"""
