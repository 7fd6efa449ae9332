"""The proof of Raft without bounds: an inductive invariant, checked by z3, which must be installed.

In: a `request`: to prove, to find what the proof `needs`, to write its questions down (`smt_lib`),
to look within so many steps (`bounded`, which is apart: z3 is asked by Raft.tla itself). Out: a
report with a verdict, and what refutes it.

`relations` has the words, `action` and `protocol` the transition system, `invariant` the conjuncts,
and `reads`, apart, what reads add to all three, `membership` what becomes of them where the servers
change; `questions` asks z3 about each pair of conjunct and
action; where one is refuted, `counterexamples` shows a smallest one (of small `models`).
`conjecture` reads a formula of one's own. Any number of servers, terms and entries; what is put
differently from Raft.tla is listed in `protocol.ASSUMPTIONS`. `evaluation` evaluates the same
formulas in finite states, and `spec.link.simulation_relation` holds them to the node.
"""

from raft_ref.spec.proof.bounded import BoundedReport, BoundedRequest, BoundedVerdict
from raft_ref.spec.proof.counterexamples import Induction
from raft_ref.spec.proof.needs import NeedsReport, NeedsRequest
from raft_ref.spec.proof.questions import (
    Answer,
    Kind,
    Question,
    Verdict,
)
from raft_ref.spec.proof.request import Proof, ProofRequest
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
