"""Counterexamples to induction: a state with all conjuncts, an action, and a state that lacks one.

Such a state need not be reachable. The smallest one is what is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from spec.proof.models import Element, Facts, smallest_model
from spec.proof.protocol import Server, protocol
from spec.proof.prover import NEW, OLD, Kind, Question, negation

Fact = tuple[Element, ...]
"""The name of a relation and what is in it: ("voted", "s1", 2, "s1")."""


class Induction(NamedTuple):
    """A counterexample to induction: two states, and the arguments of the action between them.

    Where a lemma or what should follow fails, there is no step: `after` is `before`.
    """

    question: Question
    servers: tuple[Element, ...]
    quorums: Mapping[Element, frozenset[Element]]
    arguments: tuple[Element, ...]
    before: Facts
    after: Facts

    def added(self) -> list[Fact]:
        """Return the facts that the action adds."""
        return _without(self.after, self.before)

    def removed(self) -> list[Fact]:
        """Return the facts that the action takes away."""
        return _without(self.before, self.after)


def _without(facts: Facts, others: Facts) -> list[Fact]:
    return [(name, *each) for name in facts for each in sorted(facts[name] - others[name])]


def smallest(question: Question, seconds: float = 60.0) -> Induction | None:
    """Return the smallest counterexample to a question; None if none is found in so many seconds."""
    model = smallest_model(negation(question), seconds)
    if model is None:
        return None
    given = protocol(question.bug).actions[question.action].given() if question.action else []
    before = model.facts(OLD)
    return Induction(
        question,
        model.named(Server),
        model.quorums(),
        tuple(model.name(each) for each in given),
        before,
        model.facts(NEW) if question.kind is Kind.KEPT else before,
    )
