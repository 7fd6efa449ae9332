"""A known bug of running a node: a heartbeat is handled beside everything else, not in its turn.

`Node` handles one message at a time. Here a heartbeat that is not too old is taken aside, and what
it changes is written when that is done, whatever was handled meanwhile.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, NamedTuple

from raft_ref.bugs import Bug
from raft_ref.messages import AppendEntriesRequest, Message, ServerId, Value
from raft_ref.node import Node
from raft_ref.state import State


@dataclass(frozen=True, slots=True)
class Busy:
    """A server, and the heartbeat that it handles beside everything else, if it does."""

    state: State
    heartbeat: AppendEntriesRequest | None = None

    @property
    def me(self) -> ServerId:
        """Whose state it is."""
        return self.state.me


class BusyStep(NamedTuple):
    """What one step does to such a server; see `raft_ref.node.Step`."""

    state: Busy
    messages: tuple[Message, ...] = ()
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FinishHeartbeat:
    """The heartbeat that was taken aside is done."""


class HeartbeatHandledConcurrently:
    """A heartbeat is handled beside all else: a term that was adopted meanwhile is lost (5.1)."""

    action_names: ClassVar[Sequence[str]] = (*Node.action_names, "FinishHeartbeat")

    measures: ClassVar[Mapping[str, Callable[[Busy], int]]] = {
        "max_term": lambda busy: busy.state.current_term,
        "max_log_length": lambda busy: busy.state.last_index,
        "max_snapshot_index": lambda busy: busy.state.compacted,
    }
    """What a search may put a bound on, as of `Node`."""

    def __init__(self, servers: Sequence[ServerId], values: Sequence[Value] = ()) -> None:
        """Describe a cluster, as `Node` does."""
        self.node = Node(servers, values)

    def as_raft(self, busy: Busy) -> State:
        """Return the state that others may know of."""
        return busy.state

    def initial(self, me: ServerId) -> Busy:
        """Return the state of a server at its first start."""
        return Busy(self.node.initial(me))

    def actions(self, busy: Busy) -> Iterator[Any]:
        """Yield what may happen: what may happen to the node, and the end of a heartbeat."""
        if busy.heartbeat is not None:
            yield FinishHeartbeat()
        yield from self.node.actions(busy.state)

    def act(self, busy: Busy, action: Any) -> BusyStep | None:
        """Take an action; None where it is not enabled."""
        if isinstance(action, FinishHeartbeat):
            return self.finish(busy)
        step = self.node.act(busy.state, action)
        if step is None:
            return None
        return BusyStep(replace(busy, state=step.state), step.messages, step.actions)

    def receive(self, busy: Busy, message: Message) -> BusyStep:
        """Take a heartbeat aside, unless it is too old or one is there already; handle the rest."""
        if (
            isinstance(message, AppendEntriesRequest)
            and not message.entries
            and busy.heartbeat is None
            and message.term >= busy.state.current_term
        ):
            return BusyStep(replace(busy, heartbeat=message))
        step = self.node.receive(busy.state, message)
        return BusyStep(replace(busy, state=step.state), step.messages, step.actions)

    def finish(self, busy: Busy) -> BusyStep | None:
        """Follow the sender in its term, whatever the own one has become, and answer."""
        heartbeat, state = busy.heartbeat, busy.state
        if heartbeat is None:
            return None
        vote = None if heartbeat.term > state.current_term else state.voted_for
        following = self.node.follow(state, heartbeat.term, vote)
        step = self.node.handle_append_entries_request(following, heartbeat)
        return BusyStep(Busy(step.state), step.messages, step.actions)

    def restart(self, busy: Busy) -> Busy:
        """Return what a crash leaves; the heartbeat is lost."""
        return Busy(self.node.restart(busy.state))

    def rename(self, value: object, renaming: Mapping[str, str]) -> object:
        """Return a state, message or action with its servers and values renamed."""
        rename: Callable[[Any], Any] = partial(self.node.rename, renaming=renaming)
        match value:
            case FinishHeartbeat():
                return value
            case Busy(state, heartbeat):
                return Busy(rename(state), None if heartbeat is None else rename(heartbeat))
        return rename(value)


CONCURRENCY_BUGS: Mapping[str, Bug] = {
    "heartbeat-handled-concurrently": Bug(
        HeartbeatHandledConcurrently,
        breaks="LeaderCompleteness",
        seen_in="hashicorp/raft#695",
        bounds={"servers": 3, "max_term": 2, "max_log_length": 1, "max_messages": 2},
    ),
}
"""The known bugs of doing two things at a time, by name."""
