"""The protocol as a transition system for z3: each action by the name that it has in Raft.tla."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import NamedTuple

import z3

from raft_ref.spec.proof.action import Action, Change, Lemma
from raft_ref.spec.proof.relations import (
    ZERO,
    Formula,
    State,
    axioms,
    every,
    index_le,
    index_lt,
    is_in,
    member,
    some,
    term_lt,
)

ASSUMPTIONS = (
    "a message is never gone: it may be received late, again, or never",
    "a newer term is adopted in a step of its own, at any time; a candidate may skip terms",
    "of a request's entries each is sent and handled in a step of its own, and leaderCommit, too",
    "a leader may send from any index, whatever its nextIndex is",
    "a leader may leave out indices when it appends an entry",
    "a response acknowledges all indices of the leader's log up to its matchIndex",
    "a log keeps what is compacted, and a snapshot is sent as the entries that it stands for",
)
"""How this differs from Raft.tla. Each allows more than it does, or the same; that a step of the
node is one or more of these is checked by `spec.link.simulation_relation`."""

STEP_DOWN = "StepDown"
"""The one action that Raft.tla has not, and features need."""

CARRIED_OVER = (
    "pre-vote, check-quorum, leadership transfer: with what they add hidden, each step of a server "
    "is one of Raft.tla, or none, or it steps down (StepDown) or adopts a newer term (UpdateTerm); "
    "these keep all conjuncts, so what follows from them holds with features on, too",
)
"""What is proved without being asked about, and why. That steps are so is checked, within bounds,
by `spec.link.features`: `raft-ref check --with all`, and that with `--conjuncts`."""

NOT_COVERED = (
    "that anything ever happens (liveness)",
    "changes of membership, of which there is another proof (--with membership)",
    "what clients see of a server beside reads by ReadIndex (leases, sessions)",
)
"""What is not proved."""


def added(old: State, relation: str, *fact: Formula) -> Change:
    """Return the change that adds a fact to a relation."""

    def holds(*made: Formula) -> Formula:
        same = [one == other for one, other in zip(made, fact, strict=True)]
        return z3.Or(old.relations[relation](*made), z3.And(*same))

    return Change(relation, holds)


def _without(old: State, relation: str, server: Formula) -> Change:
    """Return the change that takes away all facts of a server."""
    return Change(
        relation, lambda s, *others: z3.And(old.relations[relation](s, *others), s != server)
    )


def _enters(old: State, server: Formula, term: Formula) -> list[Change]:
    """Return the changes of a server that enters a term as a follower."""
    return [
        Change("left", lambda s, t: z3.Or(old.left(s, t), z3.And(s == server, term_lt(t, term)))),
        _without(old, "isCandidate", server),
        _without(old, "isLeader", server),
        _without(old, "matched", server),
    ]


def _is_newer(old: State, server: Formula, term: Formula) -> Formula:
    """Say that a term is higher than the server's own."""
    return some("to", lambda t: z3.And(is_in(old, server, t), term_lt(t, term)))


def _timeout() -> Action:
    def changes(old: State, me: Formula, term: Formula) -> Iterator[Change]:
        left, _, leader, matched = _enters(old, me, term)
        yield from (left, leader, matched)
        yield added(old, "isCandidate", me)
        yield added(old, "voted", me, term, me)
        yield added(old, "requested", me, term)
        yield Change(
            "candidateLog",
            lambda s, t, i, e, v: z3.Or(
                old.candidateLog(s, t, i, e, v), z3.And(s == me, t == term, old.log(me, i, e, v))
            ),
        )

    return Action(
        "Timeout",
        "s_server t_term",
        lambda old, me, term: [_is_newer(old, me, term), z3.Not(old.isLeader(me))],
        changes,
    )


def _update_term(*, newer_only: bool = True) -> Action:
    """Return it; AdoptTerm of RaftTrace.tla is the same, since the message is not asked for."""

    def changes(old: State, me: Formula, term: Formula) -> Iterator[Change]:
        left, *others = _enters(old, me, term)
        yield (
            left
            if newer_only
            else Change("left", lambda s, t: z3.If(s == me, term_lt(t, term), old.left(s, t)))
        )
        yield from others

    return Action(
        "UpdateTerm",
        "s_server t_term",
        lambda old, me, term: [_is_newer(old, me, term)] if newer_only else [],
        changes,
    )


def _ends_at(log: Callable[..., Formula], index: Formula) -> Formula:
    """Say that nothing of a log is behind an index."""
    return every("ix tx vx", lambda i, t, v: z3.Implies(log(i, t, v), index_le(i, index)))


def _request_vote(*, votes_once: bool = True, compares_logs: bool = True) -> Action:
    """Return it: the voter is me, the candidate c; i, t, v end my log, and ic, tc, vc c's."""

    def guard(
        old: State, me: Formula, c: Formula, term: Formula, i: Formula, t: Formula, v: Formula,
        ic: Formula, tc: Formula, vc: Formula,
    ) -> list[Formula]:  # fmt: skip
        mine, theirs = partial(old.log, me), partial(old.candidateLog, c, term)
        is_empty = every("ix tx vx", lambda *entry: z3.Not(mine(*entry)))
        is_up_to_date = z3.And(
            mine(i, t, v), _ends_at(mine, i), theirs(ic, tc, vc), _ends_at(theirs, ic),
            z3.Or(term_lt(t, tc), z3.And(t == tc, index_le(i, ic))),
        )  # fmt: skip
        return [
            me != c,
            old.requested(c, term),
            is_in(old, me, term),
            every(
                "sd", lambda d: z3.Implies(old.voted(me, term, d), z3.Or(d == c, not votes_once))
            ),
            z3.Or(is_empty, is_up_to_date, not compares_logs),
        ]

    return Action(
        "HandleRequestVoteRequest",
        "s_voter s_candidate t_term i_last t_lastTerm v_lastValue "
        "i_lastLogIndex t_lastLogTerm v_lastLogValue",
        guard,
        lambda old, me, c, term, *_: iter([added(old, "voted", me, term, c)]),
    )


def _become_leader() -> Action:
    def changes(
        old: State, me: Formula, term: Formula, _: Formula, last: Formula
    ) -> Iterator[Change]:
        yield added(old, "isLeader", me)
        yield _without(old, "isCandidate", me)
        yield _without(old, "matched", me)
        yield added(old, "started", term)
        yield added(old, "leads", term, me)
        yield Change(
            "leaderLog",
            lambda t, i, e, v: z3.Or(
                old.leaderLog(t, i, e, v), z3.And(t == term, old.log(me, i, e, v))
            ),
        )
        yield Change(
            "leaderUsed",
            lambda t, i: z3.Or(old.leaderUsed(t, i), z3.And(t == term, index_le(i, last))),
        )

    return Action(
        "HandleRequestVoteResponse",
        "s_candidate t_term q_voters i_last",
        lambda old, me, term, q, last: [
            old.isCandidate(me),
            is_in(old, me, term),
            every("sx", lambda s: z3.Implies(member(s, q), old.voted(s, term, me))),
            _ends_at(partial(old.log, me), last),
        ],
        changes,
        lambda old, me, term, q, last: [
            Lemma(z3.Not(old.started(term)), "TermIsNew"),
            Lemma(every("i te v", lambda *entry: z3.Not(old.leaderLog(term, *entry))), "LogIsNew"),
        ],
    )


def _client_request() -> Action:
    def changes(old: State, me: Formula, term: Formula, i: Formula, v: Formula) -> Iterator[Change]:
        yield added(old, "log", me, i, term, v)
        yield added(old, "leaderLog", term, i, term, v)
        yield added(old, "leaderUsed", term, i)
        yield added(old, "acknowledged", me, term, i)

    return Action(
        "ClientRequest",
        "s_leader t_term i_index v_value",
        lambda old, me, term, i, v: [
            old.isLeader(me),
            is_in(old, me, term),
            i != ZERO,
            every("ix", lambda ix: z3.Implies(old.leaderUsed(term, ix), index_lt(ix, i))),
        ],
        changes,
        lambda old, me, term, i, v: [
            Lemma(every("sx", lambda s: z3.Not(old.acknowledged(s, term, i))), "IndexIsNew"),
            Lemma(
                every(
                    "q tu",
                    lambda q, u: z3.Implies(
                        z3.And(old.started(u), term_lt(term, u)),
                        some("sx", lambda s: z3.And(member(s, q), old.left(s, term))),
                    ),
                ),
                "QuorumsHaveLeft",
            ),
        ],
    )


def _append_entries() -> Action:
    """Return it: the entry i, te, v is sent, with the one before it, ip, tp, vp, or none."""
    return Action(
        "AppendEntries",
        "s_leader t_term i_prevLogIndex t_prevLogTerm v_prevValue i_index t_entryTerm v_value",
        lambda old, me, term, ip, tp, vp, i, te, v: [
            old.isLeader(me),
            is_in(old, me, term),
            old.log(me, i, te, v),
            z3.Or(ip == ZERO, old.log(me, ip, tp, vp)),
            index_lt(ip, i),
            every("ix", lambda ix: z3.Not(z3.And(index_lt(ip, ix), index_lt(ix, i)))),
        ],
        lambda old, me, term, ip, tp, vp, i, te, v: iter(
            [added(old, "appended", term, ip, tp, i, te, v)]
        ),
    )


def _acknowledges(old: State, me: Formula, term: Formula, to: Formula) -> Change:
    """Return the change of a server that acknowledges a leader's log up to an index."""
    return Change(
        "acknowledged",
        lambda s, t, ix: z3.Or(
            old.acknowledged(s, t, ix),
            z3.And(s == me, t == term, index_le(ix, to), old.leaderUsed(term, ix), ix != ZERO),
        ),
    )


def _handle_append(*, compares_terms: bool = True) -> Action:
    def guard(
        old: State, me: Formula, term: Formula, ip: Formula, tp: Formula, vp: Formula, i: Formula,
        te: Formula, v: Formula,
    ) -> list[Formula]:  # fmt: skip
        return [
            old.appended(term, ip, tp, i, te, v),
            is_in(old, me, term),
            z3.Not(old.leads(term, me)),
            z3.Or(
                ip == ZERO,
                old.log(me, ip, tp, vp)
                if compares_terms
                else some("tx", lambda t: old.log(me, ip, t, vp)),
            ),
        ]

    def changes(
        old: State, me: Formula, term: Formula, ip: Formula, tp: Formula, vp: Formula, i: Formula,
        te: Formula, v: Formula,
    ) -> Iterator[Change]:  # fmt: skip
        holds = some("vx", lambda vx: old.log(me, i, te, vx))

        def merged(ix: Formula, tx: Formula, vx: Formula) -> Formula:
            kept = z3.And(old.log(me, ix, tx, vx), index_lt(ix, i))
            new = z3.And(ix == i, tx == te, vx == v)
            return z3.If(holds, old.log(me, ix, tx, vx), z3.Or(kept, new))

        yield _without(old, "isCandidate", me)
        yield Change("log", lambda s, *e: z3.If(s == me, merged(*e), old.log(s, *e)))
        yield _acknowledges(old, me, term, i)

    return Action(
        "HandleAppendEntriesRequest",
        "s_server t_term i_prevLogIndex t_prevLogTerm v_prevValue i_index t_entryTerm v_value",
        guard,
        changes,
    )


def _ask() -> Action:
    """AppendEntries without an entry: the last one that the peer should have is ip, tp, vp."""
    return Action(
        "AppendEntries",
        "s_leader t_term i_prevLogIndex t_prevLogTerm v_prevValue",
        lambda old, me, term, ip, tp, vp: [
            old.isLeader(me),
            is_in(old, me, term),
            z3.Or(ip == ZERO, old.log(me, ip, tp, vp)),
        ],
        lambda old, me, term, ip, tp, vp: iter([added(old, "asked", term, ip, tp)]),
        variant="without entries",
    )


def _handle_ask() -> Action:
    return Action(
        "HandleAppendEntriesRequest",
        "s_server t_term i_prevLogIndex t_prevLogTerm v_prevValue",
        lambda old, me, term, ip, tp, vp: [
            old.asked(term, ip, tp),
            is_in(old, me, term),
            z3.Not(old.leads(term, me)),
            z3.Or(ip == ZERO, old.log(me, ip, tp, vp)),
        ],
        lambda old, me, term, ip, tp, vp: iter(
            [_without(old, "isCandidate", me), _acknowledges(old, me, term, ip)]
        ),
        variant="without entries",
    )


def _refuse() -> Action:
    """Whoever hears of a leader of its own term follows, and refuses what does not match."""
    return Action(
        "HandleAppendEntriesRequest",
        "s_server t_term",
        lambda old, me, term: [
            is_in(old, me, term),
            old.started(term),
            z3.Not(old.leads(term, me)),
        ],
        lambda old, me, term: iter([_without(old, "isCandidate", me)]),
        variant="refused",
    )


def _advance_commit(*, own_term_only: bool = True) -> Action:
    return Action(
        "AdvanceCommitIndex",
        "s_leader t_term i_index v_value q_stored",
        lambda old, me, term, i, v, q: [
            old.isLeader(me),
            is_in(old, me, term),
            old.log(me, i, term, v)
            if own_term_only
            else some("tx", lambda t: old.log(me, i, t, v)),
            every("sx", lambda s: z3.Implies(member(s, q), z3.Or(s == me, old.matched(me, s, i)))),
        ],
        lambda old, me, term, i, v, q: iter([
            added(old, "committed", term, i, v),
            _knows_committed(old, me, i, term, i, v),
        ]),
    )  # fmt: skip


def _knows_committed(
    old: State, me: Formula, to: Formula, term: Formula, i: Formula, v: Formula
) -> Change:
    """Return the change of a server whose commitIndex is raised, on account of an entry."""
    return Change(
        "applied",
        lambda s, ix, t, j, w: z3.Or(
            old.applied(s, ix, t, j, w),
            z3.And(s == me, ix != ZERO, index_le(ix, to), t == term, j == i, w == v),
        ),
    )


def _tell_commit() -> Action:
    """AppendEntries, as far as it carries a leaderCommit."""
    return Action(
        "AppendEntries",
        "s_leader t_term i_leaderCommit t_committedIn i_committed v_value",
        lambda old, me, term, ix, tc, ic, v: [
            old.isLeader(me),
            is_in(old, me, term),
            old.applied(me, ix, tc, ic, v),
        ],
        lambda old, me, term, ix, tc, ic, v: iter([added(old, "told", term, ix, tc, ic, v)]),
        variant="leaderCommit",
    )


def _handle_commit() -> Action:
    """HandleAppendEntriesRequest, as far as it raises commitIndex."""
    return Action(
        "HandleAppendEntriesRequest",
        "s_server t_term i_leaderCommit i_commitIndex t_committedIn i_committed v_value",
        lambda old, me, term, told, to, tc, ic, v: [
            old.told(term, told, tc, ic, v),
            index_le(to, told),
            is_in(old, me, term),
            z3.Not(old.leads(term, me)),
            old.acknowledged(me, term, to),
        ],
        lambda old, me, term, told, to, tc, ic, v: iter([
            _knows_committed(old, me, to, tc, ic, v)
        ]),
        variant="leaderCommit",
    )  # fmt: skip


def _handle_response() -> Action:
    return Action(
        "HandleAppendEntriesResponse",
        "s_leader s_follower t_term i_matchIndex",
        lambda old, me, follower, term, to: [
            old.isLeader(me),
            is_in(old, me, term),
            old.acknowledged(follower, term, to),
        ],
        lambda old, me, follower, term, to: iter([
            Change(
                "matched",
                lambda s, f, i: z3.Or(
                    old.matched(s, f, i),
                    z3.And(
                        s == me, f == follower, index_le(i, to), old.acknowledged(f, term, i)
                    ),
                ),
            )
        ]),
    )  # fmt: skip


def _restart() -> Action:
    return Action(
        "Restart",
        "s_server i_compacted",
        lambda old, me, kept: [],
        lambda old, me, kept: iter([
            _without(old, "isCandidate", me),
            _without(old, "isLeader", me),
            _without(old, "matched", me),
            Change(
                "applied",
                lambda s, i, *w: z3.And(old.applied(s, i, *w), z3.Or(s != me, index_le(i, kept))),
            ),
        ]),
    )  # fmt: skip


def _step_down(*, keeps_vote: bool = True) -> Action:
    """Return StepDown of RaftTrace.tla: who leads, or stands, follows in its own term."""

    def changes(old: State, me: Formula, term: Formula) -> Iterator[Change]:
        yield _without(old, "isCandidate", me)
        yield _without(old, "isLeader", me)
        yield _without(old, "matched", me)
        if not keeps_vote:
            yield Change(
                "voted", lambda s, t, c: z3.And(old.voted(s, t, c), z3.Or(s != me, t != term))
            )

    return Action(
        STEP_DOWN,
        "s_server t_term",
        lambda old, me, term: [
            is_in(old, me, term),
            z3.Or(old.isCandidate(me), old.isLeader(me)),
        ],
        changes,
    )


class Protocol(NamedTuple):
    """The actions, by their titles, and the axioms."""

    actions: Mapping[str, Action]
    axioms: list[Formula]


BUGS: Mapping[str, Mapping[str, bool]] = {
    "vote-forgotten-in-same-term": {"votes_once": False},
    "log-not-compared-before-vote": {"compares_logs": False},
    "quorum-of-half": {"quorums_meet": False},
    "older-term-committed": {"own_term_only": False},
    "prev-log-term-ignored": {"compares_terms": False},
    "vote-forgotten-at-step-down": {"keeps_vote": False},
    "lower-term-adopted": {"newer_only": False},
}
"""Bugs as rules that are left out: known ones (`raft_ref.bugs`), and of what features need."""


@cache
def protocol(bug: str | None = None) -> Protocol:
    """Return the protocol, or what a known bug makes of it."""
    rules = {rule: True for left_out in BUGS.values() for rule in left_out}
    rules |= BUGS[bug] if bug else {}
    actions = (
        _timeout(),
        _update_term(newer_only=rules["newer_only"]),
        _request_vote(votes_once=rules["votes_once"], compares_logs=rules["compares_logs"]),
        _become_leader(),
        _client_request(),
        _append_entries(),
        _ask(),
        _tell_commit(),
        _handle_append(compares_terms=rules["compares_terms"]),
        _handle_ask(),
        _handle_commit(),
        _refuse(),
        _handle_response(),
        _advance_commit(own_term_only=rules["own_term_only"]),
        _restart(),
        _step_down(keeps_vote=rules["keeps_vote"]),
    )
    by_title = {action.title: action for action in actions}
    return Protocol(by_title, axioms(quorums_meet=rules["quorums_meet"]))
