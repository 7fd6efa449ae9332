"""What can be asked of a cluster: kinds of check with one face (`check`), a module each.

In: a request, a value that says all that a check depends on. Out: its report, for whoever tells it.
The kinds: `exhaustive`, `walks` at random, and the proof's `conjuncts` (which need z3);
`liveness` asks what must happen in the end;
`all_violations` repeats one for what else is violated; `merging` makes one report of those of walks
on many machines.
"""
