"""What differs between what was logged and what the spec has, by name, and by how much."""

from __future__ import annotations

from typing import Any

from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.story.words import plain
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.moves.world import World
from raft_ref.traces.validation.refusals.candidate import Difference, Unchanged
from raft_ref.traces.validation.rules.matching import figure, message_to_json, unmatched
from raft_ref.traces.validation.search import Search

_NOTHING = "nothing of the kind"


def measure(differences: tuple[Difference, ...]) -> tuple[int, int]:
    """Return how many things differ, and by how much in all."""
    return len(differences), sum(_gap(logged, has) for _, logged, has in differences)


def _gap(logged: Any, has: Any) -> int:
    if isinstance(logged, int) and isinstance(has, int):
        return abs(logged - has)
    if isinstance(logged, list) and isinstance(has, list):
        pairs = zip(logged, has, strict=False)
        return 2 * abs(len(logged) - len(has)) + sum(bool(one != other) for one, other in pairs)
    if isinstance(logged, dict) and isinstance(has, dict):
        return sum(_gap(value, has.get(name)) for name, value in logged.items())
    return int(plain(logged) != plain(has))


def shown(
    search: Search, world: World, place: int, names: list[str], logged: JsonObject
) -> tuple[Difference, ...]:
    """Return what was logged of these variables beside what a reading has, in the same form."""
    state = world.state(place)
    has = search.matching.variables(state)
    if isinstance(logged.get("log"), dict):
        # In the form in which it was logged.
        has["log"] = {each: figure(state.log, state.compacted, each) for each in logged["log"]}
    if "configuration" in logged:
        has["configuration"] = search.matching.configuration(state)
        # What is left out differs in nothing.
        logged = {**logged, "configuration": {**has["configuration"], **logged["configuration"]}}
    for name in names:
        if isinstance(logged[name], dict) and isinstance(has[name], list):
            numbers = dict(zip(search.moves.names, has[name], strict=True))
            has[name] = {each: numbers[each] for each in logged[name]}
        elif name == "snapshot":
            has[name] = {each: has[name][each] for each in logged[name] if each in has[name]}
    return tuple((name, logged[name], has[name]) for name in names)


def unlogged(
    search: Search, before: World, after: World, place: int, event: Event
) -> tuple[Difference, ...]:
    """Return what an action changes, and a line that tells of all changes does not."""
    old, new = before.state(place), after.state(place)
    names = search.matching.unlogged(old, new, event.after)
    was, has = search.matching.variables(old), search.matching.variables(new)
    return tuple((name, Unchanged(f"unchanged ({plain(was[name])})"), has[name]) for name in names)


def sends(result: World, event: Event) -> tuple[Difference, ...]:
    """Return how what was sent differs from what an action sends."""
    if event.sends is None or result.path is None:
        return ()
    made, missing = unmatched(result.path.sends, event.sends)
    differences: list[Difference] = []
    for logged in missing:
        near = next((m for m in made if message_to_json(m)["dest"] == logged["dest"]), None)
        if near is None:
            differences.append(("sends", dict(logged), _NOTHING))
        else:
            made.remove(near)
            differences += fields(logged, message_to_json(near), "sends ")
    differences += [("sends", _NOTHING, message_to_json(each)) for each in made]
    return tuple(differences)


def fields(logged: JsonObject, has: JsonObject, prefix: str) -> list[Difference]:
    """Return in which fields a message differs from what was logged."""
    return [
        (f"{prefix}{name}", value, has.get(name))
        for name, value in logged.items()
        if not _is_same(value, has.get(name))
    ]


def _is_same(logged: Any, has: Any) -> bool:
    if isinstance(logged, int) and isinstance(has, list):  # only how many entries there are
        return logged == len(has)
    if isinstance(logged, dict) and isinstance(has, dict):
        return all(has.get(name) == value for name, value in logged.items())
    return bool(logged == has)
