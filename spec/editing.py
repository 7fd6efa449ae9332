"""What an editor asks of a module while it is written: what is wrong, and what a name means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from raft_ref.spec.files import LIBRARY
from raft_ref.spec.names.loading import Loader
from raft_ref.spec.names.scope import Meaning, Resolution
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import Position, SpecError
from raft_ref.spec.values.builtin import Builtin

_KINDS: Final = {
    tree.Variable: "VARIABLE",
    tree.Constant: "CONSTANT",
    tree.Parameter: "a parameter:",
    tree.Bound: "bound here:",
}


class Use(NamedTuple):
    """A name where it stands, and what it means there."""

    at: Position
    name: str
    meaning: Meaning


class Draft:
    """A module as it stands in an editor, with those that it uses.

    Arguments: its file; the texts of files that are not saved, by their paths; more folders in
    which modules are looked for.
    """

    def __init__(
        self, path: Path, unsaved: Mapping[Path, str], library: Iterable[Path] = ()
    ) -> None:
        self.path = path
        self.errors: list[SpecError] = []
        """What is wrong, in this file or in one that it uses."""
        self._resolution = Resolution()
        try:
            Loader([path.parent, *library], LIBRARY, self._resolution, unsaved).load(path)
        except SpecError as error:
            self.errors = [error, *error.others]
        except OSError as error:
            self.errors = [SpecError(Position(str(path), 1, 1), error.strerror or str(error))]

    @property
    def definitions(self) -> Iterator[tree.Definition]:
        """The operators that the file defines, as far as it could be read."""
        here = str(self.path)
        for each in self._resolution.definitions:
            if each.at.file == here and each in self._resolution.of_modules and each.name:
                yield each

    def use_at(self, line: int, column: int) -> Use | None:
        """Return the name at a place of the file, if one stands there whose meaning is known.

        Lines and columns count from 1.
        """
        here = str(self.path)
        for call, meaning in self._resolution.meanings.items():
            if (call.at.file, call.at.line) == (here, line) and _covers(call, column):
                return Use(call.at, call.name, meaning)
        for each in self.definitions:
            if each.at.line == line and each.at.column <= column <= each.at.column + len(each.name):
                return Use(each.at, each.name, each)
        return None

    def told(self, use: Use) -> str:
        """Return what is to be said of a name: its definition, or what it is, and of which set."""
        meaning = use.meaning
        if isinstance(meaning, Builtin):
            return f"{use.name}, of a standard module or of TLA+ itself"
        if isinstance(meaning, tree.Definition):
            names = ", ".join(each.name for each in meaning.parameters)
            head = f"{meaning.name}({names})" if names else meaning.name
            return f"{head} ==\n  {meaning.text}"
        said = f"{_KINDS[type(meaning)]} {use.name}"
        return "\n".join([said, *self._sets_of(meaning)])

    def _sets_of(self, meaning: Meaning) -> Iterator[str]:
        r"""Yield what says `x \in S`, or `x[i] \in S`, of a variable or constant, and where."""
        if not isinstance(meaning, tree.Variable | tree.Constant):
            return
        for definition in self._resolution.definitions:
            for part in _conjuncts(definition.body):
                if self._is_membership(part, meaning):
                    said = _line(definition, part)
                    yield f"{definition.name or 'ASSUME'}: {said}"

    def _is_membership(self, node: tree.Expression, meaning: Meaning) -> bool:
        if not isinstance(node, tree.Call) or node.name != "\\in":
            return False
        element = node.arguments[0]
        while isinstance(element, tree.Application):
            element = element.function
        return isinstance(element, tree.Call) and self._resolution.meanings.get(element) is meaning


def _line(definition: tree.Definition, part: tree.Expression) -> str:
    """Return the line of a definition in which a conjunct stands."""
    line = definition.text.splitlines()[part.at.line - definition.body.at.line]
    return line.strip().removeprefix("/\\").strip()


def _covers(call: tree.Call, column: int) -> bool:
    is_name = call.name.replace("!", "").replace("_", "").isalnum()
    return is_name and call.at.column <= column <= call.at.column + len(call.name)


def _conjuncts(node: tree.Expression) -> Iterator[tree.Expression]:
    if isinstance(node, tree.Call) and node.name == "/\\":
        for each in node.arguments:
            yield from _conjuncts(each)
    elif isinstance(node, tree.Quantified) and node.is_universal:
        yield from _conjuncts(node.body)
    else:
        yield node
