"""What assumptions make of steps: a label for each, as bits."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from raft_ref.explorer.liveness.assumptions import FAULTS, Assumptions, Fairness
from raft_ref.explorer.model.system import GlobalState, System, Transition

MOST_FAIR = 62
"""How many fairnesses a label has bits for."""


class Forbidden(NamedTuple):
    """A step that bounds alone keep from happening: its label, and which bounds these are."""

    label: int
    bounds: Counter[str]


class Labels:
    """The labels of a system's steps: bit k for the k-th fairness, `moves` for a step not at rest.

    Raises ValueError for a name that no step or server has, and for more than `MOST_FAIR`.
    """

    def __init__(self, system: System, assumed: Assumptions) -> None:
        self._system = system
        self.fair: tuple[Fairness, ...] = assumed.fair
        if len(self.fair) > MOST_FAIR:
            raise ValueError(f"{len(self.fair)} fairnesses: expected at most {MOST_FAIR}")
        self.at_rest = frozenset((*FAULTS, *assumed.at_rest))
        self.moves = 1 << len(self.fair)
        self._of_arguments = any(each.arguments is not None for each in self.fair)
        known = system.step_names()
        # An actor need not say what its actions are called.
        is_told = bool(system.guard.action_names)
        for name in (*(each.action for each in self.fair), *assumed.at_rest):
            if is_told and name not in known:
                raise ValueError(f"{name} is no step or action: expected one of {', '.join(known)}")
        for each in self.fair:
            if each.server is not None and each.server not in system.servers:
                raise ValueError(
                    f"{each.server} is no server: expected one of {', '.join(system.servers)}"
                )

    def fitting(self, action: Any) -> int:
        """Return, as bits, the fairnesses that what a server takes has the arguments for.

        The action is None for a message, a crash, or a step of the network.
        """
        if not self._of_arguments:
            return self.moves - 1
        return sum(1 << number for number, each in enumerate(self.fair) if each.fits(action))

    def of(self, names: Sequence[str], position: int, fitting: int) -> int:
        """Return the label of a step with these names, taken by the server at a position.

        `fitting` are the fairnesses that it has the arguments for.
        """
        label = 0 if self.at_rest.intersection(names) else self.moves
        for number, each in enumerate(self.fair):
            is_by = each.server is None or (
                position >= 0 and self._system.servers[position] == each.server
            )
            if is_by and fitting >> number & 1 and each.action in names:
                label |= 1 << number
        return label

    def of_step(self, step: Transition) -> int:
        """Return the label of a step."""
        action = None if step.local is None else step.local.action
        return self.of(step.names, step.position, self.fitting(action))

    def steps(self, state: GlobalState) -> Iterator[tuple[int, Transition]]:
        """Yield the steps out of a state that change something, with their labels."""
        for step in self._system.steps(state, Counter()):
            if step.after != state:
                yield self.of_step(step), step

    def forbidden(self, state: GlobalState) -> Iterator[Forbidden]:
        """Yield the steps that bounds alone keep from happening, but for the network's faults."""
        system, network = self._system, self._system.network
        for position, node in enumerate(state.nodes):
            for local in system.local.actions(node):
                bounds: Counter[str] = Counter()
                if system.after(state, position, local, state.network, bounds) is None:
                    label = self.of(local.names, position, self.fitting(local.action))
                    yield Forbidden(label, bounds)
        for message in network.deliverable(state.network):
            position, bounds = system.destination(message), Counter()
            once, _ = system.local.receive(state.nodes[position], message)
            rest = network.remove(state.network, message)
            if system.after(state, position, once, rest, bounds) is None:
                yield Forbidden(self.of(once.names, position, self.fitting(None)), bounds)
