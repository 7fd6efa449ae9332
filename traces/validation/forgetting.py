"""What of an accepted past no later line can need: where logs may begin from now on.

The rule: what is committed, and has been in the logs of all servers since the lines that may be
followed once more, is read by nobody, unless a message that may still arrive begins before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from raft_ref.traces.validation.moves.world import World
from raft_ref.traces.validation.rules.logs import Log, common
from raft_ref.traces.validation.rules.protocol import Message, field

MOST_ENTRIES = 50_000
"""How many committed entries are kept for a server that lacks them."""


def beginning(
    worlds: Sequence[World], sent: Iterable[Message], most: int
) -> tuple[Log, Log] | None:
    """Return where the log that is committed may begin, and when its entries were.

    Arguments: the first and the last readings that may be gone on with; the messages that may still
    arrive; how many committed entries are kept at most. None where nothing can be forgotten.
    """
    known = common(*(world.committed.log for world in worlds))
    if known is None:
        return None
    log = worlds[0].committed.log.at(known)
    index = min(_shared(log, worlds), *_begun(sent), *_compacted(worlds), log.index)
    index = max(index, log.index - most)
    if index <= log.first:
        return None
    log = log.at(index)
    if log.changed is log:
        # A configuration is asked for with where it stands.
        return None
    return log, worlds[0].committed.terms.at(index)


def _shared(log: Log, worlds: Sequence[World]) -> int:
    """Return up to where each server has had this log."""
    states = [state for world in worlds for state in world.states]
    logs = [state.log for state in states if state is not None]
    if len(logs) < len(states):
        return 0
    return common(log, *logs) or 0


def _compacted(worlds: Sequence[World]) -> Iterator[int]:
    """Yield up to where logs are compacted, if they ever are."""
    for world in worlds:
        for state in world.states:
            if state is not None and state.compacted:
                yield state.compacted


def _begun(sent: Iterable[Message]) -> Iterator[int]:
    """Yield where messages begin in a log."""
    for message in sent:
        match field(message, "type"):
            case "AppendEntriesRequest":
                yield field(message, "prevLogIndex")
            case "InstallSnapshotRequest":
                yield field(message, "snapshot")[2]
