"""The node with its disk, as an actor of its own: what is written when, and what a crash leaves.

`Node` takes for granted that what is durable is on the disk as soon as a step is taken. Here a step
is taken in memory, its outcome is written later, and a server may crash between the two. The rule
that makes up for it: what a step sends leaves once its outcome, and that of all steps before it, is
written (figure 2). To all others a step happens when it is written. A disk that fails is a crash:
the server stops.

Known bugs of writing are at the end, each changing one rule.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, NamedTuple

from raft_ref.bugs import Bug
from raft_ref.messages import AppendEntriesRequest, Message, ServerId, Value
from raft_ref.node import Node, Step
from raft_ref.state import DURABLE, State


@dataclass(frozen=True, slots=True)
class Pending:
    """The outcome of a step that is not written yet, and what waits to be sent."""

    state: State
    messages: frozenset[Message]


@dataclass(frozen=True, slots=True)
class Stored:
    """A server with its disk: the state as others know it, what is on the disk, what is pending.

    Of `disk`, what is durable counts.
    """

    state: State
    disk: State
    pending: tuple[Pending, ...] = ()

    @property
    def me(self) -> ServerId:
        """Whose state it is."""
        return self.state.me

    @property
    def memory(self) -> State:
        """The state that the server has in memory."""
        return self.pending[-1].state if self.pending else self.state


class StoredStep(NamedTuple):
    """What one step does to a server with its disk; see `raft_ref.node.Step`."""

    state: Stored
    messages: tuple[Message, ...] = ()
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Write:
    """The disk has taken the first outcome that is pending."""


class StoredNode:
    """`Node` with a disk, for the explorer (see `explorer.Actor`)."""

    measures: ClassVar[Mapping[str, Callable[[Stored], int]]] = {
        "max_term": lambda stored: stored.memory.current_term,
        "max_log_length": lambda stored: stored.memory.last_index,
        "max_snapshot_index": lambda stored: stored.memory.compacted,
        "max_pending": lambda stored: len(stored.pending),
    }
    """What a search may put a bound on; the last is how many outcomes are not written."""

    def __init__(self, servers: Sequence[ServerId], values: Sequence[Value] = ()) -> None:
        """Describe a cluster, as `Node` does."""
        self.node = Node(servers, values)

    def as_raft(self, stored: Stored) -> State:
        """Return the state that others may know of."""
        return stored.state

    def initial(self, me: ServerId) -> Stored:
        """Return the state of a server at its first start, which is on the disk."""
        first = self.node.initial(me)
        return Stored(first, first)

    def actions(self, stored: Stored) -> Iterator[Any]:
        """Yield what may happen: what the node may do in memory, and what the disk may."""
        if stored.pending:
            yield Write()
        yield from self.node.actions(stored.memory)

    def act(self, stored: Stored, action: Any) -> StoredStep | None:
        """Take an action; None where it is not enabled."""
        if isinstance(action, Write):
            return self.write(stored)
        step = self.node.act(stored.memory, action)
        return None if step is None else self.taken(stored, step)

    def receive(self, stored: Stored, message: Message) -> StoredStep:
        """Handle a message in memory."""
        return self.taken(stored, self.node.receive(stored.memory, message))

    def restart(self, stored: Stored) -> Stored:
        """Return what a crash leaves: what was written."""
        return Stored(self.node.restart(stored.disk), stored.disk)

    def taken(self, stored: Stored, step: Step) -> StoredStep:
        """Return what a step in memory does: nothing is sent while anything is to be written."""
        if not stored.pending and not _differ(stored.memory, step.state):
            return StoredStep(replace(stored, state=step.state), step.messages, step.actions)
        pending = (*stored.pending, Pending(step.state, frozenset(step.messages)))
        return StoredStep(replace(stored, pending=pending), (), step.actions)

    def write(self, stored: Stored) -> StoredStep | None:
        """Write what is pending first, and send what waited for it."""
        if not stored.pending:
            return None
        first, *rest = stored.pending
        return StoredStep(Stored(first.state, first.state, tuple(rest)), _in_order(first))

    def rename(self, value: object, renaming: Mapping[str, str]) -> object:
        """Return a state, message or action with its servers and values renamed."""
        rename: Callable[[Any], Any] = partial(self.node.rename, renaming=renaming)
        match value:
            case Write():
                return value
            case Stored(state, disk, pending):
                renamed = tuple(
                    Pending(rename(each.state), frozenset(map(rename, each.messages)))
                    for each in pending
                )
                return Stored(rename(state), rename(disk), renamed)
        return rename(value)


def _differ(before: State, after: State) -> bool:
    return any(getattr(before, name) != getattr(after, name) for name in DURABLE)


def _in_order(pending: Pending) -> tuple[Message, ...]:
    return tuple(sorted(pending.messages, key=repr))


class SentWhileWriting(StoredNode):
    """A leader's entries leave while it writes them itself (thesis, 10.2.1).

    It counts itself for them once they are written: to others a commit happens then, and none that
    it counts before may leave with what leaves early. If it crashes between, its log is without
    them, as the log of a server that never had them: that is no step of Raft.tla, in which a leader
    has what it sends, but all that is asked of Raft holds.
    """

    def may_leave(self, stored: Stored, message: Message) -> bool:
        """Tell whether a message may leave before the outcome of its step is written."""
        return (
            isinstance(message, AppendEntriesRequest)
            and message.term == stored.disk.current_term
            and stored.disk.voted_for == stored.me
            and self.is_known(stored, message)
        )

    def is_known(self, stored: Stored, message: AppendEntriesRequest) -> bool:
        """Tell whether what a message says is committed does not rest on what is not written."""
        return message.leader_commit <= stored.state.commit_index

    def taken(self, stored: Stored, step: Step) -> StoredStep:
        """Send what may leave, and the rest once it is written."""
        early = tuple(each for each in step.messages if self.may_leave(stored, each))
        rest = tuple(each for each in step.messages if each not in early)
        later = super().taken(stored, step._replace(messages=rest))
        return later._replace(messages=(*early, *later.messages))


class CommitCountedBeforeWritten(SentWhileWriting):
    """A leader tells of commits for which it counts itself before it has written them (10.2.1)."""

    def is_known(self, stored: Stored, message: AppendEntriesRequest) -> bool:
        """Say whatever is so in memory."""
        return True


class SentBeforeWritten(StoredNode):
    """Messages leave at once, while what they promise is still to be written (sofa-jraft)."""

    def taken(self, stored: Stored, step: Step) -> StoredStep:
        """Send, and write later."""
        later = super().taken(stored, step._replace(messages=()))
        return later._replace(messages=step.messages)


class VoteWrittenBeforeTerm(StoredNode):
    """Vote and term are written one after the other, the vote first (hashicorp/raft#661)."""

    def write(self, stored: Stored) -> StoredStep | None:
        """Write the vote and send it, where a newer term is to be written as well."""
        if not stored.pending:
            return None
        first, *rest = stored.pending
        disk, after = stored.disk, first.state
        if disk.voted_for == after.voted_for or disk.current_term == after.current_term:
            return super().write(stored)
        written = replace(disk, voted_for=after.voted_for)
        left = (Pending(after, frozenset()), *rest)
        return StoredStep(Stored(after, written, left), _in_order(first))


@dataclass(frozen=True, slots=True)
class FailToWrite(Write):
    """The disk refuses the first outcome that is pending."""


class WriteErrorSwallowed(StoredNode):
    """What the disk has refused is taken for written (dragonboat#409)."""

    def actions(self, stored: Stored) -> Iterator[Any]:
        """Yield also that the disk fails."""
        yield from super().actions(stored)
        if stored.pending:
            yield FailToWrite()

    def act(self, stored: Stored, action: Any) -> StoredStep | None:
        """Go on where the disk has failed, and send what waited."""
        if not isinstance(action, FailToWrite):
            return super().act(stored, action)
        if not stored.pending:
            return None
        first, *rest = stored.pending
        return StoredStep(Stored(first.state, stored.disk, tuple(rest)), _in_order(first))


_ONE_VOTE = {"servers": 3, "max_term": 1, "max_messages": 3, "max_restarts": 1, "max_pending": 1}

DISK_BUGS: Mapping[str, Bug] = {
    "vote-written-before-term": Bug(
        VoteWrittenBeforeTerm,
        breaks="ElectionSafety",
        seen_in="hashicorp/raft#661",
        bounds=_ONE_VOTE,
    ),
    "sent-before-written": Bug(
        SentBeforeWritten,
        breaks="ElectionSafety",
        seen_in="sofa-jraft",
        bounds=_ONE_VOTE,
    ),
    "write-error-swallowed": Bug(
        WriteErrorSwallowed,
        breaks="LeaderCompleteness",
        seen_in="dragonboat#409",
        bounds={
            "servers": 2,
            "max_term": 2,
            "max_log_length": 1,
            "max_messages": 2,
            "max_restarts": 1,
            "max_pending": 1,
        },
    ),
}
"""The known bugs of writing, by name."""
