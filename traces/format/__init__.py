"""The trace: as a value, as a file, and from what others have.

In: NDJSON (`ndjson`), ITF (`itf`), a counterexample of the explorer (`record`). Out: a `Trace`
(`trace`), and back to files. `flights` matches what is received with what was sent; `raft` makes
states and messages of the reference node of a trace's.
"""
