"""The proof's protocol with changes of membership: each action by its name in Membership.tla.

Where a majority of all servers was asked for, a quorum is, of the configuration that the server
goes by: the last one in its log, committed or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, partial

import z3

from raft_ref.spec.proof.action import Action, Change, Lemma
from raft_ref.spec.proof.membership.argument import (
    configurations_meet,
    elected_later,
    new_configuration_meets,
    shared_by,
    to_be_elected,
)
from raft_ref.spec.proof.membership.relations import (
    axioms,
    configures,
    decided_in,
    none_behind,
)
from raft_ref.spec.proof.protocol import Protocol, added, protocol
from raft_ref.spec.proof.relations import (
    ZERO,
    Formula,
    State,
    every,
    index_le,
    some,
    term_lt,
)

ASSUMPTIONS = (
    "any server may stand for election, learners and who was removed, too; who knows of no "
    "configuration goes by the first",
    "a leader may change to any configuration whose quorums meet those of the one before",
)
"""How this differs from Membership.tla. Each allows more than it does."""

NOT_COVERED = (
    "that anything ever happens (liveness)",
    "configurations that are used once they are applied (AppliedMembership)",
    "reads while the membership changes",
)
"""What is not proved of changes of membership."""

BUGS: Mapping[str, Mapping[str, bool]] = {
    "single-server-change-without-barrier": {"commits_first": False},
    "change-before-last-is-committed": {"settles_first": False},
    "committed-by-old-configuration": {"uses_last": False},
    "joint-left-before-committed": {"settles_joint_first": False},
    "election-quorum-over-the-union": {},
    "new-configuration-alone": {},
}
"""Known bugs (`raft_ref.features.bugs`) as rules that are left out; the last two are of what a
quorum is (`majorities`)."""


ONE_SERVER, JOINT = "one server", "C_old,new"
"""The variants of Change: AddServer, RemoveServer, AddLearner and PromoteLearner; EnterJoint and
LeaveJoint."""


def _of_raft(title: str) -> Action:
    return protocol().actions[title]


def _become_leader() -> Action:
    base = _of_raft("HandleRequestVoteResponse")

    def guard(
        old: State, me: Formula, term: Formula, q: Formula, last: Formula, *own: Formula
    ) -> list[Formula]:
        log, (index, _, configuration) = partial(old.log, me), own
        return [
            *base.guard(old, me, term, q, last),
            configures(old, log, *own),
            none_behind(old, log, index),
            old.quorumOf(q, configuration),
        ]

    def changes(
        old: State, me: Formula, term: Formula, q: Formula, last: Formula, *own: Formula
    ) -> Iterator[Change]:
        yield from base.changes(old, me, term, q, last)
        yield added(old, "electedBy", term, *own)
        yield Change(
            "elector",
            lambda t, s: z3.Or(old.elector(t, s), z3.And(t == term, old.voted(s, term, me))),
        )

    def lemmas(
        old: State, me: Formula, term: Formula, q: Formula, last: Formula, *own: Formula
    ) -> list[Lemma]:
        pairs = to_be_elected(old, me, term, *own)
        decided = every(
            "te im vw ij tj vc",
            lambda e, m, w, j, tj, c: z3.Implies(
                z3.And(old.decided(e, m, w, j, tj, c), term_lt(e, term), old.meets(c, own[2])),
                old.log(me, m, e, w),
            ),
        )
        is_new, *others = base.lemmas(old, me, term, q, last)
        return [
            Lemma(decided, "DecidedIsInCandidate", (
                "CandidateLogIsLog", "CandidateRequested", "DecidedByQuorum", "DecidedInForce",
                "VotedForOrOverruled", "DecidedIsLed", "VoteLeavesLowerTerms",
            )),
            *shared_by(old, pairs),
            *configurations_meet(
                old, pairs, lambda j, tj: z3.Or(j == ZERO, term_lt(tj, term))
            ),
            is_new._replace(by=(
                "OneVote", "OneElected", "StartedHasLeader", "CandidateDoesNotLead", "ElectorVoted",
                "ElectedByQuorum", "ElectedInForce", "CandidateLogIsLog", "CandidateRequested",
                "CandidateLogFromLeaders", "LeaderLogFromLeaders", "ConfigurationsMeet",
            )),
            *others,
        ]  # fmt: skip

    return Action(
        base.name,
        f"{base.parameters} i_configuration t_configurationTerm v_configuration",
        guard,
        changes,
        lemmas,
    )


def _client_request() -> Action:
    base = _of_raft("ClientRequest")

    def guard(old: State, me: Formula, term: Formula, i: Formula, v: Formula) -> list[Formula]:
        return [*base.guard(old, me, term, i, v), z3.Not(old.isConfiguration(v))]

    def lemmas(old: State, me: Formula, term: Formula, i: Formula, v: Formula) -> list[Lemma]:
        is_new, _ = base.lemmas(old, me, term, i, v)
        later = elected_later(old, term)
        return [
            is_new,
            *shared_by(old, later, ("LeaderLeads", "LeaderRequested")),
            *configurations_meet(old, later, lambda j, tj: z3.BoolVal(True)),
        ]

    return Action(base.name, base.parameters, guard, base.changes, lemmas)


_CHANGE = (
    "s_leader t_term i_index v_configuration i_previousIndex t_previousTerm v_previous "
    "i_commitIndex t_commitTerm v_commitValue t_committedIn i_committed v_committed "
    "t_decidedIn i_decided v_decided"
)


def _change(variant: str, *, commits_first: bool = True, settles_first: bool = True) -> Action:
    """Return Change of Membership.tla: of one server, or C_old,new is entered or left.

    j is the index of the configuration before, n the commitIndex, on account of (tc, ic, vc).
    """
    base, is_one = _of_raft("ClientRequest"), variant == ONE_SERVER

    def guard(
        old: State, me: Formula, term: Formula, i: Formula, v: Formula, j: Formula, tj: Formula,
        b: Formula, n: Formula, tn: Formula, vn: Formula, *others: Formula,
    ) -> list[Formula]:  # fmt: skip
        log, before, known, entry = partial(old.log, me), (j, tj, b), others[:3], others[3:]
        has_committed = old.applied(me, n, *known)
        is_settled = z3.And(has_committed, index_le(j, n), log(n, tn, vn))
        has_decided = some("t_e i_m v_w", lambda *each: decided_in(old, log, before, term, *each))
        yields = [
            z3.Or(j == ZERO, is_settled) if settles_first else z3.BoolVal(True),
            z3.Or(z3.Not(has_decided), decided_in(old, log, before, term, *entry)),
        ]
        if is_one:
            yields = [has_committed, log(n, tn, vn)]
            yields += [tn == term] if commits_first else []
            yields += [index_le(j, n)] if settles_first else []
            yields += [z3.And(*(a == b for a, b in zip(known, entry, strict=True)))]
        return [
            *base.guard(old, me, term, i, v),
            old.isConfiguration(v),
            configures(old, log, *before),
            none_behind(old, log, j),
            old.oneServer(b, v) if is_one else old.joint(b, v),
            *yields,
        ]

    def changes(
        old: State, me: Formula, term: Formula, i: Formula, v: Formula, *others: Formula
    ) -> Iterator[Change]:
        yield from base.changes(old, me, term, i, v)
        yield added(old, "changed", term, i, v, *others[:3], *others[-3:])

    def lemmas(
        old: State, me: Formula, term: Formula, i: Formula, v: Formula, *others: Formula
    ) -> list[Lemma]:
        before, entry = (others[0], others[1], others[2]), others[-3:]
        is_new, _ = base.lemmas(old, me, term, i, v)
        is_decided = decided_in(old, partial(old.log, me), before, term, *entry)
        later = elected_later(old, term)
        known = (
            "AppliedIsCommitted", "AppliedMatches", "LeaderLogIsFunction", "LogIsFunction",
            "LeaderLogIsLog", "LeaderLogFromLeaders", "DecidedInForce",
        )  # fmt: skip
        if is_one:
            decided = Lemma(
                z3.And(is_decided, entry[0] == term), "BeforeIsDecided",
                (*known, "CommittedIsDecided", "LeaderTermsMonotonic", "DecidedIsLed"),
            )  # fmt: skip
        else:
            decided = Lemma(
                z3.Or(before[0] == ZERO, is_decided), "BeforeIsDecided",
                (*known, "CommittedConfiguration", "DecidedIsLed"),
            )  # fmt: skip
        return [
            is_new,
            decided,
            *shared_by(old, later, ("LeaderLeads", "LeaderRequested")),
            *new_configuration_meets(old, later, v, before),
        ]

    return Action("Change", _CHANGE, guard, changes, lemmas, variant=variant)


def _advance_commit(*, uses_last: bool = True) -> Action:
    base = _of_raft("AdvanceCommitIndex")

    def guard(
        old: State, me: Formula, term: Formula, i: Formula, v: Formula, q: Formula, *own: Formula
    ) -> list[Formula]:
        log, (index, _, configuration) = partial(old.log, me), own
        return [
            *base.guard(old, me, term, i, v, q),
            configures(old, log, *own),
            *([none_behind(old, log, index)] if uses_last else []),
            old.quorumOf(q, configuration),
        ]

    def changes(
        old: State, me: Formula, term: Formula, i: Formula, v: Formula, q: Formula, *own: Formula
    ) -> Iterator[Change]:
        yield from base.changes(old, me, term, i, v, q)
        yield added(old, "decided", term, i, v, *own)

    return Action(
        base.name,
        f"{base.parameters} i_configuration t_configurationTerm v_configuration",
        guard,
        changes,
    )


@cache
def protocol_with_membership(bug: str | None = None) -> Protocol:
    """Return the protocol with changes of membership, or what a known bug makes of it."""
    rules = {rule: True for left_out in BUGS.values() for rule in left_out}
    rules |= BUGS.get(bug or "", {})
    settles = rules["settles_first"]
    changed = (
        _become_leader(),
        _client_request(),
        _advance_commit(uses_last=rules["uses_last"]),
        _change(ONE_SERVER, commits_first=rules["commits_first"], settles_first=settles),
        _change(JOINT, settles_first=settles and rules["settles_joint_first"]),
    )
    return Protocol({**protocol().actions, **{each.title: each for each in changed}}, axioms())
