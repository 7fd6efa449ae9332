"""Properties of whole behaviors, on the graph of all states.

A behavior violates a property if it is fair and an automaton of the negated property accepts it.
So a fair cycle of the product of graph and automaton is looked for (`tableau`, `fair_cycles`). In
every state a step of stuttering is possible. Fairness is marks on edges: of WF, that the action is
taken or not enabled; of SF, that it is enabled, and that it is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from raft_ref.spec.checker.fair_cycles import Edge, cycle, fair_part, path
from raft_ref.spec.checker.tableau import Automaton, automaton_of
from raft_ref.spec.names.behaviors.formulas import And, Atom, Fairness, Formula, Not
from raft_ref.spec.steps.interning import Interner, Memoized, Row
from raft_ref.spec.temporal import Behaviors


@dataclass(frozen=True)
class Graph:
    """All states as rows, the numbers of their successors, and those of the initial states."""

    rows: Sequence[Row]
    successors: Sequence[Sequence[int]]
    initial: Sequence[int]


class Lasso(NamedTuple):
    """Numbers of states: a way from an initial one, and a cycle from its end back to there."""

    stem: tuple[int, ...]
    cycle: tuple[int, ...]


class Liveness:
    """Checks properties on one graph.

    Arguments: the graph, what is assumed and demanded, and the interner of the rows.
    """

    def __init__(self, graph: Graph, behaviors: Behaviors, interner: Interner) -> None:
        self._graph = graph
        self._behaviors = behaviors
        self._conditions = {
            definition: Memoized(each, each.holds, interner)
            for definition, each in behaviors.conditions.items()
        }
        self._of_steps = {
            definition: each.is_step for definition, each in behaviors.conditions.items()
        }
        self._marked: list[list[Edge] | None] = [None] * len(graph.rows)
        weak = [each for each in behaviors.fairness if not each.is_strong]
        strong = [each for each in behaviors.fairness if each.is_strong]
        self._weak = [(1 << place, each) for place, each in enumerate(weak)]
        self._strong = [
            (1 << (len(weak) + 2 * place), 1 << (len(weak) + 2 * place + 1), each)
            for place, each in enumerate(strong)
        ]
        self._marks = len(weak) + 2 * len(strong)

    def counterexample(self, formula: Formula) -> Lasso | None:
        """Return a fair behavior for which a formula is false; None if there is none.

        Raises `SpecError` where a condition has no value.
        """
        automaton = automaton_of(And((*self._behaviors.assumed, Not(formula))))
        product = _Product(self, automaton)
        recurring = (1 << self._marks + automaton.eventualities) - (1 << self._marks)
        recurring |= (1 << len(self._weak)) - 1
        answered = [(ask, answer) for ask, answer, _ in self._strong]
        part = fair_part(product.edges, recurring, answered)
        if part is None:
            return None
        start = min(part)
        if start in product.starts:
            stem = [start]
        else:
            way = path(product.edges, product.starts, lambda edge: edge.to == start)
            stem = [way[0].source, *(step.edge.to for step in way)]
        loop = cycle(part, start, recurring, answered)
        return Lasso(product.states(stem), product.states(loop))

    def edges(self, number: int) -> list[Edge]:
        """Return the steps out of a state, stuttering first, with the marks of fairness."""
        found = self._marked[number]
        if found is None:
            row = self._graph.rows[number]
            enabled = 0
            for bit, fair in self._weak:
                enabled |= 0 if self._holds(fair.enabled, row, row) else bit
            for ask, _, fair in self._strong:
                enabled |= ask if self._holds(fair.enabled, row, row) else 0
            found = [Edge(number, enabled)]
            for to in dict.fromkeys(self._graph.successors[number]):
                if to != number:
                    found.append(Edge(to, enabled | self._taken(row, self._graph.rows[to])))
            self._marked[number] = found
        return found

    def _taken(self, before: Row, after: Row) -> int:
        marks = 0
        fairness: list[tuple[int, Fairness]] = [*self._weak, *((b, f) for _, b, f in self._strong)]
        for bit, fair in fairness:
            if self._holds(fair.step, before, after):
                marks |= bit
        return marks

    def _holds(self, atom: Atom, before: Row, after: Row) -> bool:
        condition = self._conditions[atom.definition]
        if self._of_steps[atom.definition]:
            return bool(condition.of_step(before, after))
        return bool(condition.of_state(before))

    def literal(self, atom: Atom) -> Callable[[int, int], bool]:
        """Return whether a condition holds in a step, by the numbers of its states."""
        rows = self._graph.rows
        condition = self._conditions[atom.definition]
        if self._of_steps[atom.definition]:
            return lambda before, after: bool(condition.of_step(rows[before], rows[after]))
        return lambda before, after: bool(condition.of_state(rows[before]))

    @property
    def initial(self) -> Sequence[int]:
        """The numbers of the initial states."""
        return self._graph.initial

    @property
    def marks(self) -> int:
        """How many bits the marks of fairness take."""
        return self._marks


class _Product:
    """The graph of pairs of a state and a state of the automaton, as numbers of their own."""

    def __init__(self, liveness: Liveness, automaton: Automaton) -> None:
        self._pairs: list[tuple[int, int]] = []
        self._numbers: dict[tuple[int, int], int] = {}
        self.edges: dict[int, list[Edge]] = {}
        self.starts = [self._number((each, 0)) for each in liveness.initial]
        tests: dict[Any, Callable[[int, int], bool]] = {}
        steps: list[list[tuple[list[tuple[Callable[[int, int], bool], bool]], int, int]]] = []
        every = (1 << automaton.eventualities) - 1
        for transitions in automaton.transitions:
            steps.append([])
            for literals, to, put_off in transitions:
                for atom, _ in literals:
                    tests.setdefault(atom, liveness.literal(atom))
                wanted = [(tests[atom], holds) for atom, holds in literals]
                late = sum(1 << each for each in put_off)
                steps[-1].append((wanted, to, (every & ~late) << liveness.marks))
        for number in _growing(self._pairs):
            state, at = self._pairs[number]
            self.edges[number] = [
                Edge(self._number((edge.to, to)), edge.marks | marks)
                for edge in liveness.edges(state)
                for wanted, to, marks in steps[at]
                if all(test(state, edge.to) == holds for test, holds in wanted)
            ]

    def _number(self, pair: tuple[int, int]) -> int:
        known = self._numbers.get(pair)
        if known is None:
            known = self._numbers[pair] = len(self._pairs)
            self._pairs.append(pair)
        return known

    def states(self, numbers: Sequence[int]) -> tuple[int, ...]:
        """Return the numbers of the states in pairs, a state that stays as it is once."""
        found: list[int] = []
        for each in numbers:
            state = self._pairs[each][0]
            if not found or found[-1] != state:
                found.append(state)
        return tuple(found)


def _growing(listed: Sequence[object]) -> Iterator[int]:
    """Yield the places of a list that grows meanwhile."""
    place = 0
    while place < len(listed):
        yield place
        place += 1
