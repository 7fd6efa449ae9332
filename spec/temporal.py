"""What is demanded and assumed of whole behaviors, with conditions that can be evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from raft_ref.spec.code.predicate import Predicate
from raft_ref.spec.code.program import Program
from raft_ref.spec.names.analysis import Analysis
from raft_ref.spec.names.behaviors.expanding import Expander
from raft_ref.spec.names.behaviors.formulas import Atom, Fairness, Formula, atoms_of
from raft_ref.spec.names.scope import Resolution
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import Position, SpecError
from raft_ref.spec.values.value import Value, elements_of

Programs = Callable[[Analysis, Mapping[str, Value]], Program]
"""What makes a program for an analysis and values of further constants."""


@dataclass(frozen=True)
class Demand:
    """A property, or a part of one, that is of whole behaviors; `text` is the property's source."""

    name: str
    at: Position
    text: str
    formula: Formula


@dataclass(frozen=True)
class Behaviors:
    """What is assumed of behaviors, fairness and other formulas, and what is demanded of them.

    `conditions` has a predicate for each condition in the formulas. `refused` are the demands that
    cannot be checked, each by the name of its property, with the reason; `ignored` likewise the
    assumptions.
    """

    fairness: tuple[Fairness, ...] = ()
    assumed: tuple[Formula, ...] = ()
    demands: tuple[Demand, ...] = ()
    conditions: Mapping[tree.Definition, Predicate] = field(default_factory=dict)
    refused: tuple[tuple[str, SpecError], ...] = ()
    ignored: tuple[str, ...] = ()


NO_BEHAVIORS: Final = Behaviors()


class BehaviorsWriter:
    """Puts `Behaviors` together.

    Arguments: where meanings are noted, the analysis of what is known already, and what makes
    programs.
    """

    def __init__(self, into: Resolution, known: Analysis, programs: Programs) -> None:
        self._into = into
        self._known = known
        self._programs = programs
        self._expander = Expander(into, self._elements)
        self._fairness: list[Fairness] = []
        self._assumed: list[Formula] = []
        self._demands: list[Demand] = []
        self._refused: list[tuple[str, SpecError]] = []
        self._ignored: list[str] = []

    def assume(self, node: tree.Expression, text: str) -> None:
        """Add a temporal conjunct of the specification."""
        try:
            for each in self._expander.conjuncts(node):
                if isinstance(each, Fairness):
                    self._fairness.append(each)
                else:
                    self._assumed.append(self._expander.formula(each))
        except SpecError as error:
            self._ignored.append(f"{text}: {error.reason}")

    def demand(self, name: str, at: Position, text: str, node: tree.Expression) -> None:
        """Add a property, or a part of one."""
        try:
            self._demands.append(Demand(name, at, text, self._expander.formula(node)))
        except SpecError as error:
            self.refuse(name, error)

    def refuse(self, name: str, error: SpecError) -> None:
        """Add a property that cannot be checked."""
        self._refused.append((name, error))

    def behaviors(self) -> Behaviors:
        """Return what has been added."""
        program = self._program()
        conditions: dict[tree.Definition, Predicate] = {}

        def evaluable(formulas: Iterable[Formula]) -> SpecError | None:
            atoms = [atom for each in formulas for atom in atoms_of(each)]
            try:
                for atom in atoms:
                    conditions[atom.definition] = Predicate(atom.definition, program)
            except SpecError as error:
                return error
            return None

        fairness, assumed, demands = [], [], []
        for fair in self._fairness:
            if error := evaluable(_of_fairness(fair)):
                self._ignored.append(f"{fair.text}: {error.reason}")
            else:
                fairness.append(fair)
        for formula in self._assumed:
            if error := evaluable([formula]):
                self._ignored.append(error.reason)
            else:
                assumed.append(formula)
        for demand in self._demands:
            if error := evaluable([demand.formula]):
                self.refuse(demand.name, error)
            else:
                demands.append(demand)
        return Behaviors(
            tuple(fairness),
            tuple(assumed),
            tuple(demands),
            conditions,
            tuple(self._refused),
            tuple(self._ignored),
        )

    def _program(self) -> Program:
        return self._programs(Analysis(self._into, self._known), self._expander.constants)

    def _elements(self, domain: tree.Definition, constants: Mapping[str, Value]) -> Iterable[Value]:
        found = Predicate(domain, self._programs(Analysis(self._into, self._known), constants))
        if found.reads or found.reads_primed:
            raise SpecError(domain.at, "not supported here: a set that varies, in a property")
        return elements_of(found.value({}))


def _of_fairness(fairness: Fairness) -> list[Atom]:
    return [fairness.enabled, fairness.step]
