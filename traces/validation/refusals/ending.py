"""How a refused recording ends, as a trace: the last steps of a reading, and the line as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from raft_ref.traces.format.flights import DELIVERIES
from raft_ref.traces.format.trace import Difference, JsonObject, Trace, TraceStep, Violation
from raft_ref.traces.story.words import ENVELOPE, plain
from raft_ref.traces.validation.completed import completed, in_flight_before
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.moves.world import Step, World
from raft_ref.traces.validation.refusals.candidate import NO_STEP, NOT_ENABLED, Candidate
from raft_ref.traces.validation.refusals.messages import received
from raft_ref.traces.validation.rules.instances import violation, whole
from raft_ref.traces.validation.rules.invariants import Committed
from raft_ref.traces.validation.rules.logs import UNLOGGED
from raft_ref.traces.validation.rules.matching import (
    entry_to_json,
    known_entries,
    message_to_json,
)
from raft_ref.traces.validation.rules.protocol import ServerState
from raft_ref.traces.validation.search import Search
from raft_ref.traces.validation.verdict import Verdict


def ending(verdict: Verdict, world: World, nearest: Candidate, reason: str, most: int) -> Trace:
    """Return the end of a trace whose last line no step explains.

    Arguments: the verdict; the reading that is shown; what might explain the line best, of which
    the differences are told; why it is refused, in a sentence; how many of the last steps.
    """
    search, event = verdict.search, verdict.event
    assert search is not None
    assert event is not None
    states = [state or search.moves.protocol.first for state in world.states]
    steps = [*verdict.last, *reversed([*world.steps()])][-most:]
    source = f"{verdict.path}, to line {event.line}"
    taken = received(search, world, event)
    trace = completed(search.moves.names, search.matching, states, steps, source, taken)
    message: JsonObject | None = None if taken is None else message_to_json(taken)
    if message is None and event.name in DELIVERIES:
        message = event.message  # of which nobody knows more
    last = _as_step(search, world, event, message)
    made = [*_in_flight_until(trace.steps, message), last]
    differences = tuple(
        Difference(name, _text(logged), _text(has)) for name, logged, has in nearest.differences
    )
    return replace(
        trace,
        steps=tuple(made),
        in_flight=in_flight_before(made),
        violation=Violation(
            f"Step {len(made)} (line {event.line})",
            formula="" if differences else _condition(nearest),
            is_refusal=True,
            reason=f"{reason}.",
            nearest=nearest.action,
            differences=differences,
        ),
    )


def _in_flight_until(steps: Sequence[TraceStep], message: JsonObject | None) -> list[TraceStep]:
    """Return steps after which a message may be received, though they receive it themselves."""
    return [
        replace(each, step="ReceiveDuplicate")
        if each.step == "Receive" and message is not None and each.message == message
        else each
        for each in steps
    ]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else plain(value)


def _as_step(search: Search, world: World, event: Event, message: JsonObject | None) -> TraceStep:
    """Return a refused line as a step: what it says, whether or not that may be."""
    sends = event.sends or ()
    if event.name == "Send" and event.message is not None:
        sends = (event.message,)
    return TraceStep(
        step=event.name,
        server=event.server,
        arguments=event.arguments,
        message=message,
        sends=tuple(each for each in sends if set(each) > {*ENVELOPE}),
        changes=_changes(search, world, event),
    )


def _changes(search: Search, world: World, event: Event) -> JsonObject:
    """Return what a line says that differs from what was."""
    place = search.moves.places[event.server]
    state = world.states[place]
    old = search.matching.variables(state or search.moves.protocol.first)
    changes: dict[str, Any] = {}
    for name, value in event.after.items():
        if state is None or search.matching.differs(state, name, value):
            changes.update(_as_variables(search, state, old, name, value))
    return changes


def _as_variables(
    search: Search, state: ServerState | None, old: JsonObject, name: str, value: Any
) -> Mapping[str, Any]:
    """Return what was logged of a variable in the form in which a trace has it, if it has one."""
    if name in ("nextIndex", "matchIndex") and isinstance(value, dict):
        numbers = {**dict(zip(search.moves.names, old[name], strict=True)), **value}
        return {name: [numbers[each] for each in search.moves.names]}
    if name == "snapshot":
        return {name: {**old[name], **value}}
    if name == "configuration" and state is not None:
        return {name: {**search.matching.configuration(state), **value}}
    if name != "log" or isinstance(value, list):
        return {name: value}
    others = {f"log.{each}": value[each] for each in value if each == "digest"}
    before = old["snapshot"]["lastIncludedIndex"]
    last = value.get("lastIndex", before + value.get("length", len(old["log"])))
    if state is not None and last == before + len(old["log"]) and "lastTerm" not in value:
        return others
    term = value.get("lastTerm", state.current_term if state is not None else 0)
    missing = {"term": term, "value": UNLOGGED}
    log = [*old["log"][: max(last - before, 0)]]
    log += [missing] * (last - before - len(log))
    if log and "lastTerm" in value and log[-1]["term"] != term:
        log[-1] = missing
    return {name: log, **others}


def ending_broken(verdict: Verdict, most: int) -> Trace:
    """Return the end of a trace whose last line breaks a property, up to the step that does."""
    search, event, world = verdict.search, verdict.event, verdict.breaks
    assert search is not None
    assert event is not None
    assert world is not None
    moves = search.moves
    every = [*verdict.last, *reversed([*world.steps()])]
    own = sum(step.line == event.line for step in every)
    states = [state or moves.protocol.first for state in world.states]
    before = _before(states, every[-own:], moves.places)
    taken, broken, states = _broken(verdict, before, every[-own:], world.committed)
    steps = every[: len(every) - own + taken][-most:]
    source = f"{verdict.path}, to line {event.line}"
    trace = completed(moves.names, search.matching, states, steps, source)
    first = _before(states, steps, moves.places)
    return replace(_with_history(verdict, trace, first, steps), violation=broken)


def _before(
    states: Sequence[ServerState], steps: Sequence[Step], places: Mapping[str, int]
) -> list[ServerState]:
    """Return the states before steps, from those after them."""
    found = [*states]
    for step in reversed(steps):
        if step.before is not None:
            found[places[step.server]] = step.before
    return found


def _broken(
    verdict: Verdict, states: list[ServerState], steps: Sequence[Step], committed: Committed
) -> tuple[int, Violation, list[ServerState]]:
    """Return how many steps it takes to break a property, which, and the states there.

    Arguments: the verdict; the states and the history before the steps of the line; these.
    """
    assert verdict.search is not None
    assert verdict.invariants is not None
    moves = verdict.search.moves
    names = verdict.reason.removeprefix("breaks ").split(", ")
    for number, step in enumerate(steps, start=1):
        after = [*states]
        after[moves.places[step.server]] = step.after
        recorded = verdict.invariants.recorded(committed, step.after)
        is_restart = step.action.startswith("Restart")
        old = whole(moves.protocol, dict(zip(moves.names, states, strict=True)), committed)
        new = whole(
            moves.protocol, dict(zip(moves.names, after, strict=True)), recorded, step.sends,
            int(is_restart),
        )  # fmt: skip
        for name in names:
            found = violation(moves.protocol, name, old, new)
            if found.instances:
                return number, found, after
        states, committed = after, recorded
    return len(steps), violation(moves.protocol, names[0], None, None), states


def _with_history(
    verdict: Verdict, trace: Trace, states: Sequence[ServerState], steps: Sequence[Step]
) -> Trace:
    """Return a trace with what is committed before its first step, and by which of them."""
    assert verdict.invariants is not None
    committed = verdict.invariants.first
    for state in states:
        committed = verdict.invariants.recorded(committed, state)
    first, made = committed, []
    for shown, step in zip(trace.steps, steps, strict=True):
        recorded = verdict.invariants.recorded(committed, step.after)
        is_new = recorded is not committed
        made.append(replace(shown, history=_history(recorded)) if is_new else shown)
        committed = recorded
    return replace(trace, steps=tuple(made), history=_history(first))


def _history(committed: Committed) -> JsonObject:
    terms = [each[1] for each in known_entries(committed.terms, 0)]
    entries = known_entries(committed.log, 0)
    if len(entries) != committed.log.index or len(terms) != len(entries):
        return {}
    return {
        "committed": [
            {"committedIn": term, **entry_to_json(entry)}
            for term, entry in zip(terms, entries, strict=True)
        ]
    }


def _condition(nearest: Candidate) -> str:
    if nearest.condition == NO_STEP:
        return f"{nearest.action}: {NO_STEP}"
    if nearest.condition == NOT_ENABLED:
        return f"{nearest.action} is not enabled"
    return f"{nearest.action} needs {nearest.condition}"
