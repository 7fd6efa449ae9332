"""Why a line is refused that has a log, or what is known of one, as it cannot be (5.3, 5.4.2).

The rule of `reasons` holds: each teller knows one thing that Raft forbids.
"""

from __future__ import annotations

from typing import Any

from raft_ref.traces.story.words import compacted, listed, plain
from raft_ref.traces.validation.refusals.case import Case
from raft_ref.traces.validation.rules.matching import message_to_json


def commits(case: Case) -> str:
    """Tell of a commit index that goes back, or beyond what may be committed."""
    logged, has = case.differences.get("commitIndex", (None, None))
    if case.nearest.action.startswith("Commit(") and case.nearest.condition:
        # As it was logged, and not at all.
        logged, has = case.event.after.get("commitIndex"), case.old["commitIndex"]
    if not isinstance(logged, int) or not isinstance(has, int):
        return ""
    if logged < case.old["commitIndex"]:
        before = case.old["commitIndex"]
        return f"the commit index of {case.me} goes back from {before} to {logged}"
    if logged < has:
        return ""
    if case.old["role"] == "Leader" and case.event.after.get("role", "Leader") == "Leader":
        return _commits_as_leader(case, logged)
    told = case.message.get("leaderCommit")
    if told is not None and logged > told:
        return f"{case.me} commits up to {logged}, and its leader told it of {told}"
    entries = case.message.get("entries")
    if isinstance(entries, list):
        verified = case.message["prevLogIndex"] + len(entries)
        if logged > verified:
            return f"{case.me} commits up to {logged}, and what it received ends at {verified}"
    return f"{case.me} commits up to {logged}, and was told of {has}"


def _commits_as_leader(case: Case, index: int) -> str:
    """Tell of what a leader commits that is on no quorum, or not of its term; "" if it may."""
    at, now = case.term_at(index), case.old["currentTerm"]
    if index > case.last:
        return f"{case.me} commits up to {index}, and its log ends at {case.last}"
    if at is not None and at < now:
        return (
            f"{case.me} commits index {index}, an entry of term {at}, as leader of term {now}, "
            f"before an entry of term {now} is on a majority (5.4.2)"
        )
    holds = dict(zip(case.search.moves.names, case.old["matchIndex"], strict=True))
    if case.message.get("success") is True and case.message["term"] == now:
        source = case.message["source"]
        holds[source] = max(holds[source], case.message["matchIndex"])
    who = [case.me, *(name for name, held in holds.items() if held >= index and name != case.me)]
    if case.is_quorum(who):
        return ""
    alone = " alone" if len(who) == 1 else ""
    known = f"known to be on {listed(who)}{alone}, {case.of_whom}"
    return f"{case.me} commits index {index}, {known}"


def applies(case: Case) -> str:
    """Tell of an entry that is applied out of order, too early, or otherwise than it stands."""
    if case.event.name != "Apply" or case.differences:
        return ""
    applied = case.world.applied[case.search.moves.places[case.me]]
    following = None if applied is None else max(applied, compacted(case.old)) + 1
    index = case.event.arguments.get("index", following)
    if index is None:
        return ""
    if following not in (None, index):
        return f"{case.me} applies index {index}, and index {following} is the next"
    if index > case.old["commitIndex"]:
        known = case.old["commitIndex"]
        return f"{case.me} applies index {index}, and its log is committed up to {known}"
    place = index - case.last + len(case.old["log"])
    if not 0 < place <= len(case.old["log"]):
        return ""
    held, value = case.old["log"][place - 1], case.event.arguments.get("value")
    return f"{case.me} applies {value} at index {index}, and not {plain([held])[1:-1]}"


def log(case: Case) -> str:
    """Tell of entries that are lost, that nobody gave, or that are others."""
    if "log" not in case.differences:
        return ""
    logged, has = case.differences["log"]
    end = _end(case, logged)
    if end is not None and end < case.last and not isinstance(has, str):
        lost = f"index {end + 1}" if end + 1 == case.last else f"indices {end + 1} to {case.last}"
        how = "restarts without" if case.event.name == "Restart" else "loses"
        return f"{case.me} {how} {lost} of its log{_acknowledged(case, end + 1)}"
    expected = _end(case, has)
    if end is not None and expected is not None and end > expected:
        return f"{case.me} holds an entry at index {expected + 1} that nothing gave it"
    if end is not None and expected is not None and end < expected:
        return f"{case.me} has no entry at index {end + 1}, which it is to append"
    if isinstance(logged, list) and isinstance(has, list):
        pairs = zip(logged, has, strict=False)
        for index, (one, other) in enumerate(pairs, start=compacted(case.old) + 1):
            if one != other:
                return f"{case.me} holds {plain(one)} at index {index}, and not {plain(other)}"
    return ""


def _end(case: Case, log: Any) -> int | None:
    """Return where a log ends, as it was logged; None where that is not known."""
    if isinstance(log, list):
        return compacted(case.old) + len(log)
    if isinstance(log, dict) and "lastIndex" in log:
        last: int = log["lastIndex"]
        return last
    if isinstance(log, dict) and "length" in log:
        return compacted(case.old) + int(log["length"])
    return None


def _acknowledged(case: Case, index: int) -> str:
    """Return to whom a server has acknowledged an entry, as far as that is remembered."""
    moves = case.search.moves
    for name in moves.names:
        ends = {"type": "AppendEntriesResponse", "source": case.me, "dest": name, "success": True}
        if name != case.me and any(
            message_to_json(each)["matchIndex"] >= index
            for each in moves.messages(case.world, ends)
        ):
            return f", which it has acknowledged to {name}"
    return ""


def match(case: Case) -> str:
    """Tell of what a leader takes another to have, or means to send it."""
    for variable, words in (
        ("matchIndex", "takes {} to hold its log up to {}, and knows of {}"),
        ("nextIndex", "means to send {} index {} next, and not {}"),
    ):
        if variable in case.differences:
            logged, has = (case.numbers(variable, each) for each in case.differences[variable])
            for peer, index in logged.items():
                if has.get(peer, index) != index:
                    return f"{case.me} {words.format(peer, index, has[peer])}"
    return ""


def accepts(case: Case) -> str:
    """Tell of entries that are accepted behind one that is not there."""
    if case.differences.get("sends success") != (True, False) or "prevLogIndex" not in case.message:
        return ""
    index, term = case.message["prevLogIndex"], case.message["prevLogTerm"]
    at = case.term_at(index)
    own = "where its log has nothing" if at is None else f"where its own is of term {at}"
    return f"{case.me} accepts entries behind index {index} of term {term}, {own}"
