"""What is told of a feature that went wrong; and there is a sentence for every property."""

from typing import Any

import pytest

from raft_ref.spec.files import EXTENDED_MODEL
from raft_ref.traces import JsonObject, Trace, TraceStep, Violation, read
from raft_ref.traces.story.what_went_wrong import SENTENCES, what_went_wrong
from tests.support.files import GALLERY

SHOWN = {
    "leader-grants-pre-vote": "s1 grants s2 a pre-vote for term 2, and leads term 1 itself.",
    "log-not-compared-before-pre-vote":
        "s2 grants s1 a pre-vote, whose log ends at index 0 (term 0), behind its own, at 1 (term "
        "1).",
    "older-pre-vote-counted":
        "s2 counts a pre-vote of s1 for term 1, and asks for one for term 2.",
    "pre-vote-request-adopts-term": "s2 adopts term 1, which nobody has begun.",
    "election-repeated-without-pre-vote":
        "s1 stands for term 2 with no pre-votes, of 2 servers, and was not told to stand.",
    "leader-kept-by-pre-candidate":
        "s2 asks for pre-votes, and has heard from the leader of term 1.",
    "pre-vote-taken-for-leader":
        "s2 takes the PreVoteRequest of s1 for a sign of the leader of term 0.",
    "vote-forgotten-by-quorum-check": "s1 voted for itself in term 1, and forgets that.",
    "leader-kept-by-one-answer":
        "s1 goes on leading term 1, and s2 alone answered it, of 4 servers.",
    "answers-counted-by-follower": "s1 keeps in mind that s2 answered, and leads no more.",
    "stickiness-for-older-terms-only":
        "s2 votes for s1 in term 2, which was not told to stand, and s2 has heard from the leader "
        "of term 1.",
    "term-of-ignored-request-adopted":
        "s2 adopts term 2 of who asks for its vote, and has heard from the leader of term 1.",
    "forced-mark-kept": "s2 leads term 2, and is still to stand at once.",
    "timeout-now-of-older-term-obeyed":
        "s2 is to stand at once in term 2, which s1 told it in term 1.",
    "timeout-now-sent-to-server-behind":
        "s1 tells s2 to stand, whose log ends at index 0, and its own at 1.",
    "requests-taken-during-transfer": "s1 takes a request, and transfers leadership to s2.",
    "transfer-outlives-leadership": "s1 transfers leadership to s2, and leads no more.",
    "follower-reads-alone":
        "s2 answers a read as of index 1, and index 2 was committed before it was asked.",
    "read-before-applied":
        "s2 answers a read as of index 0, and index 1 was committed before it was asked.",
    "acknowledgements-kept":
        "s1 has the lease of term 1, given by s2, and s2 leads term 2.",
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWN)
def test_a_known_bug_is_told(name: str) -> None:
    assert what_went_wrong(read(GALLERY / f"{name}.ndjson")) == SHOWN[name]


def test_of_every_property_there_is_a_sentence() -> None:
    """But of what a variable may hold at all: its formula says as much."""
    lines = EXTENDED_MODEL.with_suffix(".cfg").read_text().splitlines()
    asked = [line.strip() for line in lines[lines.index("INVARIANTS") :]]
    names = {
        name.removesuffix("Always")
        for name in asked
        if name not in ("", "INVARIANTS", "PROPERTIES") and "TypeOK" not in name
    }
    assert len(names) > 40
    assert names - {*SENTENCES} == {"RefinesRaft"}  # of which only TLC speaks


def state(**more: Any) -> JsonObject:
    """Return the variables of a follower of term 1."""
    return {
        "currentTerm": 1, "role": "Follower", "votedFor": None, "commitIndex": 0, "log": [],
        "snapshot": {"lastIncludedIndex": 0, "lastIncludedTerm": 0}, "heardFromLeader": False,
        "preVotesGranted": [], "heardFrom": [], "transferTarget": None, "roundAcks": [], **more,
    }  # fmt: skip


LEADS = state(role="Leader")
PRE_VOTE = {"type": "PreVoteResponse", "source": "s2", "dest": "s1", "term": 2}
GRANTED = 'm = [dest |-> s2, source |-> s1, term |-> 2, type |-> "PreVoteResponse"]'
ASKED = {
    "type": "PreVoteRequest", "source": "s2", "dest": "s1", "term": 3, "lastLogIndex": 0,
    "lastLogTerm": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("prop", "instance", "before", "after", "message", "sentence"),
    [
        (
            "PreCandidateHasNoLeader", "i = s1", state(), LEADS, None,
            "s1 asks for pre-votes, and leads term 1 itself.",
        ),
        (
            "PreCandidateHasNoLeader", "i = s1", state(), state(preVotesGranted=["s2"]), None,
            "s1 asks for pre-votes, and does not vote for itself.",
        ),
        (
            "CandidateHadPreVotes", "i = s1", state(preVotesGranted=["s1"]), state(currentTerm=2),
            None,
            "s1 stands for term 2 with the pre-votes of s1 alone, of 2 servers, and was not told "
            "to stand.",
        ),
        (
            "PreVoteOnlyIfUpToDate", GRANTED, state(), state(), ASKED,
            "s1 grants s2 a pre-vote for term 2, for which it did not ask.",
        ),
        (
            "PreVotesAreForNextTerm", "i = s1, j = s2", state(), state(),
            {**PRE_VOTE, "voteGranted": False}, "s1 counts a pre-vote that s2 refused.",
        ),
        (
            "PreVotesAreForNextTerm", "i = s1, j = s1", state(), state(),
            {**PRE_VOTE, "voteGranted": True}, "s1 counts a pre-vote of s1, which gave none.",
        ),
        (
            "AnswersAreOfLeaders", "i = s1", LEADS, {**LEADS, "heardFrom": ["s1"]}, None,
            "s1 counts itself among those that answer it.",
        ),
        (
            "OnlyQuorumKeepsLeader", "i = s1", LEADS, {**LEADS, "commitIndex": 1}, None,
            "s1 goes on leading term 1, and nobody answered it, of 2 servers.",
        ),
        (
            "VoteIsKept", "i = s1", state(votedFor="s2"), state(votedFor="s1"), None,
            "s1 voted for s2 in term 1, and votes for s1 in it, too.",
        ),
        (
            "OnlyLeadersTransfer", "i = s1", LEADS, {**LEADS, "transferTarget": "s1"}, None,
            "s1 transfers leadership to itself.",
        ),
        (
            "ForcedRequestsAreInFlight", "m = [dest |-> s2]", state(), state(), None,
            "A request for votes is marked as forced, and is not in flight.",
        ),
        (
            "OnlyLeadersNoteReads", "i = s1", state(), state(), None,
            "s1 keeps in mind what it was asked to read, and does not lead.",
        ),
        (
            "OnlyLeadersTrust", "i = s1", state(), state(), None,
            "s1 trusts in its lease, and does not lead.",
        ),
        (
            "OnlyLeadersTrust", "i = s1", LEADS, LEADS, None,
            "s1 trusts in its lease, and has given it up.",
        ),
        (
            "LeaseExcludesLeaders", "i = s1, j = s1", LEADS, LEADS, None,
            "s1 has the lease of term 1, and s1 leads term 1.",
        ),
        # What the trace does not tell is not told.
        ("LinearizableReads", "i = s1", state(), state(), None, ""),
        ("LeaderIsHeardFrom", "i = s1", state(), state(), None, ""),
    ],
)  # fmt: skip
def test_it_is_made_of_the_states(
    prop: str, instance: str, before: JsonObject, after: JsonObject, message: Any, sentence: str
) -> None:
    changes = {name: value for name, value in after.items() if before[name] != value}
    steps = (TraceStep("Tick", "s1", message=message, changes=changes),)
    violation = Violation(prop, "", (instance,))
    trace = Trace(("s1", "s2"), {"s1": before, "s2": state()}, steps, violation=violation)
    assert what_went_wrong(trace) == sentence
