"""The model of Raft with its configuration, in a folder: what ships, and what the user has changed.

TLC and the embedded checker read the same files, and an error names the user's own.
"""

import re
import shutil
from pathlib import Path

from raft_ref.explorer import Renamed
from raft_ref.spec.files import MODEL, RAFT
from raft_ref.spec.link import MODEL_BOUNDS, MODEL_SYMMETRIES
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.verify.cluster import Cluster


class ModelFiles:
    """Raft.tla and its model, together in one folder.

    Arguments: the folder, and the one that has the user's own files (None: there is none).
    """

    def __init__(self, folder: Path, raft: Path | None) -> None:
        self._folder, self._raft = folder, raft
        self.model = folder / MODEL.name
        self.config = folder / MODEL.with_suffix(".cfg").name
        self.raft = folder / RAFT.name

    def write(self, cluster: Cluster, symmetry: tuple[Renamed, ...]) -> None:
        """Write them, the configuration with the numbers of a cluster."""
        for each in (*RAFT.parent.glob("*.tla"), MODEL.with_suffix(".cfg")):
            shutil.copy(self._own(each.name), self._folder)
        for each in self._raft.glob("*.tla") if self._raft is not None else ():
            shutil.copy(each, self._folder)
        text = config_text(cluster, symmetry, self.config.read_text(encoding="utf-8"))
        self.config.write_text(text, encoding="utf-8")

    def told(self, error: SpecError) -> str:
        """Return what is wrong, at the place where the user has the file."""
        file = Path(error.position.file)
        there = str(self._own(file.name)) if file.parent == self._folder else str(file)
        return str(error).replace(error.position.file, there, 1)

    def _own(self, name: str) -> Path:
        if self._raft is not None and (self._raft / name).is_file():
            return self._raft / name
        return RAFT.parent / name


def config_text(cluster: Cluster, symmetry: tuple[Renamed, ...], text: str | None = None) -> str:
    """Return a configuration of MCRaft.tla with the cluster's numbers in it.

    It is made of `text` (None: the one that ships).
    """
    bounds = cluster.system.bounds.as_dict()
    numbers = {name: str(bounds[bound]) for name, bound in MODEL_BOUNDS.items()}
    numbers["Server"] = f"{{{', '.join(cluster.system.servers)}}}"
    numbers["Value"] = f"{{{', '.join(cluster.values)}}}"
    text = text or MODEL.with_suffix(".cfg").read_text(encoding="utf-8")
    for name, number in numbers.items():
        text = re.sub(rf"^( *{name} = ).*$", rf"\g<1>{number}", text, flags=re.MULTILINE)
    line = f"SYMMETRY {MODEL_SYMMETRIES[symmetry]}" if symmetry else ""
    return re.sub(r"^SYMMETRY.*$", line, text, flags=re.MULTILINE)
