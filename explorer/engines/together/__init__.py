"""One search by several processes, which one `mpirun` has started.

In: a system, its properties, and the ranks. Out: one report, the same in all of them.

`ranks` is how they reach each other, by MPI; `digests` says to which of them a state belongs, and
`distributed` is the search with the states in memory. With the states on disk it is `on_disk`:
`places` are the folders of the ranks, `runs` what earlier runs have left there, and `revival` gives
a meaning to what their files say by numbers.
"""
