"""What a name that means nothing may have been meant for: one like it, or of another module."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from raft_ref.spec.names.scope import Names
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.values.standard import STANDARD_MODULES

_DEFINED: Final = re.compile(r"^(\w+)(?:\([^=]*\))? *==", re.MULTILINE)


def unknown(node: tree.Call, names: Names, library: Path) -> str:
    """Return what to say of a name that means nothing, and of what it may have been meant for.

    Arguments: where the name stands, the names known there, the folder of the shipped modules.
    """
    kind = "operator" if node.arguments else "name"
    reason = f"unknown {kind} {node.name}"
    instance = node.name.rpartition("!")[0]
    if instance and instance not in names:
        if not any(name.startswith(f"{instance}!") for name in names):
            return f"{reason}: no INSTANCE is named {instance}{close_to(instance, names)}"
        inner = [name for name in names if name.startswith(f"{instance}!")]
        return reason + close_to(node.name, inner)
    if instance:
        return f"{reason}: {instance} has no such part"
    return reason + (in_modules(node.name, library) or close_to(node.name, names))


def in_modules(name: str, library: Path) -> str:
    """Return a hint at the modules that define a name, if any does: those that are best known."""
    found = [module for module, defined in STANDARD_MODULES.items() if name in defined]
    if not found:
        found = [
            path.stem
            for path in sorted(library.glob("*.tla"))
            if name in _DEFINED.findall(path.read_text(encoding="utf-8"))
        ]
    return f": it is in {found[0]}, which EXTENDS does not name" if found else ""


def close_to(name: str, known: Iterable[str]) -> str:
    """Return a hint at a known name like another, if there is one."""
    words = [each for each in known if each.replace("!", "").isidentifier()]
    found = get_close_matches(name, words, n=1, cutoff=0.75)
    if not found:
        lower = {each.lower(): each for each in words}
        found = [lower[name.lower()]] if name.lower() in lower else []
    return f"; did you mean {found[0]}?" if found else ""
