"""Hunting: schedules drawn by chance, and what comes of what they find.

In: a `Task`, an adapter's command and what is to be drawn. Out: what was done and covered, and each
kind of departure from the spec as a `Finding`: short, replayed, and followed to a consequence if
there is one.

`hunt` draws schedules, with `draws` for their steps and `coverage` for what they met; `jobs` hunt
in several processes. `departures` says what kind something is; `findings` makes it short with
`shrinking`, and lets the implementation go on `alone` from there. A `database` keeps it.
"""
