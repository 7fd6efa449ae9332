"""What a step changes, in words: variable by variable, as Raft's variables hang together.

Each teller looks at the variables that belong together and says which of them its phrase covers;
a variable that none covers is told as it stands, "x: 1 -> 2".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from raft_ref.traces.format.trace import JsonObject, Trace, TraceStep
from raft_ref.traces.story.membership import braced, configurations, in_force
from raft_ref.traces.story.words import (
    compacted,
    entries,
    is_configuration,
    is_number,
    is_snapshot,
    listed,
    plain,
    up_to,
)

Telling = tuple[set[str], str]
"""The variables that a phrase covers, and the phrase; "" where they need no words."""


def _tell_role(step: TraceStep, old: JsonObject, new: JsonObject) -> Iterator[Telling]:
    term, role = new.get("currentTerm"), new.get("role")
    new_term = (
        is_number(term) and is_number(old.get("currentTerm")) and "currentTerm" in step.changes
    )
    if role == "Candidate" and (new_term or "role" in step.changes):
        yield {"role", "currentTerm"}, f"candidate in term {plain(term)}"
        return
    if new_term and term < old["currentTerm"]:
        yield {"currentTerm"}, f"its term goes back from {old['currentTerm']} to {term}"
    elif new_term:
        yield {"currentTerm"}, f"adopts term {term}"
    if "role" not in step.changes:
        return
    if role == "Leader":
        voters = new.get("votesGranted")
        named = isinstance(voters, list) and all(isinstance(voter, str) for voter in voters)
        votes = f" with the votes of {listed(voters)}" if voters and named else ""
        reset = {"role", "votesGranted", "nextIndex", "matchIndex"}
        yield reset, f"becomes leader of term {plain(term)}{votes}"
    elif role == "Follower":
        yield {"role"}, "it is a follower again" if step.step == "Restart" else "steps down"


def _tell_vote(step: TraceStep, old: JsonObject, new: JsonObject) -> Iterator[Telling]:
    if "votedFor" in step.changes or step.step == "Timeout":
        vote = new.get("votedFor")
        if vote is None and step.step == "Restart":
            yield {"votedFor"}, f"it forgets that it voted for {plain(old.get('votedFor'))}"
        elif vote is None and "currentTerm" in step.changes:
            yield {"votedFor"}, ""
        elif vote == step.server:
            yield {"votedFor"}, "votes for itself"
        elif any(message.get("voteGranted") is True for message in step.sends):
            yield {"votedFor"}, ""
    votes = new.get("votesGranted")
    if "votesGranted" in step.changes and isinstance(votes, list):
        if not votes or votes == [step.server]:
            yield {"votesGranted"}, ""
        elif new.get("role") != "Leader":
            yield {"votesGranted"}, f"has the votes of {listed([plain(vote) for vote in votes])}"


def _tell_log(step: TraceStep, old: JsonObject, new: JsonObject) -> Iterator[Telling]:
    snapshot = new.get("snapshot")
    if "snapshot" in step.changes and is_snapshot(snapshot):
        verb = "compacts its log" if step.step == "CompactLog" else "installs the snapshot"
        yield {"snapshot"}, f"{verb} {up_to(snapshot)}"
    before, after = _indexed(old), _indexed(new)
    if "log" in step.changes and before is not None and after is not None:
        yield {"log"}, ""
        for verb, log, other in (("removes", before, after), ("appends", after, before)):
            for index, entry in log.items():
                # What went into the snapshot is told with it.
                if other.get(index) != entry and index > compacted(new):
                    yield {"log"}, f"{verb} {plain(entry)} at index {index}"
    commit, was = new.get("commitIndex"), old.get("commitIndex")
    if "commitIndex" in step.changes and is_number(commit) and is_number(was):
        if commit > was:
            yield {"commitIndex"}, f"commits up to index {commit}"
        elif step.step == "Restart":
            yield {"commitIndex"}, f"it forgets that it committed up to index {was}"


def _indexed(state: JsonObject) -> dict[int, JsonObject] | None:
    """Return the entries of a state's log by index, or None where it has no log."""
    log = entries(state.get("log"))
    return None if log is None else dict(enumerate(log, start=compacted(state) + 1))


def _tell_progress(
    step: TraceStep, old: JsonObject, new: JsonObject, servers: tuple[str, ...]
) -> Iterator[Telling]:
    """Tell what a leader learns of its followers; whoever is no leader only resets these two."""
    if new.get("role") in ("Follower", "Candidate"):
        yield {"nextIndex", "matchIndex"}, ""
    if new.get("role") != "Leader" or "role" in step.changes:
        return
    lists = [state.get(name) for state in (old, new) for name in ("matchIndex", "nextIndex")]
    if not all(isinstance(values, list) and len(values) == len(servers) for values in lists):
        return
    for position, server in enumerate(servers):
        match, following = new["matchIndex"][position], new["nextIndex"][position]
        if match != old["matchIndex"][position]:
            yield (
                {"matchIndex", "nextIndex"},
                f"knows that {server} has the log up to index {plain(match)}",
            )
        elif following != old["nextIndex"][position]:
            yield {"nextIndex"}, f"will send {server} index {plain(following)} next"


def _tell_features(step: TraceStep, new: JsonObject) -> Iterator[Telling]:
    """Tell what a server knows for the features that are on; what it forgets goes without words."""
    asks, heard = new.get("preVotesGranted"), new.get("heardFrom")
    target = new.get("transferTarget")
    if isinstance(asks, list):
        others = [plain(each) for each in asks if each != step.server]
        yield {"preVotesGranted"}, f"has the pre-votes of {listed(others)}" if others else ""
    if isinstance(heard, list):
        yield {"heardFrom"}, f"{listed([plain(each) for each in heard])} answered" if heard else ""
    for name, phrase in _FLAGS.items():
        if isinstance(new.get(name), bool):
            yield {name}, phrase if new[name] else ""
    if target is None and step.step == "AbortTransfer":
        yield {"transferTarget"}, "serves again"
    elif step.step == "TransferLeadership":
        yield {"transferTarget"}, "takes no more requests"
    elif target is None:
        yield {"transferTarget"}, ""
    if step.step == "MissLeader":
        yield set(), "listens to others again"
    if step.step == "CheckQuorum" and new.get("role") == "Leader":
        yield set(), "leads on"


def _tell_membership(
    step: TraceStep, old: JsonObject, new: JsonObject, trace: Trace
) -> Iterator[Telling]:
    """Tell of the configuration that a server has applied, and of one that was logged of it."""
    index, known = new.get("configurationIndex"), configurations(new)
    if "configurationIndex" in step.changes and is_number(index) and index in known:
        where = f" (index {index})" if index else ", with which it began"
        yield {"configurationIndex"}, f"goes by {braced(known[index])}{where}"
    logged, before = new.get("configuration"), in_force(old, trace.features)
    if "configuration" in step.changes and is_configuration(logged):
        was = "" if before is None else f"{braced(before)} -> "
        yield {"configuration"}, f"configuration: {was}{braced(logged)}"


def differences(name: str, old: Any, new: Any) -> Iterator[str]:
    """Yield how a value of a specification changes, as ITF has it.

    Of a function it is told where, of a set what comes and goes, of a sequence what is appended.
    """
    match old, new:
        case {"#set": before}, {"#set": after}:
            yield from (f"{name} - {plain(each)}" for each in before if each not in after)
            yield from (f"{name} + {plain(each)}" for each in after if each not in before)
            return
        case [*before], [*after] if after[: len(before)] == before:
            yield from (f"{name} appends {plain(each)}" for each in after[len(before) :])
            return
    one, other = _by_argument(old), _by_argument(new)
    if one is None or other is None or one.keys() != other.keys():
        yield f"{name} = {plain(new)}"
        return
    for argument, value in other.items():
        if one[argument] != value:
            yield from differences(f"{name}[{argument}]", one[argument], value)


def _by_argument(value: Any) -> dict[str, Any] | None:
    """Return what a function or record maps each argument to; None for what is neither."""
    if type(value) is not dict or "#set" in value:
        return None
    return {plain(key): each for key, each in value.get("#map", value.items())}


_FLAGS = {"heardFromLeader": "has a leader", "isForced": "is to stand at once"}


def changes(step: TraceStep, old: JsonObject, new: JsonObject, trace: Trace) -> Iterator[str]:
    """Yield a phrase for each thing that a step of a trace changes in the state of its server.

    `old` and `new` are the server's states before and after it.
    """
    told: set[str] = set()
    tellings = [
        *_tell_role(step, old, new),
        *_tell_vote(step, old, new),
        *_tell_progress(step, old, new, trace.servers),
        *_tell_log(step, old, new),
        *_tell_membership(step, old, new, trace),
        *(
            (covered, phrase)
            for covered, phrase in _tell_features(step, new)
            if not covered or covered & {*step.changes}
        ),
    ]
    for covered, phrase in tellings:
        told |= covered
        if phrase:
            yield phrase
    for name in step.changes:
        if name not in told and (name not in old or old[name] != new[name]):
            yield f"{name}: {plain(old[name]) if name in old else 'unset'} -> {plain(new[name])}"
