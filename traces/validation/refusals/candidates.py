"""What might explain a line that is refused, nearest first, and what stands against each of it.

The rules: each action stands there once, as its nearest attempt; what the line itself tells of
comes before what a server may do in silence; of the latter what fails its condition is told only
where it would write what differs, and what leaves that as it was is not told at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from raft_ref.spec.values.value import ModelValue, domain_in
from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.story.words import ENVELOPE
from raft_ref.traces.validation.lines.events import STAY, Event
from raft_ref.traces.validation.moves.taking import Attempt
from raft_ref.traces.validation.moves.world import World
from raft_ref.traces.validation.refusals.candidate import (
    BEFORE,
    NO_STEP,
    NOT_ENABLED,
    NOTHING,
    SILENT,
    TOLD,
    WRITES_IT,
    Candidate,
    Difference,
)
from raft_ref.traces.validation.refusals.differences import measure, sends, shown, unlogged
from raft_ref.traces.validation.refusals.messages import no_such_message, no_such_send
from raft_ref.traces.validation.rules.matching import message_to_json
from raft_ref.traces.validation.search import SEND_NOTHING, WRITES, Search


def candidates(search: Search, worlds: Iterable[World], event: Event) -> list[Candidate]:
    """Return what might explain a line after these readings, nearest first."""
    nearest: dict[str, Candidate] = {}
    for world in worlds:
        for each in _of_world(search, world, event):
            known = nearest.get(each.action)
            if known is None or each.distance < known.distance:
                nearest[each.action] = each
    found = sorted(nearest.values(), key=lambda each: each.distance)
    found.sort(key=lambda each: not _is_answered(search, event, each))
    if not found or (found[0].condition and found[0].distance[0] == SILENT):
        # Not even tried is what the line itself tells of.
        found.insert(0, Candidate(event.name, NO_STEP, distance=(TOLD, 0, 0)))
    first = found[0]
    differing = {name for name, _, _ in first.differences}
    return [first, *(each for each in found[1:] if _tells(each, first, differing))]


def _is_answered(search: Search, event: Event, candidate: Candidate) -> bool:
    """Say whether the message that a line sends was sent then, and the configuration alone differs.

    What a server takes in silence is further from the line than that it sends; but the whole line
    would be explained by this, were it not for the configuration.
    """
    if event.moves != ("Send",) or event.message is None or candidate.result is None:
        return False
    if {name for name, _, _ in candidate.differences} != {"configuration"}:
        return False
    return any(True for _ in search.moves.messages(candidate.result, event.message))


def _tells(candidate: Candidate, first: Candidate, differing: set[str]) -> bool:
    """Say whether it is more than what a server can, or cannot, do in silence without any use."""
    if candidate.distance[0] == TOLD:
        return True
    if not candidate.condition:
        # What leaves all that differs as it was explains nothing.
        return not first.differences or not {*map(repr, first.differences)} <= {
            *map(repr, candidate.differences)
        }
    written = WRITES.get(candidate.action.partition("(")[0], "")
    return bool(written) and written in differing


def _of_world(search: Search, world: World, event: Event) -> Iterator[Candidate]:
    place = search.moves.places[event.server]
    world = search.begun(world, place, event)
    state = world.states[place]
    if state is not None and event.before:
        wrong = search.matching.differing(state, event.before)
        if wrong:
            differences = shown(search, world, place, wrong, event.before)
            yield Candidate(
                BEFORE, "", differences, world=world, distance=(TOLD, 0, *measure(differences))
            )
    if state is not None and STAY in (event.moves or (STAY,)) and event.message is None:
        yield from _of_state(search, world, place, event)
    attempts = search.attempts(world, event)
    for message in _unsent(search, world, event, attempts):
        is_sent = message["source"] == event.server
        nearest = (no_such_send if is_sent else no_such_message)(
            search, world, replace(event, message=message)
        )
        if message is not event.message:
            nearest = replace(nearest, differences=_of_sends(nearest.differences), same=())
        if nearest.condition or nearest.differences:
            yield nearest
    failing: set[str] = set()
    for attempt in attempts:
        name = f"{attempt.action}({', '.join(map(_argument, attempt.arguments))})"
        if attempt.results:
            yield from _of_results(search, attempt, event, name)
        elif name not in failing:
            failing.add(name)
            condition = search.moves.failing_condition(attempt) or NOT_ENABLED
            distance = (*_kind(event, attempt), 99)
            yield Candidate(name, condition, world=attempt.world, distance=distance)


def _unsent(
    search: Search, world: World, event: Event, attempts: list[Attempt]
) -> list[JsonObject]:
    """Return the messages that a line tells of and nobody has sent, in silence neither."""
    found = []
    message = event.message
    if message is not None and not any(True for _ in search.moves.messages(world, message)):
        is_taken_in = message["source"] != event.server
        if not (is_taken_in and any(_is_of(each, message) for each in attempts)):
            found.append(message)
    for each in event.sends or () if not SEND_NOTHING.isdisjoint(event.moves) else ():
        if not search.moves.told_sends(world, replace(event, sends=(each,))):
            found.append(each)
    return found


def _of_sends(differences: tuple[Difference, ...]) -> tuple[Difference, ...]:
    """Return what differs of a message as of one of those that a line sends."""
    return tuple(
        (f"sends {name.removeprefix('message ')}", logged, has) for name, logged, has in differences
    )


def _of_state(search: Search, world: World, place: int, event: Event) -> Iterator[Candidate]:
    """Yield that nothing happens, where a line may tell of the state alone."""
    wrong = search.matching.differing(world.state(place), event.after)
    differences = shown(search, world, place, wrong, event.after)
    if differences:
        same = tuple((n, value) for n, value in event.after.items() if n not in wrong)
        distance = (TOLD, 0, *measure(differences))
        yield Candidate(NOTHING, "", differences, same, world=world, distance=distance)


def _kind(event: Event, attempt: Attempt) -> tuple[int, int]:
    """Return how near an action is to what the line tells of, whatever it leads to."""
    if event.message is not None and _is_of(attempt, event.message):
        return TOLD, int(attempt.action != "Handle")
    if attempt.action in (event.name, *event.moves, *_ACTIONS_OF.get(event.name, ())):
        return TOLD, 0
    writes = WRITES.get(attempt.action, "")
    return (WRITES_IT, 0) if writes and writes in event.after else (SILENT, 0)


_ACTIONS_OF = {
    "Restart": ("RestartAt", "RestartFrom"),
    "ApplyConfiguration": ("ApplyUpTo",),
    "ApplyConfChange": ("ApplyUpTo",),
    "TimeoutNow": ("TellToStand",),
    "Read": ("ReadBeside", "AskRead"),
    "RequestReadIndex": ("RequestBeside", "AskAgain"),
    "BeginRound": ("BeginRoundAs",),
    "AnswerReads": ("AnswerRead",),
    "ServeRead": ("ServeEarlier",),
    "Send": ("SendEntries", "SendSnapshot", "Acknowledge", "AcknowledgeLess", "Refuse"),
}


def _is_of(attempt: Attempt, logged: JsonObject) -> bool:
    """Say whether an action is about the message that a line tells of."""
    first = attempt.arguments[0] if attempt.arguments else None
    if not (isinstance(first, tuple) and first and isinstance(first[0], dict)):
        return False
    message = message_to_json(first)
    return all(message[name] == logged[name] for name in ENVELOPE)


def _of_results(search: Search, attempt: Attempt, event: Event, name: str) -> Iterator[Candidate]:
    place = search.moves.places[event.server]
    for result in attempt.results:
        if result.states[place] is None:
            continue
        wrong = search.matching.differing(result.state(place), event.after)
        differences = shown(search, result, place, wrong, event.after)
        if event.is_complete:
            differences += unlogged(search, attempt.world, result, place, event)
        differences += sends(result, event)
        if differences:
            same = tuple((n, value) for n, value in event.after.items() if n not in wrong)
            distance = (*_kind(event, attempt), *measure(differences))
            yield Candidate(name, "", differences, same, (), attempt.world, result, distance)


def _argument(value: Any) -> str:
    if isinstance(value, tuple) and value and isinstance(value[0], dict):
        if "type" in domain_in(value):
            message = message_to_json(value)
            return f"{message['type']} from {message['source']}"
        return "..."
    return value.name if isinstance(value, ModelValue) else str(value)
