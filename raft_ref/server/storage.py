"""What a server keeps on disk: term, vote, snapshot and log, always all of one moment.

The rule: `save` returns once what it was given would outlive a loss of power, or raises; whoever
calls it sends nothing that depends on it before (figure 2).

A `Storage` is all that a replica needs; an `OwnDisk` is known by something, too, and knows others.
`raft_ref.server.disk` has a real one.
"""

from enum import StrEnum
from typing import NamedTuple, Protocol

from raft_ref.features import Promise, ReadingState
from raft_ref.messages import Entry, ServerId, Snapshot
from raft_ref.state import State


class StorageError(Exception):
    """What is on disk cannot be read or written; the message says which file and why, in a line."""


class Reading(NamedTuple):
    """What of reads is durable: no number up to this is used again; to whom the vote is promised.

    Until when it is, no clock can say that starts anew: a restart begins with all of the time.
    """

    read_number: int
    promise: Promise | None


class Save(NamedTuple):
    """What has changed of a server's durable state since it was last saved.

    The log after it: what was there before index `first`, and then `entries`; what `snapshot`
    stands for goes.
    """

    current_term: int
    voted_for: ServerId | None
    snapshot: Snapshot | None  # None: the same as before
    first: int
    entries: tuple[Entry, ...]
    reading: Reading | None = None  # None: the same as before, or there is none


def difference(before: State, after: State) -> Save | None:
    """Return what must be saved for a step from one state to another; None for nothing."""
    snapshot = None if after.snapshot == before.snapshot else after.snapshot
    first = _first_new(before, after)
    same_vote = (before.current_term, before.voted_for) == (after.current_term, after.voted_for)
    same_log = snapshot is None and first > max(before.last_index, after.last_index)
    reading = _reading(after)
    if reading == _reading(before):
        reading = None
    if same_vote and same_log and reading is None:
        return None
    entries = after.entries(first, after.last_index)
    return Save(after.current_term, after.voted_for, snapshot, first, entries, reading)


def _reading(state: State) -> Reading | None:
    if not isinstance(state, ReadingState):
        return None
    return Reading(state.read_number, state.promise)


def _first_new(before: State, after: State) -> int:
    """Return the index after the last entry that both logs have."""
    if before.log is after.log:
        return after.last_index + 1
    compacted = max(before.compacted, after.compacted)
    index = min(before.last_index, after.last_index)
    # Two logs that have an entry of the same term at an index are the same up to it (5.3).
    while index > compacted and before.term_at(index) != after.term_at(index):
        index -= 1
    return max(index, after.compacted) + 1


class Storage(Protocol):
    """Where a server's durable state is kept."""

    def load(self, first: State) -> State:
        """Return `first` with what was last saved in it, all volatile variables as they are."""

    def save(self, what: Save) -> None:
        """Keep the changes. Raises StorageError; what was saved before is then still there."""

    def close(self) -> None:
        """Let another process have it."""


class Encounter(StrEnum):
    """Whether somebody who speaks for a server is the one that was met under its name."""

    SAME = "the same"
    ANOTHER_DISK = "another disk"
    OLDER_DISK = "an older state of the disk"


class OwnDisk(Storage, Protocol):
    """The disk of a server of a real cluster.

    It is known by `disk`, and no other is. `founders` are the servers that its cluster began with
    (none: it joined one), `cluster` is what that is known by (empty: it is not told yet), and
    `times` is how often the server was started.
    """

    disk: str
    founders: tuple[ServerId, ...]
    cluster: str
    times: int

    def belong(self, cluster: str) -> None:
        """Belong to a cluster from now on. Raises StorageError."""

    def meet(self, peer: ServerId, disk: str, times: int, *, remembers: bool) -> Encounter:
        """Tell whether a peer is the one that was met before, and remember it, or not.

        One that has lost its disk has lost its vote, and must not come back as if it had not.
        Raises StorageError.
        """
