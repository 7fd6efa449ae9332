"""Random walks, far beyond what can be exhausted.

In: a system, its properties, a seed. Out: a violation with the fewest steps that shrinking reaches.
`walk` searches: it counts walks, and tells what they found. `walker` says what a walk is, and
`native_walker` takes the same in C++; the processes of a `crew` each take some. `offers` are what a
walk may try, `swarm` draws one, by the `chance` that its seed gives it. `distinct` counts states,
and `shrink` leaves out what is not needed.
"""
