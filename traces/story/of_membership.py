"""What went wrong where the membership changes, in sentences (thesis, 4).

The rule: what a server counted by, nobody knows; what is told is who has what, and by which of the
configurations that it knows that would do.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from raft_ref.traces.format.trace import JsonObject, Trace
from raft_ref.traces.story.evidence import Names, Sentence, Servers, back, history
from raft_ref.traces.story.membership import (
    braced,
    configurations,
    goes_by,
    in_force,
    is_majority,
    is_quorum,
    values_of,
)
from raft_ref.traces.story.words import compacted, is_configuration, listed


def _intersect(names: Names, _: Servers, now: Servers, trace: Trace) -> str:
    one, other = names["i"], names["j"]
    here, there = (goes_by(now[each], trace.features) for each in (one, other))
    some = [each for each in trace.servers if each in names["servers"].strip("{}").split(", ")]
    others = [each for each in trace.servers if each not in some]
    return (
        f"{one} goes by {here}, {other} by {there}: {' and '.join(some)} can agree on one thing, "
        f"{' and '.join(others)} on another."
    )


def _stored(names: Names, old: Servers, now: Servers, trace: Trace) -> str:
    leader = names["i"]
    index = now[leader]["commitIndex"]
    value, by = _values(old[leader])[index - 1], in_force(old[leader], trace.features)
    if by is None:
        return ""
    stored = [each for each in trace.servers if _has(old[each], index, value)]
    who = listed([f"the learner {each}" if each in by["learners"] else each for each in stored])
    have = "have" if len(stored) > 1 else "alone has"
    told = f"{leader} commits index {index}, which {who} {have}: {_count(by, stored)}"
    if by["outgoingVoters"]:
        return f"{told}."
    return f"{told}.{_would_do(old[leader], by, stored)}"


def _values(state: JsonObject) -> list[Any]:
    values = values_of(state)
    if values is None:
        raise ValueError("it is not known what this server has")
    return values


def _has(state: JsonObject, index: int, value: Any) -> bool:
    values = _values(state)
    return bool(index <= state["commitIndex"]) or values[index - 1 : index] == [value]


def _count(by: JsonObject, stored: Collection[str]) -> str:
    """Return which part of a configuration has no majority among some servers."""
    parts = [("old ", by["outgoingVoters"]), ("new ", by["voters"])]
    if not by["outgoingVoters"]:
        parts = [("", by["voters"])]
    for name, part in parts:
        if not is_majority(part, stored):
            count = len({*part} & {*stored})
            if not count:
                return f"no {name}voter of {braced(by)}"
            return f"{count} of the {len(part)} {name}voters of {braced(by)}, and no majority"
    raise ValueError("they are a quorum")


def _would_do(state: JsonObject, by: JsonObject, stored: Collection[str]) -> str:
    """Return another configuration that the server knows, of which the servers are a quorum."""
    known = configurations(state)
    for index in sorted(known, reverse=True):
        other = known[index]
        if other != by and other["voters"] and is_quorum(other, stored):
            where = f"at index {index}" if index else "with which it began"
            return f" By {braced(other)}, {where}, that would be enough."
    return ""


def _uncommitted(names: Names, _: Servers, now: Servers, trace: Trace) -> str:
    server = names["i"]
    committed = len(history(trace, "committed") or ())
    known = configurations(now[server])
    told = [f"{braced(known[i])} at index {i}" for i in sorted(known) if i > committed]
    return f"{server} has {len(told)} changes in its log that are not committed: {listed(told)}."


def _learner(names: Names, _: Servers, now: Servers, trace: Trace) -> str:
    server = names["i"]
    state = now[server]
    does = "leads" if state["role"] == "Leader" else "stands for"
    by = goes_by(state, trace.features)
    return f"{server} {does} term {state['currentTerm']}, and is a learner: it goes by {by}."


def _unsound(names: Names, _: Servers, now: Servers, __: Trace) -> str:
    server, index = names["i"], int(names["index"])
    found = configurations(now[server])[index]
    told = f"{server} has {braced(found)} at index {index}, in which"
    both = [each for each in found["learners"] if each in found["voters"]]
    return f"{told} {listed(both)} both votes and learns." if both else f"{told} nobody votes."


def _same_parts(names: Names, _: Servers, now: Servers, trace: Trace) -> str:
    server = names["i"]
    by = goes_by(now[server], trace.features)
    return f"{server} goes by {by}, of which both parts are the same."


def _left(names: Names, old: Servers, now: Servers, trace: Trace) -> str:
    leader = names["i"]
    before = in_force(old[leader], trace.features)
    # This index is one of the log, in which the entries of the snapshot are not counted.
    index = int(names["index"]) + compacted(now[leader])
    new = _values(now[leader])[index - 1]
    if before is None or not is_configuration(new):
        return ""
    told = f"{leader} goes on from {braced(before)} to {braced(new)} at index {index}"
    if new["outgoingVoters"] or new["voters"] != before["voters"]:
        return f"{told}, and C_old,new leads to its new voters alone."
    return f"{told}, and {braced(before)} is not committed."


def _applied(names: Names, _: Servers, now: Servers, trace: Trace) -> str:
    server = names["i"]
    index, commit = now[server]["configurationIndex"], now[server]["commitIndex"]
    by = goes_by(now[server], trace.features)
    told = f"{server} goes by {by}, which it applied at index {index}"
    if index <= commit:
        return f"{told}, and which was never committed."
    return f"{told}, and does not know that it is committed: its commitIndex is {commit}."


def _behind(names: Names, old: Servers, now: Servers, trace: Trace) -> str:
    server = names["i"]
    state, known = old[server], configurations(old[server])
    index = max(each for each in known if each <= state["commitIndex"])
    return (
        f"{server} stands for term {now[server]['currentTerm']} by "
        f"{goes_by(state, trace.features)}, and has not applied {braced(known[index])} at index "
        f"{index}, which it knows to be committed."
    )


OF_MEMBERSHIP: Mapping[str, Sentence] = {
    "ConfigurationsAreSound": _unsound,
    "OneUncommittedChange": _uncommitted,
    "ConfigurationsIntersect": _intersect,
    "LearnersFollow": _learner,
    "CommitIsStored": _stored,
    "OldAndNewAgree": _same_parts,
    "NewFollowsCommittedJoint": _left,
    "AppliedIsCommitted": _applied,
    "ConfigurationMonotonic": back("configurationIndex"),
    "NobodyStandsBehind": _behind,
}
"""What is told of each property of MembershipInvariants.tla and those beside it."""
