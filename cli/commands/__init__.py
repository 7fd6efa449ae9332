"""The commands: a module for each, with a function `configure(parser)`.

In: what was parsed. A command makes a request of it, the one place where words become values; a
library answers with a report, and a module of `reports` tells it. Out: the exit code.
"""
