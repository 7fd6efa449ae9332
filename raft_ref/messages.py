"""The messages of Raft, named and shaped as in Raft.tla.

The class of a message is its `type` in the spec; `source` and `dest` are servers.
All are immutable values: two equal messages are one message.
"""

from dataclasses import dataclass

ServerId = str
"""The name of a server, such as ``"s1"``."""

Value = str
"""What a client asks the cluster to store."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a log: what a client asked for, and the term of its first leader (5.3)."""

    term: int
    value: Value


@dataclass(frozen=True, slots=True)
class RequestVoteRequest:
    """A candidate asks for a vote, and says where its log ends (5.2, 5.4.1)."""

    source: ServerId
    dest: ServerId
    term: int
    last_log_index: int
    last_log_term: int


@dataclass(frozen=True, slots=True)
class RequestVoteResponse:
    """A vote, granted or refused (5.2)."""

    source: ServerId
    dest: ServerId
    term: int
    vote_granted: bool


@dataclass(frozen=True, slots=True)
class AppendEntriesRequest:
    """A leader's entries after the entry at `prev_log_index`; none is a heartbeat (5.3)."""

    source: ServerId
    dest: ServerId
    term: int
    prev_log_index: int
    prev_log_term: int
    entries: tuple[Entry, ...]
    leader_commit: int


@dataclass(frozen=True, slots=True)
class AppendEntriesResponse:
    """Whether the logs matched, and up to which index they are now known to match (5.3).

    `match_index` is 0 where `success` is false.
    """

    source: ServerId
    dest: ServerId
    term: int
    success: bool
    match_index: int


Message = RequestVoteRequest | RequestVoteResponse | AppendEntriesRequest | AppendEntriesResponse
"""Any message of Raft."""
