"""One model of a cluster, for the explorer and for TLC: the same servers, values and bounds."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from raft_ref import Node
from raft_ref.bugs import Bug
from raft_ref.explorer import Bounds, Property, Renamed, Report, System, search, what_is_renamed
from raft_ref.spec.link import (
    INVARIANTS,
    MODEL,
    MODEL_SYMMETRIES,
    PROGRESS,
    PROGRESS_OF_RAFT,
    REFINEMENT,
    Committed,
    Refinement,
    raft_progress,
    raft_properties,
)
from raft_ref.spec.tlc.run import TlcResult, run_tlc

CONFIG = MODEL.with_suffix(".cfg")


@dataclass(frozen=True)
class Model:
    """The numbers of a model; those that are not named are the smallest that make sense."""

    servers: int = 3
    values: int = 1
    term: int = 1
    log: int = 0
    snapshot: int = 0
    messages: int = 2
    restarts: int = 0
    drops: int = 0
    duplicates: int = 0
    symmetry: bool | tuple[Renamed, ...] = True

    @classmethod
    def within(cls, bounds: Mapping[str, int]) -> "Model":
        """Return the model of a known bug's bounds; what they do not name is 0."""
        names = {"max_log_length": "log", "max_snapshot_index": "snapshot"}
        numbers = {names.get(name, name.removeprefix("max_")): n for name, n in bounds.items()}
        return cls(symmetry=True, **numbers)

    def __str__(self) -> str:
        numbers = [
            f"{f.name} {n}" for f in fields(self) if (n := getattr(self, f.name)) != f.default
        ]
        return ", ".join(numbers)

    @property
    def server_names(self) -> list[str]:
        return [f"s{number}" for number in range(1, self.servers + 1)]

    @property
    def value_names(self) -> list[str]:
        return [f"v{number}" for number in range(1, self.values + 1)]

    def bounds(self) -> Bounds:
        measures = {
            "max_term": self.term,
            "max_log_length": self.log,
            "max_snapshot_index": self.snapshot,
        }
        return Bounds(self.messages, self.restarts, self.drops, self.duplicates, measures=measures)

    def system(self, node: type[Node] = Node) -> System:
        """Return the model as a system for the explorer."""
        actor = node(self.server_names, self.value_names)
        return System(actor, self.server_names, self.bounds(), history=Committed())

    def properties(self) -> list[Property]:
        """Return the properties of RaftInvariants.tla."""
        return raft_properties(INVARIANTS, self.server_names, self.value_names)

    def progress(self, goal: str = "CommitIsDone", premise: str | None = "CommitIsDue") -> Property:
        """Return the property of RaftProgress.tla, or one of other operators."""
        names = self.server_names, self.value_names
        return raft_progress(PROGRESS_OF_RAFT, *names, goal, premise)

    def harm(self, bug: Bug) -> list[Property]:
        """Return the properties that a bug is asked for: the one that it breaks.

        If that is progress, those of the module as well: none of them is broken before.
        """
        if bug.breaks == PROGRESS:
            return [*self.properties(), self.progress(bug.goal, bug.premise)]
        if bug.breaks == REFINEMENT:
            return [Refinement(self.server_names, self.value_names).as_property]
        return [prop for prop in self.properties() if prop.name == bug.breaks]

    def explore(self, node: type[Node] = Node) -> Report:
        """Search the model with all properties on."""
        return search(self.system(node), self.properties(), self.symmetry, engine="auto")

    def run_tlc(self, folder: Path, workers: int = 2) -> TlcResult:
        """Check the model with real TLC and all properties on; `folder` is for its config."""
        config = folder / "MCRaft.cfg"
        config.write_text(self.config())
        return run_tlc(MODEL, config, workers=workers)

    def config(self) -> str:
        """Return the shipped configuration with this model's numbers."""
        constants = {
            "Server": f"{{{', '.join(self.server_names)}}}",
            "Value": f"{{{', '.join(self.value_names)}}}",
            "MaxTerm": self.term,
            "MaxLogLength": self.log,
            "MaxSnapshotIndex": self.snapshot,
            "MaxMessages": self.messages,
            "MaxRestarts": self.restarts,
            "MaxDrops": self.drops,
            "MaxDuplicates": self.duplicates,
        }
        lines = []
        for line in CONFIG.read_text().splitlines():
            name = line.partition("=")[0].strip()
            if name in constants:
                lines.append(f"    {name} = {constants[name]}")
            elif name.startswith("SYMMETRY"):
                renamed = what_is_renamed(self.system(), self.symmetry)
                lines.append(f"SYMMETRY {MODEL_SYMMETRIES[renamed]}" if renamed else "")
            else:
                lines.append(line)
        return "\n".join(lines)
