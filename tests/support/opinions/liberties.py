"""The liberties of RaftTrace.tla once more, in Python: what each lets a server do.

Written from what they mean, as a second opinion: on servers and messages at random the two are to
agree, on what may be done and on what becomes of it.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from raft_ref import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    Entry,
    InstallSnapshotRequest,
    InstallSnapshotResponse,
    Message,
    Node,
    RequestVoteResponse,
    Role,
    Snapshot,
    State,
)
from raft_ref.explorer import View
from raft_ref.spec.files import RAFT_TRACE
from raft_ref.spec.link.shared import shared
from raft_ref.spec.link.variables import RaftVariables
from raft_ref.spec.syntax.errors import SpecError
from tests.support import servers
from tests.support.servers import SERVERS, VALUES

CASES = 500
"""How many servers are enough to tell each mutant that does something else."""

Taken = tuple[State, tuple[Any, ...]] | None
"""What a server is after a step, and what it has sent; None where it may not take the step."""
RESPONSES: Final = ("AppendEntriesResponse", "InstallSnapshotResponse", "RequestVoteResponse")

NODE: Final = Node(SERVERS, VALUES)


def _at(s: State, numbers: Sequence[int], peer: str) -> int:
    return numbers[SERVERS.index(peer)]


def _with(numbers: Sequence[int], peer: str, number: int) -> tuple[int, ...]:
    at = SERVERS.index(peer)
    return (*numbers[:at], number, *numbers[at + 1 :])


# What is sent


def send_entries(node: Any, s: State, peer: str, prev: int, count: int, commit: int) -> Taken:
    if s.role is not Role.LEADER or peer == s.me or commit > s.commit_index:
        return None
    is_compacted = prev < s.compacted
    if prev + count > s.last_index or (is_compacted and count):
        return None
    term = 0 if is_compacted else s.term_at(prev)
    entries = s.entries(prev + 1, prev + count) if count else ()
    sent = AppendEntriesRequest(s.me, peer, s.current_term, prev, term, entries, commit)
    return s, (sent,)


def send_snapshot(node: Any, s: State, peer: str, index: int) -> Taken:
    if peer == s.me or not max(1, s.compacted) <= index <= s.commit_index:
        return None
    data = node.machine.apply(s.snapshot.data, s.entries(s.compacted + 1, index))
    snapshot = Snapshot(index, s.term_at(index), data)
    return s, (InstallSnapshotRequest(s.me, peer, s.current_term, snapshot),)


def move_next_index(node: Any, s: State, peer: str, index: int) -> Taken:
    if s.role is not Role.LEADER:
        return None
    if not _at(s, s.match_index, peer) < index <= s.last_index + 1:
        return None
    return replace(s, next_index=_with(s.next_index, peer, index)), ()


def forget_match(node: Any, s: State, peer: str, index: int) -> Taken:
    if s.role is not Role.LEADER or index > _at(s, s.match_index, peer):
        return None
    return replace(s, match_index=_with(s.match_index, peer, index)), ()


def acknowledge(node: Any, s: State, peer: str, kind: str, index: int) -> Taken:
    if peer == s.me or not s.current_term or index > s.commit_index:
        return None
    if kind == "AppendEntriesResponse":
        return s, (AppendEntriesResponse(s.me, peer, s.current_term, True, index),)
    return s, (InstallSnapshotResponse(s.me, peer, s.current_term, index),)


def refuse(node: Any, s: State, peer: str, kind: str) -> Taken:
    if peer == s.me or not s.current_term:
        return None
    if kind == "RequestVoteResponse":
        return s, (RequestVoteResponse(s.me, peer, s.current_term, False),)
    return s, (AppendEntriesResponse(s.me, peer, s.current_term, False, 0),)


def acknowledge_less(node: Any, s: State, m: Message, index: int) -> Taken:
    if not isinstance(m, AppendEntriesResponse) or not m.success or index > m.match_index:
        return None
    return s, (m, replace(m, match_index=index))


# What is made of a message


def adopt_term(node: Any, s: State, m: Message) -> Taken:
    return (node.update_term(s, m.term), ()) if m.term > s.current_term else None


def receive_commit(node: Any, s: State, m: Message, commit: int) -> Taken:
    if not isinstance(m, AppendEntriesRequest) or commit > m.leader_commit:
        return None
    step = node.receive(s, replace(m, leader_commit=commit))
    return step.state, step.messages


def learn_commit(node: Any, s: State, m: Message, index: int) -> Taken:
    if not isinstance(m, AppendEntriesRequest) or index <= s.commit_index:
        return None
    told = {m.prev_log_index: m.prev_log_term}
    told |= {at: each.term for at, each in enumerate(m.entries, m.prev_log_index + 1)}
    known = {at: term for at, term in told.items() if s.compacted <= at <= s.last_index}
    alike = [at for at, term in known.items() if s.term_at(at) == term]
    if not alike or index > min(max(alike), m.leader_commit):
        return None
    return replace(s, commit_index=index), ()


def note_leader(node: Any, s: State, m: Message) -> Taken:
    if not isinstance(m, AppendEntriesRequest) or m.term != s.current_term:
        return None
    return None if s.voted_for else (replace(s, voted_for=m.source), ())


def record_vote(node: Any, s: State, m: Message) -> Taken:
    if not isinstance(m, RequestVoteResponse) or not m.vote_granted:
        return None
    if s.role is not Role.CANDIDATE or m.term != s.current_term:
        return None
    return replace(s, votes_granted=s.votes_granted | {m.source}), ()


def record_match(node: Any, s: State, m: Message) -> Taken:
    if not isinstance(m, AppendEntriesResponse):
        return None
    if s.role is not Role.LEADER or m.term != s.current_term:
        return None
    match = max(_at(s, s.match_index, m.source), m.match_index)
    following = max(_at(s, s.next_index, m.source), m.match_index + 1)
    after = replace(
        s,
        match_index=_with(s.match_index, m.source, match),
        next_index=_with(s.next_index, m.source, following),
    )
    return after, ()


def match_snapshot(node: Any, s: State, m: Message) -> Taken:
    if not isinstance(m, InstallSnapshotRequest) or m.term < s.current_term:
        return None
    last = m.snapshot.last_included_index
    if not s.compacted <= last <= s.last_index:
        return None
    if s.term_at(last) != m.snapshot.last_included_term:
        return None
    vote = s.voted_for if m.term == s.current_term else None
    after = node.follow(replace(s, commit_index=max(s.commit_index, last)), m.term, vote)
    return after, (InstallSnapshotResponse(s.me, m.source, m.term, last),)


# What a server does on its own


def take_lead(node: Any, s: State) -> Taken:
    is_elected = s.role is Role.CANDIDATE and node.is_quorum(s.votes_granted)
    return (node.become_leader(s), ()) if is_elected else None


def commit(node: Any, s: State, index: int) -> Taken:
    if s.role is not Role.LEADER or index <= s.commit_index:
        return None
    tops = range(index, s.last_index + 1)
    if not any(node.is_committable(s, top) for top in tops):
        return None
    return replace(s, commit_index=index), ()


def step_down(node: Any, s: State) -> Taken:
    if s.role is Role.FOLLOWER:
        return None
    return node.follow(s, s.current_term, s.voted_for), ()


def restart_at(node: Any, s: State, index: int) -> Taken:
    if not s.compacted <= index <= s.commit_index:
        return None
    return replace(node.restart(s), commit_index=index), ()


Liberty = Callable[..., Taken]
NUMBERS: Final = range(5)
OWN: Final[Mapping[str, tuple[Liberty, tuple[Sequence[Any], ...]]]] = {
    "SendEntries": (send_entries, (SERVERS, NUMBERS, range(3), NUMBERS)),
    "SendSnapshot": (send_snapshot, (SERVERS, NUMBERS)),
    "MoveNextIndex": (move_next_index, (SERVERS, range(1, 6))),
    "ForgetMatch": (forget_match, (SERVERS, NUMBERS)),
    "Acknowledge": (acknowledge, (SERVERS, RESPONSES[:2], NUMBERS)),
    "Refuse": (refuse, (SERVERS, RESPONSES[::2])),
    "TakeLead": (take_lead, ()),
    "Commit": (commit, (NUMBERS,)),
    "StepDown": (step_down, ()),
    "RestartAt": (restart_at, (NUMBERS,)),
}
"""What a server does on its own, and what the arguments may be."""
OF_A_MESSAGE: Final[Mapping[str, tuple[Liberty, tuple[Sequence[Any], ...]]]] = {
    "AdoptTerm": (adopt_term, ()),
    "ReceiveCommit": (receive_commit, (NUMBERS,)),
    "LearnCommit": (learn_commit, (NUMBERS,)),
    "NoteLeader": (note_leader, ()),
    "RecordVote": (record_vote, ()),
    "RecordMatch": (record_match, ()),
    "MatchSnapshot": (match_snapshot, ()),
}
"""What is made of a message, and what the arguments beside it may be."""
RECEIVED: Final[Mapping[str, type[Any]]] = {
    "AcknowledgeLess": AppendEntriesResponse,
    "ReceiveCommit": AppendEntriesRequest,
    "LearnCommit": AppendEntriesRequest,
    "NoteLeader": AppendEntriesRequest,
    "RecordVote": RequestVoteResponse,
    "RecordMatch": AppendEntriesResponse,
    "MatchSnapshot": InstallSnapshotRequest,
}
"""What each is made of mostly."""
ROLES: Final[Mapping[str, Role]] = {
    "SendEntries": Role.LEADER,
    "Commit": Role.LEADER,
    "RecordMatch": Role.LEADER,
    "RecordVote": Role.CANDIDATE,
}
"""Who takes each mostly."""
LIBERTIES: Final = (*OWN, "AcknowledgeLess", *OF_A_MESSAGE)


# Both beside each other


def situations(
    source: random.Random, cases: int, wanted: type[Any] = object, role: Role | None = None
) -> Iterator[tuple[State, Message]]:
    """Yield servers, and a message on its way to each, at random, mostly of one role and type."""
    for _ in range(cases):
        server = servers.server(source)
        while role is not None and server.role is not role and source.random() < 0.9:
            server = servers.server(source)
        if role is server.role is Role.LEADER:
            match = [source.randint(0, server.last_index) for _ in SERVERS]
            server = replace(server, match_index=(0, *match[1:]))
        if server.role is Role.CANDIDATE:
            votes = source.sample(SERVERS[1:], source.randrange(len(SERVERS)))
            server = replace(server, votes_granted=frozenset({server.me, *votes}))
        if source.random() < 0.5:
            server = replace(server, commit_index=server.compacted)
        message = servers.message(source, server)
        while source.random() < 0.8 and not isinstance(message, wanted):
            message = servers.message(source, server)
        if source.random() < 0.4:
            message = replace(message, term=max(1, server.current_term))
        yield server, message


Asked = tuple[Any, tuple[Any, ...], frozenset[Any]]
"""A state, the arguments of an action there, and the states that it is to lead to."""


class _Cluster:
    """A cluster in which one server is given, and the others have just begun."""

    def __init__(self) -> None:
        self.mapping = RaftVariables(SERVERS, VALUES)
        self._names = shared(RAFT_TRACE).variables
        self._others = {each: NODE.initial(each) for each in SERVERS}
        # No two variables of this one are the same, and none is as at first.
        self._others["s2"] = replace(
            self._others["s2"],
            current_term=3,
            voted_for="s3",
            log=(Entry(1, VALUES[0]), Entry(2, VALUES[1])),
            commit_index=1,
        )

    def asked(self, name: str, server: State, message: Message, given: tuple[Any, ...]) -> Asked:
        """Return what is asked of the spec, and what it is to answer."""
        own, received = self.mapping.server(server.me), self.mapping.message(message)
        kept: set[Any] = set()
        if name in OWN:
            taken, kept = OWN[name][0](NODE, server, *given), {message}
            arguments: tuple[Any, ...] = (own, *map(self._value, given))
        elif name in OF_A_MESSAGE:
            taken = OF_A_MESSAGE[name][0](NODE, server, message, *given)
            arguments = (received, *given, frozenset())
        else:
            taken, arguments = acknowledge_less(NODE, server, message, *given), (received, *given)
        after = {self._state(taken[0], {*kept, *taken[1]})} if taken else ()
        return self._state(server, {message}), arguments, frozenset(after)

    def _value(self, argument: Any) -> Any:
        return self.mapping.server(argument) if argument in SERVERS else argument

    def _state(self, server: State, messages: set[Any]) -> Any:
        view = View({**self._others, server.me: server}, tuple(messages), (), 0, 0, 0)
        values = self.mapping.of(view, frozenset(self._names))
        return tuple(values[name] for name in self._names)


@cache
def expected(name: str, cases: int) -> list[Asked]:
    """Return what is asked of an action, and what the second opinion is."""
    kinds = {**OWN, **OF_A_MESSAGE}.get(name, (None, (NUMBERS,)))[1]
    cluster, source = _Cluster(), random.Random(name)
    return [
        cluster.asked(name, server, message, tuple(map(source.choice, kinds)))
        for server, message in situations(
            source, cases, RECEIVED.get(name, object), ROLES.get(name)
        )
        for _ in range(min(3, 1 + len(kinds)))
    ]


def first_difference(
    names: Sequence[str] = LIBERTIES, cases: int = CASES, path: Path = RAFT_TRACE
) -> str | None:
    """Return the first of these liberties about which the two differ; None if there is none."""
    module, constants = shared(path), RaftVariables(SERVERS, VALUES).constants
    for name in names:
        action = module.action(name, constants)
        try:
            for before, arguments, after in expected(name, cases):
                if frozenset(action.successors(before, *arguments)) != after:
                    return name
        except SpecError:
            return name
    return None
