"""A cluster of a user's own nodes, driven as the adapter of the reference node drives those.

It is asked for steps of Raft. Which of its own these are is told by what they do: each that it may
take is tried, which changes nothing, for a node is pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, get_args

from raft_ref import (
    Action,
    AppendEntries,
    ClientRequest,
    CompactLog,
    InstallSnapshot,
    Message,
    Timeout,
)
from raft_ref.explorer import ActorError, Event, View
from raft_ref.spec.link import AS_RAFT, AS_RAFT_MESSAGE, AsRaft, AsRaftMessage, RaftWords
from raft_ref.spec.link.composition import action_of
from raft_ref.spec.requests import RequestError
from raft_ref.traces.conformance.serving import begun
from raft_ref.traces.format.ndjson import step_to_json
from raft_ref.traces.sources.explored import Teller

ACTIONS: Final[Mapping[str, type[Action]]] = {
    each.__name__: each
    for each in (Timeout, AppendEntries, InstallSnapshot, ClientRequest, CompactLog)
}
"""What a server may be asked to do without a message, by its name."""


class OwnCluster:
    """A cluster of nodes of one's own, driven by requests.

    Arguments: their class, and what it is called. Raises `RequestError` for one that does not say
    what its states are in Raft.
    """

    def __init__(self, node: Callable[..., Any], name: str) -> None:
        if not hasattr(node, "as_raft"):
            raise RequestError(f"node {name}: it has no {AS_RAFT}")
        self._class, self._name = node, name
        self._servers: tuple[str, ...] = ()
        self._values: tuple[str, ...] = ()
        self._states: dict[str, Any] = {}
        self._sent: list[Any] = []

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to one request."""
        step = request["step"]
        if step == "Init":
            return self._init(request["servers"])
        server = request["server"]
        state = self._states[server]
        if step == "Restart":
            return self._answered(Event(step, (), server, None, None, (), self._with(
                server, self._node.restart(state)
            )))  # fmt: skip
        if step in ("Receive", "ReceiveDuplicate"):
            message = self._sent[request["id"]]
            return self._answered(
                self._event(step, server, None, message, self._node.receive(state, message))
            )
        if step not in ACTIONS:
            return {"lines": [], "unknown": True}
        event = self._asked(server, ACTIONS[step](**request["arguments"]))
        return {"lines": []} if event is None else self._answered(event)

    def _init(self, servers: list[str]) -> dict[str, Any]:
        self._servers, self._values, self._sent = tuple(servers), (), []
        self._make()
        self._states = {each: self._node.initial(each) for each in servers}
        self._tell = Teller(self._servers, self._view(self._states), self._words)
        return begun(servers, self._tell.now, logged="all")

    def _make(self) -> None:
        """Make the node; it is made anew as soon as clients ask it to store something else."""
        self._node = self._class(self._servers, self._values)
        owner = type(self._node).__name__
        told = getattr(self._node, "as_raft_message", self._of_raft)
        self._words = RaftWords(
            AsRaft(self._node.as_raft, owner, self._servers), AsRaftMessage(told, owner)
        )

    def _of_raft(self, message: Any) -> Any:
        if not isinstance(message, get_args(Message)):
            raise ActorError(f"{self._name} has no {AS_RAFT_MESSAGE}")
        return message

    def _asked(self, server: str, wanted: Action) -> Event | None:
        """Return the step of a server that is what is asked for, or most like it; None for none."""
        if isinstance(wanted, ClientRequest) and wanted.value not in self._values:
            self._values += (wanted.value,)
            self._make()
        alike, state = None, self._states[server]
        old = self._words.state(state)
        for own in self._node.actions(state):
            taken = self._node.act(state, own)
            if taken is None:
                continue
            sends = self._words.messages(taken.messages)
            found = action_of(old, self._words.state(taken.state), sends)
            event = self._event(type(own).__name__, server, own, None, taken)
            if found == wanted:
                return event
            if _is_alike(found, wanted):
                alike = event
        return alike

    def _event(self, step: str, server: str, action: Any, message: Any, taken: Any) -> Event:
        after = self._with(server, taken.state)
        return Event(step, (), server, action, message, tuple(taken.messages), after)

    def _with(self, server: str, state: Any) -> View:
        return self._view({**self._states, server: state})

    @staticmethod
    def _view(states: Mapping[str, Any]) -> View:
        return View(states, (), None, 0, 0, 0)

    def _answered(self, event: Event) -> dict[str, Any]:
        for message in event.sends:
            if next(self._words.messages([message]), None) is None:
                kind = type(message).__name__
                raise ActorError(f"{self._name} sends a {kind}, which stands for nothing in Raft")
        line = step_to_json(self._tell.step(event))
        self._states = dict(event.after.states)
        sends = [
            {"id": number, "message": each}
            for number, each in enumerate(line["sends"], len(self._sent))
        ]
        self._sent += event.sends
        return {"lines": [line], "sends": sends}


def _is_alike(found: Action | None, wanted: Action) -> bool:
    """Return whether a step is of the kind that is asked for, and to the same peer."""
    if type(found) is not type(wanted) or isinstance(wanted, ClientRequest):
        return False
    return getattr(found, "peer", None) == getattr(wanted, "peer", None)
