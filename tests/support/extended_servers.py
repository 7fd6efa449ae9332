"""Servers with features and messages at random: any that make sense, as tests.support.servers."""

import random
from dataclasses import fields, replace
from typing import Any, Final

from raft_ref import AppendEntriesRequest, Entry, InstallSnapshotRequest, Role, Snapshot
from raft_ref.features import (
    Configuration,
    ExtendedNode,
    ForcedRequestVoteRequest,
    HeartbeatRequest,
    HeartbeatResponse,
    PendingRead,
    PreVoteRequest,
    PreVoteResponse,
    Promise,
    ReadIndexRequest,
    ReadIndexResponse,
    TimeoutNowRequest,
)
from raft_ref.features.state import Feature
from tests.support import servers
from tests.support.servers import SERVERS

_OTHERS: Final = SERVERS[1:]


def some(source: random.Random, of: tuple[str, ...] = SERVERS) -> frozenset[str]:
    """Return some of these servers, or none."""
    return frozenset(source.sample(of, source.randint(0, len(of))))


def configuration(source: random.Random, node: ExtendedNode) -> Configuration:
    """Return a configuration, in which somebody votes."""
    voters = some(source) or frozenset({source.choice(SERVERS)})
    is_joint = node.has_joint and source.random() < 0.4
    outgoing = some(source) if is_joint else frozenset()
    learners = some(source) - voters - outgoing if source.random() < 0.5 else frozenset()
    return Configuration(voters, outgoing, learners)


def server(source: random.Random, node: ExtendedNode) -> Any:
    """Return a server s1 of a node's kind."""
    base = servers.server(source)
    kind = type(node.initial(base.me))
    held = {f.name: getattr(base, f.name) for f in fields(base)}
    found: Any = kind(**held)
    if Feature.MEMBERSHIP in node.features:
        found = _configured(source, node, found)
    if found.role is Role.CANDIDATE:
        found = replace(found, votes_granted=some(source, _OTHERS) | {found.me})
    found = replace(found, **_of_elections(source, node, found))
    if Feature.READ_INDEX in node.features:
        found = replace(found, **_of_reads(source, node, found))
    return found


def _of_elections(source: random.Random, node: ExtendedNode, state: Any) -> dict[str, Any]:
    on, leads = node.features, state.role is Role.LEADER
    held: dict[str, Any] = {}
    if on & {Feature.PRE_VOTE, Feature.CHECK_QUORUM} and state.role is Role.FOLLOWER:
        held["heard_from_leader"] = source.random() < 0.4
    is_free = not leads and not held.get("heard_from_leader")
    if Feature.PRE_VOTE in on and is_free and source.random() < 0.7:
        held["pre_votes_granted"] = some(source, _OTHERS) | {state.me}
    if Feature.CHECK_QUORUM in on and leads:
        held["heard_from"] = some(source, _OTHERS)
    if Feature.LEADERSHIP_TRANSFER in on and leads:
        held["transfer_target"] = source.choice((None, *_OTHERS))
    if Feature.LEADERSHIP_TRANSFER in on and not leads:
        held["is_forced"] = source.random() < 0.4
    return held


def _of_reads(source: random.Random, node: ExtendedNode, state: Any) -> dict[str, Any]:
    number, leads = source.randint(0, 2), state.role is Role.LEADER
    held: dict[str, Any] = {"read_number": number}
    if number:
        held["read_index"] = source.choice((None, 0, 1, 2))
    if leads:
        asked = source.sample([(peer, n) for peer in _OTHERS for n in (1, 2)], source.randint(0, 2))
        if number and source.random() < 0.6:
            asked.append((state.me, number))
        held["pending_reads"] = frozenset(
            PendingRead(peer, n, source.randint(1, 3), source.random() < 0.5) for peer, n in asked
        )
        held["read_round"] = source.randint(0, 2)
        held["round_acks"] = some(source, _OTHERS)
    if Feature.LEASES in node.features:
        if state.current_term and source.random() < 0.6:
            term = source.randint(1, state.current_term)
            held["promise"] = Promise(source.choice(_OTHERS), term, source.randint(1, 2))
        if leads:
            held["is_lease_given_up"] = source.random() < 0.4
            held["is_trusting"] = not held["is_lease_given_up"] and source.random() < 0.6
    return held


def _values(source: random.Random, node: ExtendedNode, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return values some of which have become configurations."""
    return tuple(
        configuration(source, node) if source.random() < 0.5 else value for value in values
    )


def _entries(source: random.Random, node: ExtendedNode, log: tuple[Entry, ...]) -> Any:
    values = _values(source, node, tuple(each.value for each in log))
    return tuple(Entry(each.term, value) for each, value in zip(log, values, strict=True))


def _snapshot(source: random.Random, node: ExtendedNode, snapshot: Snapshot) -> Snapshot:
    data: Any = snapshot.data
    return replace(snapshot, data=_values(source, node, data))


def _configured(source: random.Random, node: ExtendedNode, state: Any) -> Any:
    bootstrap = configuration(source, node) if source.random() < 0.8 else Configuration()
    found = replace(
        state,
        log=_entries(source, node, state.log),
        snapshot=_snapshot(source, node, state.snapshot),
        bootstrap=replace(bootstrap, outgoing_voters=frozenset()),
    )
    if Feature.APPLIED_MEMBERSHIP not in node.features:
        return found
    least = node.latest_index(found, found.compacted)
    applied = [at for at in range(1, found.commit_index + 1) if node.latest_index(found, at) == at]
    indices = [least, *(at for at in applied if at > least)]
    return replace(found, configuration_index=source.choice(indices))


def message(source: random.Random, node: ExtendedNode, to: Any) -> Any:
    """Return a message to a server, such as its features know."""
    kinds = [_of_raft] * 3
    of_features = {
        Feature.PRE_VOTE: _of_pre_vote,
        Feature.LEADERSHIP_TRANSFER: _of_transfer,
        Feature.READ_INDEX: _of_read,
    }
    kinds += [of for feature, of in of_features.items() if feature in node.features for _ in "ab"]
    return source.choice(kinds)(source, node, to)


def _of_raft(source: random.Random, node: ExtendedNode, to: Any) -> Any:
    found = servers.message(source, to)
    if Feature.MEMBERSHIP not in node.features:
        return found
    match found:
        case AppendEntriesRequest():
            return replace(found, entries=_entries(source, node, found.entries))
        case InstallSnapshotRequest():
            return replace(found, snapshot=_snapshot(source, node, found.snapshot))
        case _:
            return found


def _term(source: random.Random, to: Any) -> int:
    near = (to.current_term - 1, to.current_term, to.current_term, to.current_term + 1)
    return max(1, int(source.choice(near)))


def _of_pre_vote(source: random.Random, node: ExtendedNode, to: Any) -> Any:
    peer, term = source.choice(_OTHERS), _term(source, to)
    if source.random() < 0.5:
        return PreVoteResponse(peer, to.me, term, source.random() < 0.6)
    index = source.choice((to.last_index, to.last_index + 1, max(0, to.last_index - 1)))
    last = source.choice((to.last_term, to.last_term, to.last_term + 1, max(0, to.last_term - 1)))
    return PreVoteRequest(peer, to.me, term, index, last)


def asked_for_pre_vote(source: random.Random, node: ExtendedNode) -> tuple[Any, Any]:
    """Return a server, and a request for a pre-vote that it may well grant."""
    to = server(source, node)
    index = max(0, to.last_index + source.choice((-1, 0, 0, 1)))
    last = max(0, to.last_term + source.choice((-1, 0, 0, 1)))
    term = max(1, to.current_term + source.choice((0, 1, 1, 1)))
    return to, PreVoteRequest(source.choice(_OTHERS), to.me, term, index, last)


def reading(source: random.Random, node: ExtendedNode) -> tuple[Any, Any]:
    """Return a server that may well take a read, mostly a leader, and a message about reads."""
    to = server(source, node)
    while not to.log or (to.role is not Role.LEADER and source.random() < 0.8):
        to = server(source, node)
    last = replace(to.log[-1], term=to.current_term)
    commit = source.choice((to.last_index, to.last_index, to.commit_index))
    to = replace(to, log=(*to.log[:-1], last), commit_index=commit)
    peer, term, number = source.choice(_OTHERS), _term(source, to), source.randint(1, 2)
    match source.randrange(5):
        case 0:
            return to, HeartbeatRequest(peer, to.me, term, number)
        case 1:
            return to, HeartbeatResponse(peer, to.me, term, source.choice((0, to.read_round)))
        case 2:
            told = source.choice((number, to.read_number, to.read_number))
            return to, ReadIndexResponse(peer, to.me, term, max(1, told), source.randint(1, 3))
        case _:
            return to, ReadIndexRequest(peer, to.me, term, number)


def in_joint(source: random.Random, node: ExtendedNode) -> tuple[Any, Any]:
    """Return a leader that goes by C_old,new, mostly a committed one, and a message to it."""
    to = server(source, node)
    while to.role is not Role.LEADER:
        to = server(source, node)
    both: Any = Configuration(some(source) | {to.me}, some(source) | {to.me})
    to = replace(to, log=(*to.log, Entry(to.current_term, both)))
    committed = source.choice((to.commit_index, to.last_index, to.last_index))
    to = replace(to, commit_index=committed)
    return to, message(source, node, to)


def _of_transfer(source: random.Random, node: ExtendedNode, to: Any) -> Any:
    peer, term = source.choice(_OTHERS), _term(source, to)
    if source.random() < 0.6:
        return TimeoutNowRequest(peer, to.me, term)
    return ForcedRequestVoteRequest(peer, to.me, term, to.last_index, to.last_term)


def _of_read(source: random.Random, node: ExtendedNode, to: Any) -> Any:
    peer, term, number = source.choice(_OTHERS), _term(source, to), source.randint(1, 2)
    match source.randrange(4):
        case 0:
            return HeartbeatRequest(peer, to.me, term, number)
        case 1:
            return HeartbeatResponse(peer, to.me, term, source.randint(0, 2))
        case 2:
            return ReadIndexRequest(peer, to.me, term, number)
        case _:
            return ReadIndexResponse(peer, to.me, term, number, source.randint(1, 3))
