"""Bisimulation: within bounds, the node's system and the spec take the same steps.

Step refinement says that the node does nothing that the spec forbids. Bisimulation says also that
it does everything that the spec allows: in every state that is reached, the next states of the
system of nodes and those of MCRaft.tla within the same bounds are the same set, under the same
action names. As both start in the same state, they have the same behaviours.

What a node of one's own calls a step is its own matter, and so is a step that changes nothing which
the spec knows, and what a leader has for itself in nextIndex and matchIndex.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from raft_ref.explorer import Bounds, Event, Kind, Property, Renamed, ServerId, View
from raft_ref.explorer.model.system import NETWORK_STEPS
from raft_ref.spec.files import MODEL, RAFT
from raft_ref.spec.link.as_raft import RaftWords
from raft_ref.spec.link.original import BOUNDS_OF_FEATURES, OF_RAFT, differences
from raft_ref.spec.link.shared import shared
from raft_ref.spec.link.variables import OWN_SLOTS, RaftVariables, without_own_slot
from raft_ref.spec.values.value import Value, function, items_of, show

BISIMULATION = "Bisimulation"
"""The name of the property that node and spec can take the same steps."""

Next: TypeAlias = tuple[str, tuple[Value, ...]]
"""The name of a step ("" where that is the node's own matter) and the state that it leads to."""

MODEL_BOUNDS = {
    "MaxTerm": "max_term",
    "MaxLogLength": "max_log_length",
    "MaxSnapshotIndex": "max_snapshot_index",
    "MaxMessages": "max_messages",
    "MaxRestarts": "max_restarts",
    "MaxDrops": "max_drops",
    "MaxDuplicates": "max_duplicates",
}
"""The constants of the model that are bounds, and the bounds of the explorer that they are."""

MODEL_SYMMETRIES: Mapping[tuple[Renamed, ...], str] = {
    ("servers",): "ServerSymmetry",
    ("values",): "ValueSymmetry",
    ("servers", "values"): "Symmetry",
}
"""The operators of the model that are symmetries, by what they rename."""


def model_constants(bounds: Bounds, may_compact: bool = True) -> dict[str, Value]:
    """Return the constants of the model that are bounds; who may not compact needs none on that.

    Raises ValueError where a bound that the model needs is not set.
    """
    limits = ({} if may_compact else {"max_snapshot_index": 0}) | bounds.as_dict()
    if missing := [bound for bound in MODEL_BOUNDS.values() if bound not in limits]:
        raise ValueError(f"the model needs the bound {', '.join(missing)}")
    return {name: limits[bound] for name, bound in MODEL_BOUNDS.items()}


class Bisimulation:
    """Compares all steps out of a state of the system with those of MCRaft.tla.

    Arguments: the servers and the values of the cluster; the bounds of the search; the system's
    initial state; the files of the model and of the protocol (None: the one beside the model); what
    states and messages stand for, of a node of one's own; the `mapping` to the model's variables
    (None: those of Raft.tla).
    Raises `SpecError` if one cannot be loaded, ValueError where the bounds lack one that the model
    needs, where the initial states differ, and where the model is not the protocol.
    """

    def __init__(
        self,
        servers: Sequence[ServerId],
        values: Sequence[str],
        bounds: Bounds,
        initial: View,
        path: Path = MODEL,
        raft: Path | None = None,
        words: RaftWords | None = None,
        mapping: RaftVariables | None = None,
    ) -> None:
        self._words = words
        self._mapping = mapping or RaftVariables(servers, values)
        module = shared(path)
        limits = model_constants(bounds, may_compact=words is None)
        given = bounds.as_dict()
        for name in BOUNDS_OF_FEATURES.keys() & {*module.constants}:
            limits[name] = given.get(BOUNDS_OF_FEATURES[name], 0)
        constants = {**self._mapping.constants, **limits}
        self._model = module.transitions(constants)
        self._variables = frozenset(self._model.variables)
        if self._model.initial() != [self._state(initial)]:
            raise ValueError("the node and the spec do not start in the same state")
        beside = path.with_name(RAFT.name)
        raft = raft or (beside if beside.is_file() else RAFT)
        more = {n: v for n, v in self._mapping.constants.items() if n not in OF_RAFT}
        if other := next(differences(raft=raft, model=path, more=more), None):
            raise ValueError(f"{path.name} is not {raft.name}: {other}")

    @property
    def as_property(self) -> Property:
        """The comparison, as a property of each state and the steps out of it."""
        return Property(
            BISIMULATION,
            holds=lambda view, events: (
                self._of_node(view, events).keys() == self._of_spec(view).keys()
            ),
            kind=Kind.EXPANSION,
            formula="the next states of the nodes are those of the spec",
            explain=self.differences,
        )

    def differences(self, view: View, events: Sequence[Event]) -> list[str]:
        """Return which next states one side has and the other lacks, variable by variable."""
        here, node, spec = self._state(view), self._of_node(view, events), self._of_spec(view)
        sides = (("the node", "the spec", node, spec), ("the spec", "the node", spec, node))
        return [
            f"{has} can take {theirs[key]} and {lacks} cannot: {self._changes(here, key[1])}"
            for has, lacks, theirs, others in sides
            for key in sorted(theirs.keys() - others.keys(), key=lambda key: (key[0], str(key[1])))
        ]

    def _of_node(self, view: View, events: Sequence[Event]) -> dict[Next, str]:
        return self._known(view, ((event.step, self._state(event.after)) for event in events))

    def _of_spec(self, view: View) -> dict[Next, str]:
        steps = self._model.successors(self._state(view))
        return self._known(view, ((each.action.name, self._seen(each.state)) for each in steps))

    def _known(self, view: View, steps: Iterable[tuple[str, tuple[Value, ...]]]) -> dict[Next, str]:
        """Return what is compared of steps, and the name of each."""
        if self._words is None:
            return {(name, after): name for name, after in steps}
        here = self._state(view)
        return {
            (name if name in NETWORK_STEPS else "", after): name
            for name, after in steps
            if after != here
        }

    def _state(self, view: View) -> tuple[Value, ...]:
        if self._words is not None:
            view = replace(
                view,
                states={name: self._words.state(own) for name, own in view.states.items()},
                messages=tuple(self._words.messages(view.messages)),
            )
        values = self._mapping.of(view, self._variables)
        return self._seen(tuple(values[name] for name in self._model.variables))

    def _seen(self, state: tuple[Value, ...]) -> tuple[Value, ...]:
        """Return a state without what a foreign node need not have."""
        if self._words is None:
            return state
        named = zip(self._model.variables, state, strict=True)
        return tuple(
            _without_own(name, value) if name in OWN_SLOTS else value for name, value in named
        )

    def _changes(self, before: tuple[Value, ...], after: tuple[Value, ...]) -> str:
        changed = [
            f"{name} becomes {show(new)}"
            for name, old, new in zip(self._model.variables, before, after, strict=True)
            if old != new
        ]
        return ", ".join(changed) or "nothing changes"


def _without_own(name: str, by_server: Any) -> Value:
    return function({i: without_own_slot(name, i, own) for i, own in items_of(by_server)})
