"""Random walks, far beyond what can be exhausted.

In: a system, its properties, a seed. Out: a violation with the fewest steps that shrinking reaches.
`walk` walks, `swarm` draws the chances of each walk, `shrink` leaves out what is not needed.
"""
