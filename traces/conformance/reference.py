"""The adapter of the reference node, and of its mutants: an example, and what tests conformance.

python -m raft_ref.traces.conformance.reference [--bug NAME | --node MODULE:CLASS]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from raft_ref import Node, State, Step
from raft_ref.bugs import BUGS
from raft_ref.messages import Message
from raft_ref.spec.link import camel_case
from raft_ref.spec.requests import RequestError, named
from raft_ref.traces.conformance.own_node import ACTIONS, OwnCluster
from raft_ref.traces.conformance.serving import begun, serve
from raft_ref.traces.sources.explored import message_to_json, state_to_json, to_json

_TOLD = {each.name: camel_case(each.name) for each in fields(State) if each.name != "me"}
"""What each variable of a server is called where it is told."""


class Cluster:
    """A cluster of nodes, driven by requests."""

    def __init__(self, node: type[Node]) -> None:
        self._class = node
        self._node: Node
        self._states: dict[str, State] = {}
        self._sent: list[tuple[Message, dict[str, Any]]] = []

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to one request."""
        step = request["step"]
        if step == "Init":
            return self._init(request["servers"])
        state = self._states[request["server"]]
        line = {"step": step, "server": state.me}
        taken: Step | None
        if step == "Restart":
            taken = Step(self._node.restart(state))
        elif step in ("Receive", "ReceiveDuplicate"):
            message, line["message"] = self._sent[request["id"]]
            taken = self._node.receive(state, message)
        elif step not in ACTIONS:
            return {"lines": [], "unknown": True}
        else:
            line["arguments"] = request["arguments"]
            taken = self._node.act(state, ACTIONS[step](**request["arguments"]))
        return {"lines": []} if taken is None else self._as_text(line, state, taken)

    def _init(self, servers: list[str]) -> dict[str, Any]:
        self._node = self._class(servers)
        self._states = {each: self._node.initial(each) for each in servers}
        self._sent = []
        initial = {each: state_to_json(state) for each, state in self._states.items()}
        return begun(servers, initial, logged="all")

    def _as_text(self, line: dict[str, Any], state: State, step: Step) -> dict[str, Any]:
        self._states[state.me] = step.state
        line["changes"] = dict(_changes(state, step.state))
        line["sends"] = [message_to_json(each) for each in step.messages]
        sends = [
            {"id": number, "message": each}
            for number, each in enumerate(line["sends"], len(self._sent))
        ]
        self._sent += zip(step.messages, line["sends"], strict=True)
        return {"lines": [line], "sends": sends}


def _changes(old: State, new: State) -> Iterator[tuple[str, Any]]:
    for name, told in _TOLD.items():
        value = getattr(new, name)
        if value is not getattr(old, name) and value != getattr(old, name):
            yield told, to_json(value)


def main() -> int:
    """Answer requests until there are no more; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--bug", choices=BUGS, help="a mutant in the place of the node")
    which.add_argument(
        "--node", metavar="MODULE:CLASS",
        help="your own node, which says what in Raft its states and messages are",
    )  # fmt: skip
    options = parser.parse_args()
    if options.node is None:
        serve(Cluster(Node if options.bug is None else BUGS[options.bug].node).answer)
        return 0
    try:
        cluster = OwnCluster(named("node", options.node), options.node)
    except RequestError as error:
        print(f"{parser.prog}: --{error}", file=sys.stderr)
        return 2
    serve(cluster.answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
