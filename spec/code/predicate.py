"""Predicates: formulas of a state or of a step, evaluated on values that are given by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from raft_ref.spec.code.indexed_formulas import indexed_formula_of
from raft_ref.spec.code.program import Program
from raft_ref.spec.names.analysis import Analysis
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.spec.values.value import TRUE, Boolean, Value, boolean, show


@dataclass(frozen=True)
class ByElement:
    """A formula instance by instance: of how many elements each is, and whether one holds.

    It is TRUE if all instances are, or if it is not universal, if any is. `holds` takes the
    elements, and then the arguments of `Predicate.holds`.
    """

    is_universal: bool
    elements: int
    holds: Callable[..., bool]


class Predicate:
    """An operator without parameters, under given constants, that is TRUE or FALSE of a state."""

    def __init__(self, definition: tree.Definition, program: Program) -> None:
        self.name = definition.name
        self.text = definition.text
        self.position = definition.at
        self._definition = definition
        self._program = program
        self._reads = [(name.name, primed) for name, primed in program.signature(definition)]
        self.reads = frozenset(name for name, primed in self._reads if not primed)
        self.reads_primed = frozenset(name for name, primed in self._reads if primed)
        self.is_step = bool(self.reads_primed)
        self.varies = program.analysis.varies(definition)
        self._function = program.function(definition)
        self._instances: Callable[..., list[str]] | None = None
        self._by_element: dict[tuple[str, frozenset[str]], ByElement | None] = {}

    def value(
        self, values: Mapping[str, Value], primed: Mapping[str, Value] | None = None
    ) -> Value:
        """Return the operator's value.

        Arguments: the variables' values in a state, and in the next one if it reads primes.
        Raises `SpecError` where it has no value, `KeyError` for a variable without one.
        """
        result = self._function(*self._arguments(values, primed))
        return boolean(result) if result is True or result is False else result

    def listed(self) -> frozenset[str] | None:
        """Return the variables of which the operator is a tuple, or a tuple of such tuples."""
        return _listed(self._definition.body, self._program.analysis)

    def holds(self, values: Mapping[str, Value], primed: Mapping[str, Value] | None = None) -> bool:
        """Whether the operator is TRUE.

        Arguments: as of `value`.
        Raises `SpecError` where it has no value or one that is no Boolean, `KeyError` for a
        variable without a value.
        """
        return self._as_bool(self._function(*self._arguments(values, primed)))

    def holds_of_slots(
        self, values: Mapping[str, Any], primed: Mapping[str, Any] | None = None
    ) -> bool:
        """Whether the operator is TRUE, as `holds`.

        Arguments: for variables the objects that tell what is read of them; see `forms`.
        Raises any exception where `holds` raises `SpecError`, or it cannot be told.
        """
        function = self._program.slotted.function(self._definition)
        arguments = self._arguments(values, primed)
        return self._as_bool(self._program.effects.purely(function, *arguments))

    def _as_bool(self, result: Any) -> bool:
        if result is True or result is False:
            return result
        if type(result) is Boolean:
            return result is TRUE
        raise SpecError(self.position, f"{self.name} is no formula: its value is {show(result)}")

    def failing_instances(
        self, values: Mapping[str, Value], primed: Mapping[str, Value] | None = None
    ) -> tuple[str, ...]:
        r"""Return the instances that falsify a formula of the shape \A x \in S : P.

        Each reads like `i = s1, j = s2`. There are none if the formula holds, or has another shape.
        Arguments and errors are those of `holds`.
        """
        if self._instances is None:
            self._instances = self._program.instances(self._definition)
        return tuple(self._instances(*self._arguments(values, primed)))

    def by_element(self, domain: str, indexed: frozenset[str]) -> ByElement | None:
        r"""Return the formula as what it says of each element of a set, or None.

        Arguments: the name of a set that the formula quantifies over; the variables of which it
        reads nothing but the values at the elements. See `spec.code.indexed_formulas`.
        """
        key = domain, indexed
        if key not in self._by_element:
            self._by_element[key] = self._made_by_element(domain, indexed)
        return self._by_element[key]

    def _made_by_element(self, domain: str, indexed: frozenset[str]) -> ByElement | None:
        formula = indexed_formula_of(self._program.analysis, self._definition, domain, indexed)
        if formula is None:
            return None
        evaluate = self._program.instance(self._definition, formula)

        def holds(
            elements: tuple[Value, ...],
            values: Mapping[str, Value],
            primed: Mapping[str, Value] | None = None,
        ) -> bool:
            return self._as_bool(evaluate(*self._arguments(values, primed), elements))

        return ByElement(formula.is_universal, len(formula.indices), holds)

    def _arguments(
        self, values: Mapping[str, Value], primed: Mapping[str, Value] | None
    ) -> list[Any]:
        if self.is_step and primed is None:
            raise KeyError(f"{self.name} reads primed variables: give the next state too")
        try:
            if primed is None:
                return [values[name] for name, _ in self._reads]
            return [(primed if is_primed else values)[name] for name, is_primed in self._reads]
        except KeyError as missing:
            raise KeyError(f"{self.name} needs a value for {missing.args[0]}") from None


def _listed(node: tree.Expression, analysis: Analysis) -> frozenset[str] | None:
    if isinstance(node, tree.Tuple):
        parts = [_listed(each, analysis) for each in node.elements]
        known = [each for each in parts if each is not None]
        return frozenset().union(*known) if len(known) == len(parts) else None
    meaning = analysis.meanings[node] if isinstance(node, tree.Call) else None
    if isinstance(meaning, tree.Variable):
        return frozenset({meaning.name})
    if isinstance(meaning, tree.Definition) and not meaning.parameters and not meaning.is_recursive:
        return _listed(meaning.body, analysis)
    return None
