"""A cluster of reference nodes that does what it is told, and its trace.

The rules: a message is in flight from when it is sent until it is received or lost; one equal to
another in flight adds nothing, or where copies count can be received once more. A step that the
node does not take is an error that says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from raft_ref import (
    Action,
    AppendEntries,
    ClientRequest,
    CompactLog,
    InstallSnapshot,
    Message,
    Node,
    Role,
    State,
    Step,
    Timeout,
)
from raft_ref.traces.format.trace import Trace, TraceError, TraceStep
from raft_ref.traces.sources.explored import (
    arguments_to_json,
    message_to_json,
    state_to_json,
)


class Cluster:
    """Nodes, and what is in flight between them.

    Arguments: the class of the node; the servers; whether copies of a message count.
    """

    def __init__(
        self, node: type[Node], servers: tuple[str, ...], *, counts_copies: bool = False
    ) -> None:
        self._counts_copies = counts_copies
        self.node = node(servers)
        self.servers = servers
        self.states: dict[str, State] = {each: self.node.initial(each) for each in servers}
        self.in_flight: list[Message] = []
        self.down: set[str] = set()
        self.steps: list[TraceStep] = []
        self._initial = dict(self.states)

    def begins(self, server: str, change: Callable[[State], State]) -> None:
        """Let a server begin otherwise. Raises `TraceError` after the first step."""
        if self.steps:
            raise TraceError("what a server begins with stands before the first step")
        self.states[server] = self._initial[server] = change(self.states[server])

    def trace(self, source: str) -> Trace:
        """Return what happened so far."""
        initial = {name: state_to_json(state) for name, state in self._initial.items()}
        return Trace(self.servers, initial, tuple(self.steps), source)

    def acts(self, server: str, action: Action) -> State:
        """Let a server do something of its own accord; return its state after that.

        Raises `TraceError` where it does not.
        """
        self._demand_up(server)
        state = self.states[server]
        taken = self.node.act(state, action)
        if taken is None:
            raise TraceError(_why_not(self.node, state, action))
        self._takes(type(action).__name__, server, taken, arguments_to_json(action))
        return taken.state

    def receives(self, message: Message, *, keeps: bool = False) -> None:
        """Let a message be received, and perhaps a copy of it stay in flight."""
        self._demand_up(message.dest)
        if not keeps:
            self.in_flight.remove(message)
        taken = self.node.receive(self.states[message.dest], message)
        name = "ReceiveDuplicate" if message in self.in_flight else "Receive"
        self._takes(name, message.dest, taken, {}, message_to_json(message))

    def loses(self, message: Message) -> None:
        """Lose a message."""
        self.in_flight.remove(message)
        if message not in self.in_flight:
            self.steps.append(TraceStep("DropMessage", message=message_to_json(message)))

    def crashes(self, server: str) -> None:
        """Let a server crash: it loses what is not durable now, and is down."""
        self._demand_up(server)
        self.restarts(server)
        self.down.add(server)

    def restarts(self, server: str) -> None:
        """Let a server be up again; one that is up crashes before that."""
        if server in self.down:
            self.down.remove(server)
            return
        restarted = Step(self.node.restart(self.states[server]), (), ("Restart",))
        self._takes("Restart", server, restarted, {})

    def sent(self, source: str, dest: str, fits: Callable[[Message], bool]) -> Message:
        """Return the last message in flight between two servers that fits.

        Raises `TraceError` where there is none.
        """
        between = [each for each in self.in_flight if (each.source, each.dest) == (source, dest)]
        for message in reversed(between):
            if fits(message):
                return message
        told = ", ".join(f"{type(each).__name__} t{each.term}" for each in between)
        raise TraceError(f"from {source} to {dest} there is in flight: {told or 'nothing'}")

    def _demand_up(self, server: str) -> None:
        if server in self.down:
            raise TraceError(f"{server} is down: it must restart first")

    def _takes(
        self,
        name: str,
        server: str,
        step: Step,
        arguments: Any,
        message: dict[str, Any] | None = None,
    ) -> None:
        old, new = state_to_json(self.states[server]), state_to_json(step.state)
        self.states[server] = step.state
        sent = step.messages
        self.in_flight += sent if self._counts_copies else _new(sent, self.in_flight)
        self.steps.append(
            TraceStep(
                step=name,
                server=server,
                arguments=arguments,
                message=message,
                actions=tuple(step.actions),
                sends=tuple(message_to_json(each) for each in step.messages),
                changes={key: value for key, value in new.items() if old[key] != value},
            )
        )


def _new(messages: Iterable[Message], in_flight: list[Message]) -> list[Message]:
    return [each for each in messages if each not in in_flight]


def _why_not(node: Node, state: State, action: Action) -> str:
    role = state.role.value.lower()
    match action:
        case Timeout():
            return f"{state.me} leads term {state.current_term}, and does not time out"
        case CompactLog(index):
            return (
                f"{state.me} cannot compact to {index}: it has compacted to {state.compacted}, "
                f"and committed {state.commit_index}"
            )
        case ClientRequest() if state.role is not Role.LEADER:
            return f"{state.me} is a {role}: it takes no request of a client"
        case AppendEntries(peer, count) if state.role is Role.LEADER:
            following = node.next_index(state, peer)
            if following <= state.compacted:
                return f"{state.me} has compacted what {peer} needs: it sends a snapshot"
            left = state.last_index + 1 - following
            return f"{state.me} cannot send {peer} {count} entries: behind what it has are {left}"
        case InstallSnapshot(peer) if state.role is Role.LEADER:
            return f"{state.me} has all that {peer} needs in its log: it sends entries"
    return f"{state.me} is a {role}: it sends no entries"
