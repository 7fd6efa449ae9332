"""A node with messages of its own is held to Raft.tla, too, if it says what they stand for."""

from dataclasses import replace
from typing import Any, Literal

import pytest

from raft_ref import AppendEntries, Entry, Role, State
from raft_ref.explorer import ActorError, Step
from raft_ref.traces import tell
from raft_ref.verify import (
    ClusterRequest,
    ExhaustiveCheck,
    ExhaustiveReport,
    GivenSizes,
    PropertyRequest,
    RequestError,
    build,
)
from tests import toys

BOX = GivenSizes(servers=2, max_term=2, max_log_length=1, max_restarts=1, max_drops=0)


def refined(node: type[Any]) -> ExhaustiveReport:
    properties = PropertyRequest(refine=True, invariants=("StepRefinement",))
    return ExhaustiveCheck(ClusterRequest(node=node, sizes=BOX, properties=properties)).run()


def test_what_is_right_takes_steps_of_the_spec() -> None:
    report = refined(toys.ForeignRaft)
    assert report.counterexample is None
    assert report.search.distinct_states > 1_000


@pytest.mark.parametrize(
    ("node", "steps", "said"),
    [
        (toys.ForeignRaftThatForgets, 2, "votedFor[s1]: the node has Nil, the spec has s1"),
        (toys.ForeignRaftThatCommitsAtOnce, 4, "no action of Raft does what Does does"),
    ],
)
def test_what_is_wrong_does_not(node: type[Any], steps: int, said: str) -> None:
    report = refined(node)
    assert report.counterexample is not None
    assert report.counterexample.prop.name == "StepRefinement"
    assert len(report.counterexample.events) == steps
    assert report.counterexample.instances[0] == said


def test_its_messages_are_told_as_rafts() -> None:
    trace = refined(toys.ForeignRaftThatCommitsAtOnce).trace()
    assert trace is not None
    assert "s1 receives RequestVoteResponse(term 1, granted) from s2" in "\n".join(tell(trace))


def test_what_stands_for_nothing_of_raft_is_a_line() -> None:
    class Wrong(toys.ForeignRaft):
        def as_raft_message(self, message: Any) -> Any:
            return "a vote"

    with pytest.raises(ActorError, match=r"Wrong\.as_raft_message returns a str, expected a "):
        refined(Wrong)


@pytest.mark.parametrize("asked", ["refine", "bisimulation"])
@pytest.mark.parametrize(
    ("node", "lacks"),
    [(toys.OwnRaft, r"as_raft_message\(message\)"), (toys.Ring, r"as_raft\(state\)")],
)
def test_what_a_node_lacks_to_be_compared_is_named(
    node: type[Any], lacks: str, asked: Literal["refine", "bisimulation"]
) -> None:
    properties = PropertyRequest(refine=asked == "refine", bisimulation=asked == "bisimulation")
    with pytest.raises(RequestError, match=f"^{asked}: .*:{node.__name__} has no method {lacks}"):
        build(ClusterRequest(node=node, properties=properties))


class ForeignRaftThatKnowsItself(toys.ForeignRaft):
    """A leader of that Raft says of itself how long its log is, which no rule reads."""

    def as_raft(self, state: toys.Wrapped) -> State:
        inner = state.inner
        if inner.role is not Role.LEADER:
            return inner
        me, last = self.node.servers.index(state.me), inner.last_index
        next_index, match_index = [*inner.next_index], [*inner.match_index]
        next_index[me], match_index[me] = last + 1, last
        return replace(inner, next_index=tuple(next_index), match_index=tuple(match_index))


class ForeignRaftThatForgetsItsPeers(toys.ForeignRaft):
    """That Raft, of which a leader tells nothing of the others."""

    def as_raft(self, state: toys.Wrapped) -> State:
        return replace(state.inner, next_index=(1, 1), match_index=(0, 0))


def compared(node: type[Any]) -> ExhaustiveReport:
    """Hold a node to all that the spec can do, and to no more."""
    properties = PropertyRequest(bisimulation=True, refine=True)
    sizes = GivenSizes(2, 1, max_term=1, max_log_length=1, max_drops=0, max_duplicates=0)
    return ExhaustiveCheck(ClusterRequest(node=node, sizes=sizes, properties=properties)).run()


@pytest.mark.parametrize("node", [toys.ForeignRaft, ForeignRaftThatKnowsItself])
def test_what_is_right_does_all_that_the_spec_does(node: type[Any]) -> None:
    report = compared(node)
    assert report.counterexample is None
    assert report.search.distinct_states > 100


class ForeignRaftThatSendsNothing(toys.ForeignRaft):
    """That Raft, of which a leader never sends an entry."""

    def actions(self, state: toys.Wrapped) -> Any:
        return (each for each in super().actions(state) if not isinstance(each.what, AppendEntries))


@pytest.mark.parametrize(
    ("node", "said"),
    [
        (ForeignRaftThatSendsNothing, "the spec can take AppendEntries and the node cannot: messa"),
        (toys.ForeignRaftThatForgets, "the node can take Restart and the spec cannot: "),
    ],
)
def test_what_does_less_or_more_is_told(node: type[Any], said: str) -> None:
    found = compared(node).counterexample
    assert found is not None
    told = [*found.instances]
    if found.prop.name == "StepRefinement":
        assert told == ["votedFor[s1]: the node has Nil, the spec has s1"]
    else:
        assert told[0].startswith(said)


def test_what_a_leader_knows_of_others_counts() -> None:
    report = refined(ForeignRaftThatForgetsItsPeers)
    assert report.counterexample is not None
    assert "nextIndex" in report.counterexample.instances[0]


class ForeignRaftThatTellsAll(toys.ForeignRaft):
    """That Raft, of which a leader sends to all in one step: once it leads, and at each request."""

    def actions(self, state: toys.Wrapped) -> Any:
        return (each for each in super().actions(state) if not isinstance(each.what, AppendEntries))

    def act(self, state: toys.Wrapped, action: toys.Does) -> Any:
        return self.told(state, super().act(state, action))

    def receive(self, state: toys.Wrapped, message: Any) -> Any:
        return self.told(state, super().receive(state, message))

    def told(self, state: toys.Wrapped, step: Any) -> Any:
        if step is None or step.state.inner.role is not Role.LEADER:
            return step
        before, leader = state.inner, step.state.inner
        if before.role is Role.LEADER and before.last_index == leader.last_index:
            return step
        all_sent = [
            self.node.act(leader, AppendEntries(peer, self.count(leader, position)))
            for position, peer in enumerate(self.node.servers)
            if peer != leader.me
        ]
        sent = self._sent(Step(leader, tuple(m for one in all_sent if one for m in one.messages)))
        return Step(step.state, (*step.messages, *self.mangled(sent.messages)))

    def count(self, leader: State, position: int) -> int:
        return leader.last_index - leader.next_index[position] + 1

    def mangled(self, messages: tuple[Any, ...]) -> tuple[Any, ...]:
        return messages


class ForeignRaftThatTellsAllTooMuch(ForeignRaftThatTellsAll):
    """The last of them is told that what it is sent is committed."""

    def mangled(self, messages: tuple[Any, ...]) -> tuple[Any, ...]:
        *others, last = messages
        ahead = replace(last.content, leader_commit=last.content.leader_commit + 1)
        return (*others, replace(last, content=ahead))


def three(node: type[Any]) -> ExhaustiveReport:
    sizes = GivenSizes(3, 1, max_term=1, max_log_length=1, max_restarts=0, max_drops=0)
    properties = PropertyRequest(refine=True, invariants=("StepRefinement",))
    request = ClusterRequest(node=node, sizes=replace(sizes, max_messages=4), properties=properties)
    return ExhaustiveCheck(request).run()


def test_a_leader_may_send_to_all_in_one_step() -> None:
    report = three(ForeignRaftThatTellsAll)
    assert report.counterexample is None
    assert report.search.distinct_states > 1_000


def test_each_of_what_it_sends_to_all_must_be_right() -> None:
    report = three(ForeignRaftThatTellsAllTooMuch)
    assert report.counterexample is not None
    assert len(report.counterexample.events) == 3
    assert "leaderCommit |-> 1" in " ".join(report.counterexample.instances)


class ForeignRaftThatBeginsWithAnEntry(ForeignRaftThatTellsAll):
    """Who comes to lead appends an entry of its term at once, and tells all (thesis, 6.4)."""

    entries = 1

    def told(self, state: toys.Wrapped, step: Any) -> Any:
        leads = step is not None and step.state.inner.role is Role.LEADER
        if leads and state.inner.role is not Role.LEADER:
            leader = step.state.inner
            log = (*leader.log, *[Entry(leader.current_term, "v1")] * self.entries)
            step = Step(replace(step.state, inner=replace(leader, log=log)), step.messages)
        return super().told(state, step)


class ForeignRaftThatBeginsWithAnEntryOfAnotherTerm(ForeignRaftThatBeginsWithAnEntry):
    """The entry is of the term before."""

    def told(self, state: toys.Wrapped, step: Any) -> Any:
        step = super().told(state, step)
        if step is None or len(step.state.inner.log) == len(state.inner.log):
            return step
        log = (*step.state.inner.log[:-1], replace(step.state.inner.log[-1], term=0))
        return Step(replace(step.state, inner=replace(step.state.inner, log=log)), step.messages)


def test_who_comes_to_lead_may_append_and_tell_all_at_once() -> None:
    report = three(ForeignRaftThatBeginsWithAnEntry)
    assert report.counterexample is None
    assert report.search.distinct_states > 100


def test_what_is_appended_must_be_of_its_term() -> None:
    found = three(ForeignRaftThatBeginsWithAnEntryOfAnotherTerm).counterexample
    assert found is not None
    assert len(found.events) == 3


def test_an_entry_of_nobody_stands_for_one_of_the_values() -> None:
    class Noops(toys.OwnRaft):
        def as_raft(self, state: toys.Wrapped) -> State:
            return replace(state.inner, log=(Entry(1, "noop"),))

    with pytest.raises(ActorError, match=r"as_raft: log has an entry of value 'noop', expected on"):
        build(ClusterRequest(node=Noops))
