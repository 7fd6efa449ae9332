"""The reference node: Raft as pure functions, to be read side by side with spec/Raft.tla.

Three rules hold all through this module.

- A handler takes a state and an input, and returns a `Step`: the next state, the messages to
  send, and the names of the spec's actions that it took. It changes nothing, and it knows no
  clock, no chance and no network; what these decide comes in as an action or a message.
- There is one handler for each action of the spec, under its name and in its order.
- What is not enabled is `None`, never an exception.

Numbers such as 5.2 are sections of the extended Raft paper (Ongaro and Ousterhout, 2014).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import ClassVar, NamedTuple

from raft_ref.machine import AppliedValues, StateMachine
from raft_ref.messages import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    Entry,
    InstallSnapshotRequest,
    InstallSnapshotResponse,
    Message,
    RequestVoteRequest,
    RequestVoteResponse,
    ServerId,
    Snapshot,
    Value,
)
from raft_ref.state import DURABLE, Role, State, replace


@dataclass(frozen=True, slots=True)
class Timeout:
    """The election timeout of a server fires."""


@dataclass(frozen=True, slots=True)
class AppendEntries:
    """A leader sends `peer` the `count` entries from next_index on; 0 is a heartbeat."""

    peer: ServerId
    count: int


@dataclass(frozen=True, slots=True)
class InstallSnapshot:
    """A leader sends `peer` its snapshot, for want of the entries that it needs next."""

    peer: ServerId


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """A client asks a leader to store a value."""

    value: Value


@dataclass(frozen=True, slots=True)
class CompactLog:
    """A server lets a snapshot stand for the entries up to an index."""

    index: int


Action = Timeout | AppendEntries | InstallSnapshot | ClientRequest | CompactLog
"""What may happen to a server without a message; a crash apart, see `Node.restart`."""


class Step(NamedTuple):
    """What one atomic step does to one server."""

    state: State
    messages: tuple[Message, ...] = ()
    actions: tuple[str, ...] = ()
    """The actions of the spec that the step composes, in order."""


ROLE_CHANGES: Mapping[tuple[Role, str], frozenset[Role]] = {
    (role, action): frozenset(after)
    for action, row in {
        "Timeout": ({Role.CANDIDATE}, {Role.CANDIDATE}, {}),
        "AppendEntries": ({}, {}, {Role.LEADER}),
        "InstallSnapshot": ({}, {}, {Role.LEADER}),
        "ClientRequest": ({}, {}, {Role.LEADER}),
        "CompactLog": ({Role.FOLLOWER}, {Role.CANDIDATE}, {Role.LEADER}),
        "Restart": ({Role.FOLLOWER}, {Role.FOLLOWER}, {Role.FOLLOWER}),
        "HandleRequestVoteRequest": (
            {Role.FOLLOWER},
            {Role.CANDIDATE, Role.FOLLOWER},
            {Role.LEADER, Role.FOLLOWER},
        ),
        "HandleRequestVoteResponse": (
            {Role.FOLLOWER},
            {Role.CANDIDATE, Role.LEADER, Role.FOLLOWER},
            {Role.LEADER, Role.FOLLOWER},
        ),
        "HandleAppendEntriesRequest": (
            {Role.FOLLOWER},
            {Role.CANDIDATE, Role.FOLLOWER},
            {Role.LEADER, Role.FOLLOWER},
        ),
        "HandleAppendEntriesResponse": (
            {Role.FOLLOWER},
            {Role.CANDIDATE, Role.FOLLOWER},
            {Role.LEADER, Role.FOLLOWER},
        ),
        "HandleInstallSnapshotRequest": (
            {Role.FOLLOWER},
            {Role.CANDIDATE, Role.FOLLOWER},
            {Role.LEADER, Role.FOLLOWER},
        ),
        "HandleInstallSnapshotResponse": (
            {Role.FOLLOWER},
            {Role.CANDIDATE, Role.FOLLOWER},
            {Role.LEADER, Role.FOLLOWER},
        ),
    }.items()
    for role, after in zip(Role, row, strict=True)
}
"""The automaton of a node (figure 4): the roles that an action can lead to, from each role.

The columns are follower, candidate and leader; an empty set is an action that is not enabled.
"""


class Node:
    """The servers of one Raft cluster, as functions from state and input to step.

    One `Node` serves all servers of the cluster: which server a state belongs to is `state.me`.
    """

    durable: ClassVar[frozenset[str]] = DURABLE
    """What a restart keeps."""

    action_names: ClassVar[tuple[str, ...]] = (
        "Timeout",
        "AppendEntries",
        "InstallSnapshot",
        "ClientRequest",
        "CompactLog",
        "UpdateTerm",
        "HandleRequestVoteRequest",
        "HandleRequestVoteResponse",
        "BecomeLeader",
        "HandleAppendEntriesRequest",
        "HandleAppendEntriesResponse",
        "AdvanceCommitIndex",
        "HandleInstallSnapshotRequest",
        "HandleInstallSnapshotResponse",
    )
    """Every name that a step's `actions` can hold."""

    measures: ClassVar[Mapping[str, Callable[[State], int]]] = {
        "max_term": lambda state: state.current_term,
        "max_log_length": lambda state: state.last_index,
        "max_snapshot_index": lambda state: state.compacted,
    }
    """What a search may put a bound on, by the name of the bound."""

    def __init__(
        self,
        servers: Sequence[ServerId],
        values: Sequence[Value] = (),
        machine: StateMachine | None = None,
    ) -> None:
        """Describe a cluster.

        `servers` are all its members, at least two and all different; `values` are what
        `actions` lets clients ask for; `machine` is the state machine, by default the one of
        Raft.tla, whose state is the sequence of values that were applied. Raises ValueError on
        fewer servers or repeated ones.
        """
        if len(servers) < 2 or len(set(servers)) != len(servers):
            raise ValueError(f"a cluster has two servers or more, all different: {servers}")
        self.servers = tuple(servers)
        self.values = tuple(values)
        self.machine: StateMachine = machine or AppliedValues()
        self._no_snapshot = Snapshot(0, 0, self.machine.initial)
        self._position = {server: position for position, server in enumerate(self.servers)}
        self._no_next_index = (1,) * len(self.servers)
        self._no_match_index = (0,) * len(self.servers)

    # Init and what may happen

    def initial(self, me: ServerId) -> State:
        """Return the state of a server at its first start (Init; figure 2)."""
        return State(
            me,
            snapshot=self._no_snapshot,
            next_index=self._no_next_index,
            match_index=self._no_match_index,
        )

    def actions(self, state: State) -> Iterator[Action]:
        """Yield what may happen to a server without a message, in a fixed order (Next)."""
        if state.role is not Role.LEADER:
            yield Timeout()
        else:
            for peer in self._peers(state):
                yield from self._sends(state, peer)
            for value in self.values:
                yield ClientRequest(value)
        for index in range(state.compacted + 1, state.commit_index + 1):
            yield CompactLog(index)

    def _sends(self, state: State, peer: ServerId) -> Iterator[Action]:
        if self.next_index(state, peer) <= state.compacted:
            yield InstallSnapshot(peer)
        else:
            for count in range(state.last_index - self.next_index(state, peer) + 2):
                yield AppendEntries(peer, count)

    def act(self, state: State, action: Action) -> Step | None:
        """Take an action; None where it is not enabled."""
        match action:
            case Timeout():
                return self.timeout(state)
            case AppendEntries(peer, count):
                return self.append_entries(state, peer, count)
            case InstallSnapshot(peer):
                return self.install_snapshot(state, peer)
            case ClientRequest(value):
                return self.client_request(state, value)
            case CompactLog(index):
                return self.compact_log(state, index)

    # Helpers

    def is_quorum(self, servers: frozenset[ServerId]) -> bool:
        """Tell whether these are a majority of the servers (IsQuorum; 5.1)."""
        return 2 * len(servers) > len(self.servers)

    def _peers(self, state: State) -> Iterator[ServerId]:
        return (server for server in self.servers if server != state.me)

    # Parts of actions

    def follow(self, state: State, term: int, vote: ServerId | None) -> State:
        """Follow in a term, the vote given; what the old role knew is forgotten (Follow; 5.2)."""
        return replace(
            state,
            current_term=term,
            voted_for=vote,
            role=Role.FOLLOWER,
            votes_granted=frozenset(),
            next_index=self._no_next_index,
            match_index=self._no_match_index,
        )

    def update_term(self, state: State, term: int) -> State:
        """Adopt a newer term: follow, with the vote not given yet (UpdateTerm; 5.1)."""
        return self.follow(state, term, None)

    def become_leader(self, state: State) -> State:
        """Lead, and assume that all other logs end as one's own (BecomeLeader; 5.2, 5.3)."""
        return replace(
            state,
            role=Role.LEADER,
            votes_granted=frozenset(),
            next_index=(state.last_index + 1,) * len(self.servers),
            match_index=self._no_match_index,
        )

    def advance_commit_index(self, state: State) -> State:
        """Commit up to the last entry of one's own term on a majority (5.3, 5.4.2).

        AdvanceCommitIndex in the spec. Entries of older terms are committed along with it only.
        """
        for index in range(state.last_index, state.commit_index, -1):
            if self.is_committable(state, index):
                return replace(state, commit_index=index)
        return state

    def is_committable(self, state: State, index: int) -> bool:
        """Tell whether a leader may commit up to an index (5.3, 5.4.2)."""
        return self.is_stored(state, index) and state.term_at(index) == state.current_term

    def is_stored(self, state: State, index: int) -> bool:
        """Tell whether a leader knows a majority to hold its entry at an index (5.3)."""
        stored = {peer for peer in self._peers(state) if self._match(state, peer) >= index}
        return self.is_quorum(frozenset({state.me, *stored}))

    def next_index(self, state: State, peer: ServerId) -> int:
        """Return the next index that a leader sends to a peer (nextIndex; figure 2)."""
        return state.next_index[self._position[peer]]

    def _match(self, state: State, peer: ServerId) -> int:
        return state.match_index[self._position[peer]]

    # Actions of a server on its own

    def timeout(self, state: State) -> Step | None:
        """Stand for a new term, and ask all others for their votes (Timeout; 5.2)."""
        if state.role is Role.LEADER:
            return None
        term = state.current_term + 1
        after = replace(
            state,
            current_term=term,
            role=Role.CANDIDATE,
            voted_for=state.me,
            votes_granted=frozenset({state.me}),
        )
        requests = tuple(
            RequestVoteRequest(state.me, peer, term, state.last_index, state.last_term)
            for peer in self._peers(state)
        )
        return Step(after, requests, ("Timeout",))

    def append_entries(self, state: State, peer: ServerId, count: int) -> Step | None:
        """Send `peer` the `count` entries from next_index on (AppendEntries; 5.2, 5.3).

        The leader must still have them, and the term before them.
        """
        if state.role is not Role.LEADER or peer == state.me:
            return None
        prev_log_index = self.next_index(state, peer) - 1
        if prev_log_index < state.compacted or not 0 <= count <= state.last_index - prev_log_index:
            return None
        request = AppendEntriesRequest(
            state.me,
            peer,
            state.current_term,
            prev_log_index,
            self.prev_log_term(state, prev_log_index),
            state.entries(prev_log_index + 1, prev_log_index + count),
            state.commit_index,
        )
        return Step(state, (request,), ("AppendEntries",))

    def prev_log_term(self, state: State, index: int) -> int:
        """Return the term of the entry before those that are sent (5.3)."""
        return state.term_at(index)

    def install_snapshot(self, state: State, peer: ServerId) -> Step | None:
        """Send `peer` the snapshot, for want of the entries it needs next (InstallSnapshot; 7)."""
        if state.role is not Role.LEADER or peer == state.me:
            return None
        if self.next_index(state, peer) > state.compacted:
            return None
        request = InstallSnapshotRequest(state.me, peer, state.current_term, state.snapshot)
        return Step(state, (request,), ("InstallSnapshot",))

    def client_request(self, state: State, value: Value) -> Step | None:
        """Take a client's request into the log (ClientRequest; 5.3)."""
        if state.role is not Role.LEADER:
            return None
        log = (*state.log, Entry(state.current_term, value))
        return Step(replace(state, log=log), (), ("ClientRequest",))

    def compact_log(self, state: State, index: int) -> Step | None:
        """Let a snapshot stand for the entries up to an index, all committed (CompactLog; 7)."""
        if not state.compacted < index <= state.commit_index:
            return None
        applied = state.entries(state.compacted + 1, index)
        data = self.machine.apply(state.snapshot.data, applied)
        after = replace(
            state,
            snapshot=Snapshot(index, state.term_at(index), data),
            log=state.entries(index + 1, state.last_index),
        )
        return Step(after, (), ("CompactLog",))

    def restart(self, state: State) -> State:
        """Return what a crash leaves: what is durable, all else as at first (Restart; figure 2).

        What a snapshot includes was committed (7).
        """
        kept = {name: getattr(state, name) for name in self.durable}
        after = replace(self.initial(state.me), **kept)
        return replace(after, commit_index=after.compacted)

    # Handlers of messages

    def receive(self, state: State, message: Message) -> Step:
        """Adopt the message's term if it is newer, then handle the message (Receive; 5.1)."""
        if message.term <= state.current_term:
            return self.handle(state, message)
        step = self.handle(self.update_term(state, message.term), message)
        return step._replace(actions=("UpdateTerm", *step.actions))

    def handle(self, state: State, message: Message) -> Step:
        """Handle a message whose term is not newer than one's own (Handle)."""
        match message:
            case RequestVoteRequest():
                return self.handle_request_vote_request(state, message)
            case RequestVoteResponse():
                return self.handle_request_vote_response(state, message)
            case AppendEntriesRequest():
                return self.handle_append_entries_request(state, message)
            case AppendEntriesResponse():
                return self.handle_append_entries_response(state, message)
            case InstallSnapshotRequest():
                return self.handle_install_snapshot_request(state, message)
            case InstallSnapshotResponse():
                return self.handle_install_snapshot_response(state, message)

    def handle_request_vote_request(self, state: State, m: RequestVoteRequest) -> Step:
        """Grant or refuse a vote (HandleRequestVoteRequest; 5.2, 5.4.1)."""
        grant = (
            m.term == state.current_term
            and self.is_up_to_date(state, m)
            and state.voted_for in (None, m.source)
        )
        if grant:
            state = self.follow(state, m.term, m.source)
        response = RequestVoteResponse(state.me, m.source, state.current_term, grant)
        return Step(state, (response,), ("HandleRequestVoteRequest",))

    def is_up_to_date(self, state: State, m: RequestVoteRequest) -> bool:
        """Tell whether a candidate's log is at least as up-to-date as one's own (5.4.1)."""
        return (m.last_log_term, m.last_log_index) >= (state.last_term, state.last_index)

    def handle_request_vote_response(self, state: State, m: RequestVoteResponse) -> Step:
        """Count a vote; a majority makes a leader (HandleRequestVoteResponse; 5.2)."""
        actions: tuple[str, ...] = ("HandleRequestVoteResponse",)
        if state.role is Role.CANDIDATE and m.term == state.current_term and m.vote_granted:
            state = replace(state, votes_granted=self.count_vote(state, m.source))
            if self.is_quorum(state.votes_granted):
                state = self.become_leader(state)
                actions += ("BecomeLeader",)
        return Step(state, (), actions)

    def count_vote(self, state: State, voter: ServerId) -> frozenset[ServerId]:
        """Return the servers that granted their vote, the voter included (5.2)."""
        return state.votes_granted | {voter}

    def handle_append_entries_request(self, state: State, m: AppendEntriesRequest) -> Step:
        """Follow the term's leader; take its entries where the logs match (5.3).

        HandleAppendEntriesRequest in the spec.
        """
        success = False
        last_new = m.prev_log_index + len(m.entries)
        if m.term == state.current_term:
            state = self.follow(state, m.term, state.voted_for)
            success = self.is_match(state, m)
        if success:
            commit_index = self.follower_commit_index(state, min(m.leader_commit, last_new))
            state = replace(state, log=self.merge(state, m), commit_index=commit_index)
        response = AppendEntriesResponse(
            state.me, m.source, state.current_term, success, last_new if success else 0
        )
        return Step(state, (response,), ("HandleAppendEntriesRequest",))

    def is_match(self, state: State, m: AppendEntriesRequest) -> bool:
        """Tell whether the log holds the entry that the request's entries follow (5.3).

        What a snapshot includes was committed, and so matches (7).
        """
        if m.prev_log_index < state.compacted:
            return True
        return (
            m.prev_log_index <= state.last_index
            and state.term_at(m.prev_log_index) == m.prev_log_term
        )

    def merge(self, state: State, m: AppendEntriesRequest) -> tuple[Entry, ...]:
        """Return the log with the request's entries; a conflict alone truncates it (5.3)."""
        for index, entry in enumerate(m.entries, start=m.prev_log_index + 1):
            if index <= state.compacted:
                continue
            if index > state.last_index or state.term_at(index) != entry.term:
                kept = state.entries(state.compacted + 1, index - 1)
                return kept + m.entries[index - m.prev_log_index - 1 :]
        return state.log

    def follower_commit_index(self, state: State, committed: int) -> int:
        """Return a follower's commit_index once it hears of a committed index (figure 2)."""
        return max(state.commit_index, committed)

    def handle_append_entries_response(self, state: State, m: AppendEntriesResponse) -> Step:
        """Learn how far a log matches, and commit; or try an earlier entry (5.3).

        HandleAppendEntriesResponse in the spec.
        """
        actions: tuple[str, ...] = ("HandleAppendEntriesResponse",)
        if state.role is not Role.LEADER or m.term != state.current_term:
            return Step(state, (), actions)
        known = self.learn_match(state, m.source, m.match_index)
        if not m.success:
            tried, matched = self.next_index(state, m.source), self._match(state, m.source)
            earlier = self.earlier_index(tried, matched)
            known = replace(known, next_index=self.changed(state.next_index, m.source, earlier))
        after = self.advance_commit_index(known)
        if after is not known:
            actions += ("AdvanceCommitIndex",)
        return Step(after, (), actions)

    def learn_match(self, state: State, peer: ServerId, index: int) -> State:
        """Learn that a peer's log matches up to an index, if that is news (5.3)."""
        next_index = max(self.next_index(state, peer), index + 1)
        match_index = max(self._match(state, peer), index)
        return replace(
            state,
            next_index=self.changed(state.next_index, peer, next_index),
            match_index=self.changed(state.match_index, peer, match_index),
        )

    def changed(self, indices: tuple[int, ...], peer: ServerId, index: int) -> tuple[int, ...]:
        """Return numbers by server with that of a peer changed."""
        at = self._position[peer]
        return (*indices[:at], index, *indices[at + 1 :])

    def earlier_index(self, next_index: int, match_index: int) -> int:
        """Return which entry to try after a refusal: one earlier that may not match yet (5.3)."""
        return max(next_index - 1, match_index + 1)

    def handle_install_snapshot_request(self, state: State, m: InstallSnapshotRequest) -> Step:
        """Follow the term's leader; take its snapshot if it tells of more commits (7, figure 13).

        HandleInstallSnapshotRequest in the spec.
        """
        match_index = 0
        if m.term == state.current_term:
            state = self.follow(state, m.term, state.voted_for)
            match_index = m.snapshot.last_included_index
        if match_index > state.commit_index:
            state = self.installed(state, m.snapshot)
        response = InstallSnapshotResponse(state.me, m.source, state.current_term, match_index)
        return Step(state, (response,), ("HandleInstallSnapshotRequest",))

    def installed(self, state: State, snapshot: Snapshot) -> State:
        """Return the state with a snapshot in place of what it stands for (7, figure 13)."""
        return replace(
            state,
            snapshot=snapshot,
            log=self.log_after(state, snapshot),
            commit_index=snapshot.last_included_index,
        )

    def log_after(self, state: State, snapshot: Snapshot) -> tuple[Entry, ...]:
        """Return what follows a snapshot in a log that matches it; else nothing (7)."""
        last = snapshot.last_included_index
        if last > state.last_index or state.term_at(last) != snapshot.last_included_term:
            return ()
        return state.entries(last + 1, state.last_index)

    def handle_install_snapshot_response(self, state: State, m: InstallSnapshotResponse) -> Step:
        """Learn that a log matches up to the snapshot (HandleInstallSnapshotResponse; 7)."""
        if state.role is Role.LEADER and m.term == state.current_term:
            state = self.learn_match(state, m.source, m.match_index)
        return Step(state, (), ("HandleInstallSnapshotResponse",))

    # Symmetry

    def is_obsolete(self, state: State, message: Message) -> bool:
        """Tell whether a server will ignore a message for good: a response that came too late.

        Terms never move back, who follows in a term stands and leads in later ones only, and a vote
        that is refused changes nothing (5.1, 5.2).
        """
        if message.term > state.current_term:
            return False
        is_older = message.term < state.current_term
        match message:
            case RequestVoteResponse():
                refused = not message.vote_granted
                return is_older or refused or state.role is not Role.CANDIDATE
            case AppendEntriesResponse() | InstallSnapshotResponse():
                return is_older or state.role is Role.FOLLOWER
            case _:
                return False

    @property
    def symmetric_values(self) -> tuple[Value, ...]:
        """What a renaming may rename beside servers: no rule of Raft looks at a value."""
        return self.values

    def rename(self, value: object, renaming: Mapping[str, str]) -> object:
        """Return a state, message or action with its servers and values renamed.

        `renaming` maps each server to another, one to one, and so each value; a value that is
        not in it keeps its name. No rule of Raft tells servers apart, so a renamed step is a
        step.
        """
        match value:
            case State():
                return self._rename_state(value, renaming)
            case ClientRequest(name):
                return ClientRequest(renaming.get(name, name))
            case AppendEntriesRequest():
                value = replace(value, entries=_rename_entries(value.entries, renaming))
            case InstallSnapshotRequest():
                value = replace(value, snapshot=self._rename_snapshot(value.snapshot, renaming))
        names = {
            f.name: renaming[getattr(value, f.name)]
            for f in fields(value)  # type: ignore[arg-type]
            if f.name in ("source", "dest", "peer")
        }
        return replace(value, **names)

    def _rename_state(self, state: State, renaming: Mapping[str, str]) -> State:
        old = {renaming[server]: position for server, position in self._position.items()}
        order = [old[server] for server in self.servers]
        return replace(
            state,
            me=renaming[state.me],
            voted_for=None if state.voted_for is None else renaming[state.voted_for],
            snapshot=self._rename_snapshot(state.snapshot, renaming),
            log=_rename_entries(state.log, renaming),
            votes_granted=frozenset(renaming[server] for server in state.votes_granted),
            next_index=tuple(state.next_index[position] for position in order),
            match_index=tuple(state.match_index[position] for position in order),
        )

    def _rename_snapshot(self, snapshot: Snapshot, renaming: Mapping[str, str]) -> Snapshot:
        return replace(snapshot, data=self.machine.rename(snapshot.data, renaming))


def _rename_entries(entries: tuple[Entry, ...], renaming: Mapping[str, str]) -> tuple[Entry, ...]:
    return tuple(Entry(e.term, renaming.get(e.value, e.value)) for e in entries)
