"""The message that a refused line is about: as it was sent, or the nearest to one that was not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.story.words import ENVELOPE
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.moves.world import World
from raft_ref.traces.validation.refusals.candidate import TOLD, Candidate
from raft_ref.traces.validation.refusals.differences import fields, measure
from raft_ref.traces.validation.rules.matching import message_to_json
from raft_ref.traces.validation.rules.protocol import Message
from raft_ref.traces.validation.search import Search

_LOOKED_AT = 256
"""How many messages that could be sent are compared with the one that was logged."""


def received(search: Search, world: World, event: Event) -> Message | None:
    """Return what a line receives, with all its fields; None where it receives nothing known."""
    if event.message is None or event.name == "Send":
        return None
    return next(search.moves.messages(world, event.message), None)


def no_such_message(search: Search, world: World, event: Event) -> Candidate:
    """Return what was sent that is most like the message that a line receives."""
    assert event.message is not None
    ends = {name: event.message[name] for name in ENVELOPE}
    sent = [message_to_json(each) for each in search.moves.messages(world, ends)]
    reason = f"{ends['source']} has sent {ends['dest']} no {ends['type']}"
    if not event.keeps_message:
        reason += " that was not received or lost"
    return _nearest(
        f"receive the {ends['type']} from {ends['source']}", event.message, sent, reason, world
    )


def no_such_send(search: Search, world: World, event: Event) -> Candidate:
    """Return what could have been sent in the place of the message that a line sends."""
    logged = event.message
    assert logged is not None
    could = [message_to_json(each) for each in _could_send(search, world, logged, event.line)]
    reason = f"{logged['source']} has no {logged['type']} to send to {logged['dest']}"
    action = f"send the {logged['type']} to {logged['dest']}"
    return _nearest(action, logged, could, reason, world)


def _could_send(search: Search, world: World, logged: JsonObject, line: int) -> Iterator[Any]:
    """Yield messages that might be sent, first those that differ in one field alone."""
    others = [name for name in logged if name not in ENVELOPE]
    without_one = [{k: v for k, v in logged.items() if k != name} for name in others]
    found = False
    for wider in [*without_one, {name: logged[name] for name in ENVELOPE}]:
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
        return Candidate(action, reason, world=world, distance=(TOLD, 0, 0))
    near = min(others, key=lambda each: measure(tuple(fields(logged, each, ""))))
    differences = tuple(fields(logged, near, "message "))
    named = {name for name, _, _ in differences}
    same = tuple(
        (f"message {name}", value)
        for name, value in logged.items()
        if name not in ENVELOPE and f"message {name}" not in named
    )
    distance = (TOLD, 0, *measure(differences))
    return Candidate(action, "", differences, same, world=world, distance=distance)
