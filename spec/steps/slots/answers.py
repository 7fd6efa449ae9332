"""What a native search asks of actions, where an answer tells which columns it depends on.

See `steps.answers`: what is otherwise is that paths depend on what was read and no more, and that a
path changes columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from raft_ref.spec.code.effects import Effects
from raft_ref.spec.steps.answers import ActionOfSearch, Answers, Asked, Path
from raft_ref.spec.steps.interning import Row
from raft_ref.spec.steps.residuals import Residual
from raft_ref.spec.steps.slots.layout import SlotInterner
from raft_ref.spec.steps.slots.reading import Edit, Held, Trace
from raft_ref.spec.steps.specialization import GeneratingExtension, distinct

Traced: TypeAlias = tuple[list[int], Any]
"""The columns read, in order, and the answer; None: there is none."""


class SlotAnswers(Answers):
    """The answers about every action; the extensions are those that `writing` writes."""

    def __init__(
        self,
        actions: Sequence[tuple[GeneratingExtension | None, Callable[..., list[Any]]]],
        interner: SlotInterner,
        effects: Effects,
    ) -> None:
        super().__init__(actions, interner, effects)
        self._slots = interner
        self._given: Mapping[int, Any] = {}

    @property
    def actions(self) -> list[ActionOfSearch]:
        """Of each action what the search must know."""
        return [
            ActionOfSearch([], [], is_computed=True)
            if each is None
            else ActionOfSearch(
                [],
                [self._columns(set_) for set_ in each.domains],
                is_traced=True,
                has_guard=each.guard is not None and bool(each.domains),
            )
            for each in self._extensions
        ]

    def traced_may_pick(self, action: int, row: Row) -> Traced:
        """Whether the tests hold that come before an action picks elements."""
        extension = self._extension(action)
        assert extension.guard is not None
        return self._traced(extension, row, bool, extension.guard)

    def traced_paths(self, action: int, row: Row, picked: Sequence[int]) -> Traced:
        """Return the ways to take an action, with these elements."""
        extension = self._extension(action)
        elements = [self._elements.values_by_number[each] for each in picked]
        return self._traced(extension, row, self._paths, extension.body, *elements)

    def _traced(
        self,
        extension: GeneratingExtension,
        row: Row,
        answer: Callable[[list[Any]], Any],
        run: Callable[..., None],
        *elements: Any,
    ) -> Traced:
        trace = Trace()
        given = tuple([self._slots.read(place, row, trace) for place in extension.reads])
        self._given = dict(zip(extension.reads, given, strict=True))
        try:
            found = answer(self._ends(run, given, *elements))
        except Exception:  # any: the extension may do what the action does not
            return list(trace), None
        return list(trace), found

    def _paths(self, ends: list[Any]) -> list[Path]:
        return [
            (arguments is None, self._changes(changes), [self._asked(*each) for each in residuals])
            for arguments, changes, residuals in distinct(ends)
        ]

    def _changes(self, changes: Any) -> list[tuple[int, int]]:
        """Return the new numbers in columns."""
        found: list[tuple[int, int]] = []
        for place, after in changes:
            if after is self._given.get(place):
                continue  # on some other path it has a new value
            domain = self._slots.domains.get(place)
            of_slots = after.columns(domain) if isinstance(after, Edit) and domain else None
            if of_slots is None:
                found += self._slots.numbers(place, after.whole())
            else:
                found += self._slots.changed(place, of_slots)
        return found

    def _asked(self, residual: Residual, *given: Any) -> Asked:
        number, to, _ = super()._asked(residual, *given)
        inputs = [
            (column, primed)
            for place, primed in residual.inputs
            for column in self._slots.columns(place)
        ]
        return number, None if to is None else self._slots.columns(to)[0], tuple(inputs)

    def _columns(self, residual: Residual) -> list[int]:
        return [each for place, _ in residual.inputs for each in self._slots.columns(place)]

    def _result(self, residual: Residual, given: tuple[Any, ...], before: Row, after: Row) -> Any:
        values = [
            Held(self._slots.value(place, after if primed else before))
            for place, primed in residual.inputs
        ]
        return self._effects.purely(residual.function, *given, *values)
