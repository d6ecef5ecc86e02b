"""The report as one page of HTML: a typed object of what is to be shown, and a template that shows it.

`data` has the object, `build` makes it from an account and what was lived for it, `render` the file. Nothing here runs a program.
"""
