"""Servers and messages at random: any that make sense, whether a run leads there or not.

That a log is as its terms allow, and that nothing is committed or compacted beyond it, holds; that
what two servers know fits together is not asked for.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from raft_ref import (
    AppendEntries,
    AppendEntriesRequest,
    AppendEntriesResponse,
    ClientRequest,
    CompactLog,
    Entry,
    InstallSnapshot,
    InstallSnapshotRequest,
    InstallSnapshotResponse,
    Message,
    RequestVoteRequest,
    RequestVoteResponse,
    Role,
    Snapshot,
    State,
    Timeout,
)
from raft_ref.node import Action

SERVERS: Final = ("s1", "s2", "s3", "s4")
VALUES: Final = ("v1", "v2")
_MOST: Final = 4
"""No term and no index is greater."""


def actions() -> Iterator[Action]:
    """Yield all that a server could be asked to do on its own, whether it may or not."""
    yield Timeout()
    yield from (AppendEntries(peer, count) for peer in SERVERS for count in range(_MOST))
    yield from map(InstallSnapshot, SERVERS)
    yield from map(ClientRequest, VALUES)
    yield from map(CompactLog, range(1, _MOST + 1))


def server(source: random.Random) -> State:
    """Return a server s1."""
    term = source.randint(0, 3)
    terms = sorted(source.choices(range(1, term + 1), k=source.randint(0, 3))) if term else []
    compacted = source.randint(0, len(terms)) if source.random() < 0.5 else 0
    values = source.choices(VALUES, k=len(terms))
    log = tuple(map(Entry, terms, values))
    follower = State(
        "s1",
        current_term=term,
        voted_for=source.choice((None, *SERVERS)) if term else None,
        snapshot=Snapshot(compacted, terms[compacted - 1] if compacted else 0,
                          tuple(values[:compacted])),
        log=log[compacted:],
        commit_index=source.randint(compacted, len(log)),
        next_index=(1,) * len(SERVERS),
        match_index=(0,) * len(SERVERS),
    )  # fmt: skip
    role = source.choice([*Role]) if term else Role.FOLLOWER
    if role is Role.FOLLOWER:
        return follower
    own = replace(follower, role=role, voted_for="s1")
    if role is Role.CANDIDATE:
        return replace(own, votes_granted=frozenset({"s1", *source.choices(SERVERS[1:])}))
    match = source.choices((0, follower.commit_index, len(log)), k=len(SERVERS))
    return replace(
        own,
        commit_index=source.choice((compacted, follower.commit_index)),
        match_index=(0, *match[1:]),
        next_index=tuple(source.randint(each + 1, len(log) + 1) for each in match),
    )


def message(source: random.Random, to: State) -> Message:
    """Return a message to a server."""
    term = source.randint(max(1, to.current_term - 1), 4)
    if source.random() < 0.4:
        term = max(1, to.current_term)
    peer, me = source.choice(SERVERS[1:]), to.me
    index = source.randint(0, 3)
    older = source.randint(1, term) if index else 0
    match source.randrange(6):
        case 0:
            return RequestVoteRequest(peer, me, term, index, older)
        case 1:
            return RequestVoteResponse(peer, me, term, source.random() < 0.7)
        case 2:
            if source.random() < 0.7 and to.compacted <= index <= to.last_index:
                older = min(term, to.term_at(index))
            count = source.randint(0, 3)
            terms = sorted(source.choices(range(max(1, older), term + 1), k=count))
            entries = tuple(map(Entry, terms, source.choices(VALUES, k=count)))
            return AppendEntriesRequest(peer, me, term, index, older, entries, source.randint(0, 4))
        case 3:
            success = source.random() < 0.7
            match = source.choice((0, index, to.last_index)) if success else 0
            return AppendEntriesResponse(peer, me, term, success, match)
        case 4:
            index = max(index, 1)
            values = tuple(source.choices(VALUES, k=index))
            return InstallSnapshotRequest(peer, me, term, Snapshot(index, max(older, 1), values))
        case _:
            return InstallSnapshotResponse(peer, me, term, source.randint(0, to.last_index))
