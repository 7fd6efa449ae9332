"""Bisimulation: within bounds, the node's system and the spec take the same steps.

Step refinement says that the node does nothing that the spec forbids. Bisimulation says also that
it does everything that the spec allows: in every state that is reached, the next states of the
system of nodes and those of MCRaft.tla within the same bounds are the same set, under the same
action names. As both start in the same state, they have the same behaviours.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from raft_ref.explorer import Bounds, Event, Kind, Property, Renamed, ServerId, View
from raft_ref.spec.files import MODEL, RAFT
from raft_ref.spec.link.original import differences
from raft_ref.spec.link.shared import shared
from raft_ref.spec.link.variables import RaftVariables
from raft_ref.spec.values.value import Value, show

BISIMULATION = "Bisimulation"
"""The name of the property that node and spec can take the same steps."""

Next: TypeAlias = tuple[str, tuple[Value, ...]]
"""The name of a step and the state that it leads to."""


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


def model_constants(bounds: Bounds) -> dict[str, Value]:
    """Return the constants of the model that are bounds.

    Raises ValueError where a bound that the model needs is not set.
    """
    limits = bounds.as_dict()
    if missing := [bound for bound in MODEL_BOUNDS.values() if bound not in limits]:
        raise ValueError(f"the model needs the bound {', '.join(missing)}")
    return {name: limits[bound] for name, bound in MODEL_BOUNDS.items()}


class Bisimulation:
    """Compares all steps out of a state of the system with those of MCRaft.tla.

    Arguments: the servers and the values of the cluster; the bounds of the search; the system's
    initial state; the files of the model and of the protocol (None: the one beside the model).
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
    ) -> None:
        self._mapping = RaftVariables(servers, values)
        module = shared(path)
        constants = {**self._mapping.constants, **model_constants(bounds)}
        self._model = module.transitions(constants)
        self._variables = frozenset(self._model.variables)
        if self._model.initial() != [self._state(initial)]:
            raise ValueError("the node and the spec do not start in the same state")
        beside = path.with_name(RAFT.name)
        raft = raft or (beside if beside.is_file() else RAFT)
        if other := next(differences(raft=raft, model=path), None):
            raise ValueError(f"{path.name} is not {raft.name}: {other}")

    @property
    def as_property(self) -> Property:
        """The comparison, as a property of each state and the steps out of it."""
        return Property(
            BISIMULATION,
            holds=lambda view, events: self._of_node(events) == self._of_spec(view),
            kind=Kind.EXPANSION,
            formula="the next states of the nodes are those of the spec",
            explain=self.differences,
        )

    def differences(self, view: View, events: Sequence[Event]) -> list[str]:
        """Return which next states one side has and the other lacks, variable by variable."""
        here, node, spec = self._state(view), self._of_node(events), self._of_spec(view)
        sides = (("the node", "the spec", node - spec), ("the spec", "the node", spec - node))
        return [
            f"{has} can take {name} and {lacks} cannot: {self._changes(here, after)}"
            for has, lacks, extra in sides
            for name, after in sorted(extra, key=lambda step: (step[0], str(step[1])))
        ]

    def _of_node(self, events: Sequence[Event]) -> set[Next]:
        return {(event.step, self._state(event.after)) for event in events}

    def _of_spec(self, view: View) -> set[Next]:
        return {
            (successor.action.name, successor.state)
            for successor in self._model.successors(self._state(view))
        }

    def _state(self, view: View) -> tuple[Value, ...]:
        values = self._mapping.of(view, self._variables)
        return tuple(values[name] for name in self._model.variables)

    def _changes(self, before: tuple[Value, ...], after: tuple[Value, ...]) -> str:
        changed = [
            f"{name} becomes {show(new)}"
            for name, old, new in zip(self._model.variables, before, after, strict=True)
            if old != new
        ]
        return ", ".join(changed) or "nothing changes"
