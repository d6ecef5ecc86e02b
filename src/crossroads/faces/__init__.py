"""How people meet crossroads: the command line, and the reports that it prints.

What belongs here: words, layout, options, exit codes. What must never: counting, estimating, running a program.
"""
