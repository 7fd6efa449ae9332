"""A reading of a trace as a trace: every step with all that it changes and sends."""

from __future__ import annotations

from collections.abc import Sequence

from raft_ref.traces.format.flights import received_again
from raft_ref.traces.format.trace import JsonObject, Trace, TraceStep
from raft_ref.traces.validation.moves.world import Step
from raft_ref.traces.validation.rules.configurations import to_json
from raft_ref.traces.validation.rules.matching import Matching, message_to_json
from raft_ref.traces.validation.rules.protocol import Message, ServerState

_NAMES = {
    "SendEntries": "AppendEntries",
    "SendSnapshot": "InstallSnapshot",
    "RestartAt": "Restart",
    "RestartFrom": "Restart",
    "ApplyUpTo": "ApplyConfiguration",
    "TellToStand": "TimeoutNow",
    "ChangeTarget": "TransferLeadership",
    "ReadBeside": "Read",
    "AskRead": "Read",
    "NoteOwnRead": "Read",
    "RequestBeside": "RequestReadIndex",
    "AskAgain": "RequestReadIndex",
    "BeginRoundAs": "BeginRound",
    "AnswerRead": "AnswerReads",
    "ServeEarlier": "ServeRead",
}
"""The steps of Raft.tla that an action of RaftTrace.tla is, under another name."""


def completed(
    servers: Sequence[str],
    matching: Matching,
    states: Sequence[ServerState],
    steps: Sequence[Step],
    source: str,
    received: Message | None = None,
) -> Trace:
    """Return steps as a trace.

    Arguments: the servers, and their states after the steps; the steps, the first first; and what
    is received after them. Messages that were sent before them are in flight at the beginning.
    """
    before = dict(zip(servers, states, strict=True))
    for step in reversed(steps):
        if step.before is not None:
            before[step.server] = step.before
    initial = {name: matching.variables(state) for name, state in before.items()}
    taken: list[tuple[Message | None, tuple[Message, ...]]]
    taken = [(step.message, step.sends) for step in steps]
    *again, _ = received_again([*taken, (received, ())])
    made = [_step(matching, step, is_again) for step, is_again in zip(steps, again, strict=True)]
    return Trace(
        servers=tuple(servers),
        initial=initial,
        steps=tuple(made),
        source=source,
        in_flight=in_flight_before(made),
        features=matching.features,
    )


def in_flight_before(steps: Sequence[TraceStep]) -> tuple[JsonObject, ...]:
    """Return the messages that the steps receive and do not send."""
    found: list[JsonObject] = []
    sent: list[JsonObject] = []
    for step in steps:
        if step.message is not None and step.message not in [*sent, *found]:
            found.append(step.message)
        sent += step.sends
    return tuple(found)


def _step(matching: Matching, step: Step, is_again: bool) -> TraceStep:
    old = {} if step.before is None else matching.variables(step.before)
    changes = {k: v for k, v in matching.variables(step.after).items() if old.get(k) != v}
    message = None if step.message is None else message_to_json(step.message)
    name, actions = _NAMES.get(step.action, step.action), [step.action]
    if message is not None:
        name = "ReceiveDuplicate" if is_again else "Receive"
        actions = [f"Handle{message['type']}" if step.action == "Handle" else step.action]
    return TraceStep(
        step=name,
        server=step.server,
        arguments=_arguments(step),
        message=message,
        actions=tuple(actions),
        sends=tuple(message_to_json(each) for each in step.sends),
        changes=changes,
        is_told=step.is_told,
    )


def _arguments(step: Step) -> JsonObject:
    match step.action, step.arguments:
        case "ClientRequest", (_, value):
            return {"value": value}
        case (("CompactLog" | "Commit"), (_, index)):
            return {"index": index}
        case "ChangeTo", (_, value):
            return {"configuration": to_json(value)}
        case "EnterJoint", (_, voters):
            return {"voters": sorted(each.name for each in voters)}
        case "AppendEntries", (_, peer, count):
            return {"peer": peer.name, "count": count}
        case "SendEntries", (_, peer, _, count, _):
            return {"peer": peer.name, "count": count}
        case action, (_, peer, *_) if action in _TO_A_PEER:
            return {"peer": peer.name}
    return {}


_TO_A_PEER = (
    "InstallSnapshot", "SendSnapshot", "TransferLeadership", "ChangeTarget", "RequestReadIndex",
    "RequestBeside", "AskAgain", "Heartbeat", "AddServer", "RemoveServer", "AddLearner",
    "PromoteLearner",
)  # fmt: skip
