"""The proof of Raft without bounds: an inductive invariant, checked by z3.

`relations` has the words, `protocol` the transition system, `invariant` the conjuncts; `prover`
asks z3 about each pair of conjunct and action, and `induction` shows what refutes one. Any number
of servers, terms and entries; what is put differently from Raft.tla is listed in
`protocol.ASSUMPTIONS`. `evaluation` evaluates the same formulas in finite states, and
`spec.link.simulation_relation` holds them to the node.

`local_steps` and `bounded` are apart from it: z3 is asked about small clusters by Raft.tla itself.
"""
