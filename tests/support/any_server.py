"""All steps of a cluster, as the node has them and as `Next` of Raft.tla has them."""

import random
from collections.abc import Iterator
from typing import Any

from raft_ref import Message, Node, State
from raft_ref.explorer import View
from raft_ref.spec.files import RAFT
from raft_ref.spec.link.shared import shared
from raft_ref.spec.link.variables import RaftVariables
from tests.support import servers

CASES = 2_000
"""How many servers are enough to tell each bug of the zoo."""
Situation = tuple[State, Message]
"""A server, and a message that is on its way to it."""
Steps = dict[Any, str]
"""The states that steps lead to, and the name of one that does."""


def situations(cases: int, seed: int = 18) -> Iterator[Situation]:
    """Yield servers at random."""
    source = random.Random(seed)
    for _ in range(cases):
        server = servers.server(source)
        yield server, servers.message(source, server)


def steps_of_node(node: Any, states: dict[str, Any], message: Any, state_of: Any) -> Steps:
    """Return the steps of a node, and of the network.

    Arguments: the node; the states of its servers; the message in flight; what makes a state of the
    spec of states and the messages in flight.
    """

    def steps() -> Iterator[tuple[Any, str]]:
        for me, state in states.items():
            for action in node.actions(state):
                step = node.act(state, action)
                assert step is not None
                after = state_of({**states, me: step.state}, {message, *step.messages})
                yield after, type(action).__name__
            yield state_of({**states, me: node.restart(state)}, {message}), "Restart"
        yield state_of(states, set()), "DropMessage"
        step = node.receive(states[message.dest], message)
        received = {**states, message.dest: step.state}
        name = type(message).__name__
        yield state_of(received, {*step.messages}), name
        yield state_of(received, {message, *step.messages}), name

    return dict(steps())


def difference(of_node: Steps, of_spec: Steps) -> str | None:
    """Return the name of a step that one side has and the other lacks; None if there is none."""
    for one, other in ((of_node, of_spec), (of_spec, of_node)):
        for after in one.keys() - other.keys():
            return one[after]
    return None


class BothSides:
    """The steps of a cluster in which one server is given, and the others have just begun."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._mapping = RaftVariables(node.servers, node.values)
        self._spec = shared(RAFT).transitions(self._mapping.constants)
        self._variables = frozenset(self._spec.variables)
        self._others = {each: node.initial(each) for each in node.servers}

    def of_spec(self, situation: Situation) -> Steps:
        """Return the steps of Next."""
        server, message = situation
        here = self._state({**self._others, server.me: server}, {message})
        return {step.state: step.action.name for step in self._spec.successors(here)}

    def of_node(self, situation: Situation) -> Steps:
        """Return the steps of the node and of the network."""
        server, message = situation
        states = {**self._others, server.me: server}
        return steps_of_node(self._node, states, message, self._state)

    def _state(self, states: dict[str, State], messages: set[Message]) -> Any:
        view = View(states, tuple(messages), (), 0, 0, 0)
        values = self._mapping.of(view, self._variables)
        return tuple(values[name] for name in self._spec.variables)


def first_difference(node: Node, cases: int = CASES) -> str | None:
    """Return the name of a step that one side has and the other lacks; None if there is none."""
    sides = BothSides(node)
    for each in situations(cases):
        found = difference(sides.of_node(each), sides.of_spec(each))
        if found is not None:
            return found
    return None
