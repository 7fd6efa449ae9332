"""Random walks: what they find, that it is locally minimal, and that a seed says it all."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from raft_ref import Node
from raft_ref.bugs import BUGS
from raft_ref.explorer import (
    Bounds,
    Counterexample,
    Kind,
    Property,
    System,
    Verdict,
    WalkProgress,
    WalkReport,
    random_search,
)
from raft_ref.explorer.model.properties import Checker
from raft_ref.explorer.results.behavior import Behavior, replay
from raft_ref.explorer.walks.shrink import Shrinker
from raft_ref.explorer.walks.walker import behavior_of
from tests.support.models import Model
from tests.toys import Counting, Ring, StickyRing, heard_in_order

SERVERS = ("s1", "s2", "s3")
BEYOND = Model(values=2, term=10, log=8, messages=16, restarts=20, drops=20, duplicates=20)


def walks(node: type[Node], seed: int, runs: int, model: Model = BEYOND) -> WalkReport:
    return random_search(model.system(node), model.properties(), seed, runs, 200)


def untimed(outcome: WalkReport) -> tuple[Any, ...]:
    """Return all of an outcome but its time; properties are made anew for each search."""
    report = outcome.report
    shown = None
    if report.counterexample is not None:
        shown = report.counterexample.prop.name, report.counterexample.events
    return replace(outcome, report=replace(report, seconds=0, counterexample=None)), shown


@pytest.mark.parametrize(
    ("name", "seed", "breaks"),
    [
        # The seeds are those of the walks that find something, so that one walk is enough.
        ("vote-not-persisted", 497, "ElectionSafety"),
        ("log-not-compared-before-vote", 2, "LeaderCompleteness"),
        ("truncated-without-conflict", 36, "LeaderCompleteness"),
        ("prev-log-term-ignored", 1, "LogMatching"),
        ("older-term-committed", 847, "LeaderCompleteness"),
    ],
)
def test_a_known_bug_is_found_from_a_seed(name: str, seed: int, breaks: str) -> None:
    outcome = walks(BUGS[name].node, seed, 1)
    found, counterexample = outcome.found, outcome.report.counterexample
    assert outcome.report.verdict is Verdict.VIOLATED
    assert found is not None
    assert counterexample is not None
    assert (found.seed, found.is_minimal) == (seed, True)
    assert counterexample.prop.name == breaks
    assert counterexample.instances
    assert len(counterexample.events) < found.steps


def test_the_reference_node_survives() -> None:
    outcome = walks(Node, 0, 40, replace(BEYOND, snapshot=8))
    assert outcome.report.verdict is Verdict.INCOMPLETE  # never that anything holds
    assert (outcome.report.counterexample, outcome.found) == (None, None)
    assert outcome.runs_done == 40
    assert outcome.report.sometimes["SometimesFollowerCommits"]
    assert outcome.report.never_taken == ()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_seed_gives_one_outcome(seed: int) -> None:
    node = BUGS["log-not-compared-before-vote"].node
    assert untimed(walks(node, seed, 3)) == untimed(walks(node, seed, 3))
    assert untimed(walks(node, seed, 3)) != untimed(walks(node, seed + 500, 3))


def test_a_walk_is_replayed_from_its_own_seed_alone() -> None:
    node = BUGS["log-not-compared-before-vote"].node
    late, alone = walks(node, 5, 3), walks(node, 7, 1)
    assert late.found is not None
    assert (late.runs_done, late.found.seed) == (2, 7)
    assert untimed(late)[1] == untimed(alone)[1]


def shrunk(system: System, properties: list[Property]) -> tuple[System, Checker, Behavior]:
    """Walk until something breaks, and shrink it."""
    for seed in range(100):
        fresh = system.anew()
        checker = Checker(fresh, properties)
        behavior = behavior_of(fresh, checker, seed, 200, Counter())
        if behavior.violated:
            return fresh, checker, Shrinker(fresh, checker, behavior).run()
    raise AssertionError("nothing breaks")


@pytest.mark.parametrize("name", ["log-not-compared-before-vote", "quorum-of-half"])
def test_no_single_step_can_be_left_out(name: str) -> None:
    model = replace(BEYOND, servers=BUGS[name].bounds["servers"])
    system, checker, (steps, violated) = shrunk(model.system(BUGS[name].node), model.properties())
    assert replay(system, checker, (), steps) == Behavior(steps, violated)
    for left_out in range(len(steps)):
        others = steps[:left_out] + steps[left_out + 1 :]
        assert replay(system, checker, (), others).violated is not violated


def test_a_ring_is_shrunk_to_what_can_be_told_by_hand() -> None:
    system = System(StickyRing(SERVERS), SERVERS, Bounds(max_restarts=9, max_drops=9))
    outcome = random_search(system, StickyRing(SERVERS).properties(), 0, 50, 50)
    assert outcome.report.counterexample is not None
    events = [(event.step, event.server) for event in outcome.report.counterexample.events]
    assert events == [("Pass", "s1"), ("Receive", "s2")]


def broken(kind: Kind, holds: Any) -> Counterexample:
    system = System(Ring(SERVERS), SERVERS, Bounds())
    outcome = random_search(system, [Property("Mine", holds, kind=kind)], 0, 1, 20)
    assert outcome.report.counterexample is not None
    return outcome.report.counterexample


def test_properties_of_each_kind_are_checked() -> None:
    initially = broken(Kind.STATE, lambda view: not view.states["s1"].has_token)
    assert initially.events == ()
    of_step = broken(Kind.STEP, lambda before, after: not before.states["s2"].has_token)
    assert [event.step for event in of_step.events] == ["Pass", "Receive", "Pass"]
    of_server = broken(Kind.LOCAL, lambda before, event: event.step != "Receive")
    assert [event.step for event in of_server.events] == ["Pass", "Receive"]
    assert of_server.evidence[1] == of_server.events[-1]


def test_distinct_states_are_counted_over_all_walks() -> None:
    outcome = random_search(System(Ring(SERVERS), SERVERS, Bounds()), [], 0, 5, 20)
    assert outcome.report.distinct_states == 6  # as in an exhaustive search
    assert outcome.report.transitions == 100
    assert outcome.report.depth == 21


def test_a_walk_ends_where_no_step_is_left() -> None:
    system = System(Counting(SERVERS), SERVERS, Bounds(0, measures={"max_said": 1}))
    outcome = random_search(system, [], 0, 2, 20)
    assert (outcome.runs_done, outcome.report.transitions) == (2, 0)


def test_queues_are_walked_too() -> None:
    bounds = Bounds(6, max_duplicates=0, measures={"max_said": 5})
    ordered = [Property("HeardInOrder", heard_in_order)]
    fifo = System(Counting(SERVERS[:2]), SERVERS[:2], bounds, "fifo")
    assert random_search(fifo, ordered, 0, 20, 50).found is None
    unordered = System(Counting(SERVERS[:2]), SERVERS[:2], bounds)
    assert random_search(unordered, ordered, 0, 20, 50).found is not None


def test_an_interrupt_tells_what_was_covered() -> None:
    def interrupt(progress: WalkProgress) -> None:
        if progress.run == 3:
            raise KeyboardInterrupt

    system = System(Ring(SERVERS), SERVERS, Bounds())
    outcome = random_search(system, [], 0, 5, 20, interrupt)
    assert outcome.report.verdict is Verdict.INCOMPLETE
    assert (outcome.runs_done, outcome.report.transitions) == (2, 40)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [((-1, 1, 1), "seed: "), ((0, 0, 1), "runs: "), ((0, 1, 0), "steps: ")],
)
def test_numbers_that_make_no_sense(numbers: tuple[int, int, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        random_search(System(Ring(SERVERS), SERVERS, Bounds()), [], *numbers)


@pytest.mark.parametrize("kind", [Kind.EXPANSION, Kind.PROGRESS])
def test_a_property_of_all_that_may_follow_a_state_is_refused(kind: Kind) -> None:
    of_all = Property("All", lambda view, *events: True, kind)
    with pytest.raises(ValueError, match="All is of all that may follow"):
        random_search(System(Ring(SERVERS), SERVERS, Bounds()), [of_all], 0, 1, 1)
