"""What can be asked of a cluster: kinds of check with one face (see `check`), a module each.

In: a request, a value that says all that a check depends on. Out: its report, for whoever tells it.
"""
