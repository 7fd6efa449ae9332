"""Why a line is refused that does what a feature forbids (thesis, 3.10, 4.2.3, 6.2, 9.6).

The rule of `reasons` holds: each teller knows one thing that is forbidden.
"""

from __future__ import annotations

from collections.abc import Callable

from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.story.words import listed
from raft_ref.traces.validation.refusals.case import Case


def _features(case: Case) -> frozenset[str]:
    return case.search.moves.protocol.features


def _has_leader(case: Case) -> str:
    """Return why a server has a leader, and should listen to nobody else; "" if it has none."""
    if case.old["role"] == "Leader":
        return f"leads term {case.old['currentTerm']} itself"
    if case.old["heardFromLeader"]:
        return f"has heard from the leader of term {case.old['currentTerm']}"
    return ""


def _takes(case: Case, step: str) -> bool:
    """Say whether a line tells of a step that is not enabled."""
    is_it = case.nearest.action.partition("(")[0] == step or step in case.event.moves
    return is_it and bool(case.nearest.condition)


def _stands(case: Case) -> str:
    """Tell of a server that stands for election, and should not."""
    if not _takes(case, "Timeout") or case.old["isForced"] or case.old["role"] == "Leader":
        return ""
    term = case.event.after.get("currentTerm", case.old["currentTerm"] + 1)
    if case.old["heardFromLeader"] and not case.search.moves.liberties.silent.get("MissLeader"):
        return f"{case.me} stands for term {term}, and {_has_leader(case)}"
    if "PreVote" not in _features(case):
        return ""
    voters = case.old["preVotesGranted"]
    named = f"the pre-votes of {listed(voters)}" if voters else "no pre-votes"
    alone = " alone" if len(voters) == 1 else ""
    return (
        f"{case.me} stands for term {term} with {named}{alone}, {case.of_whom}, and was "
        "not told to stand (9.6)"
    )


def _pre_vote(case: Case) -> str:
    """Tell of a pre-vote that is given, or counted, and should not be."""
    granted = (True, False) in (
        case.differences.get("sends voteGranted"),
        case.differences.get("message voteGranted"),
    )
    request = _request(case)
    if not granted or not request:
        return ""
    asker, theirs = request["source"], (request["lastLogTerm"], request["lastLogIndex"])
    told = f"{case.me} grants {asker} a pre-vote"
    own = case.term_at(case.last) or 0, case.last
    if theirs < own:
        return (
            f"{told}, whose log ends at index {theirs[1]} (term {theirs[0]}), behind its own, at "
            f"{own[1]} (term {own[0]})"
        )
    if leader := _has_leader(case):
        return f"{told}, and {leader} (9.6)"
    if request["term"] <= case.old["currentTerm"]:
        now = case.old["currentTerm"]
        return f"{told} for term {request['term']}, and is in term {now}"
    return ""


def _request(case: Case) -> JsonObject:
    """Return the request for a pre-vote that a line answers, if it does."""
    if case.message.get("type") == "PreVoteRequest":
        return case.message
    logged = case.event.message or {}
    if case.event.moves != ("Send",) or logged.get("type") != "PreVoteResponse":
        return {}
    return _last_request(case, logged["dest"])


def _last_request(case: Case, asker: str) -> JsonObject:
    ends = {"type": "PreVoteRequest", "source": asker, "dest": case.me}
    found = [case.as_json(each) for each in case.search.moves.messages(case.world, ends)]
    return max(found, key=lambda each: each["term"], default={})


def _begins(case: Case) -> str:
    """Tell of a server that begins a term in which it is only asked for a pre-vote."""
    logged = case.differences.get("currentTerm", (None,))[0]
    if case.message.get("type") != "PreVoteRequest" or logged != case.message["term"]:
        return ""
    asker = case.message["source"]
    return f"{case.me} begins term {logged}, in which {asker} only asks for a pre-vote (9.6)"


def _counts(case: Case) -> str:
    """Tell of a pre-vote that is counted and was none, or none for the term asked."""
    if case.message.get("type") != "PreVoteResponse" or "preVotesGranted" not in case.differences:
        return ""
    source, term = case.message["source"], case.message["term"]
    if source not in case.differences["preVotesGranted"][0]:
        return ""
    if not case.message["voteGranted"]:
        return f"{case.me} counts a pre-vote that {source} has refused"
    if not case.old["preVotesGranted"]:
        return f"{case.me} counts a pre-vote of {source}, and does not ask for any"
    return f"{case.me} counts a pre-vote for term {term} in term {case.old['currentTerm']}"


def _listens(case: Case) -> str:
    """Tell of a server that takes in a request for a vote, and has a leader (4.2.3)."""
    is_asked = case.message.get("type") == "RequestVoteRequest" and not case.message.get("isForced")
    does = {"currentTerm", "votedFor", "role", "sends"} & {*case.differences}
    if "CheckQuorum" not in _features(case) or not is_asked or not does:
        return ""
    leader, candidate = _has_leader(case), case.message["source"]
    if not leader or case.message["term"] <= case.old["currentTerm"]:
        return ""
    return f"{case.me} listens to the candidate {candidate}, and {leader} (4.2.3)"


def _leads_on(case: Case) -> str:
    """Tell of a leader that does not step down without a quorum (6.2)."""
    has = next((h for name, _, h in case.nearest.differences if name == "role"), None)
    if case.nearest.action.partition("(")[0] != "CheckQuorum" or has != "Follower":
        return ""
    heard = case.old["heardFrom"]
    who = f"{listed(heard)} alone {'has' if len(heard) == 1 else 'have'}" if heard else "nobody has"
    return f"{case.me} leads on, and {who} answered it, {case.of_whom} (6.2)"


def _tells(case: Case) -> str:
    """Tell of a server that is told to stand, and should not be (3.10)."""
    logged = case.event.message or {}
    is_sent = logged.get("type") == "TimeoutNowRequest" and case.event.moves == ("Send",)
    if not is_sent and not _takes(case, "TimeoutNow"):
        return ""
    sends = (logged,) if is_sent else case.event.sends or ()
    peer = next((each["dest"] for each in sends), case.old["transferTarget"])
    if case.old["role"] != "Leader":
        return f"{case.me} tells {peer} to stand, and is no leader"
    if peer is None:
        return f"{case.me} tells a server to stand, and transfers leadership to nobody"
    known = case.numbers("matchIndex", case.old["matchIndex"])[peer]
    if known >= case.last:
        return ""
    return (
        f"{case.me} tells {peer} to stand, whose log is known to match up to {known}, and its "
        f"own ends at {case.last} (3.10)"
    )


def _serves(case: Case) -> str:
    """Tell of a leader that takes a request while it transfers leadership (3.10)."""
    target = case.old["transferTarget"]
    if not _takes(case, "ClientRequest") or target is None:
        return ""
    return f"{case.me} takes a request, and transfers leadership to {target} (3.10)"


def _mark(case: Case) -> str:
    """Tell of a mark of a forced election that is missing, or false."""
    match case.differences.get("sends isForced"):
        case (False, True):
            return f"{case.me} was told to stand, and its request for votes lacks the mark of it"
        case (True, False):
            return f"{case.me} marks its election as forced, and was not told to stand"
    return ""


_TELLERS: tuple[Callable[[Case], str], ...] = (
    _stands, _pre_vote, _begins, _counts, _listens, _leads_on, _tells, _serves, _mark,
)  # fmt: skip


def of_features(case: Case) -> str:
    """Tell of what a feature that is on forbids."""
    if not _features(case):
        return ""
    return next(filter(None, (teller(case) for teller in _TELLERS)), "")
