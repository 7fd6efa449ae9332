"""All steps of a cluster with features, as the node has them and as Next of ExtendedRaft.tla has.

What tests.support.any_server does for Raft.tla.
"""

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

from raft_ref.explorer import View
from raft_ref.features import ExtendedNode, Feature
from raft_ref.spec.files import EXTENDED
from raft_ref.spec.link.features.variables import ExtendedVariables
from raft_ref.spec.link.shared import shared
from raft_ref.spec.syntax.errors import SpecError
from tests.support import extended_servers as servers
from tests.support.any_server import Steps, difference, steps_of_node
from tests.support.servers import SERVERS, VALUES

_OF_READS = frozenset({Feature.READ_INDEX})
_OF_LEASES = _OF_READS | {Feature.LEASES}
_OF_MEMBERS = frozenset({Feature.MEMBERSHIP})
_ELECTIONS = frozenset({Feature.PRE_VOTE, Feature.CHECK_QUORUM, Feature.LEADERSHIP_TRANSFER})
SETS: Final[tuple[frozenset[Feature], ...]] = (
    frozenset(),
    *(frozenset({each}) for each in sorted(_ELECTIONS)),
    _ELECTIONS | _OF_LEASES,
    _OF_READS,
    _OF_LEASES,
    _OF_MEMBERS,
    _OF_MEMBERS | {Feature.JOINT_CONSENSUS} | _ELECTIONS | _OF_READS,
    _OF_MEMBERS | {Feature.APPLIED_MEMBERSHIP},
    frozenset(Feature),
)
"""Which features are on together: none, each, and many."""
CASES = 150
"""How many servers are looked at for each."""
VOTERS: Final = SERVERS[:3]
_SPEC: Final = "Init /\\ [][Next]_vars"
Situation = Callable[[random.Random, ExtendedNode], tuple[Any, Any]]
"""What makes a server of a node, and a message to it."""


class _OfNode:
    """The steps of a cluster in which one server is given, and the others have just begun."""

    def __init__(self, features: frozenset[Feature], node: type[ExtendedNode]) -> None:
        self.node = node(SERVERS, VALUES, voters=VOTERS).with_features(features)
        self._mapping = ExtendedVariables(SERVERS, VALUES, features, VOTERS)
        self.constants = self._mapping.constants
        self._names = shared(EXTENDED).variables
        self._others = {each: self.node.initial(each) for each in SERVERS}

    def initial(self) -> Any:
        """Return the state in which all have just begun."""
        return self._state(self._others, set())

    def first_steps(self) -> Steps:
        """Return the steps of the node where all have just begun, and no message is in flight."""
        found: Steps = {}
        for me, state in self._others.items():
            for action in self.node.actions(state):
                step = self.node.act(state, action)
                assert step is not None
                after = self._state({**self._others, me: step.state}, {*step.messages})
                found[after] = type(action).__name__
            again = self.node.restart(state)
            found[self._state({**self._others, me: again}, set())] = "Restart"
        return found

    def steps(self, server: Any, message: Any) -> tuple[Any, Steps]:
        """Return a state, and the steps of the node and of the network from it."""
        states = {**self._others, server.me: server}
        steps = steps_of_node(self.node, states, message, self._state)
        return self._state(states, {message}), steps

    def _state(self, states: dict[str, Any], messages: set[Any]) -> Any:
        view = View(states, tuple(messages), (), 0, 0, 0)
        values = self._mapping.of(view, frozenset(self._names))
        return tuple(values[name] for name in self._names)


def anything(source: random.Random, node: ExtendedNode) -> tuple[Any, Any]:
    """Return any server, and any message to it."""
    server = servers.server(source, node)
    return server, servers.message(source, node, server)


@cache
def of_node(
    features: frozenset[Feature], node: Any, cases: int, situation: Situation = anything
) -> tuple[dict[str, Any], list[tuple[Any, Steps]]]:
    """Return the constants of the spec with these features on, and what the node does."""
    cluster, source, found = _OfNode(features, node), random.Random(18), []
    for _ in range(cases):
        found.append(cluster.steps(*situation(source, cluster.node)))
    return cluster.constants, found


def initial_difference(
    features: frozenset[Feature], node: type[ExtendedNode] = ExtendedNode
) -> str | None:
    """Return `Init` where the spec begins otherwise than the node does; None if it does not."""
    cluster = _OfNode(features, node)
    try:
        of_spec = {*shared(EXTENDED).transitions(cluster.constants, next="FALSE").initial()}
    except SpecError as error:
        return str(error)
    return None if of_spec == {cluster.initial()} else "Init"


def first_step_difference(
    features: frozenset[Feature], node: type[ExtendedNode] = ExtendedNode
) -> str | None:
    """Return the name of a first step that one side has and the other lacks."""
    cluster = _OfNode(features, node)
    spec = shared(EXTENDED).transitions(cluster.constants)
    try:
        steps = spec.successors(cluster.initial())
    except SpecError as error:
        return str(error)
    return difference(cluster.first_steps(), {each.state: each.action.name for each in steps})


def forgotten(path: Path = EXTENDED) -> str | None:
    """Return what is missing of behaviors: a variable of `vars`, whose change would be no step."""
    module = shared(path)
    constants = _OfNode(frozenset(), ExtendedNode).constants
    known = module.expression("vars", {each: constants[each] for each in module.constants})
    if "Spec" in module.operators and module.operators["Spec"].text != _SPEC:
        return "Spec"
    return min({*module.variables} - known.reads, default=None)


def first_difference(
    features: frozenset[Feature],
    node: Any = ExtendedNode,
    cases: int = CASES,
    situation: Situation = anything,
) -> str | None:
    """Return the name of a step that one side has and the other lacks; None if there is none."""
    constants, known = of_node(features, node, cases, situation)
    spec = shared(EXTENDED).transitions(constants)
    for here, steps in known:
        try:
            of_spec = {step.state: step.action.name for step in spec.successors(here)}
        except SpecError as error:
            return str(error)
        found = difference(steps, of_spec)
        if found is not None:
            return found
    return None
