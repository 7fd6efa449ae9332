"""Symmetry over servers: states that differ by a renaming of the servers count as one.

This is sound where no step and no property tells servers apart (Ip and Dill, "Better
verification through symmetry", 1996). For the steps it is checked, not believed: each step of a
server that the search computes is compared with the renamed step.
"""

from collections.abc import Mapping
from itertools import permutations
from typing import Any

from explorer.actor import ActorError, ServerId, Step
from explorer.system import GlobalState, System


class Renaming:
    """One renaming of the servers, on interned values, each computed once."""

    def __init__(self, system: System, targets: tuple[int, ...]) -> None:
        """Rename the server at each position to the one at the position in `targets`."""
        servers = system.servers
        self.servers: Mapping[ServerId, ServerId] = {
            server: servers[target] for server, target in zip(servers, targets, strict=True)
        }
        self._system = system
        self.sources = tuple(targets.index(position) for position in range(len(targets)))
        self._states: dict[int, int] = {}
        self._messages: dict[int, int] = {}
        self._networks: dict[int, int] = {}
        self._histories: dict[int, int] = {}

    def nodes(self, nodes: tuple[int, ...]) -> tuple[int, ...]:
        """Return the states of all servers, renamed and at their new positions."""
        return tuple([self.state(nodes[source]) for source in self.sources])

    def network(self, network: int) -> int:
        """Return what is in flight, renamed."""
        found = self._networks.get(network)
        if found is None:
            found = self._system.network.rename(network, self.message)
            self._networks[network] = found
        return found

    def history(self, history: int) -> int:
        """Return the history, renamed."""
        found = self._histories.get(history)
        if found is None:
            histories = self._system.histories
            value = self._system.history.rename(histories[history], self.servers)
            found = self._histories[history] = histories.intern(value)
        return found

    def value(self, value: Any) -> Any:
        """Return a state, message or action, renamed by the actor."""
        return self._system.guard.renamed(value, self.servers)

    def state(self, state: int) -> int:
        """Return a server's state, renamed."""
        found = self._states.get(state)
        if found is None:
            states = self._system.local.states
            found = self._states[state] = states.intern(self.value(states[state]))
        return found

    def message(self, message: int) -> int:
        """Return a message, renamed."""
        found = self._messages.get(message)
        if found is None:
            messages = self._system.local.messages
            found = self._messages[message] = messages.intern(self.value(messages[message]))
        return found


class Symmetry:
    """The canonical one of all states that differ by a renaming of the servers.

    Raises ValueError where the actor has no `rename`.
    """

    def __init__(self, system: System) -> None:
        if not system.guard.has_rename:
            raise ValueError(f"{type(system.guard.actor).__name__} has no method `rename`")
        size = len(system.servers)
        self.renamings = [Renaming(system, targets) for targets in permutations(range(size))]
        self._guard = system.guard
        swap_and_rotation = (1, 0, *range(2, size)), (*range(1, size), 0)
        self._generators = [
            Renaming(system, targets).servers for targets in swap_and_rotation[: size - 1]
        ]
        system.local.examine = self._examine
        self._canonical_nodes: dict[
            tuple[int, ...], tuple[tuple[int, ...], tuple[Renaming, ...]]
        ] = {}

    def canonical(self, state: GlobalState) -> GlobalState:
        """Return the least of all renamings of a state."""
        _, network, history, restarts, drops, duplicates = state
        nodes, renamings = self._least_nodes(state.nodes)
        # Most often one renaming alone leads to the least nodes.
        images = [(each.network(network), each.history(history)) for each in renamings]
        network, history = images[0] if len(images) == 1 else min(images)
        return GlobalState(nodes, network, history, restarts, drops, duplicates)

    def _least_nodes(self, nodes: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[Renaming, ...]]:
        """Return the least renaming of the servers' states, and all renamings that lead to it."""
        found = self._canonical_nodes.get(nodes)
        if found is None:
            images = [(renaming.nodes(nodes), renaming) for renaming in self.renamings]
            least = min(image for image, _ in images)
            found = least, tuple(renaming for image, renaming in images if image == least)
            self._canonical_nodes[nodes] = found
        return found

    def _examine(self, method: str, arguments: tuple[Any, ...], answer: Any) -> None:
        """Demand that the actor answers a renamed question with the renamed answer.

        A swap of two servers and a rotation of all of them generate every renaming.
        """
        for servers in self._generators:
            renamed = [self._guard.renamed(argument, servers) for argument in arguments]
            expected = _unordered(method, self._renamed_answer(method, answer, servers))
            found = _unordered(method, getattr(self._guard, method)(*renamed))
            if found != expected:
                raise ActorError(
                    f"{type(self._guard.actor).__name__}.{method} tells servers apart, or its "
                    f"`rename` is wrong: on {', '.join(map(repr, renamed))} it answers {found!r}, "
                    f"expected {expected!r} (search without symmetry, or mend it)"
                )

    def _renamed_answer(
        self, method: str, answer: Any, servers: Mapping[ServerId, ServerId]
    ) -> Any:
        def renamed(value: Any) -> Any:
            return self._guard.renamed(value, servers)

        if answer is None:
            return None
        match method:
            case "actions":
                return tuple(renamed(action) for action in answer)
            case "restart":
                return renamed(answer)
            case "is_obsolete":
                return answer
            case _:
                messages = tuple(renamed(message) for message in answer.messages)
                return Step(renamed(answer.state), messages, answer.actions)


def _unordered(method: str, answer: Any) -> Any:
    """Return an answer without the order that servers give to it."""
    if answer is None or method in ("restart", "is_obsolete"):
        return answer
    if method == "actions":
        return frozenset(answer)
    channels: dict[Any, list[Any]] = {}
    for message in answer.messages:
        channels.setdefault((message.source, message.dest), []).append(message)
    return answer.state, channels, answer.actions


def no_symmetry(state: GlobalState) -> GlobalState:
    """Return a state as it is: every state counts."""
    return state
