"""The causal slice: the steps that lead to what is violated.

The rule: a step leads there if it changes a server of which the violation speaks, or from which a
message comes that does, or sends such a message; so does one that makes a history what it is, the
commit of an entry for instance. What nothing is known of leads there: where steps are taken that
are none of Raft, servers know more than the trace shows, and each step may change that.
"""

from __future__ import annotations

from collections.abc import Iterator

from raft_ref.traces.format.flights import flights
from raft_ref.traces.format.trace import Trace
from raft_ref.traces.story.evidence import committed_in, instances, kept, read_of

_OF_RAFT = (
    "Timeout", "AppendEntries", "InstallSnapshot", "ClientRequest", "CompactLog", "Restart",
    "Receive", "ReceiveDuplicate", "DropMessage",
)  # fmt: skip


def causal_slice(trace: Trace) -> frozenset[int]:
    """Return the numbers of the steps that lead to the violation, from 1.

    All steps, where the trace violates nothing, goes on for ever or is not of Raft, or it is not
    known of which servers the violation speaks.
    Raises TraceError where a step takes a message that is not in flight.
    """
    every = frozenset(range(1, len(trace.steps) + 1))
    is_for_ever = trace.loop is not None
    if (
        is_for_ever
        or trace.of is not None
        or trace.violation is None
        or trace.violation.is_refusal
        or not trace.steps
    ):
        return every
    live = {name for each in instances(trace) for name in each.values() if name in trace.servers}
    if not live:
        return every
    sent_at = {(end, flight.sent) for flight in flights(trace) for end in flight.delivered}
    needed = {len(trace.steps), *_committing(trace), *_recording(trace)}
    shows_all = all(step.step in _OF_RAFT for step in trace.steps)
    for number in range(len(trace.steps), 0, -1):
        step = trace.steps[number - 1]
        if number in needed or (step.server in live and (step.changes or not shows_all)):
            needed.add(number)
            live |= {step.server} if step.server else set()
            needed.update(sent for end, sent in sent_at if end == number)
    return frozenset(needed & every)


def _committing(trace: Trace) -> Iterator[int]:
    """Yield the steps by which the entries that the violation speaks of were committed first."""
    if trace.violation is None or "ommitted" not in trace.violation.formula:
        return
    for instance in instances(trace):
        if instance.get("index", "").isdecimal():
            found = committed_in(trace, int(instance["index"]))
            if found is not None:
                yield found


def _recording(trace: Trace) -> Iterator[int]:
    """Yield the last steps that change the histories which the violation reads.

    What is recorded of reads and the like is made of what was committed until then.
    """
    read = (read_of(trace) & kept(trace)) - {"committed"}
    changing = [n for n, step in enumerate(trace.steps, start=1) if read & {*step.history}]
    if not read or not changing:
        return
    yield changing[-1]
    committing = [n for n, step in enumerate(trace.steps, start=1) if "committed" in step.history]
    yield from [number for number in committing if number < changing[-1]][-1:]
