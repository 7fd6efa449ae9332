"""The proof of Raft without bounds: an inductive invariant, checked by z3.

`protocol` holds the transition system, `invariant` the conjuncts, `prover` asks z3 about each pair
of conjunct and action. Any number of servers, terms and entries; what is left out or stands for
more than Raft.tla allows is listed in `protocol.ASSUMPTIONS`.
"""
