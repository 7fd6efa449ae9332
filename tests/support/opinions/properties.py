"""The properties of spec/features once more, in Python, for a second opinion on steps at random.

What only says of which type a variable is stands by hand (tests/spec/link/test_feature_types.py).
"""

from collections.abc import Callable, Iterator
from itertools import combinations, pairwise
from typing import Any, Final

from raft_ref import (
    AppendEntriesRequest,
    InstallSnapshotRequest,
    RequestVoteRequest,
    Role,
)
from raft_ref.explorer import View
from raft_ref.features import (
    Configuration,
    Feature,
    ForcedRequestVoteRequest,
    HeartbeatRequest,
    PreVoteRequest,
    PreVoteResponse,
    TimeoutNowRequest,
)
from raft_ref.features.configuration import is_majority
from tests.support.servers import SERVERS


class Pair:
    """A step: before, after, and which features are on."""

    def __init__(self, features: frozenset[Feature], before: View, after: View) -> None:
        self.on = features
        self.b, self.a = before.states, after.states
        self.flight, self.later = {*before.messages}, {*after.messages}
        self.committed: Any = before.history.committed
        self.asked: Any = before.history.asked_at, after.history.asked_at
        self.is_restart = before.restarts != after.restarts

    @property
    def states(self) -> Iterator[tuple[str, Any, Any]]:
        """Each server with its states."""
        return ((me, self.b[me], self.a[me]) for me in SERVERS)

    @property
    def forced(self) -> set[Any]:
        """The requests with the mark of a forced election."""
        return {m for m in self.flight if isinstance(m, ForcedRequestVoteRequest)}

    @property
    def given(self) -> list[Any]:
        """The pre-votes that the step gives."""
        new = self.later - self.flight
        return [m for m in new if isinstance(m, PreVoteResponse) and m.vote_granted]

    @property
    def changes(self) -> list[tuple[int, Configuration]]:
        """The configurations that were committed, with their indices."""
        values = enumerate((each.value for each in self.committed), 1)
        return [(at, value) for at, value in values if isinstance(value, Configuration)]

    def configuration(self, s: Any) -> Configuration:
        """Return the one that a server goes by."""
        is_applied = Feature.APPLIED_MEMBERSHIP in self.on
        known = values(s)[: s.configuration_index if is_applied else s.last_index]
        return next((v for v in reversed(known) if isinstance(v, Configuration)), s.bootstrap)

    def is_quorum(self, s: Any, servers: frozenset[str]) -> bool:
        """Tell whether these are a quorum for a server."""
        if Feature.MEMBERSHIP not in self.on:
            return 2 * len(servers) > len(SERVERS)
        known = self.configuration(s)
        is_outgoing = not known.outgoing_voters and bool(known.voters)
        return is_majority(servers, known.voters) and (
            is_outgoing or is_majority(servers, known.outgoing_voters)
        )

    def can_be_elected(self, s: Any) -> bool:
        """Tell whether a quorum would vote for a server."""
        behind = {
            each.me
            for each in self.b.values()
            if (each.last_term, each.last_index) <= (s.last_term, s.last_index)
        }
        return self.is_quorum(s, frozenset(behind))


def values(s: Any) -> tuple[Any, ...]:
    return (*s.snapshot.data, *(each.value for each in s.log))


def changes(s: Any) -> list[int]:
    return [at for at, value in enumerate(values(s), 1) if isinstance(value, Configuration)]


def groups() -> Iterator[frozenset[str]]:
    for size in range(len(SERVERS) + 1):
        yield from map(frozenset, combinations(SERVERS, size))


def of_kind(m: Any, *names: str) -> bool:
    return type(m).__name__.removeprefix("Forced") in names


Rule = Callable[[Pair], bool]
RULES: Final[dict[str, dict[str, Rule]]] = {}
"""What each module says, by the names of its properties."""


def rule(module: str) -> Callable[[Rule], Rule]:
    def note(function: Rule) -> Rule:
        name = "".join(map(str.capitalize, function.__name__.split("_")))
        RULES.setdefault(module, {})[name] = function
        return function

    return note


# Hearing from a leader


@rule("LeaderContactInvariants")
def leader_is_heard_from(p: Pair) -> bool:
    kinds = (AppendEntriesRequest, InstallSnapshotRequest, HeartbeatRequest)
    return all(
        b.heard_from_leader
        or not a.heard_from_leader
        or any(isinstance(m, kinds) and (m.dest, m.term) == (me, a.current_term) for m in p.flight)
        for me, b, a in p.states
    )


# Pre-vote


@rule("PreVoteInvariants")
def pre_candidate_has_no_leader(p: Pair) -> bool:
    return all(
        me in b.pre_votes_granted and b.role is not Role.LEADER and not b.heard_from_leader
        for me, b, _ in p.states
        if b.pre_votes_granted
    )


def _stands(b: Any, a: Any) -> bool:
    return bool(a.role is Role.CANDIDATE and a.current_term > b.current_term)


@rule("PreVoteInvariants")
def candidate_had_pre_votes(p: Pair) -> bool:
    stand = [b for _, b, a in p.states if _stands(b, a)]
    return all(b.is_forced or p.is_quorum(b, b.pre_votes_granted) for b in stand)


@rule("PreVoteInvariants")
def pre_vote_only_without_leader(p: Pair) -> bool:
    givers = [p.b[m.source] for m in p.given]
    return not any(s.role is Role.LEADER or s.heard_from_leader for s in givers)


@rule("PreVoteInvariants")
def pre_vote_only_if_up_to_date(p: Pair) -> bool:
    asked = [m for m in p.flight if isinstance(m, PreVoteRequest)]

    def is_asked(m: Any) -> bool:
        s = p.b[m.source]
        return any(
            (one.source, one.dest, one.term) == (m.dest, m.source, m.term)
            and (one.last_log_term, one.last_log_index) >= (s.last_term, s.last_index)
            for one in asked
        )

    return all(map(is_asked, p.given))


@rule("PreVoteInvariants")
def pre_votes_are_for_next_term(p: Pair) -> bool:
    told = {
        (m.source, m.dest, m.term)
        for m in p.flight
        if isinstance(m, PreVoteResponse) and m.vote_granted
    }
    return all(
        (peer, me, b.current_term + 1) in told
        for me, b, a in p.states
        for peer in a.pre_votes_granted - b.pre_votes_granted - {me}
    )


@rule("PreVoteInvariants")
def term_is_begun(p: Pair) -> bool:
    known = max(s.current_term for s in p.b.values())
    return all(
        a.role is Role.CANDIDATE or a.current_term <= known
        for _, b, a in p.states
        if a.current_term > b.current_term
    )


@rule("PreVoteInvariants")
def sometimes_pre_vote_granted(p: Pair) -> bool:
    return any(isinstance(m, PreVoteResponse) and m.vote_granted for m in p.flight)


@rule("PreVoteInvariants")
def sometimes_pre_vote_refused(p: Pair) -> bool:
    return any(isinstance(m, PreVoteResponse) and not m.vote_granted for m in p.flight)


@rule("PreVoteInvariants")
def sometimes_pre_votes_of_majority(p: Pair) -> bool:
    return any(p.is_quorum(s, s.pre_votes_granted) for s in p.b.values())


@rule("PreVoteInvariants")
def sometimes_pre_votes_forgotten(p: Pair) -> bool:
    return any(
        b.pre_votes_granted and not a.pre_votes_granted and a.heard_from_leader
        for _, b, a in p.states
    )


# Check-quorum


@rule("CheckQuorumInvariants")
def answers_are_of_leaders(p: Pair) -> bool:
    return all(
        b.role is Role.LEADER and me not in b.heard_from for me, b, _ in p.states if b.heard_from
    )


@rule("CheckQuorumInvariants")
def vote_is_kept(p: Pair) -> bool:
    return all(
        b.voted_for == a.voted_for
        for _, b, a in p.states
        if b.voted_for is not None and b.current_term == a.current_term
    )


@rule("CheckQuorumInvariants")
def sticky_follower_does_not_vote(p: Pair) -> bool:
    return all(
        any((m.dest, m.term) == (me, a.current_term) for m in p.forced)
        for me, b, a in p.states
        if b.heard_from_leader and a.current_term > b.current_term and a.voted_for not in (None, me)
    )


@rule("CheckQuorumInvariants")
def sticky_follower_keeps_term(p: Pair) -> bool:
    heeded = p.forced | {
        m for m in p.flight if not of_kind(m, "RequestVoteRequest", "PreVoteRequest")
    }
    return all(
        any((m.dest, m.term) == (me, a.current_term) for m in heeded)
        for me, b, a in p.states
        if b.heard_from_leader and a.current_term > b.current_term and a.role is Role.FOLLOWER
    )


def _checked(p: Pair) -> list[Any]:
    return [
        b for _, b, a in p.states if b.heard_from and not a.heard_from and a.role is Role.LEADER
    ]


@rule("CheckQuorumInvariants")
def only_quorum_keeps_leader(p: Pair) -> bool:
    return all(p.is_quorum(b, b.heard_from | {b.me}) for b in _checked(p))


@rule("CheckQuorumInvariants")
def sometimes_quorum_is_active(p: Pair) -> bool:
    return bool(_checked(p))


def _steps_down(p: Pair, b: Any, a: Any) -> bool:
    is_in_term = a.current_term == b.current_term and not p.is_restart
    return bool(b.role is Role.LEADER and a.role is Role.FOLLOWER and is_in_term)


@rule("CheckQuorumInvariants")
def sometimes_quorum_is_missed(p: Pair) -> bool:
    return any(_steps_down(p, b, a) for _, b, a in p.states)


@rule("CheckQuorumInvariants")
def sometimes_request_ignored(p: Pair) -> bool:
    return any(
        isinstance(m, RequestVoteRequest)
        and m.term > p.b[m.dest].current_term
        and p.b[m.dest].heard_from_leader
        for m in p.flight
    )


# Leadership transfer


@rule("LeadershipTransferInvariants")
def only_leaders_transfer(p: Pair) -> bool:
    return all(
        b.role is Role.LEADER and b.transfer_target != me
        for me, b, _ in p.states
        if b.transfer_target is not None
    )


@rule("LeadershipTransferInvariants")
def only_followers_are_forced(p: Pair) -> bool:
    return not any(s.is_forced and s.role is Role.LEADER for s in p.b.values())


@rule("LeadershipTransferInvariants")
def forced_by_leader_of_its_term(p: Pair) -> bool:
    told = {(m.dest, m.term) for m in p.flight if isinstance(m, TimeoutNowRequest)}
    return all(
        (me, a.current_term) in told for me, b, a in p.states if a.is_forced and not b.is_forced
    )


@rule("LeadershipTransferInvariants")
def target_is_up_to_date(p: Pair) -> bool:
    new = [m for m in p.later - p.flight if isinstance(m, TimeoutNowRequest)]
    return all(p.b[m.dest].last_index >= p.b[m.source].last_index for m in new)


@rule("LeadershipTransferInvariants")
def no_requests_during_transfer(p: Pair) -> bool:
    return all(
        a.last_index == b.last_index
        for _, b, a in p.states
        if b.transfer_target is not None and a.transfer_target == b.transfer_target
    )


@rule("LeadershipTransferInvariants")
def sometimes_transfer_aborted(p: Pair) -> bool:
    return any(
        b.transfer_target is not None and a.transfer_target is None and a.role is Role.LEADER
        for _, b, a in p.states
    )


@rule("LeadershipTransferInvariants")
def sometimes_forced_election(p: Pair) -> bool:
    return any(b.is_forced and _stands(b, a) for _, b, a in p.states)


@rule("LeadershipTransferInvariants")
def sometimes_leadership_transferred(p: Pair) -> bool:
    asked = {(m.source, m.term) for m in p.forced}
    return any(
        (me, b.current_term) in asked
        for me, b, a in p.states
        if b.role is Role.CANDIDATE and a.role is Role.LEADER
    )


# Reads


@rule("ReadIndexInvariants")
def only_leaders_note_reads(p: Pair) -> bool:
    noted = [s for s in p.b.values() if s.pending_reads or s.round_acks]
    return all(s.role is Role.LEADER for s in noted)


def _read(p: Pair) -> list[Any]:
    if p.is_restart:
        return []
    return [b for _, b, a in p.states if b.read_index is not None and a.read_index is None]


@rule("ReadIndexInvariants")
def linearizable_reads(p: Pair) -> bool:
    return all(s.commit_index >= p.asked[0][SERVERS.index(s.me)] for s in _read(p))


@rule("ReadIndexInvariants")
def asked_recorded(p: Pair) -> bool:
    def asked(at: int, b: Any, a: Any) -> int:
        if a.read_index is None:
            return 0
        return len(p.committed) if a.read_number != b.read_number else p.asked[0][at]

    return bool(p.asked[1] == tuple(asked(at, b, a) for at, (_, b, a) in enumerate(p.states)))


@rule("ReadIndexInvariants")
def sometimes_leader_reads(p: Pair) -> bool:
    return any(s.role is Role.LEADER for s in _read(p))


@rule("ReadIndexInvariants")
def sometimes_follower_reads(p: Pair) -> bool:
    return any(s.role is Role.FOLLOWER for s in _read(p))


@rule("ReadIndexInvariants")
def sometimes_read_waits(p: Pair) -> bool:
    return any(s.read_index and s.commit_index < s.read_index for s in p.b.values())


@rule("ReadIndexInvariants")
def sometimes_reads_share_round(p: Pair) -> bool:
    return any(sum(r.is_covered for r in s.pending_reads) > 1 for s in p.b.values())


# Leases


@rule("LeasesInvariants")
def only_leaders_trust(p: Pair) -> bool:
    trusting = [s for s in p.b.values() if s.is_trusting]
    return all(s.role is Role.LEADER and not s.is_lease_given_up for s in trusting)


@rule("LeasesInvariants")
def lease_excludes_leaders(p: Pair) -> bool:
    leaders = [s for s in p.b.values() if s.role is Role.LEADER]
    newest = max((s.current_term for s in leaders), default=0)
    return all(
        newest <= s.current_term
        for s in leaders
        if s.is_trusting and p.is_quorum(s, s.round_acks | {s.me})
    )


@rule("LeasesInvariants")
def sometimes_lease_read(p: Pair) -> bool:
    return any(a.read_number != b.read_number and a.read_index for _, b, a in p.states)


@rule("LeasesInvariants")
def sometimes_promise_ends(p: Pair) -> bool:
    return any(b.promise is not None and a.promise is None for _, b, a in p.states)


@rule("LeasesInvariants")
def sometimes_promise_is_kept(p: Pair) -> bool:
    return any(
        isinstance(m, RequestVoteRequest)
        and m.term >= p.b[m.dest].current_term
        and p.b[m.dest].promise is not None
        and p.b[m.dest].promise.leader != m.source
        for m in p.flight
    )


@rule("MCExtendedRaft")
def clocks_agree(p: Pair) -> bool:
    ended = [b.promise for _, b, a in p.states if b.promise is not None and a.promise is None]
    trusted = {(s.me, s.current_term, s.read_round) for s in p.b.values() if s.is_trusting}
    return not any((each.leader, each.term, each.round) in trusted for each in ended)


# Membership


@rule("MembershipInvariants")
def configurations_are_sound(p: Pair) -> bool:
    known = [values(s)[at - 1] for s in p.b.values() for at in changes(s)]
    return all(each.voters and not each.learners & each.voters for each in known)


@rule("MembershipInvariants")
def one_uncommitted_change(p: Pair) -> bool:
    most = len(p.committed)
    return all(sum(at > most for at in changes(s)) <= 1 for s in p.b.values())


@rule("MembershipInvariants")
def configurations_intersect(p: Pair) -> bool:
    able = [s for s in p.b.values() if p.can_be_elected(s)]
    pairs = [(s, t) for s in able for t in able if p.configuration(s) != p.configuration(t)]
    return not any(
        p.is_quorum(s, group) and p.is_quorum(t, frozenset(SERVERS) - group)
        for s, t in pairs
        for group in groups()
    )


@rule("MembershipInvariants")
def learners_follow(p: Pair) -> bool:
    others = [s for s in p.b.values() if s.role is not Role.FOLLOWER]
    return not any(s.me in p.configuration(s).learners for s in others)


@rule("MembershipInvariants")
def commit_is_stored(p: Pair) -> bool:
    def is_stored(b: Any, index: int) -> bool:
        has = {
            s.me
            for s in p.b.values()
            if index <= s.commit_index
            or (index <= s.last_index and values(s)[index - 1] == values(b)[index - 1])
        }
        return p.is_quorum(b, frozenset(has))

    return all(
        is_stored(b, a.commit_index)
        for _, b, a in p.states
        if b.role is a.role is Role.LEADER and a.commit_index > b.commit_index
    )


def _founders(p: Pair) -> frozenset[str]:
    return frozenset().union(*(s.bootstrap.voters for s in p.b.values()))


def _successions(p: Pair) -> list[tuple[Configuration, Configuration]]:
    known = [Configuration(_founders(p)), *(value for _, value in p.changes)]
    return [*pairwise(known)]


@rule("MembershipInvariants")
def sometimes_server_added(p: Pair) -> bool:
    return any(new.voters - old.members for old, new in _successions(p))


@rule("MembershipInvariants")
def sometimes_server_removed(p: Pair) -> bool:
    return any(old.members - new.members for old, new in _successions(p))


@rule("MembershipInvariants")
def sometimes_new_server_leads(p: Pair) -> bool:
    founders = _founders(p)
    return any(s.role is Role.LEADER and s.me not in founders for s in p.b.values())


@rule("MembershipInvariants")
def sometimes_change_undone(p: Pair) -> bool:
    return any(
        at > a.compacted and (at > a.last_index or values(a)[at - 1] != values(b)[at - 1])
        for _, b, a in p.states
        for at in changes(b)
    )


@rule("MembershipInvariants")
def sometimes_removed_leader_steps_down(p: Pair) -> bool:
    down = [b for _, b, a in p.states if _steps_down(p, b, a)]
    return any(b.me not in p.configuration(b).members for b in down)


@rule("JointConsensusInvariants")
def old_and_new_agree(p: Pair) -> bool:
    def is_agreed(s: Any) -> bool:
        known = p.configuration(s)
        parts = (known.voters, known.outgoing_voters)
        return not known.outgoing_voters or (
            known.voters != known.outgoing_voters
            and all(group & part for group in groups() if p.is_quorum(s, group) for part in parts)
        )

    return all(map(is_agreed, p.b.values()))


@rule("JointConsensusInvariants")
def new_follows_committed_joint(p: Pair) -> bool:
    def follows(b: Any, new: Any) -> bool:
        old = p.configuration(b)
        if not isinstance(new, Configuration) or not old.outgoing_voters:
            return True
        is_known = old in [each.value for each in p.committed]
        return not new.outgoing_voters and new.voters == old.voters and is_known

    return all(
        follows(b, each.value)
        for _, b, a in p.states
        if b.role is Role.LEADER and a.snapshot == b.snapshot
        for each in a.log[len(b.log) :]
    )


@rule("JointConsensusInvariants")
def sometimes_joint(p: Pair) -> bool:
    return any(each.outgoing_voters for _, each in p.changes)


@rule("JointConsensusInvariants")
def sometimes_elected_by_joint(p: Pair) -> bool:
    return any(
        b.role is Role.CANDIDATE
        and a.role is Role.LEADER
        and bool(p.configuration(b).outgoing_voters)
        for _, b, a in p.states
    )


@rule("JointConsensusInvariants")
def sometimes_joint_left(p: Pair) -> bool:
    joint = [at for at, each in p.changes if each.outgoing_voters]
    return any(at > joint[0] and not each.outgoing_voters for at, each in p.changes if joint)


def _unapplied(s: Any) -> list[int]:
    return [at for at in changes(s) if s.configuration_index < at <= s.commit_index]


@rule("AppliedMembershipInvariants")
def applied_is_committed(p: Pair) -> bool:
    return all(s.configuration_index <= min(s.commit_index, len(p.committed)) for s in p.b.values())


@rule("AppliedMembershipInvariants")
def configuration_monotonic(p: Pair) -> bool:
    return all(b.configuration_index <= a.configuration_index for _, b, a in p.states)


@rule("AppliedMembershipInvariants")
def nobody_stands_behind(p: Pair) -> bool:
    return not any(_unapplied(b) for _, b, a in p.states if _stands(b, a))


@rule("AppliedMembershipInvariants")
def sometimes_configuration_applied(p: Pair) -> bool:
    return any(s.configuration_index for s in p.b.values())


@rule("AppliedMembershipInvariants")
def sometimes_configuration_unapplied(p: Pair) -> bool:
    return any(s.role is Role.FOLLOWER and _unapplied(s) for s in p.b.values())
