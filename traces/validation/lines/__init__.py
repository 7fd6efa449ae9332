"""From lines of a log to events, in the names of the spec.

In: files of any format that a profile reads (`profile` says what one is). Out: `events`, in the
order in which they are tried: after `merging` of several files by their clocks, and `reordering`.
"""
