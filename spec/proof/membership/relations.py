"""The words of the proof of changes of membership, beside those of the proof of Raft.

A configuration is a value in the log (Membership.tla), and a server goes by the last one in its
log. What its quorums are is not said, only which configurations' quorums meet: so one proof is of
changes of one server and of C_old,new, mixed as one likes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import z3

from raft_ref.spec.proof.relations import (
    RELATIONS,
    ZERO,
    Formula,
    Index,
    Quorum,
    Server,
    State,
    Term,
    Value,
    every,
    index_le,
    index_lt,
    init,
    member,
    some,
    term_le,
    total_order,
)

UNCHANGING: Mapping[str, tuple[Any, ...]] = {
    "isConfiguration": (Value,),
    "isFirst": (Value,),
    "beforeFirst": (Term,),
    "quorumOf": (Quorum, Value),
    "meets": (Value, Value),
    "oneServer": (Value, Value),
    "joint": (Value, Value),
}
"""What is so in all states, and their sorts.

isFirst: the configuration that the cluster begins with; it stands at index 0, with beforeFirst for
its term. quorumOf: these servers are a quorum of that configuration. meets: any two quorums of the
two have a server in common. oneServer: the second is made of the first by adding or removing one
server, or none that votes. joint: it is made by entering C_old,new, or by leaving it.
"""

MEMBERSHIP_RELATIONS: Mapping[str, tuple[Any, ...]] = {
    **RELATIONS,
    **UNCHANGING,
    "elector": (Term, Server),
    "electedBy": (Term, Index, Term, Value),
    "decided": (Term, Index, Value, Index, Term, Value),
    "changed": (Term, Index, Value, Index, Term, Value, Term, Index, Value),
}
"""All relations, and their sorts. What is added are ghosts, which no action reads:

elector: this server had voted for the leader of the term when it was elected. electedBy: it was
elected by this configuration (its index, its entry's term, itself). decided: the leader of a term
committed this entry of its own (term, index, value) by that configuration. changed: the leader of a
term appended this configuration (term, index, itself) behind that one (index, term, itself), and
this entry had been decided by that one then (term, index, value); where none had, anything.
"""


def axioms() -> list[Formula]:
    """Return what holds in every state: the orders, and which quorums share a server."""
    of = State(sorts=MEMBERSHIP_RELATIONS)
    return [
        total_order(term_le, "t"),
        total_order(index_le, "i"),
        every("i", lambda i: index_le(ZERO, i)),
        some("t", of.beforeFirst),
        every(
            "ta tb", lambda a, b: z3.Implies(z3.And(of.beforeFirst(a), of.beforeFirst(b)), a == b)
        ),
        some("v", of.isFirst),
        every("va vb", lambda a, b: z3.Implies(z3.And(of.isFirst(a), of.isFirst(b)), a == b)),
        every("v", lambda v: z3.Implies(of.isFirst(v), of.isConfiguration(v))),
        *of_quorums(of),
    ]


def of_quorums(of: State) -> list[Formula]:
    """Return which configurations' quorums meet; `majorities` says why."""
    return [
        every("v", lambda v: z3.Implies(of.isConfiguration(v), of.meets(v, v))),
        every("va vb", lambda a, b: z3.Implies(of.meets(a, b), of.meets(b, a))),
        every("va vb", lambda a, b: z3.Implies(of.oneServer(a, b), of.meets(a, b))),
        every("va vb", lambda a, b: z3.Implies(of.joint(a, b), of.meets(a, b))),
        every(
            "va vb vc",
            lambda a, b, c: z3.Implies(
                z3.And(of.joint(a, b), z3.Or(of.joint(a, c), of.oneServer(a, c))), of.meets(b, c)
            ),
        ),
        every(
            "va vb qa qb",
            lambda a, b, one, other: z3.Implies(
                z3.And(of.meets(a, b), of.quorumOf(one, a), of.quorumOf(other, b)),
                some("s", lambda s: z3.And(member(s, one), member(s, other))),
            ),
        ),
    ]


def membership_init(state: State) -> Formula:
    """Return Init: nothing has happened."""
    return init(state, unchanging=UNCHANGING)


Log = Callable[..., Formula]
"""A log: whether it has an entry at an index, of a term, with a value."""


def leader_log(state: State, term: Formula) -> Log:
    """Return the log of a term's leader."""
    return partial(state.leaderLog, term)


def configures(state: State, log: Log, index: Formula, term: Formula, value: Formula) -> Formula:
    """Say that a log has a configuration at an index: at 0 the first one."""
    return z3.Or(
        z3.And(index == ZERO, state.beforeFirst(term), state.isFirst(value)),
        z3.And(state.isConfiguration(value), log(index, term, value)),
    )


def none_behind(
    state: State, log: Log, index: Formula, is_up_to: Callable[[Formula], Formula] | None = None
) -> Formula:
    """Say that a log has no configuration behind an index, up to another if that is said."""
    return every(
        "ix tx vx",
        lambda i, t, v: z3.Not(
            z3.And(
                index_lt(index, i),
                *((is_up_to(i),) if is_up_to else ()),
                state.isConfiguration(v),
                log(i, t, v),
            )
        ),
    )


def decided_in(
    state: State, log: Log, by: tuple[Formula, ...], to: Formula, *entry: Formula
) -> Formula:
    """Say that a configuration decided an entry of a log behind it, in a term up to another.

    `by` is the configuration (index, its entry's term, itself), `entry` its term, index and value.
    """
    e, m, w = entry
    return z3.And(state.decided(e, m, w, *by), index_le(by[0], m), term_le(e, to), log(m, e, w))
