"""The trace: as a value, as a file, and from what others have.

In: NDJSON, ITF, a counterexample of the explorer, a run of simulated servers. Out: a `Trace`.
"""
