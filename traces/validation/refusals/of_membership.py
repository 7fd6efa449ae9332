"""Why a line is refused that does what a change of membership forbids (thesis, 4; paper, 6).

The rule of `reasons` holds: each teller knows one thing that is forbidden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from raft_ref.traces.format.features import CHANGES
from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.story.words import listed, plain
from raft_ref.traces.validation.refusals.case import Case
from raft_ref.traces.validation.rules.configurations import shows_configuration, wanted

_CHANGES = (*CHANGES, "ChangeTo")


def _step(case: Case) -> str:
    return case.nearest.action.partition("(")[0]


def _is_used_when_applied(case: Case) -> bool:
    return "AppliedMembership" in case.search.moves.protocol.features


def _open_change(case: Case) -> int | None:
    """Return the index of a configuration that is not settled yet, if there is one."""
    settled = case.old["configurationIndex" if _is_used_when_applied(case) else "commitIndex"]
    behind = case.old["snapshot"]["lastIncludedIndex"]
    for index, entry in enumerate(case.old["log"], behind + 1):
        if shows_configuration(entry["value"]) and index > settled:
            return index
    return None


def _changes(case: Case) -> str:
    """Tell of a change that is asked for and may not be begun (4.1, 4.3)."""
    if _step(case) not in _CHANGES or not case.nearest.condition:
        return ""
    if case.old["role"] != "Leader":
        return f"{case.me} changes the configuration, and is a {case.old['role'].lower()}"
    if index := _open_change(case):
        known = "applied" if _is_used_when_applied(case) else "committed"
        return f"{case.me} begins a change, and the one at index {index} is not {known} yet (4.1)"
    now, commit = case.old["currentTerm"], case.old["commitIndex"]
    is_single = _step(case) not in ("EnterJoint", "LeaveJoint")
    if is_single and not _is_used_when_applied(case) and case.term_at(commit) != now:
        return f"{case.me} begins a change, and has committed no entry of its term {now} yet (4.1)"
    return _leads_to(case)


def _leads_to(case: Case) -> str:
    """Tell of a configuration that may not follow the one in force."""
    old, new = case.configuration, _asked(case)
    if not new:
        return f"{_step(case)} is not allowed to {case.me} in the configuration {plain(old)}"
    told = f"{case.me} goes on from {plain(old)} to {plain(new)}"
    if not new["voters"]:
        return f"{told}, in which nobody votes"
    if both := {*new["voters"]} & {*new["learners"]}:
        return f"{told}, in which {listed(sorted(both))} both votes and learns"
    if old["outgoingVoters"]:
        return f"{told}, and C_old,new leads to its own voters alone (4.3)"
    if not new["outgoingVoters"]:
        return f"{told}: more than one voter at a time, and not by way of C_old,new (4.1)"
    return f"{told}, and C_old,new has the voters that there are as its old ones (4.3)"


def _asked(case: Case) -> JsonObject:
    asked = case.event.arguments
    if not {"configuration", "changes"} & {*asked}:
        return {}
    return next(wanted(case.configuration, asked))


def _applies(case: Case) -> str:
    """Tell of a configuration that is applied and is not the next that is committed."""
    is_it = "ApplyConfiguration" in case.event.moves or _step(case).startswith("Apply")
    asked = case.event.after.get("configuration")
    is_wrong = case.nearest.condition or "configuration" in case.differences
    if asked is None or not is_it or not is_wrong or not _is_used_when_applied(case):
        return ""
    told = f"{case.me} applies the configuration"
    if committed := _committed(case):
        return f"{told} {plain({**committed, **asked})}, and {plain(committed)} is committed"
    index = _open_change(case)
    known = f"the one at index {index} is not committed yet" if index else "none is committed"
    return f"{told} {plain({**case.configuration, **asked})}, and {known}"


def _committed(case: Case) -> JsonObject:
    """Return the configuration that is committed and not applied yet; empty where none is."""
    behind, commit = case.old["snapshot"]["lastIncludedIndex"], case.old["commitIndex"]
    found = {}
    for index, entry in enumerate(case.old["log"], behind + 1):
        if shows_configuration(entry["value"]) and case.old["configurationIndex"] < index <= commit:
            found = entry["value"]
    return found


def _installs(case: Case) -> str:
    """Tell of a snapshot that is installed with another configuration than it brings."""
    shown = case.event.after.get("configuration")
    if shown is None or not _is_used_when_applied(case):
        return ""
    logged = {part: sorted(each) for part, each in shown.items()}
    sent = ((index, value) for index, value in _in_snapshots(case) if _ends_at(case, index))
    for index, brought in (*_installed(case), *sent):
        if {**brought, **logged} != brought:
            return (
                f"{case.me} installs the snapshot up to index {index} with the configuration "
                f"{plain({**brought, **logged})}, and it brings {plain(brought)}"
            )
    return ""


def _installed(case: Case) -> Iterator[tuple[int, JsonObject]]:
    """Yield the same of the snapshot that a server has installed without a line before this one."""
    for step in case.world.steps():
        if step.line != case.event.line:
            return
        if step.server == case.me and step.message is not None:
            yield from _brought(case.as_json(step.message))


def _in_snapshots(case: Case) -> Iterator[tuple[int, JsonObject]]:
    """Yield the last index of each snapshot that a server was sent, and its configuration."""
    for source in case.search.moves.names:
        sent = {"type": "InstallSnapshotRequest", "source": source, "dest": case.me}
        for message in case.search.moves.messages(case.world, sent):
            yield from _brought(case.as_json(message))


def _brought(message: JsonObject) -> Iterator[tuple[int, JsonObject]]:
    snapshot = message.get("snapshot", {})
    held = [each for each in snapshot.get("data", ()) if shows_configuration(each)]
    if held:
        yield snapshot["lastIncludedIndex"], held[-1]


def _ends_at(case: Case, index: int) -> bool:
    """Say whether a line tells that the log ends at an index, which it did not reach before."""
    snapshot, log = case.event.after.get("snapshot", {}), case.event.after.get("log")
    told = log.get("lastIndex") if isinstance(log, dict) else None
    return index > case.last and index in (told, snapshot.get("lastIncludedIndex"))


def _stands(case: Case) -> str:
    """Tell of a server that stands for election, and may not by its configuration."""
    if _step(case) != "Timeout" or not case.nearest.condition or case.old["role"] == "Leader":
        return ""
    configuration, stands = case.configuration, f"{case.me} stands for election"
    if not configuration["voters"]:
        return f"{stands}, and knows of no cluster"
    if case.me in configuration["learners"]:
        return f"{stands}, and is a learner (4.2.1)"
    if not _is_used_when_applied(case):
        return ""
    if case.me not in (*configuration["voters"], *configuration["outgoingVoters"]):
        return f"{stands}, and is no voter of its configuration {plain(configuration)}"
    index = _open_change(case)
    if index is not None and index <= case.old["commitIndex"]:
        return f"{stands}, and has not applied the configuration committed at index {index}"
    return ""


def _asks(case: Case) -> str:
    """Tell of a server that asks who does not vote for a vote (4.2.1)."""
    message = case.event.message or {}
    if not _step(case).startswith("send ") or message.get("type") not in _ELECTING:
        return ""
    peer, configuration = message["dest"], case.configuration
    if peer in (*configuration["voters"], *configuration["outgoingVoters"]):
        return ""
    return f"{case.me} asks {peer} for a vote, which has none in {plain(configuration)}"


def _restarts(case: Case) -> str:
    """Tell of a restart that forgets which configurations are committed."""
    is_restart = _step(case) in ("RestartAt", "RestartFrom") and bool(case.nearest.condition)
    if not is_restart or not _is_used_when_applied(case):
        return ""
    index, known = case.event.after.get("commitIndex", "an earlier index"), case.old["commitIndex"]
    return (
        f"{case.me} restarts with what is committed up to {index}, and knew of {known}: who goes "
        "by what is applied keeps that"
    )


_ELECTING = ("RequestVoteRequest", "PreVoteRequest")
_TELLERS: tuple[Callable[[Case], str], ...] = (
    _changes, _applies, _installs, _stands, _asks, _restarts,
)  # fmt: skip


def of_membership(case: Case) -> str:
    """Tell of what is forbidden of changes of membership."""
    if not case.configuration:
        return ""
    return next(filter(None, (teller(case) for teller in _TELLERS)), "")
