"""A small Raft, written from figure 2 of the paper, to be changed.

    raft-ref check --node my_raft:MyRaft

A server is a value that never changes: each function takes one, and returns what becomes of it and
what it sends. At the end stands what all this is in the words of Raft; with it the states are held
against the properties of Raft, and each step against Raft.tla.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import raft_ref
from raft_ref.explorer import Step

# ---- Messages


@dataclass(frozen=True)
class AskVote:
    """A candidate asks for a vote, and says where its log ends."""

    source: str
    dest: str
    term: int
    last_index: int
    last_term: int


@dataclass(frozen=True)
class Vote:
    """The answer."""

    source: str
    dest: str
    term: int
    granted: bool


@dataclass(frozen=True)
class Item:
    """One entry of a log."""

    term: int
    command: str


@dataclass(frozen=True)
class Append:
    """A leader sends what follows its entry at an index; nothing is a heartbeat."""

    source: str
    dest: str
    term: int
    after_index: int
    after_term: int
    items: tuple[Item, ...]
    committed: int


@dataclass(frozen=True)
class Appended:
    """The answer: up to where the logs are the same, if they were before what was sent."""

    source: str
    dest: str
    term: int
    accepted: bool
    up_to: int


# ---- What a server may do without a message


@dataclass(frozen=True)
class StandForElection:
    """Nothing was heard of a leader for too long."""


@dataclass(frozen=True)
class Replicate:
    """It is time to send a peer so many entries."""

    peer: str
    count: int


@dataclass(frozen=True)
class Submit:
    """A client wants a command to be carried out."""

    command: str


# ---- State


@dataclass(frozen=True)
class Peer:
    """What a leader knows of another server: what to send it next, and how far it is the same."""

    name: str
    next: int
    match: int = 0


@dataclass(frozen=True)
class Server:
    """One server; term, vote and log are on disk."""

    name: str
    term: int = 0
    vote: str | None = None
    log: tuple[Item, ...] = ()
    role: str = "follower"
    committed: int = 0
    votes: frozenset[str] = frozenset()
    peers: frozenset[Peer] = frozenset()

    def term_at(self, index: int) -> int:
        """Return the term of an entry; 0 before the first, which has the index 1."""
        return self.log[index - 1].term if index else 0


class MyRaft:
    """All servers of a cluster."""

    # What a search may put a bound on. There are no snapshots here, and so no bound on them.
    measures = {  # noqa: RUF012
        "max_term": lambda server: server.term,
        "max_log_length": lambda server: len(server.log),
    }

    def __init__(self, servers: tuple[str, ...], commands: tuple[str, ...]) -> None:
        self.servers = servers
        self.commands = commands

    def initial(self, me: str) -> Server:
        """Return a server at its first start."""
        return Server(me)

    def restart(self, server: Server) -> Server:
        """Return what a crash leaves of a server."""
        return Server(server.name, server.term, server.vote, server.log)

    def others(self, server: Server) -> list[str]:
        """Return the other servers."""
        return [name for name in self.servers if name != server.name]

    def is_majority(self, count: int) -> bool:
        """Return whether so many servers are more than half."""
        return 2 * count > len(self.servers)

    # What may happen without a message

    def actions(self, server: Server) -> Iterator[Any]:
        """Yield what may happen to a server."""
        if server.role != "leader":
            yield StandForElection()
            return
        for peer in sorted(server.peers, key=lambda peer: peer.name):
            for count in range(len(server.log) - peer.next + 2):
                yield Replicate(peer.name, count)
        for command in self.commands:
            yield Submit(command)

    def act(self, server: Server, action: Any) -> Step:
        """Let it happen."""
        match action:
            case StandForElection():
                return self.stand(server)
            case Replicate(peer, count):
                return self.replicate(server, peer, count)
            case Submit(command):
                return self.submit(server, command)
        raise TypeError(action)

    def stand(self, server: Server) -> Step:
        """Begin a term, and ask the others for their votes (5.2)."""
        me, term, end = server.name, server.term + 1, len(server.log)
        server = replace(server, term=term, vote=me, role="candidate", votes=frozenset({me}))
        last = server.term_at(end)
        asks = tuple(AskVote(me, other, term, end, last) for other in self.others(server))
        return Step(server, asks)

    def replicate(self, server: Server, name: str, count: int) -> Step:
        """Send a peer the next entries (5.3)."""
        [peer] = [peer for peer in server.peers if peer.name == name]
        before = peer.next - 1
        items = server.log[before : before + count]
        append = Append(
            server.name, name, server.term, before, server.term_at(before), items, server.committed
        )
        return Step(server, (append,))

    def submit(self, server: Server, command: str) -> Step:
        """Take a client's command into the log (5.3)."""
        return Step(replace(server, log=(*server.log, Item(server.term, command))))

    # Messages

    def receive(self, server: Server, message: Any) -> Step:
        """Handle a message; whoever hears of a newer term follows in it (5.1)."""
        if message.term > server.term:
            server = self.follow(replace(server, term=message.term, vote=None))
        match message:
            case AskVote():
                return self.on_ask_vote(server, message)
            case Vote():
                return self.on_vote(server, message)
            case Append():
                return self.on_append(server, message)
            case Appended():
                return self.on_appended(server, message)
        raise TypeError(message)

    def follow(self, server: Server) -> Server:
        """Forget what a candidate or a leader knows."""
        return replace(server, role="follower", votes=frozenset(), peers=frozenset())

    def on_ask_vote(self, server: Server, ask: AskVote) -> Step:
        """Vote once a term, and for nobody who lacks what is here (5.2, 5.4.1)."""
        mine = server.term_at(len(server.log)), len(server.log)
        granted = (
            ask.term == server.term
            and server.vote in (None, ask.source)
            and (ask.last_term, ask.last_index) >= mine
        )
        if granted:
            server = replace(server, vote=ask.source)
        return Step(server, (Vote(server.name, ask.source, server.term, granted),))

    def on_vote(self, server: Server, vote: Vote) -> Step:
        """Count a vote, and lead with those of a majority (5.2)."""
        if server.role != "candidate" or vote.term < server.term or not vote.granted:
            return Step(server)
        votes = server.votes | {vote.source}
        if not self.is_majority(len(votes)):
            return Step(replace(server, votes=votes))
        peers = frozenset(Peer(other, len(server.log) + 1) for other in self.others(server))
        return Step(replace(server, role="leader", votes=frozenset(), peers=peers))

    def on_append(self, server: Server, append: Append) -> Step:
        """Take what a leader sends, if the logs are the same before it (5.3)."""
        if append.term == server.term:
            server = self.follow(server)
        before, up_to = append.after_index, append.after_index + len(append.items)
        accepted = (
            append.term == server.term
            and before <= len(server.log)
            and server.term_at(before) == append.after_term
        )
        if accepted:
            log = server.log
            for index, item in enumerate(append.items, start=before):
                if log[index : index + 1] != (item,):
                    log = (*log[:index], item)  # what conflicts goes, and all that follows it
            committed = max(server.committed, min(append.committed, up_to))
            server = replace(server, log=log, committed=committed)
        answer = Appended(
            server.name, append.source, server.term, accepted, up_to if accepted else 0
        )
        return Step(server, (answer,))

    def on_appended(self, server: Server, answer: Appended) -> Step:
        """Learn how far a peer's log is the same, or try again with an earlier entry (5.3)."""
        if server.role != "leader" or answer.term < server.term:
            return Step(server)
        [peer] = [peer for peer in server.peers if peer.name == answer.source]
        if answer.accepted:
            match = max(peer.match, answer.up_to)
            learnt = replace(peer, match=match, next=max(peer.next, match + 1))
        else:
            learnt = replace(peer, next=max(peer.next - 1, peer.match + 1))
        return Step(self.commit(replace(server, peers=server.peers - {peer} | {learnt})))

    def commit(self, server: Server) -> Server:
        """Commit what a majority has, up to an entry of this very term (5.3, 5.4.2)."""
        for index in range(len(server.log), server.committed, -1):
            have = 1 + sum(peer.match >= index for peer in server.peers)
            if self.is_majority(have) and server.term_at(index) == server.term:
                return replace(server, committed=index)
        return server

    # What this is in the words of Raft

    def as_raft(self, server: Server) -> raft_ref.State:
        """Return what a state is in Raft. Of others only a leader knows anything."""
        peers = {peer.name: peer for peer in server.peers}
        nothing = Peer(name="", next=1)
        known = [peers.get(name, nothing) for name in self.servers]
        return raft_ref.State(
            me=server.name,
            current_term=server.term,
            voted_for=server.vote,
            log=self.entries(server.log),
            role=raft_ref.Role(server.role.capitalize()),
            commit_index=server.committed,
            votes_granted=server.votes,
            next_index=tuple(peer.next for peer in known),
            match_index=tuple(peer.match for peer in known),
        )

    def as_raft_message(self, message: Any) -> raft_ref.Message:
        """Return what a message is in Raft."""
        ends = message.source, message.dest, message.term
        match message:
            case AskVote():
                return raft_ref.RequestVoteRequest(*ends, message.last_index, message.last_term)
            case Vote():
                return raft_ref.RequestVoteResponse(*ends, message.granted)
            case Append():
                before = message.after_index, message.after_term
                items = self.entries(message.items)
                return raft_ref.AppendEntriesRequest(*ends, *before, items, message.committed)
            case Appended():
                return raft_ref.AppendEntriesResponse(*ends, message.accepted, message.up_to)
        raise TypeError(message)

    def entries(self, items: tuple[Item, ...]) -> tuple[raft_ref.Entry, ...]:
        """Return what entries are in Raft."""
        return tuple(raft_ref.Entry(item.term, item.command) for item in items)
