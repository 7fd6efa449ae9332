"""Counterexamples to induction: a state with all conjuncts, an action, and a state that lacks one.

Such a state need not be reachable. The smallest one is what is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from raft_ref.spec.proof.evaluation import Structure, falsified
from raft_ref.spec.proof.invariant import Conjunct
from raft_ref.spec.proof.models import Element, Facts, smallest_model
from raft_ref.spec.proof.questions import (
    Kind,
    Question,
    action_of,
    asked_of,
    negation,
    sizes_of,
    state_of,
)
from raft_ref.spec.proof.relations import Quorum

Fact = tuple[Element, ...]
"""The name of a relation and what is in it: ("voted", "s1", 2, "s1")."""


class Induction(NamedTuple):
    """A counterexample to induction: two states, and the arguments of the action between them.

    `asked` is the conjunct or property that is false afterwards, None where it is a lemma.
    `elements` are those of each sort, `quorums` the servers of each. Where a lemma or what should
    follow fails, there is no step: `after` is `before`.
    """

    question: Question
    asked: Conjunct | None
    elements: Mapping[str, tuple[Element, ...]]
    quorums: Mapping[Element, frozenset[Element]]
    arguments: Mapping[str, Element]
    before: Facts
    after: Facts

    def falsified_by(self) -> Mapping[str, Any]:
        """Return the elements that the conjunct or property is false of, after the action.

        Of a lemma there are none: it is about the action's arguments.
        """
        if self.asked is None:
            return {}
        elements = {**self.elements, "Quorum": tuple(self.quorums.values())}
        found = falsified(self.asked.of(state_of(self.question))).call(
            Structure(elements, self.after)
        )
        assert found is not None, self.question
        return dict(found)

    def added(self) -> list[Fact]:
        """Return the facts that the action adds."""
        return _without(self.after, self.before)

    def removed(self) -> list[Fact]:
        """Return the facts that the action takes away."""
        return _without(self.before, self.after)


def _without(facts: Facts, others: Facts) -> list[Fact]:
    return [(name, *each) for name in facts for each in sorted(facts[name] - others[name])]


def smallest(
    question: Question, seconds: float = 60.0, conjecture: Conjunct | None = None
) -> Induction | None:
    """Return the smallest counterexample to a question; None if none is found in that time."""
    if question.kind is Kind.QUORUMS:  # of numbers of servers: there are no states
        return None
    old = state_of(question)
    model = smallest_model(negation(question, conjecture), seconds, old, sizes_of(question))
    if model is None:
        return None
    given: dict[str, Element] = {}
    if question.action:
        action = action_of(question)
        names = zip(action.meanings(), action.given(), strict=True)
        given = {meaning: model.name(constant) for meaning, constant in names}
    before = model.facts(old)
    after = before
    if question.kind is Kind.KEPT:
        after = model.facts(action_of(question).after(old))
    return Induction(
        question,
        asked_of(question, conjecture),
        {str(sort): model.named(sort) for sort in model.elements if sort is not Quorum},
        model.quorums(),
        given,
        before,
        after,
    )
