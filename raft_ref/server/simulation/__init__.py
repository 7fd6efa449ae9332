"""Whole clusters in one process, on a simulated clock and network.

In: a seed and faults. Out: what happened, and whether what clients saw is linearizable. `cluster`
is the simulation, `client` asks things of it; a `trial` does so while faults happen, in `drills`
one at a set time, and `linearizability` judges what was seen; `bugs` of what runs a node show so.
`watching` tells who leads and who is cut off meanwhile. `changes` are those of the members. `demo`
is a cluster to be looked at.
"""
