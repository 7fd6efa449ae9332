"""The adapter of the reference node, and of its mutants: an example, and what tests conformance.

python -m raft_ref.traces.conformance.reference [--with FEATURE,...]
python -m raft_ref.traces.conformance.reference --bug NAME | --node MODULE:CLASS

Features are on that it is started with, or that a new cluster is asked to have.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from raft_ref import Node, State, Step
from raft_ref.bugs import BUGS
from raft_ref.features import (
    AbortTransfer,
    AnswerReads,
    BeginRound,
    CheckQuorum,
    EndLease,
    EndPromise,
    ExtendedNode,
    ExtendedState,
    Feature,
    Heartbeat,
    LeaseRead,
    MissLeader,
    Read,
    ReadingState,
    RequestPreVotes,
    RequestReadIndex,
    ServeRead,
    TimeoutNow,
    TransferLeadership,
)
from raft_ref.features.bugs import FEATURE_BUGS, MEMBERSHIP_BUGS, READ_BUGS
from raft_ref.features.bugs.mutant import Mutant
from raft_ref.features.membership import (
    AddLearner,
    AddServer,
    ApplyConfiguration,
    Commit,
    EnterJoint,
    LeaveJoint,
    PromoteLearner,
    RemoveServer,
    StepDown,
    TakeLead,
)
from raft_ref.features.state import ConfiguredState
from raft_ref.messages import Message
from raft_ref.spec.link import camel_case
from raft_ref.spec.requests import RequestError, named
from raft_ref.traces.conformance.adapter import CHANGE
from raft_ref.traces.conformance.own_node import ACTIONS, OwnCluster
from raft_ref.traces.conformance.serving import begun, serve
from raft_ref.traces.format.features import FEATURES
from raft_ref.traces.sources.explored import message_to_json, state_to_json, to_json

_TOLD = {each.name: camel_case(each.name) for each in fields(State) if each.name != "me"}
_TOLD_OF_FEATURES: Mapping[type[State], Mapping[str, str]] = {
    kind: {each.name: camel_case(each.name) for each in fields(kind) if each.name != "me"}
    for kind in (ExtendedState, ReadingState, ConfiguredState)
}
"""What each variable of a server is called where it is told."""
_BUGS: Mapping[str, Any] = {**BUGS, **FEATURE_BUGS, **READ_BUGS, **MEMBERSHIP_BUGS}
_ACTIONS: Mapping[str, Any] = {
    **ACTIONS,
    **{
        each.__name__: each
        for each in (
            MissLeader, RequestPreVotes, CheckQuorum, TransferLeadership, AbortTransfer, TimeoutNow,
            Read, RequestReadIndex, BeginRound, Heartbeat, AnswerReads, ServeRead,
            LeaseRead, EndLease, EndPromise, AddServer, RemoveServer, AddLearner, PromoteLearner,
            EnterJoint, LeaveJoint, ApplyConfiguration, TakeLead, Commit, StepDown,
        )
    },
}  # fmt: skip
"""What a server with features may be asked to do without a message, by its name."""


class Cluster:
    """A cluster of nodes, driven by requests.

    Arguments: their class, and that of nodes with features; those that are on if nobody says so.
    """

    def __init__(
        self,
        node: type[Node] = Node,
        extended: type[ExtendedNode] = ExtendedNode,
        features: Iterable[Feature] = (),
    ) -> None:
        self._class, self._extended = node, extended
        self._features = frozenset(features)
        self._node: Node
        self._states: dict[str, State] = {}
        self._sent: list[tuple[Message, dict[str, Any]]] = []

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to one request."""
        step = request["step"]
        if step == "Init":
            return self._init(
                request["servers"], request.get("features", ()), request.get("voters")
            )
        if step == CHANGE:
            asked = request["arguments"]
            own = {name: value for name, value in asked.items() if name != "change"}
            request = {**request, "step": asked["change"], "arguments": own}
            step = request["step"]
        state = self._states[request["server"]]
        line = {"step": step, "server": state.me}
        taken: Step | None
        if step == "Restart":
            taken = Step(self._node.restart(state))
        elif step in ("Receive", "ReceiveDuplicate"):
            message, line["message"] = self._sent[request["id"]]
            taken = self._node.receive(state, message)
        elif step not in (_ACTIONS if isinstance(self._node, ExtendedNode) else ACTIONS):
            return {"lines": [], "unknown": True}
        else:
            line["arguments"] = request["arguments"]
            action = _action(step, request["arguments"])
            is_early = action == EndPromise() and self._is_trusted(state)
            taken = None if is_early else self._node.act(state, action)
        return {"lines": []} if taken is None else self._as_text(line, state, taken)

    def _is_trusted(self, state: Any) -> bool:
        """Say whether the promise of a server cannot have ended: by the clock of its leader."""
        promise, node = getattr(state, "promise", None), self._node
        if promise is None or not getattr(node, "do_clocks_agree", False):
            return False
        leader: Any = self._states[promise.leader]
        latest = (leader.current_term, leader.read_round)
        return bool(leader.is_trusting and latest == (promise.term, promise.round))

    def _init(
        self, servers: list[str], features: Iterable[str], voters: list[str] | None
    ) -> dict[str, Any]:
        on = frozenset(map(Feature, features)) or self._features
        if issubclass(self._extended, Mutant):
            on = frozenset(self._extended.on)  # whatever it is asked to have
            self._node = self._extended(servers, voters=voters)
        elif on:
            self._node = self._extended(servers, features=on, voters=voters)
        else:
            self._node = self._class(servers)
        self._states = {each: self._node.initial(each) for each in servers}
        self._sent = []
        initial = {each: state_to_json(state) for each, state in self._states.items()}
        return begun(servers, initial, "all", [each.value for each in on])

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


def _action(step: str, arguments: Mapping[str, Any]) -> Any:
    """Return what a server is asked to do; its sets are lists in a request."""
    given = {
        name: frozenset(value) if isinstance(value, list) else value
        for name, value in arguments.items()
    }
    return _ACTIONS[step](**given)


def _changes(old: State, new: State) -> Iterator[tuple[str, Any]]:
    for name, told in _TOLD_OF_FEATURES.get(type(new), _TOLD).items():
        value = getattr(new, name)
        if value is not getattr(old, name) and value != getattr(old, name):
            yield told, to_json(value)


def main() -> int:
    """Answer requests until there are no more; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--bug", choices=_BUGS, metavar="NAME", help="a mutant in the place of the node"
    )
    which.add_argument(
        "--node", metavar="MODULE:CLASS",
        help="your own node, which says what in Raft its states and messages are",
    )  # fmt: skip
    which.add_argument("--with", dest="features", metavar="FEATURE,...", help="features, or all")
    options = parser.parse_args()
    try:
        features = Feature.of_option(options.features or "none", [*map(Feature, FEATURES)])
    except ValueError as error:
        print(f"{parser.prog}: --with {error}", file=sys.stderr)
        return 2
    if options.node is None:
        bug = None if options.bug is None else _BUGS[options.bug].node
        if bug is not None and issubclass(bug, ExtendedNode):
            serve(Cluster(extended=bug).answer)
        else:
            serve(Cluster(bug or Node, features=features).answer)
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
