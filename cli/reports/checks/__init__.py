"""What `raft-ref check` found, told: one module for each kind of check.

In: the report of a check. Out: lines, and objects for machines. `exhaustive`, `liveness`, `walks`
(or many of their reports, `merged`), `conjuncts`, and the `ladder`, or one of them again and again
(`all_violations`); what they share is in `explored`. `calibration` says what a verdict is worth.
"""
