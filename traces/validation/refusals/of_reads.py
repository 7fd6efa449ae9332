"""Why a line is refused that reads as nobody may (thesis, 3.10, 6.4, 6.4.1).

The rule of `reasons` holds: each teller knows one thing that is forbidden.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from raft_ref.spec.values.value import items_of
from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.story.words import listed
from raft_ref.traces.validation.refusals.candidate import Unchanged
from raft_ref.traces.validation.refusals.case import Case


def _knows_committed(case: Case) -> bool:
    index = case.old["commitIndex"]
    return bool(index and case.term_at(index) == case.old["currentTerm"])


def _is_step(case: Case, step: str) -> bool:
    return case.event.name == step or step in case.event.moves


def _stays(case: Case, name: str) -> bool:
    """Say whether a variable stays as it is that changes in the spec."""
    return any(
        name == each and isinstance(logged, Unchanged)
        for each, logged, _ in case.nearest.differences
    )


def _nothing_committed(case: Case) -> str:
    return f"has committed nothing in term {case.old['currentTerm']} (6.4)"


def _asked(case: Case) -> str:
    """Tell of a read that is taken, or known, before anybody was asked."""
    known = case.differences.get("readIndex", (None, None))[0]
    if _is_step(case, "RequestReadIndex") and known:
        return f"{case.me} reads by its own commit index {known}, and does not ask the leader (6.4)"
    if not _is_step(case, "Read"):
        return ""
    if known:
        return f"{case.me} reads at index {known}, and does not ask whether it still leads (6.4)"
    if case.nearest.condition and case.old["role"] == "Leader" and not _knows_committed(case):
        return f"{case.me} takes a read, and {_nothing_committed(case)}"
    return ""


def _answered(case: Case) -> str:
    """Tell of an answer that is given without a quorum, or with an index that was not noted."""
    logged = case.event.message or {}
    is_sent = logged.get("type") == "ReadIndexResponse" and "Send" in case.event.moves
    if not is_sent and not _is_step(case, "AnswerReads"):
        return ""
    if case.old["role"] != "Leader":
        return f"{case.me} answers a read, and is no leader"
    told = {**case.event.arguments, **({"peer": logged["dest"], **logged} if is_sent else {})}
    found = [each for each in case.old["pendingReads"] if _is_of(each, told)]
    whose = f"a read of {told['peer']}" if "peer" in told else "a read"
    if not found:
        why = "has noted none" if _knows_committed(case) else _nothing_committed(case)
        return f"{case.me} answers {whose}, and {why}"
    read = found[0]
    if told.get("index", read["index"]) != read["index"]:
        return (
            f"{case.me} answers {whose} with index {told['index']}, and had committed up to "
            f"{read['index']} when it noted that (6.4)"
        )
    if ahead := _ahead_of(case):
        return f"{case.me} answers {whose} by its clock with index {read['index']}, and {ahead}"
    who = _confirmed_by(case, read)
    return (
        f"{case.me} answers {whose}, and {_have(who)} acknowledged a round of heartbeats since it "
        f"noted that, {case.of_whom} (6.4)"
    )


def _ahead_of(case: Case) -> str:
    """Tell who knows more to be committed than who reads by its clock, if one does."""
    moves, mine = case.search.moves, case.old["commitIndex"]
    if "TrustClock" not in moves.liberties.allowed:
        return ""
    for name, place in moves.places.items():
        state = case.world.states[place]
        if state is not None and state.commit_index > mine:
            return f"{name} has committed up to {state.commit_index} by then (6.4.1)"
    return ""


def _have(who: list[str]) -> str:
    if not who:
        return "nobody has"
    return f"{listed(who)} alone {'has' if len(who) == 1 else 'have'}"


def _is_of(read: JsonObject, told: Mapping[str, Any]) -> bool:
    names = {"peer": "server", "number": "number"}
    return all(told.get(name, read[each]) == read[each] for name, each in names.items())


def _confirmed_by(case: Case, read: JsonObject) -> list[str]:
    """Return who has acknowledged a round that covers a read."""
    moves = case.search.moves
    state = case.world.state(moves.places[case.me])
    for each in moves.variable(state, "confirmations"):
        held: dict[Any, Any] = dict(items_of(each))
        if (held["server"].name, held["number"]) == (read["server"], read["number"]):
            return sorted(server.name for server in held["acks"])
    return []


def _served(case: Case) -> str:
    """Tell of a read that is served before what it waits for is applied, or known."""
    if not _is_step(case, "ServeRead"):
        return ""
    index, commit = case.old["readIndex"], case.old["commitIndex"]
    if index is None:
        return f"{case.me} serves a read, and has none"
    if index == 0:
        return f"{case.me} serves a read of which it does not know the index (6.4)"
    if index > commit:
        return f"{case.me} serves a read of index {index}, and has committed up to {commit} (6.4)"
    return ""


def _counted(case: Case) -> str:
    """Tell of an answer that is taken for one to something else."""
    kind = case.message.get("type")
    is_noted = kind == "ReadIndexRequest" and "pendingReads" in case.differences
    if is_noted and not _knows_committed(case):
        source = case.message["source"]
        return f"{case.me} notes a read of {source}, and {_nothing_committed(case)}"
    if kind == "ReadIndexResponse" and "readIndex" in case.differences:
        number, latest = case.message["number"], case.old["readNumber"]
        if number != latest:
            return f"{case.me} takes the answer to its read {number} for that to its read {latest}"
    if (
        kind == "HeartbeatResponse"
        and case.message["source"] in (case.differences.get("roundAcks", ((), ()))[0])
    ):
        told, latest = case.message["round"], case.old["readRound"]
        if told != latest:
            return f"{case.me} counts an answer to round {told} in round {latest} (6.4)"
    if _is_step(case, "BeginRound") and (
        _stays(case, "roundAcks") or "roundAcks" in case.differences
    ):
        return f"{case.me} begins a round with the acknowledgements of the last (6.4)"
    return ""


def _leased(case: Case) -> str:
    """Tell of a lease that is used, or kept, and should not be (3.10, 6.4.1)."""
    if _is_step(case, "LeaseRead") and case.nearest.condition and case.old["role"] == "Leader":
        return f"{case.me} reads by a lease, and {_why_no_lease(case)}"
    if _is_step(case, "TimeoutNow"):
        is_kept = _stays(case, "isLeaseGivenUp") or "isLeaseGivenUp" in case.differences
        if is_kept or _stays(case, "isTrusting") or "isTrusting" in case.differences:
            return f"{case.me} tells a server to stand, and does not give up its lease (3.10)"
    return ""


def _why_no_lease(case: Case) -> str:
    if not _knows_committed(case):
        return _nothing_committed(case)
    if case.old["isLeaseGivenUp"]:
        return "has given it up, as it told a server to stand (3.10)"
    if not case.old["isTrusting"]:
        return "trusts in no round of heartbeats any more (6.4.1)"
    who = _have(case.old["roundAcks"])
    return f"{who} acknowledged its round, of {len(case.search.moves.names)} servers (6.4.1)"


def _promised(case: Case) -> str:
    """Tell of a promise that is broken, or forgotten (6.4.1)."""
    promise = case.old["promise"]
    if promise is None:
        return ""
    told = f"has promised its vote to {promise['leader']} (6.4.1)"
    if _is_step(case, "EndPromise"):
        trusts = f"{promise['leader']} still trusts in it"
        return f"the promise of {case.me} to {promise['leader']} ends, and {trusts} (6.4.1)"
    if "promise" in case.differences or _stays(case, "promise"):
        if case.event.name == "Restart":
            return f"{case.me} restarts and forgets that it {told}"
        if case.message.get("type") == "HeartbeatRequest":
            now, late = promise["round"], case.message["round"]
            return f"{case.me} shortens its promise of round {now} to that of round {late} (6.4.1)"
    if _is_step(case, "Timeout") and case.nearest.condition and not case.old["isForced"]:
        return f"{case.me} stands, and {told}"
    asks = case.message.get("type") == "RequestVoteRequest" and not case.message.get("isForced")
    does = {"currentTerm", "votedFor", "sends"} & {*case.differences}
    if asks and does and case.message["source"] != promise["leader"]:
        return f"{case.me} listens to the candidate {case.message['source']}, and {told}"
    return ""


_TELLERS: tuple[Callable[[Case], str], ...] = (
    _asked, _answered, _served, _counted, _leased, _promised,
)  # fmt: skip


def of_reads(case: Case) -> str:
    """Tell of what a read, or a lease, must not be."""
    if "ReadIndex" not in case.search.moves.protocol.features:
        return ""
    return next(filter(None, (teller(case) for teller in _TELLERS)), "")
