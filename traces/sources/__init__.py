"""From what others have to a trace, and back: the node's states and messages as JSON.

In: a counterexample of the explorer (`explored`), a run of simulated servers (`simulated`), a
counterexample to induction (`induction`), a file of Apalache's or Quint's (`itf`; `conversion` is
the request for that). Out: a trace of `traces.format`. Of a specification that is not Raft it is
made of its states (`behaviors`), which `itf_states` reads and writes. `raft` goes the other way:
what a trace of Raft says as states and messages of the reference node.
"""
