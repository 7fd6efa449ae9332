"""Lines without end: what a simulated store logs while a client writes and its leaders crash."""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from raft_ref.server.replicas.replica import IN_PRACTICE, Happening
from raft_ref.server.session import Kind, Operation
from raft_ref.server.simulation.client import SimulatedClient
from raft_ref.server.simulation.cluster import Conditions, Simulation
from raft_ref.traces.sources.explored import arguments_to_json, message_to_json, state_to_json

Line = dict[str, Any]

NAMES = ("s1", "s2", "s3")
HEADER: Line = {
    "format": "raft-ref-trace", "version": 1, "servers": [*NAMES], "logged": "some",
    "unlogged": [], "silent": {"Commit": 1, "Send": 1},
}  # fmt: skip


def stored(seed: int = 1, compact_after: int = 200, crash_every: float = 30.0) -> Iterator[Line]:
    """Yield the lines of a store, without the header: as many as are asked for.

    A client writes all the time; every so many seconds of its clock, the leader crashes.
    """
    told: deque[Happening] = deque()
    timing = replace(IN_PRACTICE, compact_after=compact_after, keep=compact_after // 4)
    conditions = Conditions(delay=(0.01, 0.03), loss=0.02, duplication=0.02)
    simulation = Simulation(
        NAMES, seed, conditions, timing, observe=told.append, features=frozenset()
    )
    client = SimulatedClient(simulation, "client", 0.5, lambda: 0.05)
    count = 0

    def write(_: Any = None) -> None:
        nonlocal count
        count += 1
        client.do(Operation(Kind.PUT, "xyz"[count % 3], str(count)), write)

    def crash() -> None:
        leader = simulation.leader
        if leader is not None:
            simulation.servers[leader].crash()
            simulation.at(0.5, simulation.servers[leader].start)
        simulation.at(crash_every, crash)

    simulation.at(0.3, write)
    simulation.at(crash_every, crash)
    number = 0
    while True:
        simulation.run(1.0)
        while told:
            number += 1
            yield {**_told(told.popleft()), "clock": number}


def _told(happening: Happening) -> Line:
    state = state_to_json(happening.step.state)
    log, held = state.pop("log"), state.pop("snapshot")
    last = log[-1]["term"] if log else held["lastIncludedTerm"]
    figures = {"lastIndex": held["lastIncludedIndex"] + len(log), "lastTerm": last}
    kept = ("currentTerm", "votedFor", "role", "commitIndex")
    line: Line = {
        "step": happening.name,
        "server": happening.server,
        "state": {
            **{name: state[name] for name in kept},
            "log": figures,
            "snapshot": _without_data(held),
        },
        "sends": [_shown(each) for each in happening.step.messages],
    }
    if happening.message is not None:
        line["message"] = _shown(happening.message)
    elif happening.action is not None:
        line["arguments"] = arguments_to_json(happening.action)
    return line


def _shown(message: Any) -> Line:
    told = message_to_json(message)
    if "snapshot" in told:
        told["snapshot"] = _without_data(told["snapshot"])
    return told


def _without_data(held: Line) -> Line:
    return {name: value for name, value in held.items() if name != "data"}


def as_text(lines: Iterator[Line] | list[Line]) -> str:
    """Return lines as they stand in a file."""
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
