"""Loading: a module with those that it extends and has instances of, from files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from raft_ref.spec.names.instances import instantiate
from raft_ref.spec.names.scope import Meaning, Names, Resolution, resolve
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import Position, SpecError
from raft_ref.spec.syntax.parser import parse_module
from raft_ref.spec.values.standard import LANGUAGE, STANDARD_MODULES

OF_RAFT = ("RaftInvariants", "RaftProgress", "RaftLiveness")
"""Our modules that others may extend without a copy of them beside."""

FEATURES = "features"
"""The folder of those that may extend Raft itself, which stands above it."""


@dataclass(frozen=True)
class Loaded:
    """A file: the names that it sees and gives away; it and what it extends, the latter first."""

    names: Names
    exported: Names
    sources: list[tree.ModuleSource]


class Loader:
    """Loads each file once.

    Arguments: where modules are looked for, and where those are that are shipped with raft-ref.
    """

    def __init__(self, folder: Path, library: Path) -> None:
        self._folder = folder
        self._library = library
        self.resolution = Resolution()
        self._loaded: dict[str, Loaded | None] = {}  # None while it is being loaded

    def load(self, path: Path) -> Loaded:
        """Load a file and what it uses."""
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise SpecError(Position(str(path), 1, 1), "the file is not UTF-8 text") from None
        source = parse_module(text, str(path))
        self._loaded[source.name] = None
        imported: dict[str, Meaning] = {}
        sources: list[tree.ModuleSource] = []
        for each in source.extends:
            extended = self._module(each.name, each.at)
            _merge(imported, extended.exported, each.at)
            sources += [each for each in extended.sources if each not in sources]
        names, exported = resolve(source, imported, self.resolution, self._instantiate)
        loaded = Loaded(names, exported, [*sources, source])
        self._loaded[source.name] = loaded
        return loaded

    def _module(self, name: str, at: Position) -> Loaded:
        if name in self._loaded:
            loaded = self._loaded[name]
            if loaded is None:
                raise SpecError(at, f"module {name} extends itself")
            return loaded
        beside, shipped = (folder / f"{name}.tla" for folder in (self._folder, self._library))
        if beside.is_file():
            return self.load(beside)
        if name in STANDARD_MODULES:
            return Loaded({}, STANDARD_MODULES[name], [])
        if shipped.is_file():
            return self.load(shipped)
        if name in OF_RAFT or self._folder == self._library.parent / FEATURES:
            return self.load(self._library.parent / f"{name}.tla")
        raise SpecError(at, f"there is no module {name}: no file {beside}")

    def _instantiate(self, instance: tree.Instance, names: Names) -> Names:
        exported = self._module(instance.module, instance.at).exported
        own = {name: each for name, each in exported.items() if LANGUAGE.get(name) is not each}
        return instantiate(instance, own, names, self.resolution)


def _merge(imported: dict[str, Meaning], names: Names, at: Position) -> None:
    """Add the names of a module that is extended."""
    for name, meaning in names.items():
        earlier = imported.setdefault(name, meaning)
        if earlier is not meaning and isinstance(meaning, tree.Node):
            where = f" and at {earlier.at}" if isinstance(earlier, tree.Node) else ""
            raise SpecError(at, f"{name} is defined at {meaning.at}{where}")
