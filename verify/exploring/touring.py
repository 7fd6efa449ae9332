"""Guided tours: ways through a cluster with a sentence for each step, as files beside this one.

A file says of which cluster the tour is, in the words of a link, and of each step its name and what
there is to be seen ("": what happens says it all).
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from raft_ref.spec.requests import RequestError, probably

_FOLDER = "tours"


def tours(name: str = "") -> dict[str, Any]:
    """Return a tour, or the titles of all by their names. Raises `RequestError` for none."""
    folder = resources.files(__package__) / _FOLDER
    known = {
        each.name.removesuffix(".json"): each
        for each in sorted(folder.iterdir(), key=lambda each: each.name)
        if each.name.endswith(".json")
    }
    if name:
        if name not in known:
            raise RequestError(f"tour {name}: no such tour; {probably(name, known)}")
        found: dict[str, Any] = json.loads(known[name].read_text(encoding="utf-8"))
        return found
    told = {each: json.loads(path.read_text(encoding="utf-8")) for each, path in known.items()}
    ordered = sorted(told, key=lambda each: (told[each].get("order", 100), each))
    return {
        "tours": [
            {
                "name": each,
                "title": told[each]["title"],
                "group": told[each]["group"],
                "steps": len(told[each]["steps"]),
                "cluster": told[each]["cluster"],
            }
            for each in ordered
        ]
    }
