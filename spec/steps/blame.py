"""Which operator is at fault where a state is not completely specified.

An action is often a wrapper around the action of another module, and that one hands on to the
handler of a message. To be told at the wrapper helps nobody. Of the file that gives most variables
a value on a path, it is the innermost operator within which that file gives them all: whoever
forgot a variable there could have given it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import Position, SpecError


class Origin(NamedTuple):
    """What gives a variable its value: in which file, within which operators, the outer first."""

    file: str
    inside: tuple[tree.Definition, ...]


def incomplete(
    at: Position, reason: str, origins: Mapping[str, Origin], given: Iterable[str]
) -> None:
    """Raise `SpecError` at the operator that is at fault, or else at the action.

    Arguments: the place of the action; what is wrong; what gave variables their values; which
    variables have one on this path.
    """
    blamed = innermost([origins[name] for name in given if name in origins])
    if blamed is None or blamed.body.at == at:
        raise SpecError(at, reason)
    raise SpecError(blamed.at, f"{reason}, in {blamed.name}")


def innermost(origins: Iterable[Origin]) -> tree.Definition | None:
    """Return the innermost operator within which the file that gives most values gives them all."""
    known = [*origins]
    if not known:
        return None
    [(file, _)] = Counter(each.file for each in known).most_common(1)
    chains = [each.inside for each in known if each.file == file]
    common = [each for each in chains[0] if all(each in chain for chain in chains)]
    return common[-1] if common else None
