"""Reports told: one module for each kind, as prose and as JSON, some as pictures.

In: the report that a library answered with. Out: lines, and objects for machines: of `bugs`,
`comparison`, `spec_check`, `validation`, `watching`, `advice`, `conformance`, `scenarios`,
`playing`, `demo`;
of checks and of the proof in folders of their own. `terminal` is how progress looks while there is
no report yet, `pictures` writes what is drawn, and `ci` what a service that runs checks reads.
"""
