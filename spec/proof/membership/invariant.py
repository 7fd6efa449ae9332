"""The inductive invariant of Raft with changes of membership.

Raft's own conjuncts that speak of no quorum stand as they are. What a quorum may choose is told
otherwise: whoever acknowledged an entry still has it, and so has everyone whom it helped to elect,
or else some leader between lacks it (the three `...OrOverruled`), of which no quorum is asked; then
the first leader that lacked what may be chosen could not have been elected (`argument`).
"""

from __future__ import annotations

from collections.abc import Callable

import z3

from raft_ref.spec.proof.invariant import (
    CONJUNCTS,
    PROPERTIES,
    Conjunct,
    implies,
    lower_are_left,
    may_choose,
)
from raft_ref.spec.proof.membership.relations import (
    configures,
    decided_in,
    leader_log,
    none_behind,
)
from raft_ref.spec.proof.relations import (
    ZERO,
    Formula,
    State,
    every,
    index_le,
    index_lt,
    member,
    some,
    term_le,
    term_lt,
)


def _lacks(s: State, u: Formula, t: Formula, i: Formula, v: Formula) -> Formula:
    """Say that the leader of a higher term lacks an entry of a term's leader."""
    return z3.And(s.started(u), term_lt(t, u), z3.Not(s.leaderLog(u, i, t, v)))


def _may_choose(s: State, q: Formula, t: Formula, i: Formula, v: Formula, *by: Formula) -> Formula:
    """Say that a quorum of a configuration has acknowledged an entry of a leader, or still can.

    The configuration (index, its entry's term, itself) is in force for the entry, or later.
    """
    index, _, configuration = by
    log = leader_log(s, t)
    return z3.And(
        s.leaderLog(t, i, t, v), configures(s, log, *by),
        none_behind(s, log, index, lambda ix: index_le(ix, i)),
        s.quorumOf(q, configuration), may_choose(s, q, t, i),
    )  # fmt: skip


def _is_decided(s: State, t: Formula, k: Formula, tk: Formula, d: Formula, to: Formula) -> Formula:
    """Say that a configuration in a leader's log was decided by its own quorum, in that log."""
    return some("te im vw", lambda *entry: decided_in(s, leader_log(s, t), (k, tk, d), to, *entry))


def _or_overruled(
    has: Formula,
    s: State,
    entry: tuple[Formula, Formula, Formula],
    is_asked: Callable[[Formula], Formula],
) -> Formula:
    """Say that somebody has an entry (term, index, value), or a leader asked for lacks it."""
    return z3.Or(has, some("tx", lambda u: z3.And(_lacks(s, u, *entry), is_asked(u))))


_VARIABLES = "q t i v ij tj vc"


def _chooses_and_is_led(s: State) -> Formula:
    return every(
        f"{_VARIABLES} tu",
        lambda q, t, i, v, j, tj, c, u: implies(
            _may_choose(s, q, t, i, v, j, tj, c), s.started(u), term_lt(t, u),
            s.leaderLog(u, i, t, v),
        ),
    )  # fmt: skip


def _first_that_lacks(s: State) -> Formula:
    """Say that some leader lacks what may be chosen, and none of a lower term does."""
    return some(
        f"{_VARIABLES} tu",
        lambda q, t, i, v, j, tj, c, u: z3.And(
            _may_choose(s, q, t, i, v, j, tj, c), _lacks(s, u, t, i, v),
            every("ty", lambda y: implies(term_lt(y, u), z3.Not(_lacks(s, y, t, i, v)))),
        ),
    )  # fmt: skip


_NEW = (
    # ---- Elections
    Conjunct(
        "ElectorVoted",
        "who helped to elect a leader voted for it",
        "Raft paper, 5.2",
        lambda s: every(
            "t s sl",
            lambda t, x, leader: implies(
                s.elector(t, x), z3.And(
                    s.started(t), implies(s.leads(t, leader), s.voted(x, t, leader))
                ),
            ),
        ),
    ),
    Conjunct(
        "ElectedInForce",
        "a leader was elected by the last configuration that its log had then",
        "thesis, 4.1",
        lambda s: every(
            "t ik tk vd",
            lambda t, k, tk, d: implies(
                s.electedBy(t, k, tk, d),
                z3.And(
                    s.started(t), s.isConfiguration(d), configures(s, leader_log(s, t), k, tk, d),
                    z3.Or(k == ZERO, term_lt(tk, t)),
                    every("ix ty vx", lambda i, y, v: implies(
                        s.leaderLog(t, i, y, v), s.isConfiguration(v), index_lt(k, i), y == t
                    )),
                ),
            ),
        ),
    ),
    Conjunct(
        "ElectedByQuorum",
        "in a term that has started, a quorum of that configuration elected the leader",
        "thesis, 4.1",
        lambda s: every(
            "t",
            lambda t: implies(
                s.started(t),
                some("q ik tk vd", lambda q, k, tk, d: z3.And(
                    s.quorumOf(q, d), s.electedBy(t, k, tk, d),
                    every("s", lambda x: implies(member(x, q), s.elector(t, x))),
                )),
            ),
        ),
    ),
    # ---- What may be chosen
    Conjunct(
        "KeptOrOverruled",
        "who has acknowledged an entry of a leader has it, or a later leader lacks it",
        "Raft paper, 5.4.3",
        lambda s: every(
            "s t i v",
            lambda x, t, i, v: implies(
                s.acknowledged(x, t, i), s.leaderLog(t, i, t, v),
                _or_overruled(
                    s.log(x, i, t, v), s, (t, i, v), lambda u: lower_are_left(s, x, u)
                ),
            ),
        ),
    ),
    Conjunct(
        "VotedForOrOverruled",
        "for whom it votes later has it, or a leader up to that term lacks it",
        "Raft paper, 5.4.3",
        lambda s: every(
            "s sc t tu i v",
            lambda x, c, t, u, i, v: implies(
                s.acknowledged(x, t, i), s.leaderLog(t, i, t, v), s.voted(x, u, c), term_lt(t, u),
                _or_overruled(
                    s.candidateLog(c, u, i, t, v), s, (t, i, v), lambda y: term_le(y, u)
                ),
            ),
        ),
    ),
    Conjunct(
        "ElectedOrOverruled",
        "whom it helped to elect has it, or a leader before that lacks it",
        "Raft paper, 5.4.3",
        lambda s: every(
            "s t tu i v",
            lambda x, t, u, i, v: implies(
                s.acknowledged(x, t, i), s.leaderLog(t, i, t, v), s.elector(u, x), term_lt(t, u),
                _or_overruled(
                    s.leaderLog(u, i, t, v), s, (t, i, v), lambda y: term_lt(y, u)
                ),
            ),
        ),
    ),
    Conjunct(
        "ChoosableIsLed",
        "the leaders of all higher terms have what a quorum may choose",
        "Raft paper, 5.4.3",
        _chooses_and_is_led,
        _first_that_lacks,
    ),
    # ---- What is decided
    Conjunct(
        "CommittedIsDecided",
        "what is committed is of the leader's log, and was decided by a configuration",
        "Raft paper, 5.4.2",
        lambda s: every(
            "t i v",
            lambda t, i, v: implies(
                s.committed(t, i, v),
                z3.And(s.leaderLog(t, i, t, v), some(
                    "ij tj vc", lambda j, tj, c: s.decided(t, i, v, j, tj, c)
                )),
            ),
        ),
    ),
    Conjunct(
        "DecidedInForce",
        "an entry is decided by a configuration that is in force for it, or later",
        "thesis, 4.1",
        lambda s: every(
            "t i v ij tj vc",
            lambda t, i, v, j, tj, c: implies(
                s.decided(t, i, v, j, tj, c),
                z3.And(
                    s.committed(t, i, v), s.leaderLog(t, i, t, v), s.isConfiguration(c),
                    configures(s, leader_log(s, t), j, tj, c),
                    none_behind(s, leader_log(s, t), j, lambda ix: index_le(ix, i)),
                ),
            ),
        ),
    ),
    Conjunct(
        "DecidedByQuorum",
        "a quorum of that configuration has acknowledged it",
        "thesis, 4.1",
        lambda s: every(
            "t i v ij tj vc",
            lambda t, i, v, j, tj, c: implies(
                s.decided(t, i, v, j, tj, c),
                some("q", lambda q: z3.And(
                    s.quorumOf(q, c),
                    every("s", lambda x: implies(member(x, q), s.acknowledged(x, t, i))),
                )),
            ),
        ),
    ),
    # ---- Changes
    Conjunct(
        "ChangedBehindSettled",
        "a configuration stands behind one that was decided, of one server's change in its term",
        "thesis, 4.1; the correction of 2015",
        lambda s: every(
            "t i v ij tj vb te im vw",
            lambda t, i, v, j, tj, b, e, m, w: implies(
                s.changed(t, i, v, j, tj, b, e, m, w),
                z3.And(
                    s.leaderLog(t, i, t, v), s.isConfiguration(v), s.isConfiguration(b),
                    configures(s, leader_log(s, t), j, tj, b), index_lt(j, i),
                    none_behind(s, leader_log(s, t), j, lambda ix: index_lt(ix, i)),
                    z3.Or(s.joint(b, v), z3.And(s.oneServer(b, v), e == t)),
                    z3.Or(
                        z3.And(j == ZERO, s.joint(b, v)),
                        z3.And(
                            s.decided(e, m, w, j, tj, b), index_le(j, m), index_lt(m, i),
                            term_le(e, t), s.leaderLog(t, m, e, w),
                        ),
                    ),
                ),
            ),
        ),
    ),
    Conjunct(
        "ChangedHasRecord",
        "for each configuration in a log it is known what was before it",
        "bookkeeping",
        lambda s: every(
            "t i v",
            lambda t, i, v: implies(
                s.leaderLog(t, i, t, v), s.isConfiguration(v),
                some("ij tj vb te im vw", lambda *before: s.changed(t, i, v, *before)),
            ),
        ),
    ),
    Conjunct(
        "Successor",
        "of two configurations in a leader's log, the first has a next one",
        "bookkeeping",
        lambda s: every(
            "t ik tk vd ij tj vc",
            lambda t, k, tk, d, j, tj, c: implies(
                s.started(t), configures(s, leader_log(s, t), k, tk, d), s.isConfiguration(c),
                s.leaderLog(t, j, tj, c), index_lt(k, j),
                some("ix tx vx te im vw", lambda i, tx, v, e, m, w: z3.And(
                    s.leaderLog(t, i, tx, v), term_le(tx, tj), index_le(i, j),
                    s.changed(tx, i, v, k, tk, d, e, m, w),
                )),
            ),
        ),
    ),
    Conjunct(
        "Settled",
        "of two configurations in a leader's log, the first was decided",
        "thesis, 4.1",
        lambda s: every(
            "t ik tk vd ij tj vc",
            lambda t, k, tk, d, j, tj, c: implies(
                s.leaderLog(t, k, tk, d), s.isConfiguration(d), s.isConfiguration(c),
                s.leaderLog(t, j, tj, c), index_lt(k, j), _is_decided(s, t, k, tk, d, tj),
            ),
        ),
    ),
    Conjunct(
        "CommittedConfiguration",
        "a configuration that is committed was decided by its own quorum",
        "thesis, 4.1",
        lambda s: every(
            "t i v ik tk vd",
            lambda t, i, v, k, tk, d: implies(
                s.committed(t, i, v), s.leaderLog(t, k, tk, d), s.isConfiguration(d),
                index_le(k, i), _is_decided(s, t, k, tk, d, t),
            ),
        ),
    ),
)  # fmt: skip

_OF_ALL_SERVERS = (
    "StartedByQuorum", "ChoosableIsKept", "ChoosableIsVotedFor", "ChoosableIsLed",
    "CommittedByQuorum",
)  # fmt: skip
"""Raft's conjuncts that speak of quorums, in place of which others are."""

OF_RAFT = tuple(each for each in CONJUNCTS if each.name not in _OF_ALL_SERVERS)

MEMBERSHIP_CONJUNCTS = (*OF_RAFT, *_NEW)
"""What holds at first and is kept by every action."""

DECIDED_IS_LED = Conjunct(
    "DecidedIsLed",
    "the leaders of all higher terms have what was decided",
    "Raft paper, 5.4.3",
    lambda s: every(
        "t i v ij tj vc tu",
        lambda t, i, v, j, tj, c, u: implies(
            s.decided(t, i, v, j, tj, c), s.started(u), term_lt(t, u), s.leaderLog(u, i, t, v)
        ),
    ),
)

ONE_UNCOMMITTED_CHANGE = Conjunct(
    "OneUncommittedChange",
    "no log holds two configurations of which the first is not committed",
    "thesis, 4.1; MembershipInvariants.tla",
    lambda s: every(
        "s ik tk vd ij tj vc",
        lambda x, k, tk, d, j, tj, c: implies(
            s.log(x, k, tk, d), s.isConfiguration(d), s.log(x, j, tj, c), s.isConfiguration(c),
            index_lt(k, j),
            some("te im vw", lambda e, m, w: z3.And(
                s.committed(e, m, w), index_le(k, m), s.leaderLog(e, k, tk, d)
            )),
        ),
    ),
)  # fmt: skip

MEMBERSHIP_PROPERTIES = (DECIDED_IS_LED, *PROPERTIES, ONE_UNCOMMITTED_CHANGE)
"""What the proof is for: it follows from the conjuncts."""
