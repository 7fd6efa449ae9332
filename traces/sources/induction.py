"""From a counterexample to induction to a trace of one step, to be drawn like any other.

The servers' variables are read from the relations of the proof; its ghosts have no place in a
trace, and stand as text in what is violated.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from raft_ref.spec.proof.counterexamples import Fact, Induction
from raft_ref.spec.proof.evaluation import as_text
from raft_ref.spec.proof.models import Facts
from raft_ref.spec.proof.questions import action_of
from raft_ref.traces.format.trace import Trace, TraceStep, Violation

_OF_SERVERS = frozenset({"left", "isCandidate", "isLeader", "log"})
"""The relations that the variables tell already."""


def trace_of(found: Induction) -> Trace:
    """Return a counterexample as a trace of one step."""
    question = found.question
    servers = tuple(map(str, found.elements["Server"]))
    before = {server: _variables(found, found.before, server) for server in servers}
    violation = Violation("Lemma", f"lemma {question.name} of {question.action}")
    if found.asked is not None:
        given = ", ".join(map(fact_as_text, ghosts(found.before)))
        says = f"{found.asked.says},\nthough it was before, with {given}"
        violation = Violation(question.name, says, (as_text(found.falsified_by()),))
    steps: tuple[TraceStep, ...] = ()
    in_flight: tuple[Mapping[str, Any], ...] = ()
    if question.action:
        server = str(next(iter(found.arguments.values())))
        after = _variables(found, found.after, server)
        changes = {name: value for name, value in after.items() if before[server][name] != value}
        message = _received(found, server)
        action = action_of(question).name
        step = TraceStep(
            action if message is None else "Receive",
            server,
            {},
            message,
            () if message is None else (action,),
            (),
            changes,
        )
        steps, in_flight = (step,), () if message is None else (message,)
    return Trace(
        servers,
        before,
        steps,
        f"counterexample to induction: {question}",
        violation=violation,
        in_flight=in_flight,
    )


def _variables(found: Induction, facts: Facts, server: str) -> dict[str, Any]:
    """Return the variables of Raft.tla at one server, as far as the proof has them."""
    term = 1 + sum(name == server for name, _ in facts["left"])
    role = "Candidate" if (server,) in facts["isCandidate"] else "Follower"
    logged = {index: (t, v) for name, index, t, v in facts["log"] if name == server}
    last = max(map(int, logged), default=0)
    missing = (0, "(none)")  # the proof's logs may have gaps
    rows = [logged.get(index, missing) for index in range(1, last + 1)]
    applied = [int(index) for name, index, *_ in facts["applied"] if name == server]
    vote = [vote for name, at, vote in facts["voted"] if (name, at) == (server, term)]
    return {
        "currentTerm": term,
        "role": "Leader" if (server,) in facts["isLeader"] else role,
        "votedFor": ", ".join(sorted(map(str, vote))) or None,
        "log": [{"term": t, "value": v} for t, v in rows],
        "commitIndex": max(applied, default=0),
    }


def _received(found: Induction, server: str) -> Mapping[str, Any] | None:
    """Return the message that the action handles, as far as it has one."""
    given: Mapping[str, Any] = found.arguments
    term = given.get("term")
    leader = next((str(s) for t, s in found.before["leads"] if t == term), None)
    kind, source, fields = "", leader, {}
    match found.question.action:
        case "HandleRequestVoteRequest":
            kind, source = "RequestVoteRequest", given["candidate"]
            fields = {name: given[name] for name in ("lastLogIndex", "lastLogTerm")}
        case "HandleRequestVoteResponse":
            voters = sorted(found.quorums[given["voters"]] - {server})
            kind, source = "RequestVoteResponse", str(voters[0]) if voters else server
            fields = {"voteGranted": True}
        case "HandleAppendEntriesRequest":
            kind = "AppendEntriesRequest"
            fields = {name: given[name] for name in ("prevLogIndex", "prevLogTerm")}
            fields["entries"] = [{"term": given["entryTerm"], "value": given["value"]}]
        case "HandleAppendEntriesRequest (without entries)":
            kind = "AppendEntriesRequest"
            fields = {name: given[name] for name in ("prevLogIndex", "prevLogTerm")}
            fields["entries"] = []
        case "HandleAppendEntriesResponse":
            kind, source = "AppendEntriesResponse", given["follower"]
            fields = {"success": True, "matchIndex": given["matchIndex"]}
    if not kind or source is None:
        return None
    return {"type": kind, "source": source, "dest": server, "term": term, **fields}


def ghosts(facts: Facts) -> Iterator[Fact]:
    """Yield the facts that no variable of a server tells."""
    for name in (each for each in facts if each not in _OF_SERVERS):
        yield from sorted((name, *each) for each in facts[name])


def fact_as_text(fact: Fact) -> str:
    """Return a fact as a formula: its relation, and what is in it."""
    name, *arguments = fact
    return f"{name}({', '.join(map(str, arguments))})"
