"""What is known is taken as it was told, so that the spec can go on from there.

The rule: of what departed the line has the last word, and of the rest the spec: the state is what
the nearest action makes of it, with what was told in its place, and so are the messages.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from raft_ref.spec.values.value import Value, boolean, domain_in, record, results_of, sequence
from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.rules.checks import MESSAGES
from raft_ref.traces.validation.rules.logs import ENTRY, UNLOGGED
from raft_ref.traces.validation.rules.matching import message_agrees
from raft_ref.traces.validation.rules.protocol import Message, Protocol, ServerState
from raft_ref.traces.validation.search import Search
from raft_ref.traces.validation.validate import Verdict
from raft_ref.traces.validation.world import Step, World

DEPARTED = "Departed"
"""The name of a step that is no action of the spec."""


def adopted(verdict: Verdict) -> World | None:
    """Return the state behind a line that is refused, as it was told; None if too little was."""
    search, event = verdict.search, verdict.event
    if search is None or event is None or not verdict.worlds:
        return None
    world = verdict.worlds[0]
    place = search.moves.places[event.server]
    if world.states[place] is None:
        return None
    near = world if event.is_complete else _nearest(search, world, event)
    protocol, matching = search.moves.protocol, search.matching
    try:
        told = {**matching.variables(near.state(place)), **event.after}
        after = _with_its_log(matching.started(protocol, told), near.state(place))
        sent = tuple(_sent(protocol, search, world, near, event))
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    step = Step(
        event.line, event.server, DEPARTED, (), None, world.states[place], after, sent, world.path
    )
    states = (*world.states[:place], after, *world.states[place + 1 :])
    return world._replace(
        states=states, sent=(*world.sent, *sent), gone=world.gone.difference(sent), path=step,
        waiting=(*world.waiting[:place], None, *world.waiting[place + 1 :]),
    )  # fmt: skip


def _with_its_log(after: ServerState, before: ServerState) -> ServerState:
    """Return a state with the entries that its snapshot stands for, if they are known."""
    if not 0 < after.compacted <= before.log.index:
        return after
    entries = after.log.entries(after.compacted)
    return after._replace(log=before.log.at(after.compacted).with_entries(entries))


def _nearest(search: Search, world: World, event: Event) -> World:
    """Return what an action makes of the state that agrees the most with what was told."""
    place = search.moves.places[event.server]
    attempts = search.attempts(world, event)
    results = [each for attempt in attempts for each in attempt.results]

    def differences(result: World) -> int:
        return len(search.matching.differing(result.state(place), event.after))

    return min(results, key=differences, default=world)


def _sent(
    protocol: Protocol, search: Search, before: World, near: World, event: Event
) -> Iterator[Message]:
    """Yield the messages that were told, or those of the nearest action where none were."""
    made = () if near is before or near.path is None else near.path.sends
    if event.sends is None:
        yield from made
        return
    for logged in event.sends:
        same = next((each for each in made if message_agrees(each, logged)), None)
        known = next(search.moves.messages(before, logged), same)
        yield known if known is not None else _message(protocol, logged, made)


def _message(protocol: Protocol, logged: JsonObject, made: tuple[Message, ...]) -> Message:
    """Return a message as it was told; what was not told is as in one that the spec would send."""
    fields: dict[str, Value] = {}
    for each in made:
        if message_agrees(each, {name: logged[name] for name in ("type", "source", "dest")}):
            fields = {str(k): v for k, v in zip(domain_in(each), results_of(each), strict=True)}
    for name, value in logged.items():
        fields[name] = _value(protocol, name, value)
    if fields.keys() != {"type", *MESSAGES[logged["type"]]}:
        raise ValueError("a message of which too little was told")
    return record(fields)


def _value(protocol: Protocol, name: str, told: Any) -> Value:
    if name in ("source", "dest"):
        return protocol.servers[told]
    if type(told) is bool:
        return boolean(told)
    if name == "entries":
        return sequence((ENTRY, e["term"], e.get("value", UNLOGGED)) for e in told)
    if name == "snapshot":
        raise ValueError("the data of a snapshot")
    return told  # type: ignore[no-any-return]
