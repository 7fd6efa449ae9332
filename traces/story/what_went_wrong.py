"""What went wrong, in a sentence: made of what falsifies the property, and of the states there."""

from __future__ import annotations

from collections.abc import Mapping

from raft_ref.traces.format.trace import JsonObject, Trace, states
from raft_ref.traces.story.evidence import (
    Names,
    Sentence,
    Servers,
    back,
    committed_at,
    committed_in,
    instances,
)
from raft_ref.traces.story.of_features import OF_FEATURES
from raft_ref.traces.story.of_membership import OF_MEMBERSHIP
from raft_ref.traces.story.words import plain

_OF_A_PROTOCOL = "every step of a server is a step of "


def what_went_wrong(trace: Trace) -> str:
    """Return a sentence that says what the last state has wrong; "" where none is known."""
    violation = trace.violation
    if violation is not None and violation.reason:
        return violation.reason
    if violation is None or trace.of is not None:
        return ""
    if violation.property not in SENTENCES or not trace.steps:
        return ""
    at = states(trace)
    names = next(iter(instances(trace)), {})
    try:
        return SENTENCES[violation.property](names, at[-2], at[-1], trace)
    except (LookupError, TypeError, ValueError):
        return ""  # the trace is not what it says that it is


def _election(names: Names, _: Servers, now: Servers, __: Trace) -> str:
    term = now[names["i"]]["currentTerm"]
    return f"{names['i']} and {names['j']} both lead term {term}."


def _matching(names: Names, _: Servers, __: Servers, ___: Trace) -> str:
    both = f"{names['i']} and {names['j']}"
    if names["index"] == names["before"]:
        return f"{both} hold different entries of the same term at index {names['index']}."
    return (
        f"{both} have the same term at index {names['index']}, "
        f"and yet differ at index {names['before']}."
    )


def _completeness(names: Names, _: Servers, now: Servers, trace: Trace) -> str:
    leader, index = names["i"], int(names["index"])
    when = committed_in(trace, index)
    told = f" in step {when}" if when else ""
    term = now[leader]["currentTerm"]
    return f"{leader} leads term {term} without the entry {index}, which was committed{told}."


def _safety(names: Names, _: Servers, now: Servers, trace: Trace) -> str:
    server, index = names["i"], int(names["index"])
    state = now[server]
    if index > _last(state):
        upto = state["commitIndex"]
        return f"{server} takes all up to {upto} for committed, and has no entry {index}."
    here, other = _entry(state, index), committed_at(trace, index)
    if other is None:
        return f"{server} takes its entry {index} for committed, which never was."
    when = committed_in(trace, index)
    told = f" in step {when}" if when and when < len(trace.steps) else ""
    if here is None:
        return (
            f"{server} holds what was not committed at index {index} in its snapshot: "
            f"{plain(other)} was{told}."
        )
    return (
        f"{server} takes {plain(here)} for committed at index {index}, "
        f"but {plain(other)} was committed there{told}."
    )


def _last(state: JsonObject) -> int:
    last: int = state["snapshot"]["lastIncludedIndex"] + len(state["log"])
    return last


def _entry(state: JsonObject, index: int) -> JsonObject | None:
    """Return the entry at an index; None if it is compacted."""
    place = index - state["snapshot"]["lastIncludedIndex"]
    entry: JsonObject | None = state["log"][place - 1] if place > 0 else None
    return entry


def _snapshot(names: Names, _: Servers, now: Servers, __: Trace) -> str:
    server = names["i"]
    last, commit = now[server]["snapshot"]["lastIncludedIndex"], now[server]["commitIndex"]
    if last > commit:
        return f"The snapshot of {server} goes up to {last}, beyond its commitIndex {commit}."
    return f"The snapshot of {server} includes what was not committed."


def _append_only(names: Names, old: Servers, now: Servers, _: Trace) -> str:
    leader = names["i"]
    before, after = _last(old[leader]), _last(now[leader])
    if after < before:
        return f"{leader} leads, and removes entries of its own log: of {before} it keeps {after}."
    return f"{leader} leads, and overwrites the entry {names['index']} of its own log."


def _next(names: Names, _: Servers, now: Servers, trace: Trace) -> str:
    leader, place = now[names["i"]], trace.servers.index(names["j"])
    return (
        f"{names['i']} is about to send {names['j']} the entry {leader['nextIndex'][place]}, "
        f"though it knows that all up to {leader['matchIndex'][place]} match."
    )


def _never(_: Names, __: Servers, ___: Servers, trace: Trace) -> str:
    goals = {
        "CommitIsDone": "A commit is due, and whatever happens from here, it is never made.",
        "CommitIsKnownToAll": "Whatever happens from here, not all servers hear of a commit.",
        "LeaderIsElected": "Whatever happens from here, no leader is elected.",
        "ChangeIsEnded": "A change of membership was begun, and whatever happens from here, "
        "it never ends.",
        "JointIsLeft": "C_old,new is in force, and whatever happens from here, it is never left.",
    }
    formula = trace.violation.formula if trace.violation else ""
    told = next((text for goal, text in goals.items() if f"one with {goal} can" in formula), None)
    return told or "What is due can never be reached from here."


def _no_steps(_: Names, __: Servers, ___: Servers, trace: Trace) -> str:
    told = trace.violation.instances if trace.violation else ()
    return ", ".join(told[:2]) + "." if told else ""


def _no_step(_: Names, __: Servers, ___: Servers, trace: Trace) -> str:
    if trace.violation is None or not trace.violation.instances:
        return ""
    found = trace.violation.formula.removeprefix(_OF_A_PROTOCOL)
    protocol = found if found != trace.violation.formula else "Raft"
    told = trace.violation.instances[0]
    return f"The last step is none of {protocol}.tla: {told}."


SENTENCES: Mapping[str, Sentence] = {
    "ElectionSafety": _election,
    "LogMatching": _matching,
    "LogTermsMonotonic": lambda names, *_: f"Along the log of {names['i']} a term goes down.",
    "LeaderCompleteness": _completeness,
    "StateMachineSafety": _safety,
    "SnapshotCommitted": _snapshot,
    "NextIndexAboveMatchIndex": _next,
    "LeaderAppendOnly": _append_only,
    "CurrentTermMonotonic": back("currentTerm"),
    "CommitIndexMonotonic": back("commitIndex"),
    "MatchIndexMonotonic": back("matchIndex"),
    "SnapshotMonotonic": lambda names, *_: (
        f"{names['i']} replaces its snapshot by one that includes less."
    ),
    "StepRefinement": _no_step,
    "RefinesAnother": _no_steps,
    "Progress": _never,
    **OF_FEATURES,
    **OF_MEMBERSHIP,
}
"""What is told of each property that is violated."""
