"""A trace told in numbered sentences, one a step.

A sentence is an opening (who does what) and its effects: what the server changes, what it sends.
What is not Raft's, or not as Raft has it, is told as it stands: "x: 1 -> 2".
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from raft_ref.traces.format.flights import DELIVERIES, LOSS, InFlight
from raft_ref.traces.format.trace import (
    NOT_LOGGED,
    JsonObject,
    Specification,
    Trace,
    TraceStep,
    Violation,
    states,
)
from raft_ref.traces.story.changes import changes, differences
from raft_ref.traces.story.evidence import Servers
from raft_ref.traces.story.membership import begins
from raft_ref.traces.story.what_went_wrong import what_went_wrong
from raft_ref.traces.story.words import (
    ENVELOPE,
    entries,
    is_number,
    is_snapshot,
    listed,
    plain,
    printable,
    up_to,
)

_OF_ITSELF = {
    "Start": "starts",
    "Stay": "shows its state",
    "a step": "takes a step",
    "TakeLead": "takes the lead",
    "StepDown": "gives up",
    "Commit": "commits what it may",
    "ApplyConfiguration": "applies a configuration",
    "MoveNextIndex": "chooses anew what it sends next",
    "AdoptTerm": "learns of a term",
    "Refuse": "says no of its own accord",
    "Acknowledge": "acknowledges what is committed",
    "AcknowledgeLess": "acknowledges a part",
    "Departed": "departs from the spec",
    "MissLeader": "misses its leader",
    "RequestPreVotes": "asks whether it could win",
    "ForgetPreVotes": "asks no more",
    "CheckQuorum": "looks who has answered",
    "AbortTransfer": "gives up the transfer",
    "TimeoutNow": "has a server stand",
}
"""Steps of recorded traces, and of features, in words."""

_SHOWN = 8
"""How many entries of a history are told."""


def tell(trace: Trace) -> list[str]:
    """Return the story of a trace: a line for each step, then what the last state violates.

    Raises TraceError where a step takes a message that is not in flight.
    """
    network = InFlight(trace.network, trace.in_flight)
    width = len(str(len(trace.steps)))
    lines = []
    steps = zip(trace.steps, pairwise(states(trace)), strict=True)
    for number, (step, (before, after)) in enumerate(steps, start=1):
        flight = network.apply(number, step)
        again = flight is not None and number in flight.delivered[1:]
        if trace.of is not None:
            sentence = _of_specification(step, before, after, trace.of)
        elif step.server is None:
            sentence = _opening(step, again)
        else:
            sentence = _sentence(step, again, before[step.server], after[step.server], trace)
        unsaid = "" if step.is_told else " (no line tells of it)"
        lines.append(printable(f"{number:>{width}}. {sentence}{unsaid}."))
    lines += [] if trace.loop is None else ["", f"{for_ever(trace)}."]
    return lines + _ending(trace.violation, what_went_wrong(trace))


def _of_specification(
    step: TraceStep, before: Servers, after: Servers, specification: Specification
) -> str:
    """Return the sentence of a step that is none of Raft."""
    told = ", ".join(f"{name} = {plain(value)}" for name, value in given(step).items())
    name = f"{step.step}({told})" if told else step.step
    received = [] if step.message is None else [step.message, *step.takes]
    verb = "loses" if step.server is None else "receives"
    effects = [f"{verb} {_message(each)} from {each['source']}" for each in received]
    effects += [f"{_message(each)} to {each['dest']} is gone" for each in step.drops]
    changed = {**({} if step.server is None else {step.server: step.changes}), **step.others}
    for server, variables in changed.items():
        of_whom = "" if server in (step.server, specification.shared) else f"{server}: "
        for variable, new in variables.items():
            if variable not in specification.channels:
                told_of = differences(variable, before[server].get(variable), new)
                effects += [f"{of_whom}{each}" for each in told_of]
    effects += [f"sends {_message(each)} to {each['dest']}" for each in step.sends]
    who = "" if step.server in (None, specification.shared) else f"{step.server} takes "
    return f"{who}{name}: {', '.join(effects) or 'nothing changes'}"


def given(step: TraceStep) -> JsonObject:
    """Return the arguments of a step of a specification that nothing else of it tells."""
    return {
        name: value
        for name, value in step.arguments.items()
        if plain(value) != step.server and not (step.message is not None and type(value) is dict)
    }


def _message(message: JsonObject) -> str:
    return describe(message).removesuffix("()")


def for_ever(trace: Trace) -> str:
    """Return how a trace goes on that does so for ever, in words."""
    first, last = (trace.loop or 0) + 1, len(trace.steps)
    if first > last:
        return "Nothing more happens"
    steps = f"steps {first} to {last}" if first < last else f"step {last}"
    return f"And so on for ever, {steps} again and again"


def _ending(violation: Violation | None, wrong: str) -> list[str]:
    if violation is None:
        return []
    formula = [f"    {line}".rstrip() for line in violation.formula.expandtabs().splitlines()]
    instances = [f"    falsified by {instance}" for instance in violation.instances]
    end = f": {wrong}" if wrong else ":" if formula or instances else "."
    return ["", *map(printable, [f"{violation}{end}", *formula, *instances])]


def _sentence(step: TraceStep, again: bool, old: JsonObject, new: JsonObject, trace: Trace) -> str:
    effects = [*changes(step, old, new, trace), *_sends(step)]
    effects += [f"{name} is now {_history(value)}" for name, value in step.history.items()]
    opening = _opening(step, again)
    is_refused = trace.violation is not None and trace.violation.is_refusal
    if not effects and is_refused and step is trace.steps[-1]:
        return opening  # whether something changes is not known
    if step.step in ("AppendEntries", "InstallSnapshot", "Send") and not effects:
        return opening
    return f"{opening}: {', '.join(effects) or 'nothing changes'}"


def _history(value: Any) -> str:
    if isinstance(value, list) and len(value) > _SHOWN:
        return f"[… {', '.join(map(plain, value[-_SHOWN:]))}]"
    return plain(value)


def _opening(step: TraceStep, again: bool) -> str:
    server = step.server
    if step.step in DELIVERIES and step.message is not None:
        told = f"{server} receives {describe(step.message)} from {step.message['source']}"
        told += " again (a duplicate)" if again else ""
        return told + (" (the network keeps a copy)" if step.step != "Receive" else "")
    if step.step == LOSS and step.message is not None:
        message = step.message
        return (
            f"the network loses {describe(message)} from {message['source']} to {message['dest']}"
        )
    if begun := begins(step.step, step.arguments, server):
        return f"{server} begins to {begun}"
    return _of_server(step)


def _of_server(step: TraceStep) -> str:
    """Return the opening of a step that no message begins."""
    server = step.server
    if step.step in _OF_ITSELF and (not step.arguments or step.step == "Commit"):
        return f"{server} {_OF_ITSELF[step.step]}"
    match step.step:
        case "Await" if step.message is not None:
            return f"{server} has received {describe(step.message)} from {step.message['source']}"
        case "Send" if step.sends:
            return f"{server} sends {step.sends[0]['dest']} {describe(step.sends[0])}"
        case "Timeout":
            return f"{server} times out"
        case "Restart":
            return f"{server} crashes and restarts"
        case "TransferLeadership" if "peer" in step.arguments:
            return f"{server} is asked to have {step.arguments['peer']} lead"
        case "ClientRequest" if step.arguments.get("value", NOT_LOGGED) == NOT_LOGGED:
            return f"{server} takes a client request"
        case "ClientRequest":
            return f"{server} takes the client request {plain(step.arguments['value'])}"
        case "Apply":
            what = step.arguments.get("value", "the entry")
            where = f" at index {step.arguments['index']}" if "index" in step.arguments else ""
            return f"{step.server} applies {what}{where}"
        case "CompactLog" if is_snapshot(step.changes.get("snapshot")):
            return f"{server} takes a snapshot"
        case "AppendEntries" if (carried := _carried(_only_send(step))) is not None:
            return f"{server} sends {step.sends[0]['dest']} {carried}"
        case "InstallSnapshot" if (held := _held(_only_send(step))) is not None:
            return f"{server} sends {step.sends[0]['dest']} its {held}"
    return _as_it_stands(step)


def _as_it_stands(step: TraceStep) -> str:
    name, given = step.step, step.arguments
    if name == "Stay" and isinstance(given.get("step"), str):
        # A step that Raft has no name for.
        own = given.get("arguments")
        name, given = given["step"], own if isinstance(own, dict) else {}
    arguments = ", ".join(f"{each} {plain(value)}" for each, value in given.items())
    return f"{step.server or 'the network'} takes the step {name}" + (
        f" ({arguments})" if arguments else ""
    )


def _only_send(step: TraceStep) -> JsonObject:
    return step.sends[0] if len(step.sends) == 1 else {}


def describe(message: JsonObject) -> str:
    """Return a message in words: RequestVoteResponse(term 1, granted)."""
    fields = [_field(message, name) for name in message if name not in ENVELOPE]
    return f"{message['type']}({', '.join(filter(None, fields))})"


def _field(message: JsonObject, name: str) -> str:
    """Return one field in words; "" for one that the story can do without."""
    match message["type"], name, message[name]:
        case (("RequestVoteRequest" | "PreVoteRequest"), ("lastLogIndex" | "lastLogTerm"), _):
            return ""
        case "RequestVoteRequest", "isForced", bool(forced):
            return "forced" if forced else ""
        case (("RequestVoteResponse" | "PreVoteResponse"), "voteGranted", bool(granted)):
            return "granted" if granted else "refused"
        case "AppendEntriesRequest", "entries", _ if (carried := _carried(message)) is not None:
            return carried
        case "AppendEntriesRequest", ("prevLogIndex" | "prevLogTerm"), _ if _carried(message):
            return ""
        case "InstallSnapshotRequest", "snapshot", _ if (held := _held(message)) is not None:
            return held
        case "AppendEntriesRequest", "leaderCommit", _:
            return f"commit {plain(message[name])}"
        case "AppendEntriesResponse", "success", bool(accepted):
            return "success" if accepted else "refused"
        case "AppendEntriesResponse", "matchIndex", _ if message.get("success") is False:
            return ""
    return f"{name} {plain(message[name])}"


def _carried(message: JsonObject) -> str | None:
    """Return what an AppendEntriesRequest carries, or None where it is not as Raft's."""
    carried = entries(message.get("entries"))
    previous = message.get("prevLogIndex")
    if carried is None or not is_number(previous):
        return None
    if not carried:
        return f"a heartbeat after index {previous}"
    if len(carried) == 1:
        return f"1 entry (index {previous + 1})"
    return f"{len(carried)} entries (indices {previous + 1} to {previous + len(carried)})"


def _held(message: JsonObject) -> str | None:
    """Return what an InstallSnapshotRequest carries, or None where it is not as Raft's."""
    snapshot = message.get("snapshot")
    return f"snapshot {up_to(snapshot)}" if is_snapshot(snapshot) else None


def _sends(step: TraceStep) -> Iterator[str]:
    """Yield what the step sends; what goes to several servers is told once."""
    if step.step == "Send":
        return
    if step.step == "AppendEntries" and _carried(_only_send(step)):
        return
    if step.step == "InstallSnapshot" and _held(_only_send(step)):
        return
    alike: dict[str, list[JsonObject]] = {}
    for message in step.sends:
        alike.setdefault(describe(message), []).append(message)
    for text, messages in alike.items():
        names = [message["dest"] for message in messages]
        match messages[0]:
            case {"type": "RequestVoteRequest"}:
                yield f"asks {listed(names)} for {'its vote' if len(names) == 1 else 'their votes'}"
            case {"type": "PreVoteRequest"}:
                yield f"asks {listed(names)} for {'a pre-vote' if len(names) == 1 else 'pre-votes'}"
            case {"type": "PreVoteResponse", "voteGranted": bool(granted)}:
                yield f"{'grants' if granted else 'refuses'} a pre-vote"
            case {"type": "TimeoutNowRequest"}:
                yield f"tells {listed(names)} to stand"
            case {"type": "RequestVoteResponse", "voteGranted": bool(granted)}:
                yield f"{'grants' if granted else 'refuses'} its vote"
            case {"type": "AppendEntriesResponse", "success": bool(accepted)}:
                yield "accepts" if accepted else "refuses"
            case _:
                yield f"sends {text} to {listed(names)}"
