"""The causal slice: the steps that lead to what is violated, and what that is in a sentence.

The rule: a step leads there if it changes a server of which the violation speaks, or from which a
message comes that does, or sends such a message. What nothing is known of leads there: where steps
are taken that are none of Raft, servers know more than the trace shows, and each step may change
that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from raft_ref.traces.format.flights import flights
from raft_ref.traces.format.trace import JsonObject, Trace, states
from raft_ref.traces.story.words import is_number

_Servers = Mapping[str, JsonObject]
_OF_RAFT = (
    "Timeout", "AppendEntries", "InstallSnapshot", "ClientRequest", "CompactLog", "Restart",
    "Receive", "ReceiveDuplicate", "DropMessage",
)  # fmt: skip


def causal_slice(trace: Trace) -> frozenset[int]:
    """Return the numbers of the steps that lead to the violation, from 1.

    All steps, where the trace violates nothing, or it is not known of which servers that speaks.
    Raises TraceError where a step takes a message that is not in flight.
    """
    every = frozenset(range(1, len(trace.steps) + 1))
    if trace.violation is None or trace.violation.is_refusal or not trace.steps:
        return every
    live = {name for each in _instances(trace) for name in each.values() if name in trace.servers}
    if not live:
        return every
    sent_at = {(end, flight.sent) for flight in flights(trace) for end in flight.delivered}
    needed = {len(trace.steps), *_committing(trace)}
    shows_all = all(step.step in _OF_RAFT for step in trace.steps)
    for number in range(len(trace.steps), 0, -1):
        step = trace.steps[number - 1]
        if number in needed or (step.server in live and (step.changes or not shows_all)):
            needed.add(number)
            live |= {step.server} if step.server else set()
            needed.update(sent for end, sent in sent_at if end == number)
    return frozenset(needed & every)


def _instances(trace: Trace) -> list[dict[str, str]]:
    """Return what falsifies the formula, name by name."""
    told = trace.violation.instances if trace.violation else ()
    return [
        {name: value for name, _, value in (part.partition(" = ") for part in each.split(", "))}
        for each in told
    ]


def _committing(trace: Trace) -> Iterator[int]:
    """Yield the steps by which the entries that the violation speaks of were committed first."""
    if trace.violation is None or "ommitted" not in trace.violation.formula:
        return
    for instance in _instances(trace):
        if instance.get("index", "").isdecimal():
            found = _committed_at(trace, int(instance["index"]))
            if found is not None:
                yield found


def _committed_at(trace: Trace, index: int) -> int | None:
    for number, step in enumerate(trace.steps, start=1):
        commit = step.changes.get("commitIndex")
        if is_number(commit) and commit >= index:
            return number
    return None


def what_went_wrong(trace: Trace) -> str:
    """Return a sentence that says what the last state has wrong; "" where none is known."""
    violation = trace.violation
    if violation is None or violation.property not in _SENTENCES or not trace.steps:
        return ""
    at = states(trace)
    names = next(iter(_instances(trace)), {})
    try:
        return _SENTENCES[violation.property](names, at[-2], at[-1], trace)
    except (LookupError, TypeError, ValueError):
        return ""  # the trace is not what it says that it is


def _election(names: Mapping[str, str], _: _Servers, now: _Servers, __: Trace) -> str:
    term = now[names["i"]]["currentTerm"]
    return f"{names['i']} and {names['j']} both lead term {term}."


def _matching(names: Mapping[str, str], _: _Servers, __: _Servers, ___: Trace) -> str:
    both = f"{names['i']} and {names['j']}"
    if names["index"] == names["before"]:
        return f"{both} hold different entries of the same term at index {names['index']}."
    return (
        f"{both} have the same term at index {names['index']}, "
        f"and yet differ at index {names['before']}."
    )


def _completeness(names: Mapping[str, str], _: _Servers, now: _Servers, trace: Trace) -> str:
    leader, index = names["i"], int(names["index"])
    when = _committed_at(trace, index)
    told = f" in step {when}" if when else ""
    term = now[leader]["currentTerm"]
    return f"{leader} leads term {term} without the entry {index}, which was committed{told}."


def _safety(names: Mapping[str, str], _: _Servers, now: _Servers, trace: Trace) -> str:
    state, index = now[names["i"]], int(names["index"])
    if index > state["snapshot"]["lastIncludedIndex"] + len(state["log"]):
        return f"{names['i']} takes all up to {index} for committed, and has no entry there."
    when = _committed_at(trace, int(names["index"]))
    told = f" in step {when}" if when and when < len(trace.steps) else ""
    return (
        f"{names['i']} takes its entry {names['index']} for committed, "
        f"but another one was committed there{told}."
    )


def _back(variable: str) -> Callable[[Mapping[str, str], _Servers, _Servers, Trace], str]:
    def as_text(names: Mapping[str, str], old: _Servers, now: _Servers, trace: Trace) -> str:
        server = names["i"]
        before, after = old[server][variable], now[server][variable]
        if "j" in names:
            place = trace.servers.index(names["j"])
            return (
                f"{server} moves {variable} for {names['j']} back, "
                f"from {before[place]} to {after[place]}."
            )
        return f"{server} moves {variable} back, from {before} to {after}."

    return as_text


def _next(names: Mapping[str, str], _: _Servers, now: _Servers, trace: Trace) -> str:
    leader, place = now[names["i"]], trace.servers.index(names["j"])
    return (
        f"{names['i']} is about to send {names['j']} the entry {leader['nextIndex'][place]}, "
        f"though it knows that all up to {leader['matchIndex'][place]} match."
    )


def _never(trace: Trace) -> str:
    goals = {
        "CommitIsDone": "A commit is due, and whatever happens from here, it is never made.",
        "CommitIsKnownToAll": "Whatever happens from here, not all servers hear of a commit.",
        "LeaderIsElected": "Whatever happens from here, no leader is elected.",
    }
    formula = trace.violation.formula if trace.violation else ""
    told = next((text for goal, text in goals.items() if f"one with {goal} can" in formula), None)
    return told or "What is due can never be reached from here."


def _no_step(trace: Trace) -> str:
    told = trace.violation.instances[:1] if trace.violation else ()
    return f"The last step is none of Raft.tla: {told[0]}." if told else ""


_SENTENCES: Mapping[str, Callable[[Mapping[str, str], _Servers, _Servers, Trace], str]] = {
    "ElectionSafety": _election,
    "LogMatching": _matching,
    "LogTermsMonotonic": lambda names, *_: f"Along the log of {names['i']} a term goes down.",
    "LeaderCompleteness": _completeness,
    "StateMachineSafety": _safety,
    "SnapshotCommitted": lambda names, *_: (
        f"The snapshot of {names['i']} includes what was not committed."
    ),
    "NextIndexAboveMatchIndex": _next,
    "LeaderAppendOnly": lambda names, *_: (
        f"{names['i']} leads, and removes or overwrites entries of its own log."
    ),
    "CurrentTermMonotonic": _back("currentTerm"),
    "CommitIndexMonotonic": _back("commitIndex"),
    "MatchIndexMonotonic": _back("matchIndex"),
    "SnapshotMonotonic": lambda names, *_: (
        f"{names['i']} replaces its snapshot by one that includes less."
    ),
    "StepRefinement": lambda _, __, ___, trace: _no_step(trace),
    "Progress": lambda _, __, ___, trace: _never(trace),
}
