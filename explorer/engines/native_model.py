"""What the native engine asks of a system: steps, verdicts, names, by numbers alone."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from raft_ref.explorer.model.interning import Interner
from raft_ref.explorer.model.local_steps import LocalStep
from raft_ref.explorer.model.properties import Kind, Property
from raft_ref.explorer.model.symmetry import Symmetry
from raft_ref.explorer.model.system import GlobalState, System, Transition, View

MAX_NAMES: Final = 65_536
"""How many different combinations of names the engine counts."""


class Unfit(Exception):  # noqa: N818
    """A search that cannot be had from the native engine; the message says why."""


class StepKind(NamedTuple):
    """What steps are counted together: their names, and how a search marks what is taken."""

    names: tuple[str, ...]
    mark: int


Mark = Callable[[Any], int]
"""Tells actions of one name apart: a number for what a server takes, None for a message."""


def unmarked(action: Any) -> int:
    """Tell no actions apart that have one name."""
    return 0


Shape = tuple[list[int], list[int], int, tuple[int, int, int]]
"""A state as the engine has it: nodes, messages, history and faults used."""


class NativeModel:
    """The system, as the engine asks it. Messages are numbered from 1 on there."""

    most_names = MAX_NAMES

    def __init__(
        self,
        system: System,
        properties: Sequence[Property],
        symmetry: Symmetry | None,
        mark: Mark = unmarked,
    ) -> None:
        self._system = system
        self._symmetry = symmetry
        self._local_verdicts: dict[tuple[int, int], bool] = {}
        self._swaps = [] if symmetry is None else symmetry.swaps
        self.asked = [p for p in properties if p.kind in (Kind.STATE, Kind.STEP)]
        self.of_progress = [p for p in properties if p.kind is Kind.PROGRESS]
        self._local = [p for p in properties if p.kind is Kind.LOCAL]
        self._projections: list[Interner[Any]] = [Interner() for _ in self.asked]
        self._bounds = list(system.bounds.measures)
        self.kinds: Interner[StepKind] = Interner()
        self._mark = mark
        self.kept: set[tuple[int, tuple[int, ...], int]] = set()

    def size(self) -> int:
        """Return how much has a number, or is known of what is obsolete; it never shrinks."""
        system = self._system
        numbered = system.local.states, system.local.messages, system.histories, self.kinds
        obsolescence = len(system.local.obsolescence) if system.reduced else 0
        return sum(map(len, numbered)) + obsolescence

    def renamed(self) -> tuple[int, int]:
        """Return how many servers are renamed, and how many values."""
        renamed = () if self._symmetry is None else self._symmetry.renamed
        values = self._system.guard.symmetric_values
        return (
            len(self._system.servers) if "servers" in renamed else 0,
            len(values) if "values" in renamed else 0,
        )

    def actions(self, node: int) -> list[Any]:
        """Return what a server may do without a message."""
        return [self._local_step(step, step) for step in self._system.local.actions(node)]

    def restart(self, node: int) -> Any:
        """Return what a crash does to a server."""
        step = self._system.local.restart(node)
        return self._local_step(step, step)

    def receive(self, node: int, message: int) -> Any:
        """Return what a server does with a message, once received and received again."""
        return self._local_step(*self._system.local.receive(node, message - 1))

    def _local_step(self, once: LocalStep, again: LocalStep) -> Any:
        mark = self._mark(once.action)
        names = [self.kinds.intern(StepKind(step.names, mark)) for step in (once, again)]
        if len(self.kinds) > self.most_names:
            raise Unfit(f"steps have more than {self.most_names:,} different combinations of names")
        exceeded = [self._bounds.index(bound) for bound in once.exceeded]
        return once.after, [message + 1 for message in once.sends], *names, exceeded

    def is_obsolete(self, node: int, message: int) -> bool:
        """Return whether a server will never do anything with a message."""
        return self._system.local.is_obsolete(node, message - 1)

    def observe(self, history: int, before: int, after: int) -> int:
        """Return the history after one server's step."""
        return self._system.observe(history, before, after)

    def channel(self, message: int) -> tuple[int, int]:
        """Return the positions of a message's source and destination."""
        return self._system.channel(message - 1)

    def rename_node(self, swap: int, node: int) -> int:
        """Return the state of a server with two names swapped."""
        return self._swaps[swap].state(node)

    def rename_message(self, swap: int, message: int) -> int:
        """Return a message with two names swapped."""
        return self._swaps[swap].message(message - 1) + 1

    def rename_history(self, swap: int, history: int) -> int:
        """Return the history with two names swapped."""
        return self._swaps[swap].history(history)

    def refuse_rename(self, node: int) -> None:
        """Raise `TellsApartError` for a state of which swaps make too much."""
        assert self._symmetry is not None
        self._symmetry.refuse_rename(node)

    def projection(self, number: int, node: int) -> int:
        """Return the number of what a property reads of a server."""
        project = self.asked[number].project
        return self._projections[number].intern(project(self._system.local.states[node]))

    def holds(self, number: int, positions: list[int], before: Shape, after: Shape | None) -> bool:
        """Return whether a property holds of a state or a step, as far as these servers go."""
        prop = self.asked[number]
        views = [self._view(shape, positions) for shape in (before, after) if shape is not None]
        if not positions:
            return prop.holds(*views)
        assert prop.holds_of is not None
        servers = self._system.servers
        return prop.holds_of(tuple(servers[position] for position in positions), *views)

    def holds_of_message(self, number: int, message: int) -> bool:
        """Return whether a property holds of a message."""
        holds_of_message = self.asked[number].holds_of_message
        assert holds_of_message is not None
        return holds_of_message(self._system.local.messages[message - 1])

    def outlook(self, question: int, state: Shape) -> int:
        """Return, of a question for progress, whether the premise holds (1) and the goal (2).

        Where a bound alone keeps the goal away, it is not due.
        """
        nodes, _, history, _ = state
        prop, view = self.of_progress[question], self._view(state, ())
        is_due = (question, tuple(nodes), history) not in self.kept and bool(prop.premise(view))
        return is_due | bool(prop.holds(view)) << 1

    def local_holds(self, how: int, position: int, number: int, before: Shape) -> bool:
        """Return whether all properties of single steps hold of a server's step.

        Of steps that are known to be renamings of each other, it is asked of one alone.
        """
        if not self._local:
            return True
        local, message, question = self._local_question(how, before[0][position], number)
        kind = None if self._symmetry is None else self._symmetry.examination.kind(*question)
        holds = None if kind is None else self._local_verdicts.get((how, kind))
        if holds is None:
            holds = self._computed_local_holds(local, position, message, before)
            if kind is not None:
                self._local_verdicts[how, kind] = holds
        return holds

    def _local_question(
        self, how: int, node: int, number: int
    ) -> tuple[LocalStep, int, tuple[Any, ...]]:
        """Return a step, the message that it takes (or -1), and what the actor is asked about."""
        local = self._taken(how, node, number)
        if how == 0:
            return local, -1, ("act", node, local.action)
        if how == 1:
            return local, -1, ("restart", node)
        return local, number - 1, ("receive", node, number - 1)

    def _computed_local_holds(
        self, local: LocalStep, position: int, message: int, before: Shape
    ) -> bool:
        nodes, _, history, faults = before
        state = GlobalState(tuple(nodes), self._system.network.empty, history, *faults)
        transition = Transition(
            local.names, position, local, message, self._after(state, position, local)
        )
        evidence = self._system.view(state), self._system.event(transition)
        return all(prop.holds(*evidence) for prop in self._local)

    def _taken(self, how: int, node: int, number: int) -> LocalStep:
        local_steps = self._system.local
        if how == 0:
            return local_steps.actions(node)[number]
        if how == 1:
            return local_steps.restart(node)
        return local_steps.receive(node, number - 1)[how - 2]

    def _after(self, state: GlobalState, position: int, local: LocalStep) -> GlobalState:
        nodes = (*state.nodes[:position], local.after, *state.nodes[position + 1 :])
        history = self._system.observe(state.history, local.before, local.after)
        return state._replace(nodes=nodes, history=history)

    def _view(self, shape: Shape, positions: Sequence[int]) -> View:
        nodes, messages, history, faults = shape
        system = self._system
        shown = positions or range(len(nodes))
        return View(
            {system.servers[p]: system.local.states[nodes[p]] for p in shown},
            tuple(system.local.messages[message - 1] for message in messages),
            system.histories[history],
            *faults,
        )


def as_shape(
    system: System, state: GlobalState
) -> tuple[tuple[int, ...], list[int], int, tuple[int, int, int]]:
    """Return a state as the engine has it."""
    messages = [message + 1 for message in system.network.content(state.network)]
    faults = state.restarts, state.drops, state.duplicates
    return state.nodes, messages, state.history, faults
