"""A `rename` for nodes whose author wrote none: what is made of dataclasses shows where names are.

It may be wrong, of a tuple in the order of the servers for instance. That is noticed: each step
that a search computes is compared with the renamed one, and then nothing is renamed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from raft_ref import Node, ServerId, State


class DerivedRename:
    """Renames servers and values wherever their names stand in a value.

    Arguments: the names of the servers and of the values.
    """

    def __init__(self, servers: Sequence[ServerId], values: Sequence[str]) -> None:
        self._node = Node(servers, values)

    def __call__(self, value: Any, renaming: Mapping[str, str]) -> Any:
        """Return a state, message or action with its names renamed."""
        if isinstance(value, str):
            return renaming.get(value, value)
        if isinstance(value, State):
            return self._node.rename(value, renaming)
        if is_dataclass(value) and not isinstance(value, type):
            parts = {
                f.name: self(getattr(value, f.name), renaming) for f in fields(value) if f.init
            }
            return replace(value, **parts)
        if isinstance(value, tuple) and hasattr(value, "_replace"):
            return type(value)(*(self(part, renaming) for part in value))
        if isinstance(value, tuple | frozenset):
            return type(value)(self(part, renaming) for part in value)
        return value
