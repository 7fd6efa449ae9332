"""All that is known of a place, as JSON for whoever shows it.

The rule: nothing is decided here. What is enabled, what holds and what happened is found by the
session; how a step looks is what the diagram of a trace says of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from raft_ref.features import Feature
from raft_ref.spec.files import EXTENDED, FEATURES, RAFT
from raft_ref.traces.drawing.cells import Cells, Line
from raft_ref.traces.drawing.scene import role_and_term, role_of, rows
from raft_ref.traces.format.features import VARIABLES
from raft_ref.traces.format.flights import DELIVERIES, LOSS, Flight, InFlight
from raft_ref.traces.format.trace import JsonObject, TraceStep
from raft_ref.traces.story.membership import goes_by
from raft_ref.traces.story.sentences import describe
from raft_ref.traces.story.words import compacted, entries, is_snapshot, message_phrases, plain
from raft_ref.verify.exploring.session import Option, Place, Session, Verdict, words_of
from raft_ref.verify.replay import functions_run
from raft_ref.verify.trace_properties import definition, snake_case

_NOTE_WIDTH = 150.0
_GROUPS = {
    "Receive": "deliver",
    "ReceiveDuplicate": "duplicate",
    LOSS: "drop",
    "Restart": "crash",
    "Timeout": "time out",
    "ClientRequest": "client",
    "AppendEntries": "send",
    "InstallSnapshot": "send",
}
"""What a reader does who takes a step; of all others the step's own name says it."""


def told(session: Session, place: Place) -> dict[str, Any]:
    """Return what is known of a place."""
    network = InFlight(session.system.network_kind)
    for number, each in enumerate(place.way[1:], start=1):
        if each.step is not None:
            network.apply(number, each.step)
    return {
        "cluster": _cluster(session),
        "address": [*place.address],
        "words": _words(session, place),
        "rows": [_row(session, number, each) for number, each in enumerate(place.way[1:], start=1)],
        "flights": [_flight(session, each) for each in network.flights],
        "enabled": [_option(session, each, network) for each in session.enabled(place)],
        "states": _states(session, place),
        "changed": _changed(place),
        "properties": [_verdict(each) for each in session.verdicts(place)],
        "code": _code(session, place),
        "failures": session.failures(place),
    }


def _cluster(session: Session) -> dict[str, Any]:
    start = session.start.teller.now
    return {
        "description": session.cluster.description,
        "servers": [*session.system.servers],
        "features": sorted(each.option for each in session.cluster.features),
        "network": session.system.network_kind,
        "isRaft": session.cluster.is_raft,
        "roles": [role_of(start[server]) for server in session.system.servers],
        "heads": [role_and_term(start[server]) for server in session.system.servers],
    }


def _words(session: Session, place: Place) -> str:
    if place.before is None or place.step is None:
        return "The cluster starts."
    return f"{words_of(session.alone(place.before, place.step))}."


# ---- The diagram


def _row(session: Session, number: int, place: Place) -> dict[str, Any]:
    """Return a step as the diagram has it."""
    if place.row is None and place.before is not None and place.step is not None:
        step = place.step
        alone = session.alone(place.before, step)
        scene = rows(alone, _NOTE_WIDTH)[0]
        lines = [line for note in scene.notes for line in note.lines]
        towards = scene.towards or ()
        place.row = {
            "name": place.name,
            "step": step.step,
            "words": words_of(alone),
            "server": -1 if step.server is None else session.system.servers.index(step.server),
            "role": scene.role,
            "mark": scene.mark,
            "crashed": scene.crashed,
            "notes": [shown for line in lines for shown in _line(line)],
            "towards": [session.system.servers.index(each) for each in towards],
        }
    return {"number": number, **(place.row or {}), "broken": session.broken(place)}


def _line(line: Line) -> Iterator[dict[str, Any]]:
    if isinstance(line, Cells):
        cells = zip(line.texts, line.terms, strict=True)
        yield {
            "cells": [
                {"text": text, "term": term, "committed": at < line.committed}
                for at, (text, term) in enumerate(cells)
            ],
            "first": line.first,
        }
    elif line.style != "flying":
        yield {"text": line.text, "style": line.style}


def _flight(session: Session, flight: Flight) -> dict[str, Any]:
    message, servers = flight.message, session.system.servers
    return {
        "from": servers.index(message["source"]),
        "to": servers.index(message["dest"]),
        "sent": flight.sent,
        "delivered": flight.delivered,
        "lost": flight.lost,
        "over": flight.over,
        "text": describe(message),
        "short": " ".join(message_phrases(message)),
    }


def _option(session: Session, option: Option, network: InFlight) -> dict[str, Any]:
    step = option.step
    flight = None
    if step.message is not None:
        flight = next(
            (
                number
                for number, each in enumerate(network.flights)
                if not each.over and each.message == step.message
            ),
            None,
        )
    return {
        "name": option.name,
        "words": option.words,
        "step": step.step,
        "group": _GROUPS.get(step.step, "send" if step.sends else "other"),
        "short": _short(step),
        "server": -1 if step.server is None else session.system.servers.index(step.server),
        "flight": flight,
    }


def _short(step: TraceStep) -> str:
    """Return what a step is in a word or two, on its mark."""
    match step.step:
        case "Timeout":
            return "time out"
        case "Restart":
            return "crash"
        case "ClientRequest" if "value" in step.arguments:
            return f"client {plain(step.arguments['value'])}"
        case name if name in DELIVERIES or name == LOSS:
            return {"Receive": "deliver", LOSS: "drop"}.get(name, "deliver, keep a copy")
        case "AppendEntries" | "InstallSnapshot" if step.sends:
            message = step.sends[0]
            carried = entries(message.get("entries"))
            what = "snapshot" if carried is None else f"{len(carried)} entries"
            what = {"0 entries": "heartbeat", "1 entries": "1 entry"}.get(what, what)
            return f"send {message['dest']} {what}"
    given = " ".join(plain(each) for each in step.arguments.values())
    return f"{step.step} {given}".strip()


# ---- The servers


def _states(session: Session, place: Place) -> dict[str, dict[str, Any]]:
    """Return the variables of each server, but for those of features that nothing has changed."""
    moved = {name for each in place.way if each.step is not None for name in each.step.changes}
    idle = {*VARIABLES} - moved
    features = tuple(each.value for each in session.cluster.features)
    found = {}
    for server, state in place.teller.now.items():
        found[server] = _state({name: state[name] for name in state if name not in idle})
        if configuration := goes_by(state, features):
            found[server]["configuration"] = configuration
    return found


def _state(state: JsonObject) -> dict[str, Any]:
    """Return the variables of a server as text, and its log as cells, the whole of it."""
    log = entries(state.get("log"))
    found: dict[str, Any] = {}
    for name, value in state.items():
        if name == "log" and log is not None:
            found[name] = [*_cells(state, log)]
        elif name == "snapshot" and is_snapshot(value):
            last, term = value["lastIncludedIndex"], value["lastIncludedTerm"]
            found[name] = f"up to {last} (t{term})" if last else "none"
        else:
            found[name] = plain(value)
    return found


def _cells(state: JsonObject, log: Sequence[JsonObject]) -> Iterator[dict[str, Any]]:
    commit, before = state.get("commitIndex"), compacted(state)
    for index, entry in enumerate(log, start=before + 1):
        is_committed = isinstance(commit, int) and index <= commit
        yield {
            "index": index,
            "term": entry["term"],
            "text": plain(entry["value"]),
            "committed": is_committed,
        }


def _changed(place: Place) -> dict[str, list[str]]:
    """Return which variables of which server the last step has changed."""
    step = place.step
    return {} if step is None or step.server is None else {step.server: sorted(step.changes)}


def _verdict(verdict: Verdict) -> dict[str, Any]:
    prop = verdict.property
    return {
        "name": prop.name,
        "kind": "sometimes" if prop.is_sometimes else "always",
        "of": prop.kind.value,
        "holds": verdict.holds,
        "formula": prop.formula,
        "instances": [*verdict.instances],
    }


# ---- The code


def _code(session: Session, place: Place) -> dict[str, Any]:
    """Return the actions of the spec and the Python that took the step, with the lines that ran."""
    if place.before is None or place.step is None or place.event is None:
        return {"tla": [], "python": []}
    names = place.step.actions or (place.step.step,)
    texts = [(name, text) for name in names if (text := _action(session, name))]
    actor = session.system.guard.actor
    own = {snake_case(name) for name in names}
    ran = sorted(
        functions_run(actor, place.before.view, place.event),
        key=lambda each: each.name.rpartition(".")[2] not in own,  # the actions themselves first
    )
    return {
        "tla": [{"name": name, "text": text} for name, text in texts],
        "python": [
            {"name": each.name, "text": each.text.rstrip(), "lines": sorted(each.lines)}
            for each in ran
        ],
    }


def _action(session: Session, name: str) -> str:
    if not session.cluster.is_raft:
        return ""
    modules = [session.request.properties.file(RAFT)]
    if on := session.cluster.features:
        own = (FEATURES / f"{each.value}.tla" for each in Feature if each in on)
        modules = [*(each for each in own if each.is_file()), EXTENDED, *modules]
    return next((text for each in modules if (text := definition(name, each))), "")
