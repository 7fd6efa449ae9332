"""What a picture marks of a line that no step explains: what it has otherwise than the spec."""

from __future__ import annotations

from collections.abc import Collection
from itertools import takewhile

from raft_ref.traces.format.flights import Flight
from raft_ref.traces.format.trace import JsonObject, Trace, states
from raft_ref.traces.story.words import compacted, entries, plain


def is_refused_send(trace: Trace, flight: Flight) -> bool:
    """Say whether a message is what a line sends that no step explains, or sends otherwise."""
    refused = trace.violation
    if refused is None or not refused.is_refusal or flight.sent != len(trace.steps):
        return False
    last = trace.steps[-1]
    # Of several that a step sends, nothing says which is not as it should be.
    is_wrong = any(each.name.startswith("sends ") for each in refused.differences)
    return last.step == "Send" or (is_wrong and len(last.sends) == 1)


def is_of_nobody(trace: Trace, flight: Flight) -> bool:
    """Say whether a refused line receives a message that nobody has sent."""
    refused = trace.violation is not None and trace.violation.nearest.startswith("receive ")
    return refused and flight.delivered == [len(trace.steps)]


def wrongly_logged(trace: Trace) -> frozenset[tuple[str, str]]:
    """Return the variables that a refused line has otherwise than the spec, with their server."""
    if trace.violation is None or not trace.violation.differences or not trace.steps:
        return frozenset()
    server = trace.steps[-1].server or ""
    return frozenset((server, each.name) for each in trace.violation.differences)


def changed_at(trace: Trace, server: str) -> int | None:
    """Return the first index at which the last step of a refused trace changes a log."""
    if (server, "log") not in wrongly_logged(trace):
        return None
    before, after = (at[server] for at in states(trace)[-2:])
    old, new = entries(before.get("log")), entries(after.get("log"))
    if old is None or new is None:
        return None
    same = takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False))
    return compacted(after) + 1 + sum(1 for _ in same)


def numbers(
    servers: tuple[str, ...], old: JsonObject, new: JsonObject, wrong: Collection[str]
) -> list[str]:
    """Return what a refused line has otherwise of what is known of other servers, as phrases.

    Arguments: the servers; the state before the line and after it; what is not as in the spec.
    """
    phrases = []
    for name in ("matchIndex", "nextIndex"):
        before, after = old.get(name), new.get(name)
        if name in wrong and isinstance(before, list) and isinstance(after, list):
            for server, was, now in zip(servers, before, after, strict=True):
                if was != now:
                    phrases += [f"{name} of {server}", f"= {plain(now)}"]
    return phrases
