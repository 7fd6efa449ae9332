"""How adapters of libraries that send by themselves tell of a step."""

from collections.abc import Iterable
from typing import Any

from raft_ref.traces.format.trace import JsonObject


def as_text(
    step: str,
    server: str,
    state: JsonObject,
    received: JsonObject | None,
    sent: Iterable[tuple[int, JsonObject]],
) -> dict[str, Any]:
    """Return the answer: what happened, with the state after it, then each message that was sent.

    What was sent has a number each. That a leader was asked to send is no step by itself.
    """
    does = {"ReceiveDuplicate": "Receive", "AppendEntries": "Stay"}.get(step, step)
    line: dict[str, Any] = {"step": does, "server": server, "state": state}
    if received is not None:
        line["message"] = received
    lines, sends = [line], []
    for number, message in sent:
        lines.append({"step": "Send", "server": server, "message": message})
        sends.append({"id": number, "message": message})
    return {"lines": lines, "sends": sends}
