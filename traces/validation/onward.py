"""To go on behind a line that is refused, from what that line shows.

The rule: of what the line tells it has the last word, and of the rest the spec: the server is as
the line says, and for the rest as the nearest candidate leaves it; so is what it sends. Where a
property is broken, the steps that break it are taken. What is found behind may follow from the
first fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from raft_ref.spec.values.value import Function, domain_in, function, record, results_of, sequence
from raft_ref.spec.values.value import boolean as as_boolean
from raft_ref.traces.format.features import MARK
from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.story.words import ENVELOPE
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.moves.world import Step, World
from raft_ref.traces.validation.refusals.candidates import candidates
from raft_ref.traces.validation.rules.checks import fields_of
from raft_ref.traces.validation.rules.logs import ENTRY, UNLOGGED, Log
from raft_ref.traces.validation.rules.matching import entry_of, message_agrees
from raft_ref.traces.validation.rules.protocol import (
    NIL,
    SNAPSHOT,
    Message,
    Protocol,
    ServerState,
)
from raft_ref.traces.validation.search import Search
from raft_ref.traces.validation.verdict import Verdict

DEPARTED = "Departed"
"""The name of a step that is no action of the spec."""

_READINGS = 10
"""Among how many readings the nearest candidate is looked for."""


def behind(verdict: Verdict, *, needs_messages: bool = False) -> World | None:
    """Return the reading with which to go on behind the line that a verdict refuses.

    What the line sends and does not tell enough of is as if it was never sent; where that
    `needs_messages`, None is returned instead, as where there is no line.
    """
    search, event = verdict.search, verdict.event
    if search is None or event is None or verdict.invariants is None or not verdict.worlds:
        return None
    world = verdict.breaks or _departed(verdict, search, event, needs_messages=needs_messages)
    if world is None:
        return None
    committed = world.committed
    for each in world.states:
        if each is not None:
            committed = verdict.invariants.recorded(committed, each)
    return world._replace(committed=committed)


def _departed(
    verdict: Verdict, search: Search, event: Event, *, needs_messages: bool
) -> World | None:
    nearest = candidates(search, verdict.worlds[:_READINGS], event)[0]
    protocol, place = search.moves.protocol, search.moves.places[event.server]
    before = nearest.world or verdict.worlds[0]
    near = nearest.result or before
    # Where a line tells all that changes, what it does not tell of is as it was.
    rest = (before if event.is_complete else near).states[place] or protocol.first
    after = as_logged(protocol, rest, event.after)
    made = [*_sent(search, before, near, event)]
    sent = tuple(each for each in made if each is not None)
    if needs_messages and len(sent) < len(made):
        return None
    step = Step(
        event.line, event.server, DEPARTED, (), None, before.states[place], after, sent, before.path
    )
    return near._replace(
        states=(*near.states[:place], after, *near.states[place + 1 :]),
        sent=(*before.sent, *sent), gone=near.gone.difference(sent), path=step,
    )  # fmt: skip


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
        return base.with_entries(entry_of(protocol, each) for each in logged)
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


def _sent(search: Search, before: World, near: World, event: Event) -> Iterator[Message | None]:
    """Yield the messages that a line sends, or those of the nearest action where it tells of none.

    None stands for one of which too little was told.
    """
    made = () if near is before or near.path is None else near.path.sends
    told = event.sends
    is_send = "Send" in event.moves or not event.moves
    if is_send and event.message is not None and event.message["source"] == event.server:
        told = (event.message,)
    if told is None:
        yield from made
        return
    for logged in told:
        same = next((each for each in made if message_agrees(each, logged)), None)
        known = same or next(search.moves.messages(before, logged), None)
        yield known or _message(search.moves.protocol, logged, made)


def _message(protocol: Protocol, logged: JsonObject, made: tuple[Message, ...]) -> Message | None:
    """Return a message as it was told; what was not told is as in one that the spec would send.

    None where that is not all of it.
    """
    fields: dict[str, Any] = {}
    for each in made:
        if message_agrees(each, {name: logged[name] for name in ENVELOPE}):
            fields = {str(k): v for k, v in zip(domain_in(each), results_of(each), strict=True)}
    for name, value in logged.items():
        told = _field(protocol, name, value)
        if told is None:
            return None
        fields[name] = told
    if set(fields) - {MARK} != {"type", *fields_of(logged["type"])}:
        return None
    return record(fields)


def _field(protocol: Protocol, name: str, told: Any) -> Any:
    """Return a field as the spec has it; None where that is not known."""
    match name:
        case "source" | "dest":
            return protocol.servers[told]
        case "voteGranted" | "success" | "isForced":
            return as_boolean(told)
        case "entries" if isinstance(told, list):
            return sequence([entry_of(protocol, each) for each in told])
        case "entries":
            return None
        case "snapshot":
            index, term = told.get("lastIncludedIndex"), told.get("lastIncludedTerm")
            if index is None or term is None:
                return None
            return (SNAPSHOT, protocol.logs.unknown(index, term), index, term)
    return told
