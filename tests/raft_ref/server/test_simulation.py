"""A simulated cluster under faults: clients see one store, servers do what the spec allows."""

from collections import Counter
from dataclasses import replace
from itertools import combinations

import pytest

from raft_ref import State
from raft_ref.features import ExtendedNode, Feature
from raft_ref.server import IN_PRODUCTION, Happening, ReadingReplica, Simulation, named
from raft_ref.server.simulation.bugs import SERVER_BUGS
from raft_ref.server.simulation.cluster import MemoryStorage, SimulatedServer
from raft_ref.server.simulation.linearizability import is_linearizable
from raft_ref.server.simulation.trial import SERVERS, USUAL, run
from tests.support.clusters import Spec

FAULTS = {
    "lost", "duplicated", "cut off", "request lost", "reply lost", "disk full",
    "crash", "cut", "cut_one_way", "heal", "fill", "slow",
}  # fmt: skip
ENDINGS = {"done", "not leader", "unknown", "asked again"}


def runs(
    seeds: range, spec: Spec, features: frozenset[Feature]
) -> tuple[Counter[str], Counter[str]]:
    """Run a cluster for each seed; return which faults happened, and how requests ended."""
    faults, endings = Counter[str](), Counter[str]()
    for seed in seeds:
        found = run(seed, spec.look, spec.begin, features=features)
        assert is_linearizable(found.history), f"seed {seed}"
        assert found.is_idle, f"seed {seed}: something was never answered"
        assert found.all_agree, f"seed {seed}"
        faults += found.faults
        endings += found.counts
    return faults, endings


def covered(seeds: range, features: frozenset[Feature] = IN_PRODUCTION) -> None:
    spec = Spec(features=features)
    faults, endings = runs(seeds, spec, features)
    of_transfer = {"transfer", "stop"} if Feature.LEADERSHIP_TRANSFER in features else set()
    of_clocks = {"drift"} if Feature.LEASES in features else {"jump"}
    assert faults.keys() == FAULTS | of_clocks | of_transfer
    assert endings.keys() == ENDINGS
    node = ExtendedNode(SERVERS, features=features)
    assert spec.actions.keys() == {*node.action_names, "Restart"}


def test_clients_see_one_store_and_servers_do_what_the_spec_allows() -> None:
    covered(range(21, 24))


def test_so_they_do_without_features() -> None:
    covered(range(4), frozenset())


READS = frozenset({Feature.READ_INDEX})
LEASES = READS | {Feature.LEASES}
LONG = pytest.mark.long
DEEP = [LONG, pytest.mark.deep]


@pytest.mark.parametrize(
    ("features", "seeds"),
    [
        pytest.param(READS, range(4, 6), id="reads"),
        pytest.param(IN_PRODUCTION | READS, range(5, 8), id="all but leases"),
        pytest.param(LEASES, range(3), id="leases"),
        pytest.param(IN_PRODUCTION | LEASES, range(3, 5), id="all"),
        pytest.param(IN_PRODUCTION | READS, range(30), marks=DEEP, id="all but leases, more"),
        pytest.param(IN_PRODUCTION | LEASES, range(30), marks=DEEP, id="all, more"),
    ],
)
def test_so_they_do_with_reads(features: frozenset[Feature], seeds: range) -> None:
    covered(seeds, features)


FEW = {"transfer": (3, 9), "pre-vote,transfer": (19, 22), "check-quorum,transfer": (19, 22)}
"""Seeds in which all of it happens, where those from 0 on have not all."""


@pytest.mark.long
@pytest.mark.parametrize(
    "features",
    [frozenset(some) for size in range(3) for some in combinations(sorted(IN_PRODUCTION), size)],
    ids=named,
)
def test_some_features(features: frozenset[Feature]) -> None:
    covered(range(*FEW.get(named(features), (0, 6))), features)


@pytest.mark.long
@pytest.mark.parametrize("seeds", [range(10, 24), range(100, 130)], ids=str)
def test_more_seeds(seeds: range) -> None:
    covered(seeds)


@pytest.mark.parametrize(
    ("features", "seeds"),
    [
        pytest.param(IN_PRODUCTION, range(1_000, 1_080), id="default"),
        pytest.param(IN_PRODUCTION | READS, range(1_000, 1_040), id="reads"),
        pytest.param(IN_PRODUCTION | LEASES, range(1_000, 1_040), id="leases"),
        pytest.param(IN_PRODUCTION, range(1_080, 1_400), marks=LONG, id="default, more"),
        pytest.param(IN_PRODUCTION | READS, range(1_040, 1_400), marks=LONG, id="reads, more"),
        pytest.param(IN_PRODUCTION | LEASES, range(1_040, 1_400), marks=LONG, id="leases, more"),
    ],
)
def test_clients_see_one_store_whatever_happens(features: frozenset[Feature], seeds: range) -> None:
    for seed in seeds:
        found = run(seed, features=features)
        assert is_linearizable(found.history), f"seed {seed}"
        assert found.is_idle, f"seed {seed}"
        assert found.all_agree, f"seed {seed}"


@pytest.mark.parametrize("name", SERVER_BUGS)
def test_a_bug_shows(name: str) -> None:
    """Within some seeds, clients see what no single store could have shown them."""
    bug = SERVER_BUGS[name]
    assert any(not is_linearizable(run(seed, **bug.where).history) for seed in range(400))


def test_a_run_repeats_itself_step_by_step() -> None:
    def steps(seed: int) -> list[Happening]:
        found: list[Happening] = []
        run(seed, found.append)
        return found

    assert steps(7) == steps(7)
    assert steps(7) != steps(8)


class NumbersForgotten(ReadingReplica):
    """A server that begins again with the numbers of reads that it began with."""

    def _durable(self) -> State:
        return replace(self.state, read_number=0)


def test_the_spec_notices_that_a_number_may_be_used_again() -> None:
    cluster = type("Forgetful", (Simulation,), {"reading": NumbersForgotten})
    spec = Spec(features=IN_PRODUCTION | READS)

    def look_at_some() -> None:
        for seed in range(20):
            run(seed, spec.look, spec.begin, cluster, features=IN_PRODUCTION | READS)

    with pytest.raises(AssertionError, match="readNumber"):
        look_at_some()


def test_the_spec_notices_a_step_that_it_forbids() -> None:
    """The check that finds nothing in the runs above finds a vote that was given away twice."""
    seen: list[Happening] = []
    spec = Spec()
    run(1, seen.append, spec.begin)
    wrong = next(
        h for h in seen if "HandleRequestVoteRequest" in h.step.actions and h.step.messages
    )
    others = [server for server in SERVERS if server != wrong.step.state.voted_for]
    state = replace(wrong.step.state, voted_for=others[0])
    broken = wrong._replace(step=wrong.step._replace(state=state))

    def look_at_all() -> None:
        for happening in seen:
            spec.look(broken if happening is wrong else happening)

    with pytest.raises(AssertionError, match="votedFor"):
        look_at_all()


# ---- Disks that are damaged


class TakenForTorn(MemoryStorage):
    """What is damaged is taken for a write that was torn: the state before it is gone on with."""

    def load(self, first: State) -> State:
        self._state, self.damaged = self.damaged or self._state, None
        return self._state


class Credulous(SimulatedServer):
    disk = TakenForTorn


DAMAGING = replace(USUAL, damages=True)


@pytest.mark.parametrize("seeds", [range(10), pytest.param(range(10, 80), marks=pytest.mark.long)])
def test_a_damaged_disk_is_refused_and_the_others_go_on(seeds: range) -> None:
    refused = 0
    for seed in seeds:
        found = run(seed, setting=DAMAGING)
        assert is_linearizable(found.history), f"seed {seed}"
        assert found.is_idle, f"seed {seed}"
        assert found.all_agree, f"seed {seed}"
        refused += found.faults["damage refused"]
    assert refused > len(seeds) / 2


def test_where_damage_is_taken_for_a_torn_write_what_was_acknowledged_is_lost() -> None:
    buggy = type("Buggy", (Simulation,), {"server": Credulous})
    found = (run(seed, simulation=buggy, setting=DAMAGING) for seed in range(400))
    assert not all(is_linearizable(each.history) for each in found)
