"""What might explain a line that is refused, nearest first, and what stands against each of it.

The rules: each action stands there once, as its nearest attempt; what the line itself tells of
comes before what a server may do in silence; of the latter what fails its condition is told only
where it would write what differs, and what leaves that as it was is not told at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from raft_ref.spec.values.value import ModelValue, domain_in
from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.story.words import plain
from raft_ref.traces.validation.lines.events import STAY, Event
from raft_ref.traces.validation.moves import Attempt
from raft_ref.traces.validation.rules.matching import figure, message_to_json, unmatched
from raft_ref.traces.validation.search import WRITES, Search
from raft_ref.traces.validation.world import World

BEFORE = "before the step"
"""What a candidate is called where the server is not as it was logged before its step."""

NOTHING = "nothing happens"
"""What a candidate is called by which a line tells of the state alone."""

NO_STEP = "no reading has such a step"
"""The condition of a candidate where nothing can be tried at all."""

_ENDS = ("type", "source", "dest")
_LOOKED_AT = 256
"""How many messages that could be sent are compared with the one that was logged."""
_NOTHING = "nothing of the kind"


class Unchanged(str):
    """What stands for what was logged of a variable that changes without that."""

    __slots__ = ()


Difference = tuple[str, Any, Any]
"""The name of a variable or a field, what was logged, and what the spec has."""


@dataclass(frozen=True)
class Candidate:
    """An action that might explain a line, and what stands against it.

    `condition` is the conjunct of the action that does not hold; or else `differences` are what was
    logged and what the spec has, by name. It `breaks` properties where it explains the line, and
    they do not hold then. `same` is what was logged besides, and is so. `world` is
    the reading in which it was tried, `result` what that becomes with it.
    """

    action: str
    condition: str = ""
    differences: tuple[Difference, ...] = ()
    same: tuple[tuple[str, Any], ...] = ()
    breaks: tuple[str, ...] = ()
    world: World | None = field(default=None, compare=False, repr=False)
    result: World | None = field(default=None, compare=False, repr=False)
    distance: tuple[int, ...] = field(default=(), compare=False, repr=False)


def candidates(search: Search, worlds: Iterable[World], event: Event) -> list[Candidate]:
    """Return what might explain a line after these readings, nearest first."""
    nearest: dict[str, Candidate] = {}
    for world in worlds:
        for each in _of_world(search, world, event):
            known = nearest.get(each.action)
            if known is None or each.distance < known.distance:
                nearest[each.action] = each
    found = sorted(nearest.values(), key=lambda each: each.distance)
    if not found or (found[0].condition and found[0].distance[0] == _SILENT):
        # Not even tried is what the line itself tells of.
        found.insert(0, Candidate(event.name, NO_STEP, distance=(_TOLD, 0, 0)))
    first = found[0]
    differing = {name for name, _, _ in first.differences}
    return [first, *(each for each in found[1:] if _tells(each, first, differing))]


def _tells(candidate: Candidate, first: Candidate, differing: set[str]) -> bool:
    """Say whether it is more than what a server can, or cannot, do in silence without any use."""
    if candidate.distance[0] == _TOLD:
        return True
    if not candidate.condition:
        # What leaves all that differs as it was explains nothing.
        return not first.differences or not {*map(repr, first.differences)} <= {
            *map(repr, candidate.differences)
        }
    written = WRITES.get(candidate.action.partition("(")[0], "")
    return bool(written) and written in differing


_TOLD, _WRITES, _SILENT = 0, 1, 2


def _of_world(search: Search, world: World, event: Event) -> Iterator[Candidate]:
    place = search.moves.places[event.server]
    world = search.begun(world, place, event)
    state = world.states[place]
    if state is not None and event.before:
        wrong = search.matching.differing(state, event.before)
        if wrong:
            differences = _shown(search, world, place, wrong, event.before)
            yield Candidate(
                BEFORE, "", differences, world=world, distance=(_TOLD, 0, *_measure(differences))
            )
    if state is not None and STAY in (event.moves or (STAY,)) and event.message is None:
        yield from _of_state(search, world, place, event)
    if event.message is not None and not any(
        True for _ in search.moves.messages(world, event.message)
    ):
        is_sent = event.message["source"] == event.server
        yield (_no_such_send if is_sent else _no_such_message)(search, world, event)
    failing: set[str] = set()
    for attempt in search.attempts(world, event):
        name = f"{attempt.action}({', '.join(map(_argument, attempt.arguments))})"
        if attempt.results:
            yield from _of_results(search, attempt, event, name)
        elif name not in failing:
            failing.add(name)
            condition = search.moves.failing_condition(attempt) or "it is not enabled"
            distance = (*_kind(event, attempt), 99)
            yield Candidate(name, condition, world=attempt.world, distance=distance)


def _of_state(search: Search, world: World, place: int, event: Event) -> Iterator[Candidate]:
    """Yield that nothing happens, where a line may tell of the state alone."""
    wrong = search.matching.differing(world.state(place), event.after)
    differences = _shown(search, world, place, wrong, event.after)
    if differences:
        same = tuple((n, value) for n, value in event.after.items() if n not in wrong)
        distance = (_TOLD, 0, *_measure(differences))
        yield Candidate(NOTHING, "", differences, same, world=world, distance=distance)


def _kind(event: Event, attempt: Attempt) -> tuple[int, int]:
    """Return how near an action is to what the line tells of, whatever it leads to."""
    if event.message is not None and _is_of(attempt, event.message):
        return _TOLD, int(attempt.action != "Handle")
    if attempt.action in _ACTIONS_OF.get(event.name, (event.name,)):
        return _TOLD, 0
    writes = WRITES.get(attempt.action, "")
    return (_WRITES, 0) if writes and writes in event.after else (_SILENT, 0)


_ACTIONS_OF = {
    "Restart": ("RestartAt",),
    "Send": ("SendEntries", "SendSnapshot", "Acknowledge", "AcknowledgeLess", "Refuse"),
}


def _is_of(attempt: Attempt, logged: JsonObject) -> bool:
    """Say whether an action is about the message that a line tells of."""
    first = attempt.arguments[0] if attempt.arguments else None
    if not (isinstance(first, tuple) and first and isinstance(first[0], dict)):
        return False
    message = message_to_json(first)
    return all(message[name] == logged[name] for name in _ENDS)


def _of_results(search: Search, attempt: Attempt, event: Event, name: str) -> Iterator[Candidate]:
    place = search.moves.places[event.server]
    for result in attempt.results:
        if result.states[place] is None:
            continue
        wrong = search.matching.differing(result.state(place), event.after)
        differences = _shown(search, result, place, wrong, event.after)
        if event.is_complete:
            differences += _unlogged(search, attempt.world, result, place, event)
        differences += _sends(result, event)
        if differences:
            same = tuple((n, value) for n, value in event.after.items() if n not in wrong)
            distance = (*_kind(event, attempt), *_measure(differences))
            yield Candidate(name, "", differences, same, (), attempt.world, result, distance)


def _measure(differences: tuple[Difference, ...]) -> tuple[int, int]:
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


def _shown(
    search: Search, world: World, place: int, names: list[str], logged: JsonObject
) -> tuple[Difference, ...]:
    state = world.state(place)
    has = search.matching.variables(state)
    if isinstance(logged.get("log"), dict):
        # In the form in which it was logged.
        has["log"] = {each: figure(state.log, state.compacted, each) for each in logged["log"]}
    for name in names:
        if isinstance(logged[name], dict) and isinstance(has[name], list):
            numbers = dict(zip(search.moves.names, has[name], strict=True))
            has[name] = {each: numbers[each] for each in logged[name]}
        elif name == "snapshot":
            has[name] = {each: has[name][each] for each in logged[name] if each in has[name]}
    return tuple((name, logged[name], has[name]) for name in names)


def _unlogged(
    search: Search, before: World, after: World, place: int, event: Event
) -> tuple[Difference, ...]:
    old, new = before.state(place), after.state(place)
    names = search.matching.unlogged(old, new, event.after)
    was, has = search.matching.variables(old), search.matching.variables(new)
    return tuple((name, Unchanged(f"unchanged ({plain(was[name])})"), has[name]) for name in names)


def _sends(result: World, event: Event) -> tuple[Difference, ...]:
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
            differences += _fields(logged, message_to_json(near), "sends ")
    differences += [("sends", _NOTHING, message_to_json(each)) for each in made]
    return tuple(differences)


def _fields(logged: JsonObject, has: JsonObject, prefix: str) -> list[Difference]:
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


# ---- Messages


def _no_such_message(search: Search, world: World, event: Event) -> Candidate:
    assert event.message is not None
    ends = {name: event.message[name] for name in _ENDS}
    sent = [message_to_json(each) for each in search.moves.messages(world, ends)]
    reason = f"{ends['source']} has sent {ends['dest']} no {ends['type']}"
    if not event.keeps_message:
        reason += " that was not received or lost"
    return _nearest(
        f"receive the {ends['type']} from {ends['source']}", event.message, sent, reason, world
    )


def _no_such_send(search: Search, world: World, event: Event) -> Candidate:
    """Return what could have been sent in the place of the message that a line sends."""
    logged = event.message
    assert logged is not None
    could = [message_to_json(each) for each in _could_send(search, world, logged, event.line)]
    reason = f"{logged['source']} has no {logged['type']} to send to {logged['dest']}"
    action = f"send the {logged['type']} to {logged['dest']}"
    return _nearest(action, logged, could, reason, world)


def _could_send(search: Search, world: World, logged: JsonObject, line: int) -> Iterator[Any]:
    """Yield messages that might be sent, first those that differ in one field alone."""
    others = [name for name in logged if name not in _ENDS]
    without_one = [{k: v for k, v in logged.items() if k != name} for name in others]
    found = False
    for wider in [*without_one, {name: logged[name] for name in _ENDS}]:
        if found:
            return
        for message in search.moves.messages(world, wider):
            found = True
            yield message
        event = Event(line, logged["source"], "Send", ("Send",), wider)
        place = search.moves.places[logged["source"]]
        for after in islice(search.moves.move("Send", world, place, event), _LOOKED_AT):
            if after.path is not None and after.path is not world.path:
                found = True
                yield from after.path.sends


def _nearest(
    action: str, logged: JsonObject, others: list[dict[str, Any]], reason: str, world: World
) -> Candidate:
    if not others:
        return Candidate(action, reason, world=world, distance=(_TOLD, 0, 0))
    near = min(others, key=lambda each: _measure(tuple(_fields(logged, each, ""))))
    differences = tuple(_fields(logged, near, "message "))
    named = {name for name, _, _ in differences}
    same = tuple(
        (f"message {name}", value)
        for name, value in logged.items()
        if name not in _ENDS and f"message {name}" not in named
    )
    distance = (_TOLD, 0, *_measure(differences))
    return Candidate(action, "", differences, same, world=world, distance=distance)


def _argument(value: Any) -> str:
    if isinstance(value, tuple) and value and isinstance(value[0], dict):
        if "type" in domain_in(value):
            message = message_to_json(value)
            return f"{message['type']} from {message['source']}"
        return "..."
    return value.name if isinstance(value, ModelValue) else str(value)
