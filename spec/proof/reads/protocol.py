"""Reads by ReadIndex (thesis, 6.4) as actions beside those of the proof's protocol.

They read what a server knows and change only relations of their own: so Raft's own conjuncts are
kept by them without being asked about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

import z3

from raft_ref.spec.proof.action import Action, Change
from raft_ref.spec.proof.protocol import BUGS, Protocol, added, protocol
from raft_ref.spec.proof.relations import (
    Formula,
    State,
    every,
    index_le,
    is_in,
    member,
    some,
)

ASSUMPTIONS = (
    "a read is told to every leader, and may be served by any server, whoever was asked",
    "a round of heartbeats is answered in a step of its own, by whoever is in the leader's term",
    "all that is committed counts as known when a read is asked, whoever was told of it",
)
"""How this differs from the thesis. Each allows more than it does, or demands more."""


def _ask() -> Action:
    return Action(
        "AskRead",
        "s_server r_read",
        lambda old, me, r: [z3.Not(old.readAsked(r))],
        lambda old, me, r: iter([
            added(old, "readAsked", r),
            Change(
                "readHistory",
                lambda x, t, i, v: z3.Or(
                    old.readHistory(x, t, i, v), z3.And(x == r, old.committed(t, i, v))
                ),
            ),
        ]),
    )  # fmt: skip


def _note(*, commits_first: bool = True) -> Action:
    """Return it: i is the leader's commitIndex; ic, v is an entry of its term that is committed."""

    def guard(
        old: State, me: Formula, term: Formula, r: Formula, i: Formula, ic: Formula, v: Formula
    ) -> list[Formula]:
        return [
            old.isLeader(me),
            is_in(old, me, term),
            old.readAsked(r),
            some("tx ix vx", lambda *because: old.applied(me, i, *because)),
            every(
                "iy tx ix vx",
                lambda to, *because: z3.Implies(old.applied(me, to, *because), index_le(to, i)),
            ),
            z3.Or(old.applied(me, ic, term, ic, v), not commits_first),
        ]

    return Action(
        "NoteReadIndex",
        "s_leader t_term r_read i_commitIndex i_committed v_value",
        guard,
        lambda old, me, term, r, i, *_: iter([added(old, "readNoted", term, r, i)]),
    )


def _begin_round() -> Action:
    """Return it: the round confirms that its leader leads for all reads that were noted before."""

    def changes(old: State, me: Formula, term: Formula, h: Formula) -> Iterator[Change]:
        yield added(old, "roundBegun", term, h)
        yield Change(
            "roundCovers",
            lambda t, x, r: z3.Or(
                old.roundCovers(t, x, r),
                z3.And(t == term, x == h, some("ix", lambda i: old.readNoted(term, r, i))),
            ),
        )

    return Action(
        "BeginRound",
        "s_leader t_term h_round",
        lambda old, me, term, h: [
            old.isLeader(me),
            is_in(old, me, term),
            z3.Not(old.roundBegun(term, h)),
        ],
        changes,
    )


def _answer_round() -> Action:
    return Action(
        "AnswerRound",
        "s_server t_term h_round",
        lambda old, me, term, h: [old.roundBegun(term, h), is_in(old, me, term)],
        lambda old, me, term, h: iter([added(old, "roundAnswered", me, term, h)]),
    )


def _confirm(*, waits_for_quorum: bool = True, later_rounds_only: bool = True) -> Action:
    def guard(
        old: State, me: Formula, term: Formula, r: Formula, i: Formula, q: Formula
    ) -> list[Formula]:
        def has_answered(server: Formula) -> Formula:
            return some(
                "h",
                lambda h: z3.And(
                    old.roundAnswered(server, term, h),
                    z3.Or(old.roundCovers(term, h, r), not later_rounds_only),
                ),
            )

        return [
            old.isLeader(me),
            is_in(old, me, term),
            old.readNoted(term, r, i),
            every("sx", lambda s: z3.Implies(member(s, q), z3.Or(s == me, has_answered(s))))
            if waits_for_quorum
            else member(me, q),
        ]

    return Action(
        "ConfirmRead",
        "s_leader t_term r_read i_readIndex q_answered",
        guard,
        lambda old, me, term, r, i, q: iter([added(old, "readConfirmed", r, i)]),
    )


def _serve(*, asks_leader: bool = True, waits_until_applied: bool = True) -> Action:
    """Return it: the server's commitIndex is `to`, on account of the entry tc, ic, v."""

    def guard(
        old: State, me: Formula, r: Formula, i: Formula, to: Formula, tc: Formula, ic: Formula,
        v: Formula,
    ) -> list[Formula]:  # fmt: skip
        return [
            old.readAsked(r),
            z3.Or(old.readConfirmed(r, i), not asks_leader),
            old.applied(me, to, tc, ic, v),
            z3.Or(index_le(i, to), not waits_until_applied),
            every("iy tx ix vx", lambda *served: z3.Not(old.readServed(r, *served))),
            every("ix tx vx", lambda *entry: z3.Not(old.readReturned(r, *entry))),
        ]

    def changes(
        old: State, me: Formula, r: Formula, i: Formula, to: Formula, *because: Formula
    ) -> Iterator[Change]:
        yield added(old, "readServed", r, to, *because)
        yield Change(
            "readReturned",
            lambda x, ix, t, v: z3.Or(
                old.readReturned(x, ix, t, v),
                z3.And(x == r, old.log(me, ix, t, v), index_le(ix, to)),
            ),
        )

    return Action(
        "ServeRead",
        "s_server r_read i_readIndex i_commitIndex t_committedIn i_committed v_value",
        guard,
        changes,
    )


READ_BUGS: Mapping[str, Mapping[str, bool]] = {
    "read-without-quorum": {"waits_for_quorum": False},
    "read-confirmed-by-earlier-round": {"later_rounds_only": False},
    "read-before-first-commit-of-term": {"commits_first": False},
    "read-from-own-commit-index": {"asks_leader": False},
    "read-before-applied": {"waits_until_applied": False},
}
"""Bugs of reads as rules that are left out."""


def read_actions(bug: str | None = None) -> Mapping[str, Action]:
    """Return the actions of reads by their titles, or what a bug makes of them."""
    rules = {rule: True for left_out in READ_BUGS.values() for rule in left_out}
    rules |= READ_BUGS.get(bug or "", {})
    actions = (
        _ask(),
        _note(commits_first=rules["commits_first"]),
        _begin_round(),
        _answer_round(),
        _confirm(
            waits_for_quorum=rules["waits_for_quorum"],
            later_rounds_only=rules["later_rounds_only"],
        ),
        _serve(
            asks_leader=rules["asks_leader"],
            waits_until_applied=rules["waits_until_applied"],
        ),
    )
    return {action.title: action for action in actions}


@cache
def protocol_with_reads(bug: str | None = None) -> Protocol:
    """Return the protocol with reads, or what a bug of either makes of it."""
    actions, axioms = protocol(bug if bug in BUGS else None)
    return Protocol({**actions, **read_actions(bug)}, axioms)
