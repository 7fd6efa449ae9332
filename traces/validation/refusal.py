"""Why a line is refused: what the spec allows there, and what stands against each of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from raft_ref.spec.values.value import ModelValue, domain_in
from raft_ref.traces.format.trace import JsonObject, Trace, TraceStep, Violation
from raft_ref.traces.story.words import plain, shortened
from raft_ref.traces.validation.completed import completed, in_flight_before
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.moves import Attempt
from raft_ref.traces.validation.rules.matching import figure, message_to_json, unmatched
from raft_ref.traces.validation.search import Search
from raft_ref.traces.validation.validate import LAST, Verdict
from raft_ref.traces.validation.world import World


@dataclass(frozen=True)
class Candidate:
    """An action that might explain a line, and what stands against it.

    `condition` is the conjunct of the action that does not hold; or else `differences` are what was
    logged and what the spec has, by name.
    """

    action: str
    condition: str = ""
    differences: tuple[tuple[str, Any, Any], ...] = ()


@dataclass(frozen=True)
class Refusal:
    """Why a line is refused."""

    candidates: tuple[Candidate, ...]
    trace: Trace
    """The last steps before the line, and the line as one more step."""


def explained(verdict: Verdict, most: int = 10) -> Refusal:
    """Return why the line at which a verdict ends cannot be explained."""
    search, event = verdict.search, verdict.event
    assert search is not None
    assert event is not None
    found: list[Candidate] = []
    for world in verdict.worlds[:most]:
        found += [each for each in _candidates(search, world, event) if each not in found]
    return Refusal(tuple(found)[:most], _ending(verdict, search, event))


def _candidates(search: Search, world: World, event: Event) -> Iterator[Candidate]:
    place = search.moves.places[event.server]
    state = world.states[place]
    if state is not None and event.before:
        wrong = search.matching.differing(state, event.before)
        if wrong:
            yield Candidate(
                "before the step", "", _shown(search, world, place, wrong, event.before)
            )
    if event.message is not None and not any(
        True for _ in search.moves.messages(world, event.message)
    ):
        yield _no_such_message(search, world, event)
    for attempt in search.attempts(world, event):
        yield from _of_attempt(search, attempt, event)


def _of_attempt(search: Search, attempt: Attempt, event: Event) -> Iterator[Candidate]:
    name = f"{attempt.action}({', '.join(map(_argument, attempt.arguments))})"
    if not attempt.results:
        yield Candidate(name, search.moves.failing_condition(attempt) or "it is not enabled")
    for result in attempt.results:
        place = search.moves.places[event.server]
        if result.states[place] is None:
            continue
        wanted = event.after
        wrong = search.matching.differing(result.state(place), wanted)
        differences = _shown(search, result, place, wrong, wanted)
        if event.is_complete:
            differences += _unlogged(search, attempt.world, result, place, event)
        differences += _sends(result, event)
        if differences:
            yield Candidate(name, "", differences)


def _shown(
    search: Search, world: World, place: int, names: list[str], logged: JsonObject
) -> tuple[tuple[str, Any, Any], ...]:
    state = world.state(place)
    has = search.matching.variables(state)
    if isinstance(logged.get("log"), dict):
        # In the form in which it was logged.
        has["log"] = {each: figure(state.log, state.compacted, each) for each in logged["log"]}
    return tuple((name, logged[name], has[name]) for name in names)


def _unlogged(
    search: Search, before: World, after: World, place: int, event: Event
) -> tuple[tuple[str, Any, Any], ...]:
    old, new = before.state(place), after.state(place)
    names = search.matching.unlogged(old, new, event.after)
    was, has = search.matching.variables(old), search.matching.variables(new)
    return tuple((name, f"unchanged ({plain(was[name])})", has[name]) for name in names)


def _sends(result: World, event: Event) -> tuple[tuple[str, Any, Any], ...]:
    if event.sends is None or result.path is None:
        return ()
    made, missing = unmatched(result.path.sends, event.sends)
    differences: list[tuple[str, Any, Any]] = []
    for logged in missing:
        near = next((m for m in made if message_to_json(m)["dest"] == logged["dest"]), None)
        if near is None:
            differences.append(("sends", dict(logged), "nothing of the kind"))
        else:
            made.remove(near)
            differences += _fields(logged, message_to_json(near), "sends ")
    differences += [("sends", "nothing of the kind", message_to_json(each)) for each in made]
    return tuple(differences)


def _fields(logged: JsonObject, has: JsonObject, prefix: str) -> list[tuple[str, Any, Any]]:
    return [
        (f"{prefix}{name}", value, has.get(name))
        for name, value in logged.items()
        if value != has.get(name)
    ]


def _no_such_message(search: Search, world: World, event: Event) -> Candidate:
    assert event.message is not None
    ends = {name: event.message[name] for name in ("type", "source", "dest")}
    action = f"receive the {ends['type']} from {ends['source']}"
    sent = [message_to_json(each) for each in search.moves.messages(world, ends)]
    if not sent:
        return Candidate(action, f"{ends['source']} has sent {ends['dest']} no {ends['type']}")
    logged = event.message
    near = min(sent, key=lambda each: len(_fields(logged, each, "")))
    return Candidate(action, "", tuple(_fields(logged, near, "message ")))


def _argument(value: Any) -> str:
    if isinstance(value, tuple) and value and isinstance(value[0], dict):
        if "type" in domain_in(value):
            message = message_to_json(value)
            return f"{message['type']} from {message['source']}"
        return "..."
    return value.name if isinstance(value, ModelValue) else str(value)


def _ending(verdict: Verdict, search: Search, event: Event) -> Trace:
    world = verdict.worlds[0]
    first = search.moves.protocol.first
    states = [state or first for state in world.states]
    steps = [*verdict.last, *reversed([*world.steps()])][-LAST:]
    source = f"{verdict.path}, to line {event.line}"
    received = None
    if event.message is not None and event.name != "Send":
        received = next(search.moves.messages(world, event.message), None)
    trace = completed(search.moves.names, search.matching, states, steps, source, received)
    message = None if received is None else message_to_json(received)
    last = TraceStep(
        step=event.name,
        server=event.server,
        arguments=event.arguments,
        message=message,
        sends=tuple(each for each in event.sends or () if set(each) > {"type", "source", "dest"}),
        changes=_changes(verdict, search, event),
    )
    made = [*trace.steps, last]
    return replace(
        trace,
        steps=tuple(made),
        in_flight=in_flight_before(made),
        violation=Violation(f"Step {len(made)} (line {event.line})", is_refusal=True),
    )


def _changes(verdict: Verdict, search: Search, event: Event) -> JsonObject:
    """Return what a line says that differs from what was, as far as that can be drawn."""
    state = verdict.worlds[0].states[search.moves.places[event.server]]
    differs = search.matching.differs
    return {
        name: value
        for name, value in event.after.items()
        if _is_whole(name, value) and (state is None or differs(state, name, value))
    }


def _is_whole(name: str, value: Any) -> bool:
    return name not in ("log", "nextIndex", "matchIndex") or isinstance(value, list)


def as_text(candidates: tuple[Candidate, ...]) -> Iterator[str]:
    """Yield the candidates as lines of text."""
    for each in candidates:
        if each.condition:
            yield f"{each.action}: not so: {each.condition}"
            continue
        yield f"{each.action}: it differs"
        rows = [(name, _value(logged), _value(has)) for name, logged, has in each.differences]
        width = max([len(name) for name, _, _ in rows] + [8])
        middle = max([len(logged) for _, logged, _ in rows] + [6])
        yield f"    {'':{width}}  {'logged':{middle}}  the spec"
        for name, logged, has in rows:
            yield f"    {name:{width}}  {logged:{middle}}  {has}"


def _value(value: Any) -> str:
    return shortened(value if isinstance(value, str) else plain(value), 60)
