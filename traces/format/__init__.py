"""The trace: as a value, and as a file.

In: lines of NDJSON (traces/FORMAT.md). Out: a `Trace`, of `trace`; `ndjson` reads and writes it,
`opening` opens files for that, compressed or not; `flights` says which sending of a message each
receipt and each loss belongs to; `parts` takes some of its steps;
`features` is what of Raft's features a trace may tell.
"""
