"""In which order definitions are looked at: those that are called first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from raft_ref.spec.syntax import expressions as tree


def called_by(
    definition: tree.Definition, meanings: Mapping[tree.Call, Any]
) -> list[tree.Definition]:
    """Return the definitions that the body of one refers to."""
    found: dict[tree.Definition, None] = {}
    waiting: list[tree.Node] = [definition.body]
    while waiting:
        node = waiting.pop()
        meaning = meanings.get(node) if isinstance(node, tree.Call) else None
        if isinstance(meaning, tree.Definition):
            found[meaning] = None
        waiting.extend(tree.children(node))
    return [*found]


def called_first(
    called: Mapping[tree.Definition, Iterable[tree.Definition]],
) -> list[tree.Definition]:
    """Return the definitions, each after those that it calls, but for those that call it too."""
    done: dict[tree.Definition, None] = {}
    begun: set[tree.Definition] = set()
    for first in called:
        waiting = [first]
        while waiting:
            each = waiting[-1]
            if each not in begun:
                begun.add(each)
                waiting.extend(o for o in called[each] if o in called and o not in begun)
            else:
                done[waiting.pop()] = None
    return [*done]
