"""Loading: a module with those that it extends and has instances of, from files."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from raft_ref.spec.names.instances import instantiate
from raft_ref.spec.names.scope import Meaning, Names, Resolution, resolve
from raft_ref.spec.names.subexpressions import subexpression
from raft_ref.spec.names.suggestions import close_to, unknown
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
    """A file: the names that it sees and gives away; it and what it extends, the latter first.

    `nested` are the modules within these.
    """

    names: Names
    exported: Names
    sources: list[tree.ModuleSource]
    nested: Mapping[str, Loaded] = field(default_factory=dict)


class Loader:
    """Loads each file once.

    Arguments: the folders where modules are looked for, in that order, and where those are that are
    shipped with raft-ref, where meanings are noted, and the texts of files that are not saved.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        library: Path,
        resolution: Resolution | None = None,
        unsaved: Mapping[Path, str] = MappingProxyType({}),
    ) -> None:
        self._folders = folders
        self._unsaved = unsaved
        self._library = library
        self._nested: dict[str, Loaded] = {}
        self.resolution = resolution or Resolution()
        self._loaded: dict[str, Loaded | None] = {}  # None while it is being loaded

    def load(self, path: Path) -> Loaded:
        """Load a file and what it uses."""
        try:
            is_saved = path not in self._unsaved
            text = path.read_text(encoding="utf-8") if is_saved else self._unsaved[path]
        except UnicodeDecodeError:
            raise SpecError(Position(str(path), 1, 1), "the file is not UTF-8 text") from None
        source = parse_module(text, str(path))
        if source.name in self._loaded:
            raise SpecError(source.at, f"there is a module {source.name} already")
        self._loaded[source.name] = None
        outer, self._nested = self._nested, {}
        try:
            loaded = self._resolved(source, None)
        finally:
            self._nested = outer
        self._loaded[source.name] = loaded
        return loaded

    def _resolved(self, source: tree.ModuleSource, around: Names | None) -> Loaded:
        imported: dict[str, Meaning] = {}
        sources: list[tree.ModuleSource] = []
        for each in source.extends:
            extended = self._module(each.name, each.at)
            _merge(imported, extended.exported, each.at, self.resolution.overridable)
            self._nested |= extended.nested
            sources += [each for each in extended.sources if each not in sources]
        names, exported = resolve(source, imported, self.resolution, self, around)
        if Path(source.at.file).parent == self._library:
            self.resolution.overridable.update(
                each for name, each in imported.items() if LANGUAGE.get(name) is not each
            )
        return Loaded(names, exported, [*sources, source], {**self._nested})

    def _module(self, name: str, at: Position) -> Loaded:
        if name in self._nested:
            return self._nested[name]
        if name in self._loaded:
            loaded = self._loaded[name]
            if loaded is None:
                raise SpecError(at, f"module {name} extends itself")
            return loaded
        beside = next((each for each in self._beside(name) if each.is_file()), None)
        shipped = self._library / f"{name}.tla"
        if beside is not None:
            return self.load(beside)
        if name in STANDARD_MODULES:
            return Loaded({}, STANDARD_MODULES[name], [])
        if shipped.is_file():
            return self.load(shipped)
        if name in OF_RAFT or self._folders[0] == self._library.parent / FEATURES:
            return self.load(self._library.parent / f"{name}.tla")
        reason = f"there is no module {name}: no file {self._folders[0] / name}.tla"
        raise SpecError(at, reason + close_to(name, self._known_modules()))

    def _beside(self, name: str) -> list[Path]:
        return [folder / f"{name}.tla" for folder in self._folders]

    def _known_modules(self) -> set[str]:
        files = [
            path for folder in (*self._folders, self._library) for path in folder.glob("*.tla")
        ]
        return {*STANDARD_MODULES, *(path.stem for path in files)}

    # What `resolve` asks for

    def within(self, nested: tree.ModuleSource, names: Names) -> None:
        """Resolve a module within another, which sees the names known before it."""
        outer = {**self._nested}
        loaded = self._resolved(nested, names)
        self._nested = {**outer, nested.name: loaded}

    def part(self, name: str, names: Names) -> Meaning | None:
        """Return the part of a definition that a name with `!` means, as an operator."""
        return subexpression(name, names, self.resolution)

    def unknown(self, node: tree.Call, names: Names) -> str:
        """Return what to say of a name that means nothing."""
        return unknown(node, names, self._library)

    def instantiate(self, instance: tree.Instance, names: Names) -> Names:
        """Return the names that an INSTANCE brings."""
        exported = self._module(instance.module, instance.at).exported
        own = {name: each for name, each in exported.items() if LANGUAGE.get(name) is not each}
        return instantiate(instance, own, names, self.resolution, self)


def _merge(
    imported: dict[str, Meaning], names: Names, at: Position, overridable: Container[Meaning]
) -> None:
    """Add the names of a module that is extended."""
    for name, meaning in names.items():
        earlier = imported.setdefault(name, meaning)
        if earlier in overridable:
            imported[name] = meaning
        elif (
            earlier is not meaning and isinstance(meaning, tree.Node) and meaning not in overridable
        ):
            where = f" and at {earlier.at}" if isinstance(earlier, tree.Node) else ""
            raise SpecError(at, f"{name} is defined at {meaning.at}{where}")
