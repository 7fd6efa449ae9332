"""Which actions of Raft.tla a step of a server is, and composes, told by what it does.

A node names them itself, for coverage, traces and diagrams. So that the names mean what the spec
means by them, they are held against what happened. A node that has names of its own is given them.
"""

from collections.abc import Callable, Iterable
from typing import Any, get_args

from raft_ref import (
    Action,
    AppendEntries,
    AppendEntriesRequest,
    ClientRequest,
    CompactLog,
    InstallSnapshot,
    InstallSnapshotRequest,
    Message,
    RequestVoteRequest,
    Role,
    State,
    Timeout,
)
from raft_ref.explorer import Event, View


def action_of(old: State, new: State, sends: Iterable[Any]) -> Action | None:
    """Return the action of Raft.tla that a step without a message is, or is meant to be.

    It is told by what the step does, also where it does that wrongly: who asks for votes has timed
    out, whatever its term became. None for what none of them does.
    """
    for message in sends:
        match message:
            case RequestVoteRequest():
                return Timeout()
            case AppendEntriesRequest():
                return AppendEntries(message.dest, len(message.entries))
            case InstallSnapshotRequest():
                return InstallSnapshot(message.dest)
    if new.current_term > old.current_term or (new.role, old.role) == _STANDS:
        return Timeout()
    if new.compacted > old.compacted:
        return CompactLog(new.compacted)
    if new.last_index > old.last_index:
        return ClientRequest(new.log[-1].value)
    return None


_STANDS = (Role.CANDIDATE, Role.FOLLOWER)


def composed(old: State, new: State, message: Any, sends: Iterable[Any] = ()) -> tuple[str, ...]:
    """Return the actions within a step, in their order; `message` is what it takes, if it does.

    A newer term is adopted first (UpdateTerm), then the handler takes the message. A candidate who
    leads after it became the leader (BecomeLeader), and a leader who has committed more did so by
    AdvanceCommitIndex.
    """
    names = []
    if isinstance(message, get_args(Message)):
        names += ["UpdateTerm"] if new.current_term > old.current_term else []
        names += [f"Handle{type(message).__name__}"]
    if new.role is Role.LEADER:
        names += ["BecomeLeader"] if old.role is not Role.LEADER else []
        names += ["AdvanceCommitIndex"] if new.commit_index > old.commit_index else []
    return tuple(names)


Composed = Callable[[Any, Any, Any, Iterable[Any]], tuple[str, ...]]
"""What `composed` is, for a node of its kind."""


def miscalled(before: View, event: Event, names: Composed = composed) -> list[str]:
    """Return how the names that a node gives differ from what it did, as text; none if not."""
    assert event.server is not None
    old, new = before.states[event.server], event.after.states[event.server]
    expected, given = names(old, new, event.message, event.sends), tuple(event.actions[1:])
    if expected == given:
        return []
    told = [", ".join(names) or "no others" for names in (given, expected)]
    return [f"{event.step} is said to compose {told[0]}, and composes {told[1]}"]
