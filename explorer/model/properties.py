"""Properties of states and of steps, and how their verdicts are memoized.

A property says which parts of a state it reads. Its verdict is memoized under exactly these
parts, so a verdict is computed once for each combination of what it depends on.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from operator import itemgetter
from typing import Any

from raft_ref.explorer.model.system import GlobalState, System, Transition, View

PARTS = ("states", "messages", "history", "restarts", "drops", "duplicates")
"""What a property can read: the attributes of a `View`, in the order of `GlobalState`."""


class Kind(StrEnum):
    """What a property speaks of, and with what arguments its `holds` is called."""

    STATE = "state"
    """Of a state: `holds(view)`."""
    STEP = "step"
    """Of a step of the system: `holds(before, after)`, both views."""
    LOCAL = "local"
    """Of a step of one server, whatever the rest of the system looks like: `holds(before, event)`,
    a view and an `Event`. It is asked once for each distinct step of a server, or, with symmetry,
    of steps that differ by a renaming."""
    EXPANSION = "expansion"
    """Of a state and all steps out of it: `holds(view, events)`."""
    PROGRESS = "progress"
    """Of a state and all that can follow: where `premise(view)`, a state with `holds(view)` can
    still be reached. It is asked when everything was covered; see explorer/results/progress.py."""


OF_ALL_THAT_FOLLOWS = (Kind.EXPANSION, Kind.PROGRESS)
"""What cannot be told from one step after the other, but only from all that may follow a state."""


@dataclass(frozen=True, slots=True)
class Property:
    """Something that must hold of every state or step, or must be reached.

    - `holds` tells of what `kind` says.
    - `is_sometimes`: it must be true at least once, rather than always (states and steps only).
    - `reads`, `reads_after`: the parts (see `PARTS`) of a state, and of the state after a step,
      that `holds` looks at (states and steps only). A part that it reads and that is not named
      makes the search unsound; the default is all parts.
    - `premise`: where a goal must be reachable (progress only); the default is everywhere.
    - `formula`: its text, for people; `explain`, called as `holds` is, returns for a violation
      what is wrong, such as the instances of the formula that are false.

    The rest says more finely what it reads, for an engine that remembers verdicts; `holds` is the
    definition.

    - `slots`: 1 or 2 if it is true exactly if it is true of every server, or of every ordered
      pair of servers, each with itself included; of any of them, if it is a sometimes. Then
      `holds_of` tells it of one: it is called with the names of the servers, and then as `holds`
      is, with views that may lack the states of all other servers.
    - `holds_of_message`: if it is true of a state exactly if it is true of each message in flight
      (and reads nothing but messages), this tells it of one.
    - `project`: what it reads of one server's state, as a value; of two states with the same value
      it says the same.
    """

    name: str
    holds: Callable[..., bool]
    kind: Kind = Kind.STATE
    is_sometimes: bool = False
    reads: frozenset[str] = frozenset(PARTS)
    reads_after: frozenset[str] = frozenset(PARTS)
    premise: Callable[[Any], bool] = field(default=lambda view: True)
    formula: str = ""
    explain: Callable[..., list[str]] = field(default=lambda *evidence: [])
    slots: int = 0
    holds_of: Callable[..., bool] | None = None
    holds_of_message: Callable[[Any], bool] | None = None
    project: Callable[[Any], Any] = field(default=lambda state: state)


def demand_reducible(system: System, properties: Sequence[Property]) -> None:
    """Raise ValueError where a reduced search could miss what one of the properties speaks of."""
    if system.bounds.depth is not None:
        raise ValueError("a reduced search has no bound on depth: its steps are not counted alike")
    for prop in properties:
        told = prop.reads | (prop.reads_after if prop.kind is Kind.STEP else frozenset())
        lost = sorted(told - {"states", "history", "restarts"})
        if prop.kind is Kind.EXPANSION:
            raise ValueError(f"{prop.name} reads all steps out of a state, and some are left out")
        if prop.kind is not Kind.LOCAL and lost and prop.holds_of_message is None:
            raise ValueError(f"{prop.name} reads {', '.join(lost)}, which a reduced search changes")


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
        of_kind = {kind: [p for p in properties if p.kind is kind] for kind in Kind}
        self._state_groups = self._grouped(of_kind[Kind.STATE])
        self._step_groups = self._grouped(of_kind[Kind.STEP])
        self._local = of_kind[Kind.LOCAL]
        self._expansion = of_kind[Kind.EXPANSION]
        self._local_verdicts: dict[int, Property | None] = {}
        self.reads_expansions = bool(self._expansion)
        self.sometimes = {prop.name: False for prop in properties if prop.is_sometimes}

    @staticmethod
    def _grouped(properties: Iterable[Property]) -> list[_Group]:
        groups: dict[tuple[frozenset[str], frozenset[str]], _Group] = {}
        for prop in properties:
            reads = prop.reads, prop.reads_after if prop.kind is Kind.STEP else frozenset()
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

    def violated_by_step(self, before: GlobalState, transition: Transition) -> Property | None:
        """Return the first property of steps that a step violates."""
        violated = self._violated_by_server(before, transition) if self._local else None
        for group in self._step_groups:
            key = group.key(before), group.key_after(transition.after)
            verdict = group.verdicts.get(key, _UNKNOWN)
            if verdict is _UNKNOWN:
                views = self._system.view(before), self._system.view(transition.after)
                verdict = group.verdicts[key] = self._evaluate(group, *views)
            if verdict is not None:
                violated = self._first(violated, verdict)
        return violated

    def _violated_by_server(self, before: GlobalState, transition: Transition) -> Property | None:
        if transition.local is None:
            return None
        # A step of a server is one object as long as its table lives, so identity tells it apart.
        step = id(transition.local)
        verdict: Property | None = self._local_verdicts.get(step, _UNKNOWN)
        if verdict is _UNKNOWN:
            evidence = self._system.view(before), self._system.event(transition)
            verdict = next((prop for prop in self._local if not prop.holds(*evidence)), None)
            self._local_verdicts[step] = verdict
        return verdict

    def violated_by_expansion(
        self, state: GlobalState, steps: Sequence[Transition]
    ) -> Property | None:
        """Return the first property that a state violates together with all steps out of it."""
        if not self._expansion:
            return None
        evidence = self._system.view(state), [self._system.event(step) for step in steps]
        return next((prop for prop in self._expansion if not prop.holds(*evidence)), None)

    def _evaluate(self, group: _Group, *views: View) -> Property | None:
        for prop in group.sometimes:
            if not self.sometimes[prop.name] and prop.holds(*views):
                self.sometimes[prop.name] = True
        return next((prop for prop in group.always if not prop.holds(*views)), None)

    def _first(self, one: Property | None, other: Property) -> Property:
        if one is None or self._order[other.name] < self._order[one.name]:
            return other
        return one
