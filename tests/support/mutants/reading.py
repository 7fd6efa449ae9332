"""Whether a mutant of a module of TLA+ is read as the same formulas as what it was made of.

It is where the first bullet of a list is another: that is a list of one item then, and the bullets
below it are operators between what stands beside them, which say the same.
"""

from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.spec.syntax.parser import parse_module

_ASSOCIATIVE = ("/\\", "\\/")
_NO_MEANING = ("at", "text")


_known: dict[str, Any] = {}
_first: dict[str, Any] = {}
"""The first text of each module that was read."""


def parsed(text: str, name: str) -> Any:
    """Return the syntax tree of a text, the one that there is already wherever it was read from.

    Where that is the text of a module of which another was read, the two have in common what is
    the same.
    Raises as `parse_module`.
    """
    if text not in _known:
        source = parse_module(text, name)
        first = _first.setdefault(source.name, source)
        _known[text] = _with_units_of(source, first)
    return _known[text]


def _with_units_of(source: Any, first: Any) -> Any:
    """Return a module with the units of another wherever those are the same."""
    if len(source.units) != len(first.units):
        return source
    pairs = zip(source.units, first.units, strict=True)
    return replace(source, units=tuple(old if _is_same(new, old) else new for new, old in pairs))


def _is_same(unit: Any, other: Any) -> bool:
    if type(unit) is not type(other) or unit.at[1:] != other.at[1:]:
        return False
    if isinstance(unit, tree.Definition):
        return bool(unit.text) and unit.text == other.text
    return bool(_shape(unit) == _shape(other))


def is_read_alike(one: str, other: str) -> bool:
    """Tell whether two texts of a module have the same syntax tree; places do not count."""
    try:
        return bool(_shape_of(one) == _shape_of(other))
    except SpecError:
        return False


@cache
def _shape_of(text: str) -> Any:
    return _shape(parsed(text, "Mutant.tla"))


def _shape(part: Any) -> Any:
    if isinstance(part, tree.Call) and part.name in _ASSOCIATIVE:
        return part.name, tuple(_operands(part, part.name))
    if is_dataclass(part):
        named = (f.name for f in fields(part) if f.name not in _NO_MEANING)
        return type(part).__name__, tuple(_shape(getattr(part, name)) for name in named)
    if isinstance(part, dict):
        return tuple((key, _shape(value)) for key, value in part.items())
    if isinstance(part, list | tuple):
        return tuple(map(_shape, part))
    return part


def _operands(part: Any, name: str) -> list[Any]:
    if isinstance(part, tree.Call) and part.name == name:
        return [each for argument in part.arguments for each in _operands(argument, name)]
    return [_shape(part)]
