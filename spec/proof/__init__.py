"""The proof of Raft without bounds: an inductive invariant, checked by z3.

`relations` has the words, `protocol` the transition system, `invariant` the conjuncts; `prover`
asks z3 about each pair of conjunct and action, and `induction` shows what refutes one. Any number
of servers, terms and entries; what is put differently from Raft.tla is listed in
`protocol.ASSUMPTIONS`. `evaluation` evaluates the same formulas in finite states, and
`spec.link.simulation_relation` holds them to the node.

`bounded` is apart from it: z3 is asked about small clusters by Raft.tla itself.

In: a request: to prove (`ProofRequest`), to look within so many steps (`BoundedRequest`), to find
what the proof leans on (`NeedsRequest`), to write its questions down (`SmtLibRequest`); a formula
of one's own is asked about by `raft_ref.verify.conjecture`. Out: what `run` of a request returns, a
report with a verdict, and what refutes it. z3 must be installed.
"""

from raft_ref.spec.proof.bounded import BoundedReport, BoundedRequest, BoundedVerdict
from raft_ref.spec.proof.induction import Induction
from raft_ref.spec.proof.needs import NeedsReport, NeedsRequest
from raft_ref.spec.proof.prover import Answer, Kind, Question, Verdict
from raft_ref.spec.proof.proving import Proof, ProofRequest
from raft_ref.spec.proof.smt_lib import SmtLibReport, SmtLibRequest

__all__ = [
    "Answer",
    "BoundedReport",
    "BoundedRequest",
    "BoundedVerdict",
    "Induction",
    "Kind",
    "NeedsReport",
    "NeedsRequest",
    "Proof",
    "ProofRequest",
    "Question",
    "SmtLibReport",
    "SmtLibRequest",
    "Verdict",
]
