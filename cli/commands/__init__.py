"""The commands: a module for each, or a folder, with a function `configure(parser)`.

In: what was parsed. A command makes a request of it; a library answers with a report, and a module
of `cli.reports` tells it. Out: the exit code.
"""
