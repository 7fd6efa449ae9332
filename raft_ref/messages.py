"""The messages of Raft, named and shaped as in Raft.tla.

The class of a message is its `type` in the spec; `source` and `dest` are servers.
All are immutable values: two equal messages are one message.
"""

from collections.abc import Hashable
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
class Snapshot:
    """What stands for the entries up to `last_included_index`, which had `last_included_term` (7).

    `data` is the state of the state machine once they are applied.
    """

    last_included_index: int
    last_included_term: int
    data: Hashable


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


@dataclass(frozen=True, slots=True)
class InstallSnapshotRequest:
    """A leader's snapshot, for a follower that needs entries which it stands for (7)."""

    source: ServerId
    dest: ServerId
    term: int
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class InstallSnapshotResponse:
    """Up to which index a log is now known to match; 0 where the request was refused (7)."""

    source: ServerId
    dest: ServerId
    term: int
    match_index: int


Message = (
    RequestVoteRequest
    | RequestVoteResponse
    | AppendEntriesRequest
    | AppendEntriesResponse
    | InstallSnapshotRequest
    | InstallSnapshotResponse
)
"""Any message of Raft."""
