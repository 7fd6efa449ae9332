"""Reports told: one module for each kind, as prose and as JSON, some as pictures.

In: the report that a library answered with. Out: lines, and objects for machines. Of checks:
`exhaustive`, `walks`, `conjuncts` (what they share: `explored`); of others: `bugs`, `comparison`,
`spec_check`, `validation`, `conformance`, `scenarios`, `demo`. `terminal` is how progress looks
while there is no report yet, `pictures` writes what is drawn.
"""
