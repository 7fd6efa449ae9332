r"""From a temporal formula to a Büchi automaton that reads the steps of a behavior.

The construction is that of tableaux (Gerth, Peled, Vardi and Wolper, "Simple on-the-fly automatic
verification of linear temporal logic", 1995), for [] and <> alone, with acceptance on transitions.
A state is what is still to be satisfied. A transition is taken in a step for which its literals are
true; where it puts off an eventuality, the automaton must take another one again and again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from raft_ref.spec.names.behaviors.formulas import (
    Always,
    And,
    Atom,
    Eventually,
    Formula,
    Not,
    Or,
)

Literals: TypeAlias = frozenset[tuple[Atom, bool]]
Obligations: TypeAlias = frozenset[Formula]


class Transition(NamedTuple):
    """Under which literals, to which state (by its number), and what is put off on the way."""

    literals: Literals
    to: int
    put_off: frozenset[int]


@dataclass(frozen=True)
class Automaton:
    """Its states by number, 0 the initial one, and how many eventualities must not be put off."""

    transitions: tuple[tuple[Transition, ...], ...]
    eventualities: int


def automaton_of(formula: Formula) -> Automaton:
    """Return an automaton that accepts the behaviors for which the formula is true."""
    start = frozenset({positive(formula)})
    numbers: dict[Obligations, int] = {start: 0}
    eventualities: dict[Formula, int] = {}
    waiting, transitions = [start], []
    while waiting:
        found: dict[Transition, None] = {}
        for literals, after, put_off in _covers(frozenset(), waiting.pop(0)):
            if after not in numbers:
                numbers[after] = len(numbers)
                waiting.append(after)
            late = frozenset(eventualities.setdefault(e, len(eventualities)) for e in put_off)
            found[Transition(literals, numbers[after], late)] = None
        transitions.append(tuple(_weakest([*found])))
    return Automaton(tuple(transitions), len(eventualities))


def _weakest(found: list[Transition]) -> list[Transition]:
    """Leave out the transitions that another one with fewer demands stands for."""
    return [
        each
        for each in found
        if not any(
            other is not each
            and other.to == each.to
            and other.literals <= each.literals
            and other.put_off <= each.put_off
            and (other.literals, other.put_off) != (each.literals, each.put_off)
            for other in found
        )
    ]


def positive(formula: Formula, holds: bool = True) -> Formula:
    """Return a formula, or its negation, with negations at conditions alone."""
    match formula:
        case Atom():
            return formula if holds else Not(formula)
        case Not():
            return positive(formula.operand, not holds)
        case And() | Or():
            operands = tuple(positive(each, holds) for each in formula.operands)
            return And(operands) if isinstance(formula, And) == holds else Or(operands)
        case Always() | Eventually():
            operand = positive(formula.operand, holds)
            is_always = isinstance(formula, Always) == holds
            return Always(operand) if is_always else Eventually(operand)


def _covers(
    literals: Literals,
    now: Obligations,
    after: Obligations = frozenset(),
    put_off: frozenset[Formula] = frozenset(),
) -> Iterator[tuple[Literals, Obligations, frozenset[Formula]]]:
    """Yield the ways to satisfy what is due now: literals, what is due then, what is put off."""
    if not now:
        yield literals, after, put_off
        return
    first = min(now, key=_branches)
    rest = now - {first}
    match first:
        case Atom() | Not():
            literal = (first, True) if isinstance(first, Atom) else (first.operand, False)
            if (literal[0], not literal[1]) not in literals:
                yield from _covers(literals | {literal}, rest, after, put_off)  # type: ignore[arg-type]
        case And():
            yield from _covers(literals, rest | {*first.operands}, after, put_off)
        case Or():
            for each in first.operands:
                yield from _covers(literals, rest | {each}, after, put_off)
        case Always():
            yield from _covers(literals, rest | {first.operand}, after | {first}, put_off)
        case Eventually():
            yield from _covers(literals, rest | {first.operand}, after, put_off)
            yield from _covers(literals, rest, after | {first}, put_off | {first})


def _branches(formula: Formula) -> int:
    return isinstance(formula, Or | Eventually)
