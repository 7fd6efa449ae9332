"""Several processes find what one finds, whatever is searched and however many there are."""

import gc
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raft_ref.bugs import BUGS
from raft_ref.explorer import (
    ActorError,
    Bounds,
    EngineError,
    NetworkKind,
    Progress,
    Property,
    Report,
    Step,
    System,
    Verdict,
    search,
)
from raft_ref.explorer._core import Ending
from raft_ref.explorer.engines.together import distributed
from raft_ref.explorer.engines.together.distributed import DistributedSearch
from raft_ref.explorer.engines.together.ranks import Ranks, is_first, is_one_of_many
from tests import toys
from tests.explorer.test_native import FAR, ORDERED, SMALL, TOO_FAR, WHOLE, shallow
from tests.support.models import Model
from tests.support.ranks import GaveUpError, in_ranks
from tests.support.reports import content

Make = Callable[[], System]


def alike(size: int, make: Make, properties: Sequence[Property], symmetry: Any = ()) -> Report:
    """Search in one process and in several, and demand one report of all of them."""
    alone = search(make(), properties, symmetry, engine="native", threads=1)
    reports = in_ranks(size, lambda ranks: search(make(), properties, symmetry, ranks=ranks))
    for report in reports:
        assert isinstance(report, Report), report
        assert content(report) == content(alone)
    return alone


def counting(bounds: Bounds, network: NetworkKind = "set", servers: int = 2) -> Make:
    names = tuple(f"s{number}" for number in range(1, servers + 1))
    return lambda: System(toys.Counting(names), names, bounds, network)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_raft_holds_in_any_number_of_processes(size: int) -> None:
    model = Model(term=1, log=1, messages=2, restarts=1)
    alike(size, model.system, model.properties(), model.symmetry)


def test_a_way_is_found_whose_names_a_process_has_not_met() -> None:
    """It has numbers for the messages of a state renamed, and no room for those of the state."""
    bounds = Bounds(30, 0, 0, 0, 6, measures={"max_said": 2})
    report = alike(2, counting(bounds), [ORDERED, WHOLE], True)
    assert report.verdict is Verdict.VIOLATED


@pytest.mark.parametrize("name", ["vote-not-persisted", "quorum-of-half", "commit-index-lowered"])
def test_one_counterexample_of_a_bug(name: str) -> None:
    model = Model.within(BUGS[name].bounds)
    report = alike(3, lambda: model.system(BUGS[name].node), model.harm(BUGS[name]), model.symmetry)
    assert report.verdict is Verdict.VIOLATED


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in BUGS if name not in (*FAR, *TOO_FAR)])
def test_one_counterexample_of_each_bug(name: str) -> None:
    model = Model.within(BUGS[name].bounds)
    harm = [prop for prop in model.harm(BUGS[name]) if prop.kind.name != "PROGRESS"]
    alike(2, lambda: model.system(BUGS[name].node), harm, model.symmetry)


@pytest.mark.long
@settings(max_examples=25, deadline=None)
@given(
    model=SMALL,
    bug=st.sampled_from([None, *BUGS]),
    network=st.sampled_from(["set", "fifo"]),
    depth=st.sampled_from([1, 4, 9, 14]),
    size=st.integers(1, 4),
)
def test_one_report_of_raft(
    model: Model, bug: str | None, network: NetworkKind, depth: int, size: int
) -> None:
    alike(size, partial(shallow, model, bug, network, depth), model.properties(), model.symmetry)


@settings(max_examples=25, deadline=None)
@given(
    servers=st.integers(2, 3),
    network=st.sampled_from(["set", "fifo"]),
    faults=st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 2)),
    messages=st.sampled_from([0, 1, 2, 3, 30, None]),
    properties=st.sampled_from([[], [ORDERED, WHOLE]]),
    symmetry=st.booleans(),
    size=st.integers(1, 4),
)
def test_one_report_of_a_foreign_node(
    servers: int,
    network: NetworkKind,
    faults: tuple[int, int, int],
    messages: int | None,
    properties: list[Property],
    symmetry: bool,
    size: int,
) -> None:
    bounds = Bounds(messages, *faults, 6, measures={"max_said": 2})
    alike(size, counting(bounds, network, servers), properties, symmetry)


@settings(max_examples=10, deadline=None)
@given(
    words=st.sampled_from([("a",), ("a", "b"), ("a", "b", "c")]),
    network=st.sampled_from(["set", "fifo"]),
    symmetry=st.sampled_from([True, ("servers",), ("values",), ()]),
    size=st.integers(2, 4),
)
def test_one_report_of_a_foreign_node_with_values(
    words: tuple[str, ...], network: NetworkKind, symmetry: Any, size: int
) -> None:
    servers = ("s1", "s2", "s3")
    bounds = Bounds(2, 1, 0, 1, depth=5)
    two = Property("SometimesTwo", lambda view: len(view.messages) == 2, is_sometimes=True)
    alike(
        size, lambda: System(toys.Gossip(servers, words), servers, bounds, network), [two], symmetry
    )


@pytest.mark.parametrize("network", [pytest.param("set", marks=pytest.mark.long), "fifo"])
def test_networks_become_numbers_in_the_middle_of_a_search(network: NetworkKind) -> None:
    """At another time in each process: a rank's layout is its own affair."""
    bounds = Bounds(12, measures={"max_said": 60}, depth=13)
    assert alike(3, counting(bounds, network), [], True).distinct_states > 100


def test_a_million_faults() -> None:
    bounds = Bounds(2, 10**6, 10**6, 10**6, measures={"max_said": 1}, depth=9)
    alike(3, counting(bounds), [], True)


def test_a_violation_by_the_initial_state() -> None:
    never = Property("Never", lambda view: False)
    assert alike(2, counting(Bounds(2)), [never]).depth == 1


def test_what_one_rank_raises_all_raise() -> None:
    servers = ("s1", "s2", "s3")
    outcomes = in_ranks(
        3,
        lambda ranks: search(
            System(toys.BrokenRing(servers), servers, Bounds(max_messages=2)), [], ranks=ranks
        ),
    )
    for outcome in outcomes:
        assert isinstance(outcome, ActorError)
        assert "receive returns None" in str(outcome)


def test_what_a_heartbeat_raises_in_one_rank_all_raise() -> None:
    def run(ranks: Ranks) -> Report:
        def told(progress: Progress) -> None:
            if ranks.rank == 1:
                raise LookupError("nobody listens")

        return search(Model(messages=2).system(), [], ranks=ranks, on_progress=told)

    for outcome in in_ranks(3, run):
        assert isinstance(outcome, LookupError), outcome


def test_a_search_that_raised_is_let_go() -> None:
    """Or it lives as long as the process, which then tells of a leak."""
    servers = ("s1", "s2", "s3")
    in_ranks(
        2,
        lambda ranks: search(
            System(toys.BrokenRing(servers), servers, Bounds(max_messages=2)), [], ranks=ranks
        ),
    )
    gc.collect()
    assert not [each for each in gc.get_objects() if isinstance(each, DistributedSearch)]


class Sealed:
    """What a server has heard; it can be pickled, or unpickled, by its makers alone."""

    def __init__(self, fails: str) -> None:
        self.fails = fails

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sealed)

    def __hash__(self) -> int:
        return 1

    def __reduce__(self) -> Any:
        if self.fails == "pickling":
            raise MemoryError("no room")
        return unsealed, (self.fails,)


def unsealed(fails: str) -> Sealed:
    raise MemoryError(f"no room: {fails}")


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        ("pickling", "cannot be pickled: MemoryError: no room"),
        ("unpickling", "cannot be taken from its pickle: MemoryError: no room: unpickling"),
    ],
)
def test_what_cannot_be_carried_ends_all_ranks(fails: str, said: str) -> None:
    """The others wait where it is carried, and would not learn of an error in any other way."""

    class Sealing(toys.Counting):
        def receive(self, state: toys.Talker, message: toys.Number) -> Step:
            heard: Any = (Sealed(fails),)
            return Step(replace(state, heard=heard))

    names = ("s1", "s2")
    bounds = Bounds(2, measures={"max_said": 1})
    outcomes = in_ranks(
        2, lambda ranks: search(System(Sealing(names), names, bounds), [], ranks=ranks)
    )
    for outcome in outcomes:
        assert isinstance(outcome, GaveUpError), outcome
        assert said in str(outcome)


def test_a_search_for_ways_says_what_stopped_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class OutOfMemory(DistributedSearch):
        def _core_of(self, model: Any, asked: list[Any], setting: Any) -> Any:
            core = super()._core_of(model, asked, setting)
            found = SimpleNamespace(find_ways=lambda *_: Ending.OUT_OF_MEMORY)
            for name in ("run", "reached", "is_on_the_way"):
                setattr(found, name, getattr(core, name))
            return found

    monkeypatch.setattr(distributed, "DistributedSearch", OutOfMemory)
    never = Property("NeverTwo", lambda view: len(view.messages) < 2)
    for report in in_ranks(2, lambda ranks: search(counting(Bounds(2))(), [never], ranks=ranks)):
        assert isinstance(report, Report), report
        assert report.stopped_by == "the limit on memory"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"engine": "plain"}, "engine"),
    ],
)
def test_what_ranks_do_not_do_is_refused(given: dict[str, Any], name: str) -> None:
    [outcome] = in_ranks(1, lambda ranks: search(counting(Bounds(2))(), [], ranks=ranks, **given))
    assert isinstance(outcome, ValueError)
    assert str(outcome).startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("environment", "is_one"),
    [
        ({}, False),
        ({"OMPI_COMM_WORLD_SIZE": "2"}, True),
        ({"PMI_RANK": "0", "PMI_SIZE": "2"}, True),
        ({"PMI_RANK": "0", "PMI_SIZE": "1"}, False),
        # srun with PMIx, which tells each process its rank and not how many there are
        ({"SLURM_STEP_ID": "0", "PMIX_RANK": "1", "SLURM_NTASKS": "2"}, True),
        ({"SLURM_STEP_ID": "0", "PMIX_RANK": "0", "SLURM_STEP_NUM_TASKS": "1"}, False),
        # srun of what are no ranks of MPI
        ({"SLURM_STEP_ID": "0", "SLURM_NTASKS": "2", "SLURM_STEP_NUM_TASKS": "2"}, False),
        # a script of sbatch, and a shell of salloc, which keeps the number of the allocation
        ({"SLURM_NTASKS": "8", "SLURM_PROCID": "0"}, False),
        (
            {
                "SLURM_STEP_ID": "4294967290",
                "PMIX_RANK": "0",
                "SLURM_NTASKS": "8",
                "SLURM_STEP_NUM_TASKS": "1",
            },
            False,
        ),
        # mpirun of MPICH in an allocation of several machines starts a helper on each by srun
        (
            {
                "SLURM_STEP_ID": "1",
                "SLURM_STEP_NUM_TASKS": "4",
                "PMI_RANK": "0",
                "PMI_SIZE": "1",
            },
            False,
        ),
    ],
)
def test_the_environment_says_whether_there_are_several(
    environment: dict[str, str], is_one: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name.startswith(("OMPI", "PMI", "MPI", "SLURM")):
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert is_one_of_many() == is_one
    assert is_first() == (not is_one or environment.get("PMIX_RANK", "0") == "0")


def test_a_limit_on_memory_ends_all_ranks() -> None:
    model = Model(term=2, log=1, messages=3, restarts=1)
    for report in in_ranks(2, lambda ranks: search(model.system(), [], ranks=ranks, memory=1)):
        assert isinstance(report, Report)
        assert report.verdict is Verdict.INCOMPLETE
        assert report.stopped_by == "the limit on memory"


def test_progress_is_refused() -> None:
    model = Model()
    [outcome] = in_ranks(1, lambda ranks: search(model.system(), [model.progress()], ranks=ranks))
    assert isinstance(outcome, EngineError)
    assert "in one process alone" in str(outcome)
