"""Clusters that change their members while they work: simulated ones, under faults."""

import json
from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from raft_ref import Role
from raft_ref.features import Feature
from raft_ref.features.bugs.membership import ChangeBeforeCommitInTerm
from raft_ref.server import (
    IN_PRODUCTION,
    SERVED,
    VOTES,
    Change,
    ChangeKind,
    Kind,
    Membership,
    MembershipReplica,
    Operation,
    Replica,
    Reply,
    Result,
    Simulation,
    Status,
    StoreNode,
    Timing,
    named,
)
from raft_ref.server.replicas.membership import WAITS, WAS_ADDED
from raft_ref.server.replicas.replica import NEVER
from raft_ref.server.session import Request
from raft_ref.server.simulation.changes import ALONE, GROW, REPLACE, SHRINK
from raft_ref.server.simulation.client import SimulatedClient
from raft_ref.server.simulation.drills import LOST, TWO_REMOVALS, WIPED
from raft_ref.server.simulation.linearizability import is_linearizable
from raft_ref.server.simulation.trial import USUAL, Setting, all_agree, run
from tests.support.clusters import Spec

ALL = ("s1", "s2", "s3", "s4", "s5", "s6")
READS = SERVED | {Feature.READ_INDEX}
LEASES = READS | {Feature.LEASES}
LONG = pytest.mark.long

# ---- Under load and faults

_BUSY = replace(USUAL, leisure=0.1, seconds=4.0)
SETTINGS = {
    "grow": replace(_BUSY, servers=ALL[:5], voters=ALL[:3], plan=GROW),
    "shrink": replace(_BUSY, servers=ALL[:5], voters=ALL[:5], plan=SHRINK),
    "alone": replace(_BUSY, servers=ALL[:4], voters=ALL[:3], plan=ALONE),
    "replace": replace(_BUSY, servers=ALL, voters=ALL[:3], plan=REPLACE, seconds=6.0),
}


@pytest.mark.parametrize(
    ("features", "seeds"),
    [
        pytest.param(SERVED, range(4), id="default"),
        pytest.param(LEASES, range(2), id="leases"),
        pytest.param(SERVED, range(4, 60), marks=LONG, id="default, more"),
        pytest.param(READS, range(30), marks=LONG, id="reads"),
        pytest.param(LEASES, range(2, 40), marks=LONG, id="leases, more"),
    ],
)
@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_clients_see_one_store_while_members_change(
    setting: Setting, features: frozenset[Feature], seeds: range
) -> None:
    for seed in seeds:
        found = run(seed, features=features, setting=setting, commands=30)
        assert is_linearizable(found.history), f"seed {seed}"
        assert found.is_idle, f"seed {seed}: a change or an operation was never done"
        assert found.all_agree, f"seed {seed}"
        done = {kind: found.faults[f"{kind} server"] for kind in (*ChangeKind, "lose")}
        asked = [stage.kind or "lose" for stage in setting.plan]
        assert done == {kind: asked.count(kind) for kind in done}


@pytest.mark.parametrize(
    "seeds", [range(1), pytest.param(range(1, 4), marks=LONG)], ids=["one", "more"]
)
@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_each_step_is_one_of_the_spec(setting: Setting, seeds: range) -> None:
    """Of ExtendedRaft.tla, whose properties hold in each state, those of Membership among them."""
    spec = Spec(setting.servers, SERVED, setting.voters)
    for seed in seeds:
        run(seed, spec.look, spec.begin, features=SERVED, setting=setting, commands=8)
    added = {stage.kind for stage in setting.plan}
    assert ("AddLearner" in spec.actions) == (ChangeKind.ADD in added)
    assert ("PromoteLearner" in spec.actions) == (ChangeKind.PROMOTE in added)
    assert ("RemoveServer" in spec.actions) == (ChangeKind.REMOVE in added)
    if setting.plan == ALONE:
        assert spec.actions.keys() >= {"TakeLead", "Commit", "StepDown"}


class NoBarrier(ChangeBeforeCommitInTerm, StoreNode):
    """A leader changes the members before it has committed an entry of its own term (2015)."""

    def __init__(self, *arguments: Any) -> None:
        StoreNode.__init__(self, *arguments)


Buggy = type("Buggy", (Simulation,), {"extended_node": NoBarrier})


def drilled(
    setting: Setting, seeds: Iterable[int], cluster: type[Simulation] = Simulation
) -> list[bool]:
    """Tell of each run of a drill whether clients saw one store."""
    found = [
        run(seed, simulation=cluster, features=SERVED, setting=setting, commands=30, clients=2)
        for seed in seeds
    ]
    assert all(each.is_idle for each in found)
    return [is_linearizable(each.history) for each in found]


@pytest.mark.parametrize("seeds", [range(10), pytest.param(range(10, 80), marks=LONG)], ids=str)
def test_two_leaders_that_remove_one_server_each(seeds: range) -> None:
    assert all(drilled(TWO_REMOVALS, seeds))


def test_without_the_barrier_they_lose_what_was_written() -> None:
    assert not all(drilled(TWO_REMOVALS, range(10), Buggy))


def test_the_spec_notices_a_change_before_the_barrier() -> None:
    spec = Spec(TWO_REMOVALS.servers, SERVED, TWO_REMOVALS.servers)

    def look_at_some() -> None:
        for seed in range(3):
            run(seed, spec.look, spec.begin, Buggy, 30, 2, SERVED, TWO_REMOVALS)

    with pytest.raises(AssertionError, match="RemoveServer"):
        look_at_some()


def test_a_server_that_lost_its_disk_must_not_come_back_as_it_was() -> None:
    assert all(drilled(LOST, range(10)))
    assert not any(drilled(WIPED, range(10)))


# ---- One by one


def started(
    features: Iterable[Feature] = SERVED,
    servers: int = 5,
    voters: int = 3,
    timing: Timing | None = None,
) -> Simulation:
    """Return a cluster with a leader that has committed something, and that all voters follow."""
    cluster = Simulation(
        ALL[:servers], 1, timing=timing or Timing(), features=features, voters=ALL[:voters]
    )
    assert writes(cluster, 3.0)
    cluster.run(0.2)
    return cluster


def writes(cluster: Simulation, seconds: float) -> bool:
    """Tell whether something can be written within so many seconds."""
    done: list[Result | None] = []
    client = SimulatedClient(cluster, f"client at {cluster.now}", 0.25, lambda: 0.01)
    client.do(Operation(Kind.PUT, "x", f"{cluster.now}"), done.append)
    end = cluster.now + seconds
    while not done and cluster.now < end:
        cluster.run(0.01)
    return bool(done)


def asked(cluster: Simulation, change: Change | None, server: str | None = None) -> list[Reply]:
    """Ask a server, or the leader; return where the reply comes."""
    replies: list[Reply] = []
    request = Request(1, None, membership=(change,))
    name = "asked", cluster.now, change
    target = server or cluster.leader
    assert target is not None
    cluster.request(target, name, put(request, name), replies.append)
    return replies


def put(request: Request, name: Hashable) -> Callable[[Replica, float], None]:
    return lambda replica, now: request.put_to(replica, name, now)


def changed(cluster: Simulation, kind: ChangeKind, server: str, address: str = "") -> Result:
    """Change the members, and return the result."""
    replies = asked(cluster, Change(kind, server, address or f"{server}:1"))
    cluster.run(1.0)
    [reply] = replies
    assert reply.status is Status.DONE
    return reply.result


ADD, PROMOTE, REMOVE = ChangeKind.ADD, ChangeKind.PROMOTE, ChangeKind.REMOVE


def replica(cluster: Simulation, server: str) -> MembershipReplica:
    found = cluster.servers[server].replica
    assert isinstance(found, MembershipReplica)
    return found


def members(cluster: Simulation) -> dict[str, str]:
    """Return what a client is told of the members: who votes, and who learns."""
    replies = asked(cluster, None)
    cluster.run(0.2)
    told = json.loads(replies[0].result.value or "")
    assert [each["name"] for each in told if each["leads"]] == [cluster.leader]
    return {each["name"]: "votes" if each["is_voter"] else "learns" for each in told}


def leader_of(cluster: Simulation) -> str:
    assert cluster.leader is not None
    return cluster.leader


def test_a_server_that_is_added_learns_and_then_votes() -> None:
    for features in (SERVED, READS):
        cluster = started(features)
        assert members(cluster) == dict.fromkeys(("s1", "s2", "s3"), "votes")
        assert changed(cluster, ADD, "s4") == Result()
        assert members(cluster) == {**dict.fromkeys(("s1", "s2", "s3"), "votes"), "s4": "learns"}
        assert replica(cluster, "s4").state.last_index > 0
        assert changed(cluster, PROMOTE, "s4") == Result()
        assert members(cluster) == dict.fromkeys(("s1", "s2", "s3", "s4"), "votes")
        known = replica(cluster, "s4").members
        assert known is not None
        assert known.address_of("s4") == "s4:1"


def test_what_was_done_is_done_when_it_is_asked_for_again() -> None:
    cluster = started()
    for change in ((ADD, "s4"), (PROMOTE, "s4"), (REMOVE, "s4")):
        for _ in range(2):
            last = replica(cluster, leader_of(cluster)).members
            assert changed(cluster, *change) == Result()
        assert replica(cluster, leader_of(cluster)).members is last


def test_who_is_to_be_added_and_votes_already_is_said_to() -> None:
    cluster = started()
    for change in ((ADD, "s4"), (PROMOTE, "s4")):
        assert changed(cluster, *change) == Result()
    assert changed(cluster, ADD, "s4") == Result(value=VOTES)


def test_who_waits_to_be_added_says_so_until_it_knows_that_it_was() -> None:
    cluster = started()

    def said() -> Reply:
        replies = asked(cluster, None, "s4")
        cluster.run(0.1)
        return replies[0]

    waits = Result(succeeded=False, value="s4", refused=WAITS)
    assert said() == Reply(Status.NOT_LEADER, waits)
    leader = leader_of(cluster)
    assert replica(cluster, leader).would_add("s4", "s4:1")
    assert not replica(cluster, "s4").would_add("s5", "s5:1")  # it does not lead
    changed(cluster, ADD, "s4")
    assert said() == Reply(Status.NOT_LEADER, leader=leader)
    assert not replica(cluster, leader).would_add("s4", "s4:1")
    # Of what is not committed, as far as is known, a leader to come may know nothing.
    for each in ("s1", "s2", "s3", "s4"):
        cluster.servers[each].crash()
    cluster.servers["s4"].start()
    cluster.run(1.0)
    unsure = Result(succeeded=False, value="s4", refused=WAS_ADDED)
    assert said() == Reply(Status.NOT_LEADER, unsure)


def test_who_does_not_answer_the_leader_is_down() -> None:
    cluster = started()
    changed(cluster, ADD, "s4")
    down = min({"s1", "s2", "s3"} - {leader_of(cluster)})
    cluster.servers[down].crash()
    cluster.run(2.0)
    replies = asked(cluster, None)
    cluster.run(0.2)
    told = json.loads(replies[0].result.value or "")
    assert [each["name"] for each in told if not each["is_up"]] == [down]
    assert len(told) == 4


def test_who_waits_to_be_added_and_who_learns_stand_for_no_election() -> None:
    cluster = started()
    changed(cluster, ADD, "s4")
    for server in ("s1", "s2", "s3"):
        cluster.servers[server].crash()
    cluster.run(5.0)
    assert {replica(cluster, each).state.role for each in ("s4", "s5")} == {Role.FOLLOWER}
    assert replica(cluster, "s5").state.current_term == 0


def test_a_learner_counts_in_no_majority() -> None:
    cluster = started()
    changed(cluster, ADD, "s4")
    others = sorted({"s1", "s2", "s3"} - {leader_of(cluster)})
    for server in others:
        cluster.servers[server].crash()
    assert not writes(cluster, 2.0)


@pytest.mark.parametrize(
    ("kind", "server", "address", "refused"),
    [
        (PROMOTE, "s9", "", "s9 is no member"),
        (REMOVE, "s4", "", "s4 is no member"),
        (ADD, "s5", "elsewhere:1", "s5 is a member: s5:1"),
        (ADD, "s4", "s5:1", "s5:1 is where s5 listens"),
        (ADD, "s6", "", "s6 was removed: a server that comes back has a new name"),
        (PROMOTE, "s6", "", "s6 is no member"),
    ],
)
def test_what_is_no_change(kind: ChangeKind, server: str, address: str, refused: str) -> None:
    cluster = started(servers=6)
    for change in ((ADD, "s5"), (ADD, "s6"), (REMOVE, "s6")):
        assert changed(cluster, *change) == Result()
    assert changed(cluster, kind, server, address) == Result(False, refused=refused)
    assert members(cluster) == {**dict.fromkeys(("s1", "s2", "s3"), "votes"), "s5": "learns"}


def test_without_the_feature_there_are_no_changes() -> None:
    cluster = started(IN_PRODUCTION, servers=3)
    refused = "this server does not change its members"
    assert changed(cluster, ADD, "s4") == Result(False, refused=refused)
    replies = asked(cluster, None)
    cluster.run(0.1)
    assert [reply.result for reply in replies] == [Result(False, refused=refused)]


def test_who_does_not_lead_says_who_does() -> None:
    cluster = started()
    leader = leader_of(cluster)
    other = next(each for each in ("s1", "s2", "s3") if each != leader)
    for change in (None, Change(ADD, "s4", "s4:1")):
        replies = asked(cluster, change, other)
        cluster.run(0.1)
        assert replies == [Reply(Status.NOT_LEADER, leader=leader)]


def test_who_has_not_caught_up_is_not_promoted() -> None:
    cluster = started()
    cluster.servers["s4"].crash()
    changed(cluster, ADD, "s4")
    replies = asked(cluster, Change(PROMOTE, "s4"))
    cluster.run(0.3)
    assert replies == []  # it may be soon
    cluster.run(0.5)
    [reply] = replies
    assert reply.result.refused.startswith("s4 has not caught up: it has 0 of ")
    again = asked(cluster, Change(PROMOTE, "s4"))
    cluster.servers["s4"].start()
    cluster.run(0.5)
    assert [reply.result for reply in again] == [Result()]


def test_nobody_is_removed_without_whom_nothing_could_be_committed() -> None:
    cluster = started()
    leader = leader_of(cluster)
    down, up = sorted({"s1", "s2", "s3"} - {leader})
    cluster.servers[down].crash()
    cluster.run(0.5)
    left = ", ".join(sorted((leader, down)))
    why = f"without {up} no majority of {left} answers"
    assert changed(cluster, REMOVE, up) == Result(False, refused=why)
    assert changed(cluster, REMOVE, down) == Result()
    assert writes(cluster, 1.0)


def test_a_change_waits_until_a_transfer_came_to_nothing() -> None:
    cluster = started()
    leader = leader_of(cluster)
    target = next(each for each in ("s1", "s2", "s3") if each != leader)
    cluster.servers[target].crash()
    cluster.servers[leader].take(lambda replica, now: replica.transfer("transfer", target, now))
    replies = asked(cluster, Change(ADD, "s4", "s4:1"))
    cluster.run(0.2)
    assert replies == []
    cluster.run(0.3)
    assert [reply.result for reply in replies] == [Result()]


def test_a_learner_is_no_target_of_a_transfer() -> None:
    cluster = started()
    changed(cluster, ADD, "s4")
    replies: list[Reply] = []
    leader = leader_of(cluster)
    for target in ("s4", "s5"):
        request = Request(1, None, successor=target)
        cluster.request(leader, target, put(request, target), replies.append)
        cluster.run(0.1)
    assert [reply.result.refused for reply in replies] == [
        "s4 does not vote",
        "there is no server s5",
    ]


def test_a_leader_that_is_removed_leads_until_that_is_committed() -> None:
    cluster = started()
    leader = leader_of(cluster)
    others = {"s1", "s2", "s3"} - {leader}
    assert changed(cluster, REMOVE, leader) == Result()
    gone = replica(cluster, leader)
    assert gone.is_removed
    assert (gone.state.role, gone.due) == (Role.FOLLOWER, NEVER)
    assert writes(cluster, 2.0)
    assert leader_of(cluster) in others
    term = gone.state.current_term
    cluster.run(5.0)
    assert gone.state.current_term == term
    assert members(cluster) == dict.fromkeys(others, "votes")


def test_a_server_that_does_not_know_that_it_is_removed_disturbs_nobody() -> None:
    cluster = started()
    leader = leader_of(cluster)
    removed = next(each for each in ("s1", "s2", "s3") if each != leader)
    assert changed(cluster, REMOVE, removed) == Result()
    term = replica(cluster, leader).state.current_term
    cluster.run(5.0)
    assert not replica(cluster, removed).is_removed  # nobody sends it anything any more
    assert replica(cluster, leader).state.current_term == term
    assert replica(cluster, leader).has_removed(removed)


def reads(cluster: Simulation, seconds: float) -> bool:
    """Tell whether something can be read within so many seconds."""
    done: list[Result | None] = []
    client = SimulatedClient(cluster, f"reader at {cluster.now}", 0.25, lambda: 0.01)
    client.do(Operation(Kind.GET, "x"), done.append)
    end = cluster.now + seconds
    while not done and cluster.now < end:
        cluster.run(0.01)
    return bool(done)


_SOME = [SERVED, SERVED - {Feature.PRE_VOTE}, READS, LEASES]


@pytest.mark.parametrize("features", _SOME, ids=named)
def test_a_cluster_shrinks_to_one_server_and_grows_again(features: frozenset[Feature]) -> None:
    cluster = started(features)
    leader = leader_of(cluster)
    for other in sorted({"s1", "s2", "s3"} - {leader}):
        assert changed(cluster, REMOVE, other) == Result()
        cluster.servers[other].crash()
    assert writes(cluster, 0.2)
    assert reads(cluster, 0.2)
    assert changed(cluster, REMOVE, leader) == Result(False, refused=f"{leader} is the only voter")
    cluster.servers[leader].crash()
    cluster.servers[leader].start()
    assert writes(cluster, 1.0)
    assert changed(cluster, ADD, "s4") == Result()
    assert changed(cluster, PROMOTE, "s4") == Result()
    assert members(cluster) == {leader: "votes", "s4": "votes"}
    assert reads(cluster, 0.2)
    cluster.run(0.5)
    assert all_agree(cluster)


def test_the_members_are_known_after_a_restart_from_the_log_and_from_a_snapshot() -> None:
    for timing in (Timing(), Timing(compact_after=6, keep=2)):
        cluster = started(timing=timing)
        changed(cluster, ADD, "s4")
        changed(cluster, PROMOTE, "s4")
        before = replica(cluster, leader_of(cluster)).members
        for _ in range(10):
            assert writes(cluster, 1.0)
        cluster.run(0.5)
        for server in ("s1", "s2", "s3", "s4"):
            assert (replica(cluster, server).state.compacted > 4) is (timing.keep == 2)
            cluster.servers[server].crash()
            cluster.servers[server].start()
            assert replica(cluster, server).members == before
        assert writes(cluster, 2.0)
        # And a server that is added after it gets it with the snapshot.
        assert changed(cluster, ADD, "s5") == Result()
        assert replica(cluster, "s5").store.members == replica(cluster, "s1").store.members


def test_a_node_gets_to_know_the_servers_that_are_added() -> None:
    """Each server begins with a node of the first three; so it is in real clusters."""

    class Narrow(Simulation):
        def node_with(self, features: frozenset[Feature], servers: Any) -> StoreNode:
            return StoreNode(tuple(servers)[:3], (), self.machine(), features)

    cluster = Narrow(ALL[:3], 1, features=LEASES)
    node = cluster.node
    assert isinstance(node, StoreNode)
    assert writes(cluster, 3.0)
    for name in ("s4", "s5"):
        joining = StoreNode((*ALL[:3], name), (), cluster.machine(), LEASES, ALL[:3])
        cluster.node = joining
        cluster.servers[name] = cluster.server(cluster, name)
        cluster.settled[name] = joining.initial(name)
        cluster.servers[name].start()
        cluster.node = node
        assert changed(cluster, ADD, name) == Result()
        assert changed(cluster, PROMOTE, name) == Result()
    for name in cluster.servers:
        assert set(replica(cluster, name).node.servers) == set(ALL[:5])
    for name in ("s1", "s2"):
        cluster.servers[name].crash()
    assert writes(cluster, 3.0)
    cluster.servers["s1"].start()
    assert members(cluster) == dict.fromkeys(ALL[:5], "votes")


def test_a_client_asks_for_changes_until_they_are_done() -> None:
    cluster = started()
    done: list[Result | None] = []
    client = SimulatedClient(cluster, "administrator", 0.25, lambda: 0.01)
    cluster.servers[leader_of(cluster)].crash()
    client.do(Membership(Change(ADD, "s4", "s4:1")), done.append)
    cluster.run(3.0)
    assert done == [Result()]
    assert members(cluster)["s4"] == "learns"
