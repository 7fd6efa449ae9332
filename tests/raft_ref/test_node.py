"""The rules of Raft, one table each, with the section of the extended paper that says so."""

from dataclasses import dataclass, fields, replace
from itertools import permutations
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raft_ref import (
    DURABLE,
    Action,
    AppendEntries,
    AppendEntriesRequest,
    AppendEntriesResponse,
    ClientRequest,
    CompactLog,
    Entry,
    InstallSnapshot,
    InstallSnapshotRequest,
    InstallSnapshotResponse,
    Message,
    Node,
    RequestVoteRequest,
    RequestVoteResponse,
    Role,
    Snapshot,
    State,
    Step,
    Timeout,
)
from raft_ref.explorer import Bounds, Property, System, View, search
from raft_ref.features import ConfiguredState
from raft_ref.state import replace as quick_replace
from tests.support.automaton import Recorder, edges, observed

SERVERS = ("s1", "s2", "s3")
NODE = Node(SERVERS, ["v1"])


def log(*terms: int) -> tuple[Entry, ...]:
    """Return a log with entries of these terms; the value names index and term."""
    return tuple(Entry(term, f"{index}@{term}") for index, term in enumerate(terms, start=1))


def follower(me: str = "s1", term: int = 1, **variables: Any) -> State:
    return replace(NODE.initial(me), current_term=term, **variables)


def leader(term: int = 1, **variables: Any) -> State:
    elected = NODE.become_leader(follower(term=term, voted_for="s1", **variables))
    return replace(elected, **{k: v for k, v in variables.items() if k != "log"})


def taken(step: Step | None) -> Step:
    assert step is not None
    return step


# Elections (5.2)


def test_an_election_from_timeout_to_leader() -> None:
    candidate, requests, _ = taken(NODE.act(NODE.initial("s1"), Timeout()))
    assert (candidate.role, candidate.current_term, candidate.voted_for) == (
        Role.CANDIDATE,
        1,
        "s1",
    )
    assert requests == (
        RequestVoteRequest("s1", "s2", 1, 0, 0),
        RequestVoteRequest("s1", "s3", 1, 0, 0),
    )
    voter, (response,), actions = NODE.receive(NODE.initial("s2"), requests[0])
    assert (voter.current_term, voter.voted_for) == (1, "s1")
    assert response == RequestVoteResponse("s2", "s1", 1, vote_granted=True)
    assert actions == ("UpdateTerm", "HandleRequestVoteRequest")
    elected, messages, actions = NODE.receive(candidate, response)
    assert (elected.role, messages) == (Role.LEADER, ())
    assert actions == ("HandleRequestVoteResponse", "BecomeLeader")


@pytest.mark.parametrize(
    ("voted_for", "own_log", "last", "granted"),
    [
        # One vote a term (5.2); `last` is the candidate's last index and term.
        (None, (), (0, 0), True),
        ("s2", (), (0, 0), True),  # asked again by whom it voted for
        ("s3", (), (0, 0), False),
        # The candidate's log must be at least as up-to-date (5.4.1).
        (None, (1,), (0, 0), False),
        (None, (1,), (1, 1), True),
        (None, (1, 1), (1, 1), False),  # same last term: the longer log
        (None, (1, 1), (1, 2), True),  # later last term: even if shorter
        (None, (2,), (2, 1), False),
    ],
)
def test_a_vote(
    voted_for: str | None, own_log: tuple[int, ...], last: tuple[int, int], granted: bool
) -> None:
    state = follower(term=3, voted_for=voted_for, log=log(*own_log))
    step = NODE.receive(state, RequestVoteRequest("s2", "s1", 3, *last))
    assert step.messages == (RequestVoteResponse("s1", "s2", 3, granted),)
    assert step.state.voted_for == ("s2" if granted else voted_for)


def test_a_request_of_an_older_term_is_refused_with_the_newer_one() -> None:
    step = NODE.receive(follower(term=3), RequestVoteRequest("s2", "s1", 2, 0, 0))
    assert step.messages == (RequestVoteResponse("s1", "s2", 3, vote_granted=False),)


@pytest.mark.parametrize("granted", [True, False])
def test_a_vote_of_an_older_term_counts_for_nothing(granted: bool) -> None:
    candidate = taken(NODE.act(follower(term=3), Timeout())).state
    assert NODE.receive(candidate, RequestVoteResponse("s2", "s1", 3, granted)).state == candidate


def test_of_five_servers_three_are_a_majority() -> None:
    node = Node(("s1", "s2", "s3", "s4", "s5"))
    state = taken(node.act(node.initial("s1"), Timeout())).state
    for voter, role in (("s2", Role.CANDIDATE), ("s2", Role.CANDIDATE), ("s3", Role.LEADER)):
        state = node.receive(state, RequestVoteResponse(voter, "s1", 1, vote_granted=True)).state
        assert state.role is role


@pytest.mark.parametrize(
    "message",
    [
        RequestVoteRequest("s2", "s1", 9, 0, 0),
        RequestVoteResponse("s2", "s1", 9, vote_granted=False),
        AppendEntriesRequest("s2", "s1", 9, 0, 0, (), 0),
        AppendEntriesResponse("s2", "s1", 9, success=False, match_index=0),
    ],
)
def test_every_message_of_a_newer_term_makes_a_follower(message: Message) -> None:
    step = NODE.receive(leader(term=4), message)
    assert (step.state.role, step.state.current_term) == (Role.FOLLOWER, 9)
    assert step.actions[0] == "UpdateTerm"


# Replication (5.3)


@pytest.mark.parametrize(
    ("own", "prev", "entries", "merged"),
    [
        ((), 0, (1,), (1,)),
        ((1,), 1, (1,), (1, 1)),
        ((1, 1), 1, (1, 1), (1, 1, 1)),  # the first is there already
        ((1, 1), 0, (), (1, 1)),  # a heartbeat removes nothing
        ((1, 1, 1), 0, (1,), (1, 1, 1)),  # a late request removes nothing
        ((1, 1, 1), 1, (2,), (1, 2)),  # a conflict removes all that follows
        ((1, 1, 1), 0, (1, 2), (1, 2)),
        # Figure 7: the leader's log is 1 1 1 4 4 5 5 6 6 6; two of the followers.
        ((1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6), 10, (8,), (1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 8)),
        ((1, 1, 1, 2, 2, 2, 3), 3, (4, 4), (1, 1, 1, 4, 4)),
    ],
)
def test_entries_are_removed_only_where_they_conflict(
    own: tuple[int, ...], prev: int, entries: tuple[int, ...], merged: tuple[int, ...]
) -> None:
    term = own[prev - 1] if prev else 0
    sent = log(*own[:prev], *entries)[prev:]
    request = AppendEntriesRequest("s2", "s1", 9, prev, term, sent, 0)
    step = NODE.receive(follower(term=9, log=log(*own)), request)
    assert tuple(entry.term for entry in step.state.log) == merged
    assert step.messages == (
        AppendEntriesResponse("s1", "s2", 9, success=True, match_index=prev + len(entries)),
    )


# No entry there, one of another term, and that though the log goes on.
@pytest.mark.parametrize(("prev", "prev_term"), [(3, 1), (2, 2), (1, 2)])
def test_logs_that_do_not_match_are_refused(prev: int, prev_term: int) -> None:
    state = follower(log=log(1, 1))
    step = NODE.receive(
        state, AppendEntriesRequest("s2", "s1", 1, prev, prev_term, log(1), leader_commit=2)
    )
    assert step.state == state
    assert step.messages == (AppendEntriesResponse("s1", "s2", 1, success=False, match_index=0),)


@pytest.mark.parametrize(
    ("commit_index", "leader_commit", "expected"),
    [
        (0, 2, 2),
        (0, 9, 2),  # no further than the last entry that the request vouches for
        (1, 0, 1),  # and never back
    ],
)
def test_a_follower_commits_what_it_has_verified(
    commit_index: int, leader_commit: int, expected: int
) -> None:
    state = follower(log=log(1, 1, 1), commit_index=commit_index)
    request = AppendEntriesRequest("s2", "s1", 1, 1, 1, log(1, 1)[1:], leader_commit)
    assert NODE.receive(state, request).state.commit_index == expected


def test_a_leader_sends_what_follows_next_index() -> None:
    state = leader(term=2, log=log(1, 1, 2), next_index=(4, 2, 4), commit_index=1)
    assert taken(NODE.act(state, AppendEntries("s2", 2))).messages == (
        AppendEntriesRequest("s1", "s2", 2, 1, 1, log(1, 1, 2)[1:], leader_commit=1),
    )
    assert [*NODE.actions(state)] == [
        AppendEntries("s2", 0),
        AppendEntries("s2", 1),
        AppendEntries("s2", 2),
        AppendEntries("s3", 0),
        ClientRequest("v1"),
        CompactLog(1),
    ]


@pytest.mark.parametrize(
    ("response", "next_index", "match_index"),
    [
        (AppendEntriesResponse("s2", "s1", 2, success=True, match_index=3), 4, 3),
        (AppendEntriesResponse("s2", "s1", 2, success=True, match_index=0), 3, 1),  # a late one
        (AppendEntriesResponse("s2", "s1", 2, success=False, match_index=0), 2, 1),
        (AppendEntriesResponse("s2", "s1", 1, success=True, match_index=3), 3, 1),  # an old term
    ],
)
def test_what_a_leader_learns(
    response: AppendEntriesResponse, next_index: int, match_index: int
) -> None:
    state = leader(term=2, log=log(1, 1, 1), next_index=(4, 3, 4), match_index=(0, 1, 0))
    after = NODE.receive(state, response).state
    assert (after.next_index[1], after.match_index[1]) == (next_index, match_index)


def test_next_index_never_falls_to_what_matches() -> None:
    state = leader(term=2, log=log(1, 1, 1), next_index=(4, 2, 4), match_index=(0, 1, 0))
    refused = AppendEntriesResponse("s2", "s1", 2, success=False, match_index=0)
    assert NODE.receive(state, refused).state.next_index == (4, 2, 4)


@pytest.mark.parametrize(
    ("terms", "match", "commit_index"),
    [
        ((2, 2), 2, 2),  # itself and s2 are a majority of three
        ((2, 2), 1, 1),
        ((1, 1), 2, 0),  # figure 8: an entry of an older term is not committed by counting
        ((1, 2), 2, 2),  # but along with one of the leader's own term
        ((1, 2), 1, 0),
    ],
)
def test_what_a_leader_commits(terms: tuple[int, ...], match: int, commit_index: int) -> None:
    state = leader(term=2, log=log(*terms))
    response = AppendEntriesResponse("s2", "s1", 2, success=True, match_index=match)
    step = NODE.receive(state, response)
    assert step.state.commit_index == commit_index
    assert ("AdvanceCommitIndex" in step.actions) == (commit_index > 0)


# Log compaction (7)


def snapshot(*terms: int) -> Snapshot:
    """Return what stands for a log with entries of these terms."""
    return Snapshot(len(terms), terms[-1], tuple(entry.value for entry in log(*terms)))


def test_a_snapshot_stands_for_what_is_committed() -> None:
    state = follower(log=log(1, 1, 2), commit_index=2)
    assert [*NODE.actions(state)] == [Timeout(), CompactLog(1), CompactLog(2)]
    once = taken(NODE.act(state, CompactLog(1))).state
    assert (once.snapshot, once.log) == (snapshot(1), log(1, 1, 2)[1:])
    assert [*NODE.actions(once)] == [Timeout(), CompactLog(2)]
    twice = taken(NODE.act(once, CompactLog(2))).state
    assert twice == taken(NODE.act(state, CompactLog(2))).state
    assert (twice.snapshot, twice.log) == (snapshot(1, 1), log(1, 1, 2)[2:])
    assert (twice.last_index, twice.last_term, twice.commit_index) == (3, 2, 2)


def test_another_state_machine_may_forget() -> None:
    class Last:
        initial = "nothing"

        def apply(self, data: Any, entries: Any) -> Any:
            return entries[-1].value if entries else data

        def rename(self, data: Any, renaming: Any) -> Any:
            return renaming.get(data, data)

    node = Node(SERVERS, machine=Last())
    state = replace(node.initial("s1"), log=log(1, 1, 1), commit_index=3)
    assert state.snapshot == Snapshot(0, 0, "nothing")
    compacted = taken(node.act(state, CompactLog(2))).state
    assert compacted.snapshot == Snapshot(2, 1, "2@1")
    assert node.restart(compacted).snapshot == Snapshot(2, 1, "2@1")


# Two servers say the same of their logs, whatever each has compacted.
@pytest.mark.parametrize("compacted", [0, 1, 2])
def test_indices_stay_absolute(compacted: int) -> None:
    whole = leader(term=2, log=log(1, 2, 2), commit_index=2)
    state = taken(NODE.act(whole, CompactLog(compacted))).state if compacted else whole
    for next_index in range(compacted + 1, 5):
        known = replace(state, next_index=(4, next_index, 4))
        same = replace(whole, next_index=(4, next_index, 4))
        for count in range(5):
            step, expected = (NODE.act(s, AppendEntries("s2", count)) for s in (known, same))
            assert (step and step.messages) == (expected and expected.messages)
    asked = taken(NODE.act(replace(state, role=Role.FOLLOWER), Timeout()))
    assert asked.messages[0] == RequestVoteRequest("s1", "s2", 3, 3, 2)
    response = AppendEntriesResponse("s2", "s1", 2, success=True, match_index=3)
    assert NODE.receive(state, response).state.commit_index == 3


def test_who_needs_what_is_compacted_is_sent_the_snapshot() -> None:
    compacted = taken(NODE.act(leader(term=2, log=log(1, 1, 2), commit_index=2), CompactLog(2)))
    state = replace(compacted.state, next_index=(4, 2, 3))
    assert [*NODE.actions(state)] == [
        InstallSnapshot("s2"),
        AppendEntries("s3", 0),  # after the last entry that the snapshot stands for
        AppendEntries("s3", 1),
        ClientRequest("v1"),
    ]
    assert taken(NODE.act(state, InstallSnapshot("s2"))).messages == (
        InstallSnapshotRequest("s1", "s2", 2, snapshot(1, 1)),
    )
    assert NODE.act(state, InstallSnapshot("s3")) is None
    assert NODE.act(state, AppendEntries("s2", 0)) is None


@pytest.mark.parametrize(
    ("own", "commit_index", "sent", "kept", "is_installed"),
    [
        ((), 0, (1, 1), (), True),
        ((1,), 0, (1, 1), (), True),
        ((1, 1, 1), 0, (1, 1), (1,), True),  # what follows a log that matches is kept
        ((1, 2, 2), 0, (1, 1), (), True),  # one that contradicts goes whole
        ((1, 1, 1), 2, (1, 1), (1, 1, 1), False),  # all of it is known to be committed
        ((1, 1, 1), 3, (1, 1), (1, 1, 1), False),
    ],
)
def test_installing_a_snapshot(
    own: tuple[int, ...],
    commit_index: int,
    sent: tuple[int, ...],
    kept: tuple[int, ...],
    is_installed: bool,
) -> None:
    state = follower(term=3, log=log(*own), commit_index=commit_index)
    step = NODE.receive(state, InstallSnapshotRequest("s2", "s1", 3, snapshot(*sent)))
    assert step.messages == (InstallSnapshotResponse("s1", "s2", 3, len(sent)),)
    assert tuple(entry.term for entry in step.state.log) == kept
    assert step.state.snapshot == (snapshot(*sent) if is_installed else Snapshot(0, 0, ()))
    assert step.state.commit_index == (len(sent) if is_installed else commit_index)


def test_a_snapshot_of_an_older_term_is_refused_with_the_newer_one() -> None:
    state = follower(term=3)
    step = NODE.receive(state, InstallSnapshotRequest("s2", "s1", 2, snapshot(1)))
    assert step == (
        state,
        (InstallSnapshotResponse("s1", "s2", 3, match_index=0),),
        ("HandleInstallSnapshotRequest",),
    )


@pytest.mark.parametrize(
    ("term", "match_index", "expected"),
    [(2, 2, (3, 2)), (2, 0, (2, 1)), (1, 2, (2, 1))],
)
def test_what_a_leader_learns_of_an_installed_snapshot(
    term: int, match_index: int, expected: tuple[int, int]
) -> None:
    state = leader(term=2, log=log(1, 1, 1), next_index=(4, 2, 4), match_index=(0, 1, 0))
    after = NODE.receive(state, InstallSnapshotResponse("s2", "s1", term, match_index)).state
    assert (after.next_index[1], after.match_index[1]) == expected


# A follower that has compacted two entries of three hears of entries that it has compacted.
@pytest.mark.parametrize(
    ("prev", "entries", "merged"),
    [
        (0, (1, 1), (2,)),  # all of them
        (0, (1, 1, 2, 2), (2, 2)),  # some, and new ones
        (1, (1, 2), (2,)),
        (1, (1, 3), (3,)),  # a conflict after them
        (2, (2, 2), (2, 2)),
    ],
)
def test_entries_that_a_snapshot_stands_for_match(
    prev: int, entries: tuple[int, ...], merged: tuple[int, ...]
) -> None:
    state = follower(term=3, snapshot=snapshot(1, 1), log=log(1, 1, 2)[2:], commit_index=2)
    told = log(*(1, 1)[:prev], *entries)
    request = AppendEntriesRequest("s2", "s1", 3, prev, min(prev, 1), told[prev:], 0)
    step = NODE.receive(state, request)
    assert step.messages == (AppendEntriesResponse("s1", "s2", 3, True, len(told)),)
    assert tuple(entry.term for entry in step.state.log) == merged


def test_a_restart_knows_that_its_snapshot_was_committed() -> None:
    state = follower(snapshot=snapshot(1, 1), log=log(1, 1, 1)[2:], commit_index=3)
    assert NODE.restart(state).commit_index == 2


# Crashes, and what is not enabled


# Figure 2: "persistent state on all servers".
def test_a_restart_keeps_what_is_durable_and_nothing_else() -> None:
    assert {"current_term", "voted_for", "snapshot", "log"} == DURABLE
    before = leader(term=2, log=log(1, 2), commit_index=1)
    after, first = NODE.restart(before), NODE.initial("s1")
    for f in fields(State):
        kept = before if f.name in DURABLE or f.name == "me" else first
        assert getattr(after, f.name) == getattr(kept, f.name), f.name


def test_where_nothing_is_durable_a_restart_is_the_first_start() -> None:
    class Wiped(Node):
        durable = frozenset()

    state = follower(snapshot=snapshot(1, 1), log=log(1, 1, 1)[2:], commit_index=3)
    assert Wiped(SERVERS).restart(state) == NODE.initial("s1")


COMPACTED = leader(
    snapshot=Snapshot(1, 1, ("v1",)), log=log(1, 1), commit_index=2, next_index=(4, 1, 3)
)


@pytest.mark.parametrize(
    ("state", "action"),
    [
        (leader(), Timeout()),
        (follower(), ClientRequest("v1")),
        (follower(), AppendEntries("s2", 0)),
        (leader(), AppendEntries("s1", 0)),  # to itself
        (leader(), AppendEntries("s2", 1)),  # more than it has
        (leader(log=log(1, 1)), AppendEntries("s2", 1)),
        (leader(log=log(1, 1), next_index=(3, 2, 3)), AppendEntries("s2", 2)),
        (leader(), AppendEntries("s2", -1)),
        (COMPACTED, AppendEntries("s2", 0)),  # what it has compacted
        (COMPACTED, InstallSnapshot("s1")),  # to itself
        (COMPACTED, InstallSnapshot("s3")),  # to whom it can send entries
        (replace(COMPACTED, commit_index=3), InstallSnapshot("s3")),  # committed or not
        (replace(COMPACTED, role=Role.CANDIDATE), InstallSnapshot("s2")),
        (COMPACTED, CompactLog(1)),  # once more
        (COMPACTED, CompactLog(3)),  # what is not committed
    ],
)
def test_what_is_not_enabled_is_none(state: State, action: Action) -> None:
    assert NODE.act(state, action) is None


def test_what_a_search_may_put_a_bound_on() -> None:
    state = replace(COMPACTED, current_term=7, log=log(1, 5))
    measured = {name: measure(state) for name, measure in Node.measures.items()}
    assert measured == {"max_term": 7, "max_log_length": 3, "max_snapshot_index": 1}


@pytest.mark.parametrize("servers", [(), ("s1",), ("s1", "s1")])
def test_a_cluster_has_two_servers_or_more(servers: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="two servers or more, all different"):
        Node(servers)


# What a reduced search leaves out

EVERYONE = frozenset(Role)
NOBODY = frozenset[Role]()


@pytest.mark.parametrize(
    ("message", "ignored_by"),
    [
        # A response of an older term says nothing any more, one of a newer term has that (5.1).
        (RequestVoteResponse("s2", "s1", 4, vote_granted=True), EVERYONE),
        (AppendEntriesResponse("s2", "s1", 4, success=True, match_index=3), EVERYONE),
        (InstallSnapshotResponse("s2", "s1", 4, match_index=3), EVERYONE),
        (RequestVoteResponse("s2", "s1", 6, vote_granted=False), NOBODY),
        (AppendEntriesResponse("s2", "s1", 6, success=False, match_index=0), NOBODY),
        (InstallSnapshotResponse("s2", "s1", 6, match_index=0), NOBODY),
        # A vote of this term is of use to who still stands (5.2).
        (RequestVoteResponse("s2", "s1", 5, vote_granted=True), {Role.FOLLOWER, Role.LEADER}),
        (RequestVoteResponse("s2", "s1", 5, vote_granted=False), EVERYONE),
        # Who follows in this term will not lead in it.
        (AppendEntriesResponse("s2", "s1", 5, success=True, match_index=3), {Role.FOLLOWER}),
        (InstallSnapshotResponse("s2", "s1", 5, match_index=3), {Role.FOLLOWER}),
        # A request is answered, however late it comes (5.1).
        (RequestVoteRequest("s2", "s1", 4, 0, 0), NOBODY),
        (AppendEntriesRequest("s2", "s1", 4, 0, 0, (), 0), NOBODY),
        (InstallSnapshotRequest("s2", "s1", 4, Snapshot(1, 1, ("1@1",))), NOBODY),
    ],
)
def test_a_response_that_comes_too_late_is_obsolete(
    message: Message, ignored_by: frozenset[Role]
) -> None:
    state = follower(term=5, snapshot=snapshot(1), log=log(1, 2, 2)[1:], commit_index=2)
    said = {role: NODE.is_obsolete(replace(state, role=role), message) for role in Role}
    assert said == {role: role in ignored_by for role in Role}


# All reachable states


def test_the_automaton_is_exactly_the_table() -> None:
    """Exhaustive searches observe each edge of ROLE_CHANGES and no other (figure 4)."""
    assert observed() == edges()


def test_steps_hold_every_name_and_no_other() -> None:
    node = Recorder(SERVERS, ("v1",))
    measures = {"max_term": 1, "max_log_length": 1, "max_snapshot_index": 1}
    search(System(node, SERVERS, Bounds(2, measures=measures)), [], symmetry=True, engine="auto")
    assert sorted(node.names - {"Restart"}) == sorted(Node.action_names)


def test_terms_and_indices_stay_in_range() -> None:
    def in_range(view: View) -> bool:
        return all(
            state.compacted <= state.commit_index <= state.last_index
            and (
                state.role is not Role.LEADER
                or all(
                    match < following <= state.last_index + 1
                    for match, following in zip(state.match_index, state.next_index, strict=True)
                )
            )
            for state in view.states.values()
        )

    bounds = Bounds(2, measures={"max_term": 2, "max_log_length": 2})
    system = System(Node(SERVERS, ["v1"]), SERVERS, bounds)
    report = search(
        system, [Property("InRange", in_range, reads=frozenset({"states"}))], True, engine="auto"
    )
    assert report.counterexample is None
    assert report.actions["AdvanceCommitIndex"] > 0


def test_renaming_renames_values_wherever_they_are() -> None:
    node = Node(SERVERS, ["v1", "v2"])
    renaming = {"s1": "s1", "s2": "s3", "s3": "s2", "v1": "v2", "v2": "v1"}
    entries = Entry(1, "v1"), Entry(1, "v2"), Entry(1, "what nobody asked for")
    renamed = Entry(1, "v2"), Entry(1, "v1"), Entry(1, "what nobody asked for")
    assert node.symmetric_values == ("v1", "v2")
    assert node.rename(ClientRequest("v1"), renaming) == ClientRequest("v2")
    state = node.rename(leader(term=1, log=entries), renaming)
    assert isinstance(state, State)
    assert state.log == renamed
    request = AppendEntriesRequest("s1", "s2", 1, 0, 0, entries, 0)
    expected = AppendEntriesRequest("s1", "s3", 1, 0, 0, renamed, 0)
    assert node.rename(request, renaming) == expected
    sent = InstallSnapshotRequest("s1", "s2", 1, Snapshot(2, 1, ("v1", "v2")))
    installed = InstallSnapshotRequest("s1", "s3", 1, Snapshot(2, 1, ("v2", "v1")))
    assert node.rename(sent, renaming) == installed
    held = node.rename(replace(state, snapshot=sent.snapshot), renaming)
    assert isinstance(held, State)
    assert held.snapshot == installed.snapshot


ROUND: Final = {"s1": "s2", "s2": "s3", "s3": "s1"}


@pytest.mark.parametrize(
    ("value", "renamed"),
    [
        (AppendEntries("s2", 1), AppendEntries("s3", 1)),
        (InstallSnapshot("s3"), InstallSnapshot("s1")),
        (Timeout(), Timeout()),
        (CompactLog(1), CompactLog(1)),
        (RequestVoteRequest("s1", "s2", 1, 0, 0), RequestVoteRequest("s2", "s3", 1, 0, 0)),
        (RequestVoteResponse("s2", "s1", 1, True), RequestVoteResponse("s3", "s2", 1, True)),
    ],
)
def test_renaming_renames_servers_wherever_they_are(value: object, renamed: object) -> None:
    assert NODE.rename(value, ROUND) == renamed


@given(st.permutations(SERVERS), st.permutations(SERVERS))
def test_renaming_composes(first: list[str], second: list[str]) -> None:
    one, two = dict(zip(SERVERS, first, strict=True)), dict(zip(SERVERS, second, strict=True))
    both = {server: two[one[server]] for server in SERVERS}
    state = leader(term=2, log=log(1, 2), next_index=(3, 1, 2), match_index=(0, 0, 1))
    assert NODE.rename(NODE.rename(state, one), two) == NODE.rename(state, both)


def test_renaming_moves_what_is_known_of_a_server_along() -> None:
    state = leader(term=2, log=log(1, 2), next_index=(3, 1, 2), match_index=(0, 0, 1))
    renamed = NODE.rename(state, ROUND)
    assert isinstance(renamed, State)
    assert (renamed.me, renamed.voted_for) == ("s2", "s2")
    assert renamed.next_index == (2, 3, 1)  # of s3, s1 and s2 before
    assert renamed.match_index == (1, 0, 0)
    assert (
        len({NODE.rename(state, dict(zip(SERVERS, p, strict=True))) for p in permutations(SERVERS)})
        == 6
    )


# ---- States


def test_a_state_is_made_of_another_as_dataclasses_do() -> None:
    for first in (State("s1"), ConfiguredState("s1")):
        changed: dict[str, Any] = {"current_term": 3, "log": (Entry(1, "x"),)}
        assert quick_replace(first, **changed) == replace(first, **changed)
        assert quick_replace(first) == first
        with pytest.raises(KeyError):
            quick_replace(first, terms=3)


@dataclass(frozen=True)
class Told(State):
    """A state of somebody's own, without slots, and with something to see to."""

    more: int = 0

    def __post_init__(self) -> None:
        assert self.more >= 0


def test_a_state_of_ones_own_is_made_as_it_says() -> None:
    assert quick_replace(Told("s1"), more=2) == Told("s1", more=2)
    with pytest.raises(AssertionError):
        quick_replace(Told("s1"), more=-1)
