"""The words of the proof: sorts, relations, orders, and the first state.

The rule: states are relations over servers, terms, indices and values, with no function from
servers to anything, so that every question stays in a decidable fragment (Padon et al., "Paxos
made EPR", 2017). A server's term is told by the terms that it has left. Messages are never removed:
so each may be lost, come late, and come again. Some relations are ghosts, which no action reads
but to record: `leaderLog`, `candidateLog`, `started`, `committed`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import z3

Formula = Any
"""A formula of z3 (whose own types are not told)."""

Server = z3.DeclareSort("Server")
Quorum = z3.DeclareSort("Quorum")
Term = z3.DeclareSort("Term")
Index = z3.DeclareSort("Index")
Value = z3.DeclareSort("Value")
Read = z3.DeclareSort("Read")
Round = z3.DeclareSort("Round")
"""Of heartbeats. Reads and rounds are of `reads` alone."""

BOOL = z3.BoolSort()
member = z3.Function("member", Server, Quorum, BOOL)
term_le = z3.Function("term_le", Term, Term, BOOL)
index_le = z3.Function("index_le", Index, Index, BOOL)
ZERO = z3.Const("zero", Index)
"""Before the first entry."""

RELATIONS: Mapping[str, tuple[Any, ...]] = {
    "left": (Server, Term),
    "isCandidate": (Server,),
    "isLeader": (Server,),
    "voted": (Server, Term, Server),
    "requested": (Server, Term),
    "log": (Server, Index, Term, Value),
    "appended": (Term, Index, Term, Index, Term, Value),
    "asked": (Term, Index, Term),
    "acknowledged": (Server, Term, Index),
    "started": (Term,),
    "leads": (Term, Server),
    "candidateLog": (Server, Term, Index, Term, Value),
    "leaderLog": (Term, Index, Term, Value),
    "leaderUsed": (Term, Index),
    "committed": (Term, Index, Value),
    "matched": (Server, Server, Index),
    "applied": (Server, Index, Term, Index, Value),
    "told": (Term, Index, Term, Index, Value),
}
"""The relations of a state and their sorts.

left: the server's term is higher. voted: it voted so, and its response says so. requested: it has
asked for votes in that term. appended: the leader of a term has sent an entry (index, term, value)
and the one before it (index, term). asked: it has sent none, with the one before. acknowledged: a
response says that its log matched the leader's up to there. started: a leader was elected. leads:
who. candidateLog: a candidate's log when it asked for votes. leaderLog: the log of a term's leader;
leaderUsed: the indices up to its end. committed: an entry of its own term that a leader has
committed. matched: a leader's matchIndex for a server is as high. applied: a server's commitIndex
is as high, on account of that committed entry (term, index, value). told: a leader's request has
said so, in that term.
"""


class State:
    """The relations of one state, as functions of z3.

    Arguments: what their names end with; their sorts.
    """

    def __init__(self, suffix: str = "", sorts: Mapping[str, tuple[Any, ...]] = RELATIONS) -> None:
        self.sorts = sorts
        self.relations = {
            name: z3.Function(name + suffix, *each, BOOL) for name, each in sorts.items()
        }

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["relations"][name]
        except KeyError:
            raise AttributeError(name) from None


# ---- Words


def term_lt(a: Formula, b: Formula) -> Formula:
    """Say that a term is lower."""
    return z3.And(term_le(a, b), a != b)


def index_lt(a: Formula, b: Formula) -> Formula:
    """Say that an index is lower."""
    return z3.And(index_le(a, b), a != b)


def variables(names: str) -> list[Any]:
    """Return variables by their names; the first letter of each tells its sort."""
    sorts = {
        "s": Server, "q": Quorum, "t": Term, "i": Index, "v": Value, "r": Read, "h": Round,
    }  # fmt: skip
    return [z3.Const(name, sorts[name[0]]) for name in names.split()]


def every(names: str, formula: Callable[..., Formula]) -> Formula:
    """Return a formula for all variables of these names."""
    made = variables(names)
    return z3.ForAll(made, formula(*made))


def some(names: str, formula: Callable[..., Formula]) -> Formula:
    """Return a formula for some variables of these names."""
    made = variables(names)
    return z3.Exists(made, formula(*made))


def is_in(state: State, server: Formula, term: Formula) -> Formula:
    """Say that a server is in a term: it has left all lower ones, and not this one."""
    return z3.And(
        z3.Not(state.left(server, term)),
        every("tx", lambda t: z3.Implies(term_lt(t, term), state.left(server, t))),
    )


def total_order(le: Any, sort: str) -> Formula:
    """Return the axioms of a total order."""
    return z3.And(
        every(f"{sort}a", lambda a: le(a, a)),
        every(
            f"{sort}a {sort}b {sort}c",
            lambda a, b, c: z3.Implies(z3.And(le(a, b), le(b, c)), le(a, c)),
        ),
        every(f"{sort}a {sort}b", lambda a, b: z3.Implies(z3.And(le(a, b), le(b, a)), a == b)),
        every(f"{sort}a {sort}b", lambda a, b: z3.Or(le(a, b), le(b, a))),
    )


def axioms(*, quorums_meet: bool = True) -> list[Formula]:
    """Return what holds in every state: the orders, and that any two quorums share a server."""
    meet = every("qa qb", lambda a, b: some("s", lambda s: z3.And(member(s, a), member(s, b))))
    not_empty = every("q", lambda q: some("s", lambda s: member(s, q)))
    return [
        total_order(term_le, "t"),
        total_order(index_le, "i"),
        every("i", lambda i: index_le(ZERO, i)),
        meet if quorums_meet else not_empty,
    ]


def init(state: State, unchanging: Iterable[str] = ()) -> Formula:
    """Return Init: nothing has happened. Nothing is said of relations that do not change."""
    parts = []
    for name, sorts in state.sorts.items():
        made = [z3.Const(f"x{number}", sort) for number, sort in enumerate(sorts)]
        if name == "left" or name in unchanging:
            continue
        parts.append(z3.ForAll(made, z3.Not(state.relations[name](*made))))
    parts.append(some("tz", lambda z: every("s t", lambda s, t: state.left(s, t) == term_lt(t, z))))
    return z3.And(*parts)
