"""What a picture marks as wrong: what falsifies a property, what a refused line has otherwise."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import takewhile
from typing import Any

from raft_ref.traces.format.flights import Flight, InFlight
from raft_ref.traces.format.trace import JsonObject, Trace, states
from raft_ref.traces.story.evidence import history, instances, is_of_a_step, kept, read_of
from raft_ref.traces.story.sentences import describe
from raft_ref.traces.story.words import compacted, entries, plain

_READ = re.compile(r"\b([A-Za-z]\w*)'?\[(\w+)\]")
_OF_A_SERVER = re.compile(r"^(\w+)\[([^\]]+)\]: ")


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


def falsifying(trace: Trace) -> frozenset[tuple[str, str]]:
    """Return the variables that falsify the formula, with their server.

    They are those that it reads of the servers of which it is false, ``role[i]`` with i = s1; or
    those in which a step is not as the spec has it.
    """
    if trace.violation is None or trace.violation.is_refusal:
        return frozenset()
    found = set()
    for each in trace.violation.instances:
        if other := _OF_A_SERVER.match(each):
            found.add((other[2], other[1]))
    read = _READ.findall(trace.violation.formula)
    for instance in instances(trace):
        found |= {(instance[bound], name) for name, bound in read if bound in instance}
    return frozenset(found)


def falsifying_index(trace: Trace) -> int | None:
    """Return the one index at which logs falsify the formula, if there is one."""
    found = {instance.get("index", "") for instance in instances(trace)}
    [index] = found if len(found) == 1 else [""]
    return int(index) if index.isdecimal() else None


def histories(trace: Trace) -> dict[str, str]:
    """Return what the formula reads besides the servers: histories, and messages, in the end."""
    found = {}
    if "messages" in read_of(trace) - kept(trace):
        *_, then, now = ("", *_in_flight(trace))
        is_other = is_of_a_step(trace) and then != now
        found["messages"] = f"{then} → {now}" if is_other else now
    for name in sorted(kept(trace) & read_of(trace)):
        steps = len(trace.steps)
        before = history(trace, name, steps - 1) if is_of_a_step(trace) else None
        found[name] = _became(before, history(trace, name))
    return found


def _in_flight(trace: Trace) -> Iterator[str]:
    """Yield the messages in flight, at first and after each step."""
    network = InFlight(trace.network, trace.in_flight)
    for number in range(len(trace.steps) + 1):
        if number:
            network.apply(number, trace.steps[number - 1])
        told = (f"{m['source']} to {m['dest']}: {describe(m)}" for m in network.pending)
        yield "; ".join(told).replace("()", "") or "none"


def became(trace: Trace, server: str, name: str) -> str:
    """Return a value that falsifies the formula; of one that the last step changed, what it was."""
    reached = states(trace)
    before = reached[-2][server].get(name) if is_of_a_step(trace) else None
    return _became(before, reached[-1][server].get(name))


def _became(before: Any, now: Any) -> str:
    return plain(now) if before in (None, now) else f"{plain(before)} → {plain(now)}"


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
