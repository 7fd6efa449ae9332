"""Reports told: one module for each kind, as prose and as JSON, some as pictures.

In: the report that a library answered with. Out: lines, and objects for machines. `terminal` is how
progress looks while there is no report yet.
"""
