"""Why a line is refused, in a sentence: made of what was logged, what the spec has, and the state.

The rule: each teller knows one thing that Raft forbids, and says nothing where that is not at hand;
the first that speaks is believed, so the more telling ones stand first. What none knows is told as
the nearest difference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from raft_ref.traces.story.words import listed, plain, shortened
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.moves.world import World
from raft_ref.traces.validation.refusals.candidate import (
    BEFORE,
    NO_STEP,
    NOT_ENABLED,
    Candidate,
    Unchanged,
)
from raft_ref.traces.validation.refusals.case import Case
from raft_ref.traces.validation.refusals.of_features import of_features
from raft_ref.traces.validation.refusals.of_logs import accepts, applies, commits, log, match
from raft_ref.traces.validation.refusals.of_membership import of_membership
from raft_ref.traces.validation.refusals.of_reads import of_reads
from raft_ref.traces.validation.search import Search


def why(search: Search, world: World, event: Event, nearest: Candidate) -> str:
    """Return in a sentence, without its stop, why a line is refused.

    Arguments: the search; the reading before the line, and the line; what might explain it best.
    """
    case = Case(search, world, event, nearest)
    for teller in _TELLERS:
        if told := teller(case):
            return told
    return _as_it_stands(case)


def _not_sent(case: Case) -> str:
    if not case.nearest.action.startswith("receive "):
        return ""
    if case.nearest.condition:
        return case.nearest.condition
    assert case.event.message is not None
    kind, source = case.event.message["type"], case.event.message["source"]
    return f"{source} has sent no such {kind}: {_pairs(case)}"


def _not_to_be_sent(case: Case) -> str:
    if not case.nearest.action.startswith("send the "):
        return ""
    kind, dest = case.nearest.action.removeprefix("send the ").split(" to ", 1)
    if case.nearest.condition:
        return f"{case.me} sends {dest} {_a(kind)}, and has none to send"
    if (True, False) in (case.differences.get(f"{of} voteGranted") for of in ("message", "sends")):
        vote = case.old["votedFor"]
        told = f"its vote of term {case.old['currentTerm']} is for {vote}"
        given = told if vote else f"it has not voted in term {case.old['currentTerm']}"
        return f"{case.me} sends {dest} a vote that it did not give: {given}"
    return f"{case.me} sends {dest} {_a(kind)} that it cannot send: {_pairs(case)}"


def _pairs(case: Case) -> str:
    told = (
        f"{name.split(' ', 1)[-1]} is {_short(logged)}, and not {_short(has)}"
        for name, (logged, has) in case.differences.items()
    )
    return ", ".join(told)


def _stale(case: Case) -> str:
    """Tell of a message of an earlier term that changes something (5.1)."""
    term, now = case.message.get("term"), case.old["currentTerm"]
    if term is None or term >= now or not case.differences or case.event.name == "DropMessage":
        return ""
    kind: str = case.message["type"]
    if kind.endswith("Response"):
        counts = {"role", "votesGranted", "matchIndex", "nextIndex", "commitIndex"}
        if counts & {*case.differences}:
            return f"{case.me} counts an answer of term {term} in term {now}"
        return ""
    does = {"log", "snapshot", "votedFor", "commitIndex", "sends voteGranted", "sends success"}
    if does & {*case.differences}:
        return f"{case.me} follows a request of term {term} in term {now}"
    return ""


def _term(case: Case) -> str:
    logged, has = case.differences.get("currentTerm", (None, None))
    if logged is None or not isinstance(has, int) or not isinstance(logged, int):
        return ""
    now = case.old["currentTerm"]
    if logged < now:
        return f"the term of {case.me} goes back from {now} to {logged}"
    if logged < has == case.message.get("term"):
        return f"{case.me} is in term {logged} after a message of term {has}"
    if logged > has:
        return f"{case.me} is in term {logged}, and nothing leads it beyond term {has}"
    return ""


def _leads(case: Case) -> str:
    is_taken = case.nearest.action.startswith("TakeLead(") and bool(case.nearest.condition)
    if case.differences.get("role", ("",))[0] != "Leader" and not is_taken:
        return ""
    term = case.event.after.get("currentTerm", case.term)
    if case.old["role"] == "Follower":
        return f"{case.me} leads term {term}, for which it has not stood"
    voters = {*case.old["votesGranted"]}
    if case.message.get("voteGranted") is True and case.message["term"] == term:
        voters.add(case.message["source"])
    named = listed(sorted(voters)) if voters else "nobody"
    alone = " alone" if len(voters) == 1 else ""
    return f"{case.me} leads term {term} with the votes of {named}{alone}, {case.of_whom}"


def _votes(case: Case) -> str:
    """Tell of a vote that is forgotten, given twice, or given to a log that is behind (5.2)."""
    logged = case.differences.get("votedFor", (None, None))[0]
    gives = case.differences.get("sends voteGranted", (None, None))[0] is True
    if "votedFor" not in case.differences and not gives:
        return ""
    vote, term = case.old["votedFor"], case.old["currentTerm"]
    is_old_term = case.event.after.get("currentTerm", case.term) == term
    if logged is None and not gives:
        if vote is None or not is_old_term:
            return ""
        how = "restarts and forgets" if case.event.name == "Restart" else "forgets"
        return f"{case.me} {how} that it voted for {vote} in term {term}"
    to = logged or case.message.get("source")
    if vote not in (None, to) and is_old_term:
        return f"{case.me} votes for {to} in term {term}, in which it has voted for {vote}"
    if "lastLogIndex" in case.message:
        theirs = case.message["lastLogTerm"], case.message["lastLogIndex"]
        own = case.term_at(case.last) or 0, case.last
        if theirs < own:
            return (
                f"{case.me} votes for {to}, whose log ends at index {theirs[1]} "
                f"(term {theirs[0]}), behind its own, at {own[1]} (term {own[0]})"
            )
    return ""


def _condition(case: Case) -> str:
    if not case.nearest.condition:
        return ""
    name, role = case.nearest.action.partition("(")[0], case.old["role"].lower()
    if case.nearest.condition == NO_STEP:
        adopts = ": it adopts a term of which no message waits" if name == "AdoptTerm" else ""
        return f"{case.me} cannot take the step {name}{adopts}"
    match case.nearest.condition:
        case 'role[i] = "Leader"':
            return f"{case.me} takes a step of a leader ({name}), and is a {role}"
        case r'role[i] \in {"Follower", "Candidate"}':
            return f"{case.me} stands for a term, and leads already"
    if case.nearest.condition == NOT_ENABLED:
        return f"{name} is not allowed to {case.me}"
    return f"{name} is not allowed to {case.me}: {case.nearest.condition} is false"


def _as_it_stands(case: Case) -> str:
    if not case.nearest.differences:
        return f"{case.me} takes no step that was logged"
    name, logged, has = case.nearest.differences[0]
    if isinstance(logged, Unchanged):
        return f"{name} of {case.me} stays as it is, and becomes {_short(has)} in the spec"
    if case.nearest.action == BEFORE:
        return f"{name} of {case.me} was {_short(has)} before this line, and not {_short(logged)}"
    if name == "sends":
        sends = isinstance(logged, str)  # nothing of the kind was logged
        kind, dest = ((has if sends else logged).get(each, "?") for each in ("type", "dest"))
        return f"{case.me} sends {dest} {f'no {kind}' if sends else _a(kind)}"
    if name.startswith("sends "):
        what = name.removeprefix("sends ")
        return f"{case.me} sends {what} {_short(logged)}, where the spec sends {_short(has)}"
    return f"{name} of {case.me} was logged as {_short(logged)}, and is {_short(has)} in the spec"


def _a(kind: str) -> str:
    return f"an {kind}" if kind[:1] in "AI" else f"a {kind}"


def _short(value: Any) -> str:
    return shortened(value if isinstance(value, str) else plain(value), 40)


_TELLERS: tuple[Callable[[Case], str], ...] = (
    of_reads, of_features, of_membership, _not_sent, _not_to_be_sent, _stale, _term, _leads, _votes,
    commits, log, match, accepts, applies, _condition,
)  # fmt: skip
