"""What went wrong with pre-vote, check-quorum, transfers, reads and leases, in sentences."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from raft_ref.traces.format.trace import JsonObject, Trace
from raft_ref.traces.story.evidence import Names, Sentence, Servers, history, record
from raft_ref.traces.story.membership import goes_by
from raft_ref.traces.story.words import listed


def _of_whom(state: JsonObject, trace: Trace) -> str:
    """Return by whom a majority is counted."""
    by = goes_by(state, trace.features)
    return f"in {by}" if by else f"of {len(trace.servers)} servers"


def _who(servers: Collection[str]) -> str:
    """Return "nobody", "s1 alone", "s1 and s2"."""
    alone = " alone" if len(servers) == 1 else ""
    return f"{listed([*servers])}{alone}" if servers else "nobody"


def _has_leader(state: JsonObject) -> str:
    if state["role"] == "Leader":
        return f"leads term {state['currentTerm']} itself"
    return f"has heard from the leader of term {state['currentTerm']}"


def _last_message(trace: Trace) -> JsonObject:
    message = trace.steps[-1].message
    if message is None:
        raise ValueError("the last step takes no message")
    return message


def _end(state: JsonObject) -> tuple[int, int]:
    """Return the term of the last entry of a server, and its index."""
    snapshot, log = state["snapshot"], state["log"]
    term = log[-1]["term"] if log else snapshot["lastIncludedTerm"]
    return term, snapshot["lastIncludedIndex"] + len(log)


# Pre-vote.


def _pre_candidate(names: Names, _: Servers, now: Servers, __: Trace) -> str:
    server, state = names["i"], now[names["i"]]
    if state["role"] == "Leader" or state["heardFromLeader"]:
        return f"{server} asks for pre-votes, and {_has_leader(state)}."
    return f"{server} asks for pre-votes, and does not vote for itself."


def _stands(names: Names, old: Servers, now: Servers, trace: Trace) -> str:
    server = names["i"]
    voters = old[server]["preVotesGranted"]
    given = f"the pre-votes of {_who(voters)}" if voters else "no pre-votes"
    return (
        f"{server} stands for term {now[server]['currentTerm']} with {given}, "
        f"{_of_whom(old[server], trace)}, and was not told to stand."
    )


def _pre_vote(names: Names, old: Servers, _: Servers, __: Trace) -> str:
    m = record(names["m"])
    told = f"{m['source']} grants {m['dest']} a pre-vote for term {m['term']}"
    return f"{told}, and {_has_leader(old[m['source']])}."


def _pre_vote_behind(names: Names, old: Servers, _: Servers, trace: Trace) -> str:
    m, asked = record(names["m"]), _last_message(trace)
    told = f"{m['source']} grants {m['dest']} a pre-vote"
    term, index = _end(old[m["source"]])
    theirs = asked["lastLogTerm"], asked["lastLogIndex"]
    if theirs >= (term, index):
        return f"{told} for term {m['term']}, for which it did not ask."
    return (
        f"{told}, whose log ends at index {theirs[1]} (term {theirs[0]}), behind its own, at "
        f"{index} (term {term})."
    )


def _pre_vote_counted(names: Names, old: Servers, _: Servers, trace: Trace) -> str:
    server, voter = names["i"], names["j"]
    m, asks = _last_message(trace), old[server]["currentTerm"] + 1
    if m["source"] != voter or m["type"] != "PreVoteResponse":
        return f"{server} counts a pre-vote of {voter}, which gave none."
    if m["voteGranted"] is not True:
        return f"{server} counts a pre-vote that {voter} refused."
    return (
        f"{server} counts a pre-vote of {voter} for term {m['term']}, and asks for one for term "
        f"{asks}."
    )


def _begun(names: Names, _: Servers, now: Servers, __: Trace) -> str:
    return f"{names['i']} adopts term {now[names['i']]['currentTerm']}, which nobody has begun."


# Check-quorum, and hearing from a leader.


def _heard(names: Names, _: Servers, now: Servers, trace: Trace) -> str:
    server, m = names["i"], _last_message(trace)
    return (
        f"{server} takes the {m['type']} of {m['source']} for a sign of the leader of term "
        f"{now[server]['currentTerm']}."
    )


def _answers(names: Names, _: Servers, now: Servers, __: Trace) -> str:
    server, state = names["i"], now[names["i"]]
    heard = listed(state["heardFrom"])
    if state["role"] == "Leader":
        return f"{server} counts itself among those that answer it."
    return f"{server} keeps in mind that {heard} answered, and leads no more."


def _vote(names: Names, old: Servers, now: Servers, __: Trace) -> str:
    server = names["i"]
    before, after = old[server]["votedFor"], now[server]["votedFor"]
    whom = "itself" if before == server else before
    told = f"{server} voted for {whom} in term {now[server]['currentTerm']}"
    return f"{told}, and votes for {after} in it, too." if after else f"{told}, and forgets that."


def _votes_on(names: Names, old: Servers, now: Servers, __: Trace) -> str:
    server, state = names["i"], now[names["i"]]
    return (
        f"{server} votes for {state['votedFor']} in term {state['currentTerm']}, which was not "
        f"told to stand, and {server} {_has_leader(old[server])}."
    )


def _term_of_other(names: Names, old: Servers, now: Servers, __: Trace) -> str:
    server, term = names["i"], now[names["i"]]["currentTerm"]
    return f"{server} adopts term {term} of who asks for its vote, and {_has_leader(old[server])}."


def _keeps(names: Names, old: Servers, now: Servers, trace: Trace) -> str:
    server = names["i"]
    return (
        f"{server} goes on leading term {now[server]['currentTerm']}, and "
        f"{_who(old[server]['heardFrom'])} answered it, {_of_whom(old[server], trace)}."
    )


# Transfers of leadership.


def _transfers(names: Names, _: Servers, now: Servers, __: Trace) -> str:
    server, target = names["i"], now[names["i"]]["transferTarget"]
    if target == server:
        return f"{server} transfers leadership to itself."
    return f"{server} transfers leadership to {target}, and leads no more."


def _forced(names: Names, _: Servers, now: Servers, __: Trace) -> str:
    server = names["i"]
    return f"{server} leads term {now[server]['currentTerm']}, and is still to stand at once."


def _told(names: Names, _: Servers, now: Servers, trace: Trace) -> str:
    server, m = names["i"], _last_message(trace)
    return (
        f"{server} is to stand at once in term {now[server]['currentTerm']}, which {m['source']} "
        f"told it in term {m['term']}."
    )


def _target(names: Names, old: Servers, _: Servers, __: Trace) -> str:
    m = record(names["m"])
    leader, target = m["source"], m["dest"]
    return (
        f"{leader} tells {target} to stand, whose log ends at index {_end(old[target])[1]}, and "
        f"its own at {_end(old[leader])[1]}."
    )


def _takes(names: Names, old: Servers, _: Servers, __: Trace) -> str:
    leader = names["i"]
    target = old[leader]["transferTarget"]
    return f"{leader} takes a request, and transfers leadership to {target}."


# Reads and leases.


def _notes(names: Names, _: Servers, __: Servers, ___: Trace) -> str:
    return f"{names['i']} keeps in mind what it was asked to read, and does not lead."


def _read(names: Names, old: Servers, _: Servers, trace: Trace) -> str:
    server = names["i"]
    asked = history(trace, "askedAt", len(trace.steps) - 1)[trace.servers.index(server)]
    commit = old[server]["commitIndex"]
    return (
        f"{server} answers a read as of index {commit}, and index {asked} was committed before it "
        "was asked."
    )


def _trusts(names: Names, _: Servers, now: Servers, __: Trace) -> str:
    does = "has given it up" if now[names["i"]]["role"] == "Leader" else "does not lead"
    return f"{names['i']} trusts in its lease, and {does}."


def _lease(names: Names, _: Servers, now: Servers, __: Trace) -> str:
    one, other = names["i"], names["j"]
    given = now[one]["roundAcks"]
    by = f", given by {listed(given)}" if given else ""
    return (
        f"{one} has the lease of term {now[one]['currentTerm']}{by}, and {other} leads term "
        f"{now[other]['currentTerm']}."
    )


OF_FEATURES: Mapping[str, Sentence] = {
    "PreCandidateHasNoLeader": _pre_candidate,
    "CandidateHadPreVotes": _stands,
    "PreVoteOnlyWithoutLeader": _pre_vote,
    "PreVoteOnlyIfUpToDate": _pre_vote_behind,
    "PreVotesAreForNextTerm": _pre_vote_counted,
    "TermIsBegun": _begun,
    "LeaderIsHeardFrom": _heard,
    "AnswersAreOfLeaders": _answers,
    "VoteIsKept": _vote,
    "StickyFollowerDoesNotVote": _votes_on,
    "StickyFollowerKeepsTerm": _term_of_other,
    "OnlyQuorumKeepsLeader": _keeps,
    "ForcedRequestsAreInFlight": lambda *_: (
        "A request for votes is marked as forced, and is not in flight."
    ),
    "OnlyLeadersTransfer": _transfers,
    "OnlyFollowersAreForced": _forced,
    "ForcedByLeaderOfItsTerm": _told,
    "TargetIsUpToDate": _target,
    "NoRequestsDuringTransfer": _takes,
    "OnlyLeadersNoteReads": _notes,
    "LinearizableReads": _read,
    "OnlyLeadersTrust": _trusts,
    "LeaseExcludesLeaders": _lease,
}
"""What is told of each property of the features beside membership."""
