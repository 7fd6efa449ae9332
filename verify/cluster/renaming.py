"""Renaming the servers of a node whose states stand for Raft's.

`DerivedRename` is for nodes whose author wrote no `rename`: what is made of dataclasses shows where
names are. It may be wrong. That is noticed: each step that a search computes is compared with the
renamed one, and here is seen that the renamed state stands for the renamed state of Raft.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from itertools import pairwise
from typing import Any

from raft_ref import Node, ServerId, State
from raft_ref.explorer import TellsApartError


class DerivedRename:
    """Renames servers and values wherever their names stand in a value.

    Arguments: the names of the servers and of the values; the state in which a server begins;
    whether a tuple that names servers and is in ascending order stays so, as it must where it
    stands for a set. A field that begins as a tuple of one thing for each server is taken to be in
    the order of the servers.
    """

    def __init__(
        self, servers: Sequence[ServerId], values: Sequence[str], begin: Any, keeps_order: bool
    ) -> None:
        self.servers = tuple(servers)
        self.node = Node(servers, values)
        self.of_each_server = set(_fields_of_length(begin, len(servers)))
        self.keeps_order = keeps_order
        self._renamings: dict[tuple[str, ...], _OneRenaming] = {}

    def __call__(self, value: Any, renaming: Mapping[str, str]) -> Any:
        """Return a state, message or action with its names renamed.

        Raises `TellsApartError` for a tuple of which it cannot be said whether it is in order, and
        for what cannot be made again with other names.
        """
        key = tuple(renaming.values())
        if key not in self._renamings:
            self._renamings[key] = _OneRenaming(self, renaming)
        try:
            return self._renamings[key].renamed(value)
        except (TypeError, ValueError, AttributeError, LookupError) as error:
            # A class that is not made again from its fields, for instance.
            kind = type(value).__name__
            raise TellsApartError(f"the servers in a {kind} cannot be renamed: {error}") from error


class _OneRenaming:
    def __init__(self, how: DerivedRename, renaming: Mapping[str, str]) -> None:
        self._how = how
        self._renaming = renaming
        self._fields: dict[type, tuple[str, ...] | None] = {}
        # What a state is made of, a log for instance, is met in many states.
        self._known: dict[Any, Any] = {}

    def renamed(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._renaming.get(value, value)
        names = self._names_of_fields(type(value))
        if names is None and not isinstance(value, tuple | frozenset):
            return value
        # By its class too: named tuples of equal contents are equal.
        key = type(value), value
        renamed = self._known.get(key)
        if renamed is None:
            renamed = self._known[key] = self._computed(value, names)
        return renamed

    def _computed(self, value: Any, names: tuple[str, ...] | None) -> Any:
        if isinstance(value, State):
            return self._how.node.rename(value, self._renaming)
        if names is not None:
            return replace(value, **{name: self._field(value, name) for name in names})
        renamed = tuple(self.renamed(part) for part in value)
        if hasattr(value, "_replace"):
            return type(value)(*renamed)
        return type(value)(renamed) if isinstance(value, frozenset) else self._order(value, renamed)

    def _field(self, value: Any, name: str) -> Any:
        renamed = self.renamed(getattr(value, name))
        servers = self._how.servers
        if (type(value), name) not in self._how.of_each_server or len(renamed) != len(servers):
            return renamed
        old = {self._renaming[server]: position for position, server in enumerate(servers)}
        return tuple(renamed[old[server]] for server in servers)

    def _names_of_fields(self, kind: type) -> tuple[str, ...] | None:
        if kind not in self._fields:
            self._fields[kind] = (
                tuple(f.name for f in fields(kind) if f.init) if is_dataclass(kind) else None
            )
        return self._fields[kind]

    def _order(self, value: tuple[Any, ...], renamed: tuple[Any, ...]) -> tuple[Any, ...]:
        if not self._how.keeps_order or len(value) < 2 or not self._names_server(value):
            return renamed
        if _ascends(value):
            renamed = tuple(sorted(renamed, key=_key))
        if _ascends(value) != _ascends(renamed):
            # Back again it would not be what it was.
            raise TellsApartError(f"the order of {value!r} may tell servers apart, or may not")
        return renamed

    def _names_server(self, value: Any) -> bool:
        if isinstance(value, str):
            return value in self._how.servers
        names = self._names_of_fields(type(value))
        if names is not None:
            return any(self._names_server(getattr(value, name)) for name in names)
        return isinstance(value, tuple | frozenset) and any(map(self._names_server, value))


class ExaminedRename:
    """A node's own `rename`, or a derived one, of which is seen that Raft is renamed with it.

    Arguments: it; what maps a state to Raft's; a state of the node, by which states are known from
    messages and actions; the names of the servers and of the values; what the node is called.
    """

    def __init__(
        self,
        rename: Callable[[Any, Mapping[str, str]], Any],
        project: Callable[[Any], State],
        example: Any,
        servers: Sequence[ServerId],
        values: Sequence[str],
        owner: str,
    ) -> None:
        self._rename = rename
        self._project = project
        self._state_type = type(example)
        self._node = Node(servers, values)
        self._owner = owner

    def __call__(self, value: Any, renaming: Mapping[str, str]) -> Any:
        """Return a state, message or action with its names renamed; raises `TellsApartError`."""
        renamed = self._rename(value, renaming)
        if type(value) is self._state_type and type(renamed) is self._state_type:
            expected = self._node.rename(self._project(value), renaming)
            found = self._project(renamed)
            if found != expected:
                raise TellsApartError(
                    f"{self._owner}.as_raft tells servers apart, or its `rename` is wrong: of "
                    f"{renamed!r} it answers {found!r}, expected {expected!r}"
                )
        return renamed


def _ascends(values: tuple[Any, ...]) -> bool:
    try:
        return all(_key(before) < _key(after) for before, after in pairwise(values))
    except TypeError:
        return False


def _key(value: Any) -> Any:
    """Return that by which a value is put in order: a dataclass by its fields, as they stand.

    None is before all, as no vote is.
    """
    if is_dataclass(value):
        return tuple(_key(getattr(value, f.name)) for f in fields(value))
    if isinstance(value, frozenset):
        return tuple(sorted(map(_key, value)))
    if value is None:
        return ()
    return tuple(map(_key, value)) if isinstance(value, tuple) else (value,)


def _fields_of_length(value: Any, length: int) -> Iterator[tuple[type, str]]:
    """Yield class and name of each field that is a tuple of a length."""
    if is_dataclass(value) and not isinstance(value, State):
        for f in fields(value):
            part = getattr(value, f.name)
            if type(part) is tuple and len(part) == length:
                yield type(value), f.name
            yield from _fields_of_length(part, length)
