"""Bounded model checking by z3: whether a property can be false within so many steps.

In: a `BoundedRequest`: a number of steps and the sizes of a small cluster. Out: a `BoundedReport`:
a shortest behaviour that breaks a property, or how many steps none does. Apart from the proof:
z3 is asked by Raft.tla's own Init and Next, which `local_steps` tells it as a table and `unrolling`
unrolls step by step; `request` is what one asks for.
"""

from raft_ref.spec.proof.bounded.request import (
    BoundedReport,
    BoundedRequest,
    BoundedVerdict,
    Depth,
)
from raft_ref.spec.proof.bounded.unrolling import Found, Unrolled

__all__ = ["BoundedReport", "BoundedRequest", "BoundedVerdict", "Depth", "Found", "Unrolled"]
