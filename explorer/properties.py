"""Properties of states and of steps, and how their verdicts are remembered.

A property says which parts of a state it reads. Its verdict is remembered under exactly these
parts, so a verdict is computed once for each combination of what it depends on.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from explorer.system import GlobalState, System, View

PARTS = ("states", "messages", "history", "restarts", "drops", "duplicates")
"""What a property can read: the attributes of a `View`, in the order of `GlobalState`."""


@dataclass(frozen=True, slots=True)
class Property:
    """Something that must hold of every state or step, or must be reached.

    - `holds(view)` tells of a state, or `holds(before, after)` of a step, if `is_step`.
    - `is_sometimes`: it must be true at least once, rather than always.
    - `reads`, `reads_after`: the parts (see `PARTS`) of the state, and of the state after the
      step, that `holds` looks at. A part that it reads and that is not named makes the search
      unsound; the default is all parts.
    - `formula`: its text, for people; `explain` returns, for a violation, which instances of
      the formula are false.
    """

    name: str
    holds: Callable[..., bool]
    is_step: bool = False
    is_sometimes: bool = False
    reads: frozenset[str] = frozenset(PARTS)
    reads_after: frozenset[str] = frozenset(PARTS)
    formula: str = ""
    explain: Callable[..., list[str]] = field(default=lambda *views: [])


Key = Callable[[GlobalState], Any]
_UNKNOWN: Any = object()


def _key(parts: frozenset[str]) -> Key:
    if not parts:
        return lambda state: ()
    return itemgetter(*(PARTS.index(part) for part in sorted(parts, key=PARTS.index)))


@dataclass(slots=True)
class _Group:
    """The properties that read the same parts; one look-up answers for all of them."""

    key: Key
    key_after: Key
    always: list[Property] = field(default_factory=list)
    sometimes: list[Property] = field(default_factory=list)
    verdicts: dict[Any, Property | None] = field(default_factory=dict)


class Checker:
    """Checks properties on the states and steps of one system, and remembers what was reached.

    Of several properties that a state violates, the first in the given order counts.
    """

    def __init__(self, system: System, properties: Sequence[Property]) -> None:
        self._system = system
        self._order = {prop.name: number for number, prop in enumerate(properties)}
        self._state_groups = self._grouped(prop for prop in properties if not prop.is_step)
        self._step_groups = self._grouped(prop for prop in properties if prop.is_step)
        self.sometimes = {prop.name: False for prop in properties if prop.is_sometimes}

    @staticmethod
    def _grouped(properties: Iterable[Property]) -> list[_Group]:
        groups: dict[tuple[frozenset[str], frozenset[str]], _Group] = {}
        for prop in properties:
            reads = prop.reads, prop.reads_after if prop.is_step else frozenset()
            group = groups.setdefault(reads, _Group(_key(reads[0]), _key(reads[1])))
            (group.sometimes if prop.is_sometimes else group.always).append(prop)
        return list(groups.values())

    def violated_by_state(self, state: GlobalState) -> Property | None:
        """Return the first invariant that a state violates."""
        violated = None
        for group in self._state_groups:
            key = group.key(state)
            verdict = group.verdicts.get(key, _UNKNOWN)
            if verdict is _UNKNOWN:
                verdict = group.verdicts[key] = self._evaluate(group, self._system.view(state))
            if verdict is not None:
                violated = self._first(violated, verdict)
        return violated

    def violated_by_step(self, before: GlobalState, after: GlobalState) -> Property | None:
        """Return the first property of steps that a step violates."""
        violated = None
        for group in self._step_groups:
            key = group.key(before), group.key_after(after)
            verdict = group.verdicts.get(key, _UNKNOWN)
            if verdict is _UNKNOWN:
                views = self._system.view(before), self._system.view(after)
                verdict = group.verdicts[key] = self._evaluate(group, *views)
            if verdict is not None:
                violated = self._first(violated, verdict)
        return violated

    def _evaluate(self, group: _Group, *views: View) -> Property | None:
        for prop in group.sometimes:
            if not self.sometimes[prop.name] and prop.holds(*views):
                self.sometimes[prop.name] = True
        return next((prop for prop in group.always if not prop.holds(*views)), None)

    def _first(self, one: Property | None, other: Property) -> Property:
        if one is None or self._order[other.name] < self._order[one.name]:
            return other
        return one
