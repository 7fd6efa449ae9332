"""Temporal logic as it is checked: connectives over conditions of states and of steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from raft_ref.spec.syntax import expressions as tree


@dataclass(frozen=True)
class Atom:
    """A condition of a state or of a step, as an operator without parameters."""

    definition: tree.Definition


@dataclass(frozen=True)
class Not:
    """The formula does not hold."""

    operand: Formula


@dataclass(frozen=True)
class And:
    """All of the formulas hold."""

    operands: tuple[Formula, ...]


@dataclass(frozen=True)
class Or:
    """Some of the formulas holds."""

    operands: tuple[Formula, ...]


@dataclass(frozen=True)
class Always:
    """[]operand."""

    operand: Formula


@dataclass(frozen=True)
class Eventually:
    """<>operand."""

    operand: Formula


Formula: TypeAlias = Atom | Not | And | Or | Always | Eventually


@dataclass(frozen=True)
class Fairness:
    """WF or SF: what is enabled forever, or again and again if `is_strong`, is done at last."""

    is_strong: bool
    enabled: Atom
    step: Atom
    text: str

    @property
    def formula(self) -> Formula:
        """The same in the connectives."""
        never = Not(self.enabled)
        rarely: Formula = Eventually(Always(never)) if self.is_strong else Always(Eventually(never))
        return Or((rarely, Always(Eventually(self.step))))


def implies(premise: Formula, conclusion: Formula) -> Formula:
    """Premise => conclusion."""
    return Or((Not(premise), conclusion))


def leads_to(premise: Formula, conclusion: Formula) -> Formula:
    """Premise ~> conclusion."""
    return Always(implies(premise, Eventually(conclusion)))


def atoms_of(formula: Formula) -> Iterator[Atom]:
    """Yield the conditions in a formula."""
    if isinstance(formula, Atom):
        yield formula
    elif isinstance(formula, And | Or):
        for each in formula.operands:
            yield from atoms_of(each)
    else:
        yield from atoms_of(formula.operand)
