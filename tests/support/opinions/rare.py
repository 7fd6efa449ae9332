"""Steps of kinds that next to never come at random, and that properties are about."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from raft_ref import Entry, Role, Snapshot
from raft_ref.features import (
    Configuration,
    ExtendedNode,
    Feature,
    ForcedRequestVoteRequest,
    PreVoteRequest,
    PreVoteResponse,
)
from raft_ref.spec.link.history import CommittedEntry
from tests.support import extended_servers as servers
from tests.support.servers import SERVERS, VALUES

_NODE: Final = ExtendedNode(SERVERS, VALUES, features=Feature)
_NO_SNAPSHOT: Final = Snapshot(0, 0, ())


@dataclass
class Situation:
    """The servers and the messages in flight before and after a step, and what was committed."""

    before: dict[str, Any]
    after: dict[str, Any]
    flight: list[Any]
    later: list[Any]
    committed: tuple[CommittedEntry, ...] | None = None


def _counts_pre_vote(source: random.Random, at: Situation) -> None:
    """Let a server count a pre-vote, for which there is an answer, or nearly."""
    me, peer, other = source.sample(SERVERS, 3)
    for each in SERVERS:
        known = at.before[each].pre_votes_granted
        at.after[each] = replace(at.after[each], pre_votes_granted=known)
    s = at.before[me] = replace(at.before[me], pre_votes_granted=frozenset({me}))
    term = s.current_term + source.choice((0, 0, 0, 1))
    at.after[me] = replace(s, current_term=term, pre_votes_granted=frozenset({me, peer}))
    told = max(1, s.current_term + source.choice((-1, 0, 1, 1, 1, 1, 2)))
    ends = source.choice(((peer, me), (peer, me), (peer, other), (other, me), (me, peer)))
    answer = PreVoteResponse(*ends, told, source.random() < 0.9)
    at.flight[:], at.later[:] = source.choice((([answer], []), ([answer], []), ([], [answer])))


def _gives_pre_vote(source: random.Random, at: Situation) -> None:
    """Let a server give a pre-vote, and go on to another log in the same step."""
    me, peer = source.sample(SERVERS, 2)
    snapshot = Snapshot(1, source.randint(1, 2), VALUES[:1])
    log = source.choice(((), (), (Entry(2, VALUES[0]),)))
    held = {"snapshot": snapshot, "log": log, "configuration_index": 0}
    s = at.before[me] = replace(at.before[me], **held)
    longer = Snapshot(2, snapshot.last_included_term + source.randint(0, 1), VALUES)
    at.after[me] = replace(s, snapshot=longer)
    index, last = s.last_index + source.randint(-1, 1), s.last_term + source.randint(-1, 1)
    term = max(1, s.current_term + 1)
    at.flight[:] = [PreVoteRequest(peer, me, term, max(0, index), max(0, last))]
    at.later[:] = [PreVoteResponse(me, peer, term, True)]


def _commits(source: random.Random, at: Situation) -> None:
    """Let a leader commit, of which others have as much, the same or not."""
    me = source.choice(SERVERS)
    logs = [tuple(Entry(1, value) for value in two) for two in (VALUES, VALUES[::-1])]
    for each in SERVERS:
        log, committed = source.choice((*logs, ())), source.choice((0, 1, 1, 2))
        held = {"snapshot": _NO_SNAPSHOT, "log": log, "configuration_index": 0}
        held["commit_index"] = min(committed, len(log))
        at.before[each] = at.after[each] = replace(at.before[each], **held)
    index = source.randint(1, 2)
    leader = replace(at.before[me], role=Role.LEADER, log=logs[0], commit_index=index - 1)
    at.before[me], at.after[me] = leader, replace(leader, commit_index=index)


def _has_changed_often(source: random.Random, at: Situation) -> None:
    """Let more configurations have been committed than two."""
    values: list[Any] = [servers.configuration(source, _NODE) for _ in range(source.randint(2, 4))]
    more = source.choice((VALUES[0], Configuration(frozenset(SERVERS))))
    values.insert(source.randint(0, 2), more)
    at.committed = tuple(CommittedEntry(1, value, 1) for value in values)


def _comes_to_lead(source: random.Random, at: Situation) -> None:
    """Let one that was told to stand lead, in its term or in one that it finds in that step."""
    me, peer = source.sample(SERVERS, 2)
    for each in SERVERS:
        at.after[each] = replace(at.after[each], role=Role.FOLLOWER)
    s = at.before[me] = replace(at.before[me], role=Role.CANDIDATE)
    term = s.current_term + source.randint(0, 1)
    at.after[me] = replace(s, role=Role.LEADER, current_term=term)
    told = max(1, s.current_term + source.randint(0, 1))
    at.flight[:] = [ForcedRequestVoteRequest(me, peer, told, 0, 0)]


Kind = Callable[[random.Random, Situation], None]
KINDS: Final[tuple[Kind, ...]] = (
    _counts_pre_vote, _gives_pre_vote, _commits, _has_changed_often, _comes_to_lead,
)  # fmt: skip
