"""Whoever imports `raft_ref.verify` can do what the commands do."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from raft_ref.features import Feature
from raft_ref.verify import (
    Check,
    ClusterRequest,
    Comparison,
    ConjunctsCheck,
    ExhaustiveCheck,
    GivenSizes,
    PropertyRequest,
    RandomCheck,
    RequestError,
    find,
    trace_of,
)

SMALL = GivenSizes(
    servers=2, max_term=1, max_log_length=1, max_restarts=0, max_drops=0, max_duplicates=0
)
STATES, STEPS, DEPTH = 188, 556, 16
"""Of the reference node within SMALL: the same, whoever counts them."""


def test_an_exhaustive_check() -> None:
    report = ExhaustiveCheck(ClusterRequest(sizes=SMALL), symmetry=()).run()
    assert (report.verdict, report.counterexample) == ("HOLDS_VACUOUSLY", None)
    assert "SometimesTwoLeaders" in report.unreached
    found = report.search
    assert (found.distinct_states, found.transitions, found.depth) == (STATES, STEPS, DEPTH)
    assert report.cluster.description == "reference node"
    assert trace_of(report) is None


def test_symmetry_is_used_where_it_can_be() -> None:
    found = ExhaustiveCheck(ClusterRequest(sizes=SMALL)).run().search
    assert found.symmetry == ("servers",)
    assert found.distinct_states == 96  # half of them, and those that are their own renaming


def test_a_bug_with_its_trace() -> None:
    report = find("vote-not-persisted")
    assert (report.steps, report.tried) == (7, 180)
    assert report.trace is not None
    assert len(report.trace.steps) == 7
    assert report.trace.violation is not None
    assert report.trace.violation.property == "ElectionSafety"
    again = ExhaustiveCheck(ClusterRequest(bug="vote-not-persisted")).run()
    assert trace_of(again, report.trace.source) == report.trace


def test_random_walks_and_the_one_that_is_taken_again() -> None:
    report = RandomCheck(ClusterRequest(bug="log-not-compared-before-vote"), seed=1, runs=5).run()
    assert report.verdict == "VIOLATED"
    assert report.walks.found is not None
    assert report.walks.found.steps == 52
    trace = trace_of(report)
    assert trace is not None
    assert len(trace.steps) == 11  # shrunk
    assert report.replay is not None
    assert (report.replay.seed, report.replay.runs) == (2, 1)
    assert trace_of(report.replay.run()) == trace


def test_random_walks_that_find_nothing() -> None:
    report = RandomCheck(seed=7, runs=2, steps=50).run()
    assert (report.verdict, report.replay) == ("INCOMPLETE", None)
    found = report.walks.report
    assert (found.transitions, found.distinct_states) == (100, 101)  # the first state is of both


def test_the_conjuncts_of_the_proof() -> None:
    report = ConjunctsCheck(ClusterRequest(sizes=SMALL)).run()
    assert (report.verdict, report.counterexample) == ("HOLDS_WITHIN_BOUNDS", None)
    explored = report.explored
    # Fewer places than states would be wrong: the proof remembers how a state was reached.
    assert (explored.states, explored.places, explored.transitions) == (STATES, 278, 822)


def test_node_and_spec_without_tlc() -> None:
    report = Comparison(SMALL, symmetry=(), states=True, tlc=False).run()
    assert report.holds
    found = {each.checker: (each.distinct, each.generated, each.depth) for each in report.results}
    # The initial state is generated, too.
    assert found == dict.fromkeys(("node", "embedded"), (STATES, STEPS + 1, DEPTH))
    assert report.states is not None
    assert [each.number for each in report.states] == [0, 0]


def test_kinds_of_check_have_one_face() -> None:
    """One after the other, and what all of them say is added up."""
    buggy = ClusterRequest(bug="vote-not-persisted")
    checks: list[Check] = [
        ExhaustiveCheck(ClusterRequest(sizes=SMALL)),
        RandomCheck(ClusterRequest(sizes=SMALL), seed=1, runs=1, steps=10),
        ConjunctsCheck(replace(buggy, properties=PropertyRequest(refine=False))),
    ]
    reports = [each.run() for each in checks]
    assert [each.verdict for each in reports] == ["HOLDS_VACUOUSLY", "INCOMPLETE", "VIOLATED"]
    assert 0 < sum(each.seconds for each in reports) < 60
    [trace] = [trace for each in reports if (trace := trace_of(each)) is not None]
    assert len(trace.steps) == 2  # as many as --refine needs for this bug


def check(cluster: ClusterRequest) -> None:
    ExhaustiveCheck(cluster).run()


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: check(ClusterRequest(bug="none")), "^bug none: no such bug"),
        (lambda: check(ClusterRequest(node=int)), "^node builtins:int: int.* raises Typ"),
        (lambda: check(ClusterRequest(int, bug="quorum-of-half")), "a node of its own"),
        (
            lambda: check(
                ClusterRequest(bug="learners-counted", features=frozenset({Feature.PRE_VOTE}))
            ),
            "^with: the bug learners-counted is about membership, which is left out",
        ),
        (lambda: RandomCheck(runs=0), "^runs 0: expected 1 or more"),
        (lambda: RandomCheck(ClusterRequest(depth=3)), "^depth: with --random"),
    ],
)
def test_a_request_that_makes_no_sense(ask: Callable[[], object], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        ask()


def test_what_takes_its_time_is_imported_when_it_is_asked_for() -> None:
    program = (
        "import sys, raft_ref.verify; "
        "print([n for n in ('z3', 'argparse', 'raft_ref.cli', 'raft_ref.server') "
        "if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[]\n"


def test_all_that_it_shows_can_be_had_without_z3() -> None:
    program = (
        "import sys; sys.modules['z3'] = None\n"
        "from raft_ref.verify import *\n"
        "import raft_ref.verify, raft_ref.traces.conformance as conformance\n"
        "shown = dir(conformance) == sorted(conformance.__all__)\n"
        "print({*raft_ref.verify.__all__} <= {*globals()}, shown)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.split() == [b"True", b"True"]
