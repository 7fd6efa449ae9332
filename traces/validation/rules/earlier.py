"""What was sent before a trace begins: a message that a server in the middle of a life receives.

The rule: whatever the state in which its sender begins does not rule out, it may have sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from raft_ref.spec.values.value import FALSE, TRUE, function, sequence
from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.validation.rules.checks import fields_of
from raft_ref.traces.validation.rules.logs import Log, common
from raft_ref.traces.validation.rules.matching import entry_of
from raft_ref.traces.validation.rules.protocol import SNAPSHOT, Message, Protocol, ServerState


def may_have_sent(state: ServerState, known: JsonObject, message: JsonObject) -> bool:
    """Say whether a server may have sent a message before the state in which it begins.

    Arguments: that state, and what of it was logged; what was logged of the message.
    """
    kind = message["type"]
    asked = kind == "PreVoteRequest" or (kind == "PreVoteResponse" and message.get("voteGranted"))
    # Who asks for a pre-vote, or grants one, tells of a term that nobody need have begun.
    term = message.get("term", state.current_term) - bool(asked)
    if "term" not in message and state.current_term > 1:
        return True
    if state.current_term == 0 or term > state.current_term or not _can_be(message):
        return False
    if term < state.current_term:
        return True
    # In one term a server votes once, and its log only grows while it leads or says what it has.
    vote = known.get("votedFor", message["dest"])
    match message["type"]:
        case "PreVoteRequest" | "PreVoteResponse":
            return True
        case "RequestVoteRequest":
            if state.role != "Follower" and not _stands_in(state.log, _end_of(message)):
                return False
            return bool(known.get("votedFor", message["source"]) == message["source"])
        case "RequestVoteResponse":
            return not message.get("voteGranted", False) or vote == message["dest"]
        case "AppendEntriesRequest":
            entries = message.get("entries", 0)
            count = entries if isinstance(entries, int) else len(entries)
            if message.get("prevLogIndex", 0) + count > state.log.index:
                return False
            return all(_stands_in(state.log, each) for each in _shown(message))
        case "TimeoutNowRequest":
            return bool(known.get("role", "Leader") == "Leader")
    return bool(message.get("matchIndex", 0) <= state.log.index)


Place = tuple[int | None, int | None]
"""The index of an entry, and its term; None for what was not logged."""


def _end_of(message: JsonObject) -> Place:
    """Return the last entry of who asks for a vote."""
    return message.get("lastLogIndex"), message.get("lastLogTerm")


def _shown(message: JsonObject) -> list[Place]:
    """Return the entries that a request for entries shows, the one before them first."""
    previous, entries = message.get("prevLogIndex"), message.get("entries", 0)
    terms = [message.get("prevLogTerm")]
    if isinstance(entries, list):
        terms += [each.get("term") for each in entries]
    return [
        (None if previous is None else previous + place, term) for place, term in enumerate(terms)
    ]


def _stands_in(log: Log, place: Place) -> bool:
    """Say whether a log may have such an entry; one that is compacted may tell no term."""
    index, term = place
    if index is None or index > log.index:
        return index is None
    if not term:
        return True
    try:
        return log.at(index).term == term
    except IndexError:
        return True


def _can_be(message: JsonObject) -> bool:
    """Say whether any server could ever send a message: no entry is of a later term than it.

    Who stands for a term, or asks whether to, has no entry of that term yet.
    """
    term = message.get("term")
    if term is None:
        return True
    match message["type"]:
        case "RequestVoteRequest" | "PreVoteRequest":
            return bool((message.get("lastLogTerm") or 0) < term)
        case "AppendEntriesRequest":
            terms = [each or 0 for _, each in _shown(message)]
            return terms == sorted(terms) and terms[-1] <= term
        case "InstallSnapshotRequest":
            snapshot = message.get("snapshot", {})
            return bool((snapshot.get("lastIncludedTerm") or 0) <= term)
    return True


def may_have_learnt(
    protocol: Protocol, begun: Mapping[str, tuple[ServerState, JsonObject]], server: str
) -> ServerState | None:
    """Return the state in which a server begins, if before it has learnt all that it may have.

    That is the votes of a candidate and the acknowledgements of a leader, where nobody tells of
    them; None where it can have learnt nothing. Arguments: the actions; the states in which servers
    begin, and what of each was logged; the server.
    """
    state, known = begun[server]
    if state.current_term == 0:
        return None
    if state.role == "Candidate" and "votesGranted" not in known:
        vote = {"type": "RequestVoteResponse", "dest": server, "term": state.current_term}
        voters = [
            protocol.servers[each]
            for each in protocol.servers
            if each == server
            or each not in begun
            or may_have_sent(*begun[each], {**vote, "source": each, "voteGranted": True})
        ]
        return state._replace(votes_granted=frozenset(voters))
    if state.role == "Leader" and "matchIndex" not in known:
        return _acknowledged(protocol, begun, server, state)
    return None


def _acknowledged(
    protocol: Protocol,
    begun: Mapping[str, tuple[ServerState, JsonObject]],
    server: str,
    state: ServerState,
) -> ServerState:
    """Return a leader that knows of each server the part of its log that this may have."""
    match: dict[Any, Any] = dict.fromkeys(protocol.domain, 0)
    for name, each in protocol.servers.items():
        if name == server:
            continue
        held = begun[name][0] if name in begun else None
        if held is None or held.current_term > state.current_term:
            match[each] = state.log.index
        elif held.current_term == state.current_term:
            shared = common(state.log, held.log)
            match[each] = min(state.log.index, held.log.index) if shared is None else shared
    following = {
        each: max(state.next_index[place], match[each] + 1)
        for each, place in protocol.domain.items()
    }
    return state._replace(match_index=function(match), next_index=function(following))


def as_message(protocol: Protocol, logged: JsonObject) -> Message | None:
    """Return a logged message as that of the spec; None if some of it was not logged."""
    fields: dict[Any, Any] = {"type": logged["type"]}
    for name in fields_of(logged["type"]):
        value = logged.get(name)
        if name in ("source", "dest"):
            value = protocol.servers[logged[name]]
        elif isinstance(value, bool):
            value = TRUE if value else FALSE
        elif name == "entries":
            value = _entries(protocol, value)
        elif name == "snapshot":
            value = _snapshot(protocol, value)
        if value is None:
            return None
        fields[name] = value
    return function(fields)


_LEAST: Mapping[str, Any] = {
    "lastLogIndex": 0, "lastLogTerm": 0, "voteGranted": False, "prevLogIndex": 0,
    "prevLogTerm": 0, "leaderCommit": 0, "success": False, "matchIndex": 0,
}  # fmt: skip


def some_message(protocol: Protocol, logged: JsonObject) -> Message:
    """Return a message of the spec that may be the logged one: what was not logged says least."""
    told = {**_LEAST, **logged}
    message = as_message(protocol, told)
    if message is None:
        nothing = {"lastIncludedIndex": 0, "lastIncludedTerm": 0}
        message = as_message(protocol, {**told, "entries": 0, "snapshot": nothing})
    assert message is not None
    return message


def _entries(protocol: Protocol, logged: Any) -> Any:
    if isinstance(logged, int):
        return sequence([]) if logged == 0 else None
    if logged is None or any("term" not in each for each in logged):
        return None
    return sequence([entry_of(protocol, each) for each in logged])


def _snapshot(protocol: Protocol, logged: Any) -> Any:
    if not logged or not {"lastIncludedIndex", "lastIncludedTerm"} <= {*logged}:
        return None
    index, term = logged["lastIncludedIndex"], logged["lastIncludedTerm"]
    return (SNAPSHOT, protocol.logs.unknown(index, term), index, term)
