"""Simulated clusters with features: what pre-vote, check-quorum and transfer promise, they do."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from raft_ref import Role, Step
from raft_ref.features import (
    ExtendedNode,
    ExtendedState,
    Feature,
    PreVoteRequest,
    PreVoteResponse,
)
from raft_ref.server import (
    IN_PRODUCTION,
    ExtendedReplica,
    Kind,
    Operation,
    Reply,
    Simulation,
    named,
)
from raft_ref.server.simulation.client import SimulatedClient
from raft_ref.server.simulation.cluster import MemoryStorage
from raft_ref.server.simulation.trial import SERVERS, run
from raft_ref.server.store import KeyValueMachine, Result
from tests.support.clusters import Spec, SpecOfMany, mixed

PRE_VOTE = frozenset({Feature.PRE_VOTE})
CHECK_QUORUM = frozenset({Feature.CHECK_QUORUM})
TRANSFER = frozenset({Feature.LEADERSHIP_TRANSFER})
NONE: frozenset[Feature] = frozenset()
SEEDS = range(8)

Features = frozenset[Feature]


def started(
    features: Iterable[Feature], seed: int, made: type[Simulation] = Simulation
) -> Simulation:
    """Return a cluster with a leader that has committed something, and that all follow."""
    cluster = made(SERVERS, seed, features=features)
    assert writes(cluster, 3.0)
    cluster.run(0.2)
    return cluster


def writes(cluster: Simulation, seconds: float) -> bool:
    """Tell whether something can be written within so many seconds."""
    done: list[Result | None] = []
    client = SimulatedClient(cluster, f"client at {cluster.now}", 0.25, lambda: 0.01)
    client.do(Operation(Kind.PUT, "x", "y"), done.append)
    end = cluster.now + seconds
    while not done and cluster.now < end:
        cluster.run(0.01)
    return bool(done)


def leader_of(cluster: Simulation) -> str:
    assert cluster.leader is not None
    return cluster.leader


def others_than(server: str) -> list[str]:
    return [each for each in SERVERS if each != server]


# ---- A server that was cut off and comes back


def is_undisturbed(
    features: Features, seed: int, made: type[Simulation] = Simulation, writing: bool = True
) -> bool:
    """Tell whether a leader keeps leading while a follower is cut off and comes back."""
    cluster = started(features, seed, made)
    leader = leader_of(cluster)
    before = cluster.settled[leader]
    cluster.cut_off([others_than(leader)[seed % 2]])
    cluster.run(1.0)
    if writing:
        assert writes(cluster, 1.0)
    cluster.heal()
    cluster.run(1.0)
    after = cluster.settled[leader]
    return (before.role, before.current_term) == (after.role, after.current_term)


@pytest.mark.parametrize("features", [PRE_VOTE, PRE_VOTE | CHECK_QUORUM, IN_PRODUCTION], ids=named)
@pytest.mark.parametrize("writing", [True, False])
def test_a_server_that_comes_back_disturbs_nobody(features: Features, writing: bool) -> None:
    assert all(is_undisturbed(features, seed, writing=writing) for seed in SEEDS)


@pytest.mark.parametrize("features", [NONE, CHECK_QUORUM, TRANSFER], ids=named)
def test_without_pre_vote_it_disturbs(features: Features) -> None:
    assert not any(is_undisturbed(features, seed) for seed in SEEDS)


# ---- A leader that is cut off


def cut_both_ways(cluster: Simulation, leader: str) -> None:
    cluster.cut_off([leader])


def cut_so_that_it_hears_nothing(cluster: Simulation, leader: str) -> None:
    cluster.cut_off(others_than(leader), one_way=True)


def steps_down(
    features: Features,
    seed: int,
    cut: Callable[[Simulation, str], None],
    made: type[Simulation] = Simulation,
) -> bool:
    """Tell whether a leader that nobody answers steps down, in its own term, without being told."""
    cluster = started(features, seed, made)
    leader = leader_of(cluster)
    term = cluster.settled[leader].current_term
    cut(cluster, leader)
    # At most two checks: one just before had its answers from before the cut.
    cluster.run(2 * cluster.timing.election_timeout[1] + 0.01)
    after = cluster.settled[leader]
    return after.role is not Role.LEADER and (
        after.current_term == term or Feature.PRE_VOTE not in features
    )


CUTS = [cut_both_ways, cut_so_that_it_hears_nothing]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("features", [CHECK_QUORUM, PRE_VOTE | CHECK_QUORUM], ids=named)
def test_a_leader_without_a_quorum_steps_down(
    features: Features, cut: Callable[[Simulation, str], None]
) -> None:
    assert all(steps_down(features, seed, cut) for seed in SEEDS)


@pytest.mark.parametrize("cut", CUTS)
def test_without_check_quorum_it_leads_on(cut: Callable[[Simulation, str], None]) -> None:
    assert not any(steps_down(PRE_VOTE, seed, cut) for seed in SEEDS)


@pytest.mark.parametrize("features", [CHECK_QUORUM, PRE_VOTE | CHECK_QUORUM], ids=named)
def test_a_leader_that_hears_nothing_gives_way_to_one_that_does(features: Features) -> None:
    """Its heartbeats arrive all the time: only it can know that it is of no use."""
    for seed in SEEDS:
        cluster = started(features, seed)
        leader = leader_of(cluster)
        cut_so_that_it_hears_nothing(cluster, leader)
        cluster.run(1.0)
        assert writes(cluster, 5.0)
        assert leader_of(cluster) != leader


def test_without_check_quorum_it_blocks_the_cluster() -> None:
    cluster = started(PRE_VOTE, 1)
    cut_so_that_it_hears_nothing(cluster, leader_of(cluster))
    cluster.run(1.0)
    assert not writes(cluster, 5.0)


@pytest.mark.parametrize("features", [NONE, PRE_VOTE, CHECK_QUORUM, IN_PRODUCTION], ids=named)
def test_a_leader_that_nobody_hears_is_replaced(features: Features) -> None:
    """It hears the others, and so learns of the newer term."""
    for seed in SEEDS:
        cluster = started(features, seed)
        leader = leader_of(cluster)
        cluster.cut_off([leader], one_way=True)
        cluster.run(1.0)
        assert writes(cluster, 5.0)
        assert cluster.settled[leader].role is Role.FOLLOWER


# ---- Progress with a server whose term is ahead


def goes_on(features: Features, seed: int, made: type[Simulation] = Simulation) -> bool:
    """Tell whether two servers come together of which one is ahead, and behind with its log.

    It has stood for election alone, before pre-vote was turned on, perhaps. The third is down.
    """
    cluster = started(features, seed, made)
    leader = leader_of(cluster)
    ahead, other = (cluster.servers[each] for each in others_than(leader))
    ahead.crash()
    assert writes(cluster, 1.0)
    state = ahead.storage.load(ahead.node.initial(ahead.me))
    ahead.storage = MemoryStorage(replace(state, current_term=state.current_term + 10))
    ahead.start()
    cluster.run(0.5)
    other.crash()
    cluster.run(1.0)
    return writes(cluster, 5.0)


SETS = [NONE, PRE_VOTE, CHECK_QUORUM, PRE_VOTE | CHECK_QUORUM, IN_PRODUCTION]


@pytest.mark.parametrize("features", SETS, ids=named)
def test_nobody_is_locked_out(features: Features) -> None:
    assert all(goes_on(features, seed) for seed in SEEDS)


@pytest.mark.parametrize("features", SETS, ids=named)
def test_another_leader_is_elected(features: Features) -> None:
    for seed in SEEDS:
        cluster = started(features, seed)
        leader = leader_of(cluster)
        cluster.servers[leader].crash()
        assert writes(cluster, 3.0)
        assert leader_of(cluster) != leader


# ---- Transfer


def asked_to_transfer(cluster: Simulation, target: str | None) -> list[Reply]:
    """Ask the leader to let another lead; return where the reply comes."""
    replies: list[Reply] = []
    request = f"transfer at {cluster.now}"
    cluster.request(
        leader_of(cluster),
        request,
        lambda replica, now: replica.transfer(request, target, now),
        replies.append,
    )
    return replies


@pytest.mark.parametrize("features", [TRANSFER, IN_PRODUCTION], ids=named)
def test_leadership_is_transferred(features: Features) -> None:
    for seed in SEEDS:
        cluster = started(features, seed)
        leader = leader_of(cluster)
        target = others_than(leader)[seed % 2]
        replies = asked_to_transfer(cluster, target)
        cluster.run(0.1)
        assert replies == [Reply(replies[0].status, Result(value=target), target)]
        assert leader_of(cluster) == target
        assert cluster.settled[target].current_term == cluster.settled[leader].current_term
        assert writes(cluster, 1.0)


def test_a_target_that_is_behind_is_brought_up_to_date_first() -> None:
    cluster = started(IN_PRODUCTION, 1)
    leader = leader_of(cluster)
    target = cluster.servers[others_than(leader)[0]]
    target.crash()
    assert writes(cluster, 1.0)
    target.start()
    replies = asked_to_transfer(cluster, target.me)
    cluster.run(0.2)
    assert [reply.result for reply in replies] == [Result(value=target.me)]
    assert writes(cluster, 1.0)


def test_a_target_that_is_down_costs_an_election_timeout() -> None:
    cluster = started(IN_PRODUCTION, 1)
    leader = leader_of(cluster)
    term = cluster.settled[leader].current_term
    target = others_than(leader)[0]
    cluster.servers[target].crash()
    replies = asked_to_transfer(cluster, target)
    cluster.run(0.2)
    assert replies == []
    assert not writes(cluster, 0.05)  # it serves nobody meanwhile
    assert writes(cluster, 0.5)
    assert [reply.result for reply in replies] == [Result(succeeded=False, value=leader)]
    assert (leader_of(cluster), cluster.settled[leader].current_term) == (leader, term)


def test_a_message_to_the_target_that_is_lost_is_sent_again() -> None:
    cluster = started(IN_PRODUCTION, 1)
    leader = leader_of(cluster)
    target = others_than(leader)[0]
    replies = asked_to_transfer(cluster, target)
    cluster.cut.add((leader, target))
    cluster.run(0.03)
    cluster.heal()
    cluster.run(0.2)
    assert [reply.result for reply in replies] == [Result(value=target)]


@pytest.mark.parametrize(
    ("features", "target", "result"),
    [
        (IN_PRODUCTION, "s9", Result(False, refused="there is no server s9")),
        (CHECK_QUORUM, "s2", Result(False, refused="this server transfers no leadership")),
        (NONE, "s2", Result(False, refused="this server transfers no leadership")),
    ],
)
def test_what_is_no_transfer(features: Features, target: str, result: Result) -> None:
    cluster = started(features, 1)
    leader = leader_of(cluster)
    replies = asked_to_transfer(cluster, target)
    cluster.run(0.1)
    assert [reply.result for reply in replies] == [result]
    assert leader_of(cluster) == leader


def test_who_leads_already_has_nothing_to_do_and_one_transfer_is_enough() -> None:
    cluster = started(IN_PRODUCTION, 1)
    leader = leader_of(cluster)
    replies = asked_to_transfer(cluster, leader)
    cluster.run(0.1)
    assert [reply.result for reply in replies] == [Result(value=leader)]
    for target in others_than(leader):
        cluster.servers[target].crash()
    first = asked_to_transfer(cluster, others_than(leader)[0])
    cluster.run(0.05)
    second = asked_to_transfer(cluster, others_than(leader)[1])
    cluster.run(0.01)
    assert [reply.result.refused for reply in second] == ["another transfer is under way"]
    cluster.run(0.3)
    assert [reply.result for reply in first] == [Result(succeeded=False, value=leader)]


def leaderless(features: Features, seed: int) -> float:
    """Return the seconds without a leader after one is stopped in an orderly way."""
    cluster = started(features, seed)
    leader = leader_of(cluster)
    cluster.servers[leader].stop(1.0)
    seconds = 0.0
    while cluster.servers[leader].replica is not None or cluster.leader is None:
        cluster.run(0.001)
        seconds += 0.001 if cluster.leader is None else 0
    assert leader_of(cluster) != leader
    return seconds


def test_an_orderly_stop_leaves_the_cluster_with_a_leader() -> None:
    """It is a few messages and two saves; without transfer, an election timeout."""
    assert max(leaderless(IN_PRODUCTION, seed) for seed in SEEDS) < 0.02
    assert min(leaderless(PRE_VOTE | CHECK_QUORUM, seed) for seed in SEEDS) > 0.08


def test_an_orderly_stop_has_an_end() -> None:
    """Of a leader whom nobody can replace, and of a server that does not lead."""
    cluster = started(IN_PRODUCTION, 1)
    leader = leader_of(cluster)
    one, two = (cluster.servers[each] for each in others_than(leader))
    one.stop(1.0)
    cluster.run(0.01)
    assert one.replica is None
    two.crash()
    cluster.servers[leader].stop(1.0)
    cluster.run(1.01)
    assert cluster.servers[leader].replica is None


# ---- Servers of one cluster with different features


FEATURES_OF = {"s1": IN_PRODUCTION, "s2": CHECK_QUORUM, "s3": NONE}


Mixed = mixed(FEATURES_OF)


def test_servers_with_different_features_are_one_cluster() -> None:
    spec = SpecOfMany(FEATURES_OF)
    for seed in range(8, 10):
        found = run(seed, spec.look, spec.begin, Mixed)
        assert found.is_idle
        assert found.all_agree
    assert {"HandlePreVoteRequest", "CheckQuorum", "HandleTimeoutNowRequest"} <= spec.actions.keys()


@pytest.mark.parametrize("stopped", SERVERS)
def test_features_can_be_changed_server_by_server(stopped: str) -> None:
    for seed in SEEDS:
        cluster = started(IN_PRODUCTION, seed, Mixed)
        cluster.servers[stopped].stop(1.0)
        cluster.run(1.0)
        assert writes(cluster, 3.0)


# ---- What is wrong is found


def with_node(made: type[ExtendedNode]) -> type[Simulation]:
    """Return simulations of servers with such a node."""

    class Wrong(Simulation):
        def node_with(self, features: Features, servers: Any) -> ExtendedNode:
            return made(servers, (), KeyValueMachine(), features)

    return Wrong


class GrantsWithALeader(ExtendedNode):
    """Who has a leader grants pre-votes all the same."""

    def grants_pre_vote(self, state: ExtendedState, m: PreVoteRequest) -> bool:
        return super().grants_pre_vote(replace(state, heard_from_leader=False), m)


def test_pre_votes_granted_beside_a_leader_are_found() -> None:
    made = with_node(GrantsWithALeader)
    assert not all(is_undisturbed(PRE_VOTE, seed, made, writing=False) for seed in SEEDS)


class NeverChecks(ExtendedReplica):
    """A leader does not look whether anybody answers."""

    def _check_quorum(self, now: float) -> None:
        self._quorum_due = now + self.timing.election_timeout[1]


class NeverForgets(ExtendedNode):
    """Who has answered once counts for ever."""

    def check_quorum(self, state: ExtendedState) -> Step | None:
        return super().check_quorum(replace(state, heard_from=frozenset(self.servers)))


@pytest.mark.parametrize(
    "made",
    [type("Wrong", (Simulation,), {"extended": NeverChecks}), with_node(NeverForgets)],
    ids=["never checks", "never forgets"],
)
def test_a_quorum_that_is_not_checked_is_found(made: type[Simulation]) -> None:
    assert not any(steps_down(CHECK_QUORUM, seed, cut_both_ways, made) for seed in SEEDS)


class DeafToOlderTerms(ExtendedNode):
    """A message of an older term is not answered, not even by the newer term (openraft#2080)."""

    def receive(self, state: Any, message: Any) -> Step:
        if message.term < state.current_term:
            return Step(state)
        return super().receive(state, message)


def test_a_lock_out_is_found() -> None:
    made = with_node(DeafToOlderTerms)
    assert not any(goes_on(PRE_VOTE | CHECK_QUORUM, seed, made) for seed in SEEDS)


class LeaderGrants(ExtendedNode):
    """A leader grants pre-votes (row 10 of the known bugs of others)."""

    def grants_pre_vote(self, state: ExtendedState, m: PreVoteRequest) -> bool:
        follower: Any = replace(state, role=Role.FOLLOWER)
        return super().grants_pre_vote(follower, m)


class PreVoteIsAVote(ExtendedNode):
    """Who grants a pre-vote gives its vote away."""

    def handle_pre_vote_request(self, state: ExtendedState, m: PreVoteRequest) -> Step:
        step = super().handle_pre_vote_request(state, m)
        [answer] = step.messages
        assert isinstance(answer, PreVoteResponse)
        voted = self.follow(state, m.term, m.source)
        return step._replace(state=voted) if answer.vote_granted else step


class AlwaysForced(ExtendedNode):
    """Every request for a vote has the mark of a forced election."""

    def marked(self, state: ExtendedState, message: Any) -> Any:
        return super().marked(replace(state, is_forced=True), message)


class TellsTooEarly(ExtendedNode):
    """The target of a transfer is told to stand though its log may be behind."""

    def is_ready(self, state: ExtendedState) -> bool:
        return True


def held_to(spec: Spec, made: type[Simulation]) -> None:
    """Run clusters with a specification looking on, until it finds something."""
    for seed in range(40):
        run(seed, spec.look, spec.begin, made)


@pytest.mark.parametrize("wrong", [LeaderGrants, PreVoteIsAVote, AlwaysForced, TellsTooEarly])
def test_a_step_that_the_spec_of_the_features_does_not_have_is_found(
    wrong: type[ExtendedNode],
) -> None:
    with pytest.raises(AssertionError, match="the spec has"):
        held_to(Spec(), with_node(wrong))


def test_what_raft_does_not_have_is_found_without_the_spec_of_the_features() -> None:
    """What features add is hidden, and no more."""
    spec = Spec()
    spec.refinements_of("s1").pop(0)
    with pytest.raises(AssertionError, match="currentTerm"):
        held_to(spec, with_node(PreVoteIsAVote))
