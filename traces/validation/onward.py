"""To go on behind a line that is refused, from what that line shows.

The rule: the server is as the line says, and for the rest as the nearest candidate leaves it; what
the line sends is sent. Where a property is broken, the steps that break it are taken. What is found
behind may follow from the first fault, and is told as such.
"""

from __future__ import annotations

from typing import Any

from raft_ref.spec.values.value import Function, function, record, results_of, sequence
from raft_ref.spec.values.value import boolean as as_boolean
from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.validation.candidates import candidates
from raft_ref.traces.validation.rules.checks import MESSAGES
from raft_ref.traces.validation.rules.logs import ENTRY, UNLOGGED, Log
from raft_ref.traces.validation.rules.matching import message_agrees
from raft_ref.traces.validation.rules.protocol import (
    NIL,
    SNAPSHOT,
    Message,
    Protocol,
    ServerState,
)
from raft_ref.traces.validation.validate import Verdict
from raft_ref.traces.validation.world import World

_READINGS = 10
"""Among how many readings the nearest candidate is looked for."""


def behind(verdict: Verdict) -> World:
    """Return the reading with which to go on behind the line that a verdict refuses."""
    search, event = verdict.search, verdict.event
    assert search is not None
    assert event is not None
    assert verdict.invariants is not None
    moves = search.moves
    world = verdict.breaks
    if world is None:
        found = candidates(search, verdict.worlds[:_READINGS], event)
        world = found[0].result or found[0].world or verdict.worlds[0]
        place = moves.places[event.server]
        state = as_logged(moves.protocol, world.states[place] or moves.protocol.first, event.after)
        world = world._replace(states=(*world.states[:place], state, *world.states[place + 1 :]))
        sends = event.sends or ()
        is_send = "Send" in event.moves or not event.moves
        if is_send and event.message is not None and event.message["source"] == event.server:
            sends = (event.message,)
        world = _with_sent(moves.protocol, world, sends)
    committed = world.committed
    for each in world.states:
        if each is not None:
            committed = verdict.invariants.recorded(committed, each)
    return world._replace(committed=committed)


def as_logged(protocol: Protocol, state: ServerState, logged: JsonObject) -> ServerState:
    """Return a state with what was logged of it in the place of what it has."""
    names = {"currentTerm": "current_term", "role": "role", "commitIndex": "commit_index"}
    changed: dict[str, Any] = {name: logged[each] for each, name in names.items() if each in logged}
    if "votedFor" in logged:
        vote = logged["votedFor"]
        changed["voted_for"] = NIL if vote is None else protocol.servers[vote]
    if "votesGranted" in logged:
        votes = logged["votesGranted"]
        changed["votes_granted"] = frozenset(protocol.servers[each] for each in votes)
    for each, name in (("nextIndex", "next_index"), ("matchIndex", "match_index")):
        if each in logged:
            changed[name] = _numbers(protocol, getattr(state, name), logged[each])
    if "snapshot" in logged:
        changed["compacted"] = logged["snapshot"].get("lastIncludedIndex", state.compacted)
        if changed["compacted"] > state.log.index:
            term = logged["snapshot"].get("lastIncludedTerm", state.log.term)
            changed["log"] = protocol.logs.unknown(changed["compacted"], term)
    state = state._replace(**changed)
    if "log" in logged:
        state = state._replace(log=_log(protocol, state, logged["log"]))
    return state


def _numbers(protocol: Protocol, numbers: Function, logged: Any) -> Function:
    has = dict(zip(protocol.domain, results_of(numbers), strict=True))
    given = logged if isinstance(logged, dict) else dict(zip(protocol.servers, logged, strict=True))
    return function({**has, **{protocol.servers[name]: n for name, n in given.items()}})


def _log(protocol: Protocol, state: ServerState, logged: Any) -> Log:
    """Return the log that was logged, whole or by its figures; what nobody knows stays open."""
    log, compacted = state.log, state.compacted
    if isinstance(logged, list):
        base = _up_to(protocol, log, compacted, log.term)
        return base.with_entries(
            (ENTRY, each["term"], each.get("value", UNLOGGED)) for each in logged
        )
    last = logged.get("lastIndex", compacted + logged.get("length", log.index - compacted))
    term = logged.get("lastTerm")
    if last <= log.index:
        kept = _up_to(protocol, log, last, log.term if term is None else term)
        if term in (None, kept.term) or last <= compacted:
            return kept
        return _up_to(protocol, log, last - 1, term).append(term, UNLOGGED)
    term = state.current_term if term is None else term
    return log.with_entries([(ENTRY, term, UNLOGGED)] * (last - log.index))


def _up_to(protocol: Protocol, log: Log, index: int, term: int) -> Log:
    try:
        return log.at(index)
    except IndexError:
        return protocol.logs.unknown(index, term)


def _with_sent(protocol: Protocol, world: World, sends: tuple[JsonObject, ...]) -> World:
    """Return a reading in which messages were sent, of which all is known that they say."""
    sent = world.sent
    for logged in sends:
        if not any(message_agrees(each, logged) for each in sent):
            message = _message(protocol, logged)
            sent = sent if message is None else (*sent, message)
    return world._replace(sent=sent)


def _message(protocol: Protocol, logged: JsonObject) -> Message | None:
    """Return a message as the spec has it; None where not all of it was logged."""
    if set(logged) != {"type", *MESSAGES[logged["type"]]}:
        return None
    fields: dict[str, Any] = {}
    for name, value in logged.items():
        match name:
            case "source" | "dest":
                fields[name] = protocol.servers[value]
            case "voteGranted" | "success":
                fields[name] = as_boolean(value)
            case "entries":
                if not isinstance(value, list):
                    return None
                entries = [(ENTRY, each["term"], each.get("value", UNLOGGED)) for each in value]
                fields[name] = sequence(entries)
            case "snapshot":
                index, term = value.get("lastIncludedIndex"), value.get("lastIncludedTerm")
                if index is None or term is None:
                    return None
                fields[name] = (SNAPSHOT, protocol.logs.unknown(index, term), index, term)
            case _:
                fields[name] = value
    return record(fields)
