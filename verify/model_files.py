"""The model of Raft, or of Raft with features, with its configuration, in a folder.

It is what ships, and what the user has changed.

TLC and the embedded checker read the same files, and an error names the user's own.
"""

import re
import shutil
from pathlib import Path

from raft_ref.explorer import Renamed
from raft_ref.features import REFINING, Feature
from raft_ref.spec.files import EXTENDED, EXTENDED_MODEL, MODEL, RAFT
from raft_ref.spec.link import MODEL_BOUNDS, MODEL_SYMMETRIES
from raft_ref.spec.link.features import REFINES_RAFT
from raft_ref.spec.link.original import BOUNDS_OF_FEATURES
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.verify.cluster import Cluster


class ModelFiles:
    """A protocol and its model, together in one folder.

    Arguments: the folder, and the one that has the user's own files (None: there is none); whether
    the protocol has features.
    """

    def __init__(self, folder: Path, raft: Path | None, has_features: bool = False) -> None:
        self._folder, self._raft = folder, raft
        self._shipped = EXTENDED_MODEL if has_features else MODEL
        self.model = folder / self._shipped.name
        self.config = self.model.with_suffix(".cfg")
        self.raft = folder / (EXTENDED if has_features else RAFT).name

    def write(self, cluster: Cluster, symmetry: tuple[Renamed, ...]) -> None:
        """Write them, the configuration with the numbers of a cluster."""
        modules = {*RAFT.parent.glob("*.tla"), *self._shipped.parent.glob("*.tla")}
        for each in (*modules, self._shipped.with_suffix(".cfg")):
            shutil.copy(self._own(each), self._folder)
        for each in self._raft.glob("*.tla") if self._raft is not None else ():
            shutil.copy(each, self._folder)
        text = config_text(cluster, symmetry, self.config.read_text(encoding="utf-8"))
        self.config.write_text(text, encoding="utf-8")

    def told(self, error: SpecError) -> str:
        """Return what is wrong, at the place where the user has the file."""
        file = Path(error.position.file)
        shipped = self._shipped.with_name(file.name)
        own = self._own(shipped if shipped.is_file() else RAFT.with_name(file.name))
        there = str(own) if file.parent == self._folder else str(file)
        return str(error).replace(error.position.file, there, 1)

    def _own(self, shipped: Path) -> Path:
        """Return the user's own file of the same name, if there is one."""
        if self._raft is not None and (self._raft / shipped.name).is_file():
            return self._raft / shipped.name
        return shipped


def config_text(cluster: Cluster, symmetry: tuple[Renamed, ...], text: str | None = None) -> str:
    """Return a configuration of the model with the cluster's numbers in it.

    It is made of `text` (None: the one of MCRaft.tla that ships). With features on, it names those,
    and asks for their properties alone.
    """
    bounds = cluster.system.bounds.as_dict()
    numbers = {name: str(bounds[bound]) for name, bound in MODEL_BOUNDS.items()}
    numbers["Server"] = f"{{{', '.join(cluster.system.servers)}}}"
    numbers["Value"] = f"{{{', '.join(cluster.values)}}}"
    text = text or MODEL.with_suffix(".cfg").read_text(encoding="utf-8")
    if cluster.features:
        on = (f'"{each.value}"' for each in Feature if each in cluster.features)
        numbers["Features"] = f"{{{', '.join(on)}}}"
        numbers["Voters"] = f"{{{', '.join(cluster.voters)}}}"
        numbers |= {name: str(bounds.get(bound, 0)) for name, bound in BOUNDS_OF_FEATURES.items()}
        text = _properties_of(cluster, text)
    for name, number in numbers.items():
        text = re.sub(rf"^( *{name} = ).*$", rf"\g<1>{number}", text, flags=re.MULTILINE)
    line = f"SYMMETRY {MODEL_SYMMETRIES[symmetry]}" if symmetry else ""
    return re.sub(r"^SYMMETRY.*$", line, text, flags=re.MULTILINE)


def _properties_of(cluster: Cluster, text: str) -> str:
    """Leave those properties in a configuration that are asked of the features that are on."""
    refines = {REFINES_RAFT} if cluster.features <= REFINING else set()
    asked = {prop.name for prop in cluster.properties} | refines
    head, section, listed = text.partition("INVARIANTS\n")
    names = [line.strip() for line in listed.splitlines() if line.strip() != "PROPERTIES"]
    kept = [name for name in names if name.removesuffix("Always") in asked]
    states = [f"    {name}" for name in kept if not name.endswith("Always")]
    steps = [f"    {name}" for name in kept if name.endswith("Always")]
    return "\n".join([f"{head}{section.rstrip()}", *states, "", "PROPERTIES", *steps, ""])
