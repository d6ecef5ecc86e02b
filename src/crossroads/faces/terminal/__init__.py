"""Reports for a terminal or a pipe: values in, lines of text out.

Everything but `page` and `progress` is pure layout and can be read line by line in a test.
"""
