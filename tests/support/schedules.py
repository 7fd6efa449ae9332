"""Traces of the reference node, driven by chance: what a correct implementation might record."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from raft_ref import Message, Node, State, Step
from raft_ref.node import AppendEntries, ClientRequest, CompactLog, InstallSnapshot, Timeout
from raft_ref.traces import Trace, TraceStep
from raft_ref.traces.sources.explored import (
    arguments_to_json,
    message_to_json,
    state_to_json,
)


class Schedule:
    """A cluster of nodes, driven by chance; every step is told as a trace tells it."""

    def __init__(
        self, seed: int, servers: Sequence[str] = ("s1", "s2", "s3"), node: Any = None
    ) -> None:
        self.random = random.Random(seed)
        self.node = node or Node(servers)
        self.servers = tuple(servers)
        self.states: dict[str, State] = {each: self.node.initial(each) for each in servers}
        self.in_flight: list[Message] = []
        self.values = 0

    @property
    def header(self) -> Trace:
        initial = {name: state_to_json(state) for name, state in self.states.items()}
        return Trace(self.servers, initial, source="tests/support/schedules.py")

    def steps(self, count: int) -> Iterator[TraceStep]:
        """Yield that many steps."""
        while count:
            step = self._deliver() if self.in_flight and self.random.random() < 0.7 else self._act()
            if step is not None:
                count -= 1
                yield step

    def _deliver(self) -> TraceStep:
        place = self.random.randrange(min(len(self.in_flight), 12))
        message = self.in_flight[place]
        chance = self.random.random()
        if chance >= 0.05:
            del self.in_flight[place]
        if chance >= 0.95:
            return TraceStep("DropMessage", message=message_to_json(message))
        name = "ReceiveDuplicate" if chance < 0.05 else "Receive"
        step = self.node.receive(self.states[message.dest], message)
        return self._as_text(name, message.dest, step, message=message)

    def _act(self) -> TraceStep | None:
        server = self.random.choice(self.servers)
        state = self.states[server]
        chance = self.random.random()
        if chance < 0.01:
            return self._as_text(
                "Restart", server, Step(self.node.restart(state), (), ("Restart",))
            )
        if state.role != "Leader" and chance > 0.1:
            return None
        action = self._action(state, chance)
        step = None if action is None else self.node.act(state, action)
        return None if step is None else self._as_text(type(action).__name__, server, step, action)

    def _action(self, state: State, chance: float) -> Any:
        if state.role != "Leader":
            return Timeout() if chance < 0.04 else CompactLog(state.commit_index)
        if chance < 0.3:
            self.values += 1
            return ClientRequest(f"v{self.values}")
        if chance < 0.35:
            return CompactLog(state.commit_index)
        peer = self.random.choice([each for each in self.servers if each != state.me])
        following = self.node.next_index(state, peer)
        if following <= state.compacted:
            return InstallSnapshot(peer)
        return AppendEntries(peer, min(self.random.randrange(4), state.last_index + 1 - following))

    def _as_text(
        self, name: str, server: str, step: Step, action: Any = None, message: Message | None = None
    ) -> TraceStep:
        old, new = state_to_json(self.states[server]), state_to_json(step.state)
        self.states[server] = step.state
        self.in_flight += [each for each in step.messages if each not in self.in_flight]
        return TraceStep(
            name,
            server,
            arguments_to_json(action),
            None if message is None else message_to_json(message),
            tuple(step.actions),
            tuple(message_to_json(each) for each in step.messages),
            {key: value for key, value in new.items() if old[key] != value},
        )


def recorded(seed: int, count: int, servers: int = 3, node: type[Node] = Node) -> Trace:
    """Return a trace of that many steps; a mutant's ends where the mutant itself fails."""
    any_node: Any = node
    return _recorded(seed, count, servers, any_node)


@lru_cache(maxsize=64)
def _recorded(seed: int, count: int, servers: int, node: Any) -> Trace:
    names = tuple(f"s{number}" for number in range(1, servers + 1))
    schedule = Schedule(seed, names, node(names))
    header, steps = schedule.header, []
    try:
        for step in schedule.steps(count):
            steps.append(step)
    except IndexError:
        if node is Node:
            raise
    return replace(header, steps=tuple(steps))


def thinned(trace: Trace) -> list[dict[str, Any]]:
    """Return the lines of the trace as a sparing implementation would log it.

    Of a log there is its last index, of entries in a message how many they are; there is no vote,
    nothing of what is sent but by leaders, and no loss.
    """
    states = {name: dict(state) for name, state in trace.initial.items()}
    lines = [
        {"format": "raft-ref-trace", "version": 1, "servers": [*trace.servers], "logged": "some"}
    ]
    for step in trace.steps:
        if step.server is None:
            continue
        state = states[step.server] = {**states[step.server], **step.changes}
        sends = step.step in ("AppendEntries", "InstallSnapshot")
        line: dict[str, Any] = {"step": "Send" if sends else step.step, "server": step.server}
        message = dict(step.sends[0] if sends else step.message or {})
        if "entries" in message:
            message["entries"] = len(message["entries"])
        if "snapshot" in message:
            last = message["snapshot"]["lastIncludedIndex"]
            message["snapshot"] = {"lastIncludedIndex": last}
        if message:
            line["message"] = message
        last = state["snapshot"]["lastIncludedIndex"] + len(state["log"])
        line["state"] = {
            "currentTerm": state["currentTerm"],
            "role": state["role"],
            "commitIndex": state["commitIndex"],
            "log": {"lastIndex": last},
        }
        lines.append(line)
    return lines
