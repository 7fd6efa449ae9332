"""Progress: what is due can still happen, or the states where it cannot are counted."""

import shutil
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raft_ref import Node
from raft_ref.bugs import BUGS
from raft_ref.explorer import (
    Bounds,
    EngineName,
    Kind,
    NetworkKind,
    Outlook,
    Progress,
    Property,
    Report,
    Step,
    System,
    Verdict,
    View,
    search,
)
from raft_ref.spec.link import Committed
from tests import toys
from tests.support.models import Model

try:
    import raft_ref.explorer._core  # noqa: F401

    HAS_NATIVE = True
except ImportError:
    if shutil.which("c++") or shutil.which("g++"):
        raise
    HAS_NATIVE = False

ENGINES: list[EngineName] = ["plain", "native"] if HAS_NATIVE else ["plain"]
SERVERS = ("s1", "s2", "s3")
STATES = frozenset({"states"})


def first_has_it(view: View) -> bool:
    return bool(view.states["s1"].has_token)


TAKEN = Property("Taken", toys.somebody_has_it, Kind.PROGRESS, reads=STATES)
BACK = Property("Back", first_has_it, Kind.PROGRESS, reads=STATES, premise=toys.somebody_has_it)


class Swallowing(toys.Ring):
    """A wrong ring: one server takes the token and never has it."""

    def receive(self, state: toys.Holder, message: toys.Token) -> Step:
        return Step(replace(state, has_token=state.me != "s2"), (), ("Take",))


def asked(actor: Any, prop: Property, bounds: Bounds, engine: EngineName) -> Report:
    return search(System(actor(SERVERS), SERVERS, bounds), [prop], engine=engine)


def as_text(report: Report) -> list[str]:
    assert report.counterexample is not None
    return [event.step for event in report.counterexample.events]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_token_that_nobody_loses_can_always_be_taken(engine: EngineName) -> None:
    report = asked(toys.Ring, TAKEN, Bounds(max_messages=1), engine)
    assert report.verdict is Verdict.HOLDS_WITHIN_BOUNDS
    assert report.progress == {"Taken": Outlook(6, 0, {})}  # at a server, or on one of three ways


@pytest.mark.parametrize("engine", ENGINES)
def test_a_token_that_is_lost_is_never_taken_again(engine: EngineName) -> None:
    report = asked(toys.Ring, TAKEN, Bounds(max_messages=1, max_drops=1), engine)
    assert report.verdict is Verdict.VIOLATED
    assert as_text(report) == ["Pass", "DropMessage"]
    # One state more, in which nobody has it. There, each of three servers could crash.
    assert report.progress == {"Taken": Outlook(7, 1, {"max_restarts": 3})}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_holder_that_crashes_loses_the_token(engine: EngineName) -> None:
    bounds = Bounds(max_messages=1, max_restarts=1, max_drops=1)
    report = asked(toys.Ring, TAKEN, bounds, engine)
    assert as_text(report) == ["Restart"]
    # The six states, before and after a crash of another server; lost by a crash, or by the
    # network before or after one.
    assert report.distinct_states == 15
    assert report.progress == {"Taken": Outlook(15, 3, {"max_restarts": 3})}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_premise_says_where_the_goal_is_due(engine: EngineName) -> None:
    bounds = Bounds(max_messages=1, max_drops=1)
    held = asked(toys.Ring, BACK, bounds, engine)
    assert held.progress == {"Back": Outlook(3, 0, {})}  # not where it is lost: nobody has it
    broken = asked(Swallowing, replace(BACK, premise=lambda view: True), Bounds(1), engine)
    assert as_text(broken) == ["Pass"]
    # Under way to s2 it is as good as lost; there it is lost.
    cut_off = {"max_restarts": 6, "max_drops": 1, "max_duplicates": 1}
    assert broken.progress == {"Back": Outlook(3, 2, cut_off)}


@pytest.mark.parametrize("engine", ENGINES)
def test_where_the_first_state_is_stuck_already(engine: EngineName) -> None:
    never = Property("Never", lambda view: False, Kind.PROGRESS, reads=STATES)
    report = asked(toys.Ring, never, Bounds(max_messages=0), engine)
    assert as_text(report) == []
    # The token cannot be passed on for want of room.
    assert report.progress == {"Never": Outlook(1, 1, {"max_messages": 1, "max_restarts": 3})}


@pytest.mark.parametrize("engine", ENGINES)
def test_what_else_is_violated_comes_first(engine: EngineName) -> None:
    ring = toys.StickyRing(SERVERS)
    system = System(ring, SERVERS, Bounds(max_messages=1))
    report = search(system, [TAKEN, *ring.properties()], engine=engine)
    assert report.counterexample is not None
    assert report.counterexample.prop.name == "MutualExclusion"
    assert report.progress == {}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_first_that_is_violated_is_the_last_that_is_asked(engine: EngineName) -> None:
    system = System(toys.Ring(SERVERS), SERVERS, Bounds(max_messages=1, max_drops=1))
    report = search(system, [BACK, TAKEN, replace(TAKEN, name="Unasked")], engine=engine)
    assert [*report.progress] == ["Back", "Taken"]
    assert report.counterexample is not None
    assert report.counterexample.prop.name == "Taken"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_bound_on_depth_is_refused(engine: EngineName) -> None:
    with pytest.raises(ValueError, match="progress cannot be asked for within a bound on depth"):
        asked(toys.Ring, TAKEN, Bounds(max_messages=1, depth=3), engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_interrupt_leaves_progress_undecided(engine: EngineName) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.undecided is not None:
            raise KeyboardInterrupt

    model = Model(term=2, log=1, restarts=1 if engine == "native" else 0)
    # It reads everything, so that it is asked of every state, and the sweep takes its time.
    slow = Property("Slow", lambda view: len(repr(view)) > 0, Kind.PROGRESS)
    report = search(model.system(), [slow], True, interrupt, engine=engine)
    assert report.verdict is Verdict.INCOMPLETE
    assert report.stopped_by == "interrupt"
    assert report.queue == 0
    assert report.progress == {}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_reference_node_commits_what_is_due(engine: EngineName) -> None:
    model = Model(term=2, log=1)
    report = search(model.system(), [model.progress()], True, engine=engine)
    assert report.verdict is Verdict.HOLDS_WITHIN_BOUNDS
    assert report.distinct_states == 3_908
    assert report.progress == {"Progress": Outlook(2_141, 0, {})}


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_bound_alone_keeps_away_is_told_apart(engine: EngineName) -> None:
    """A candidate of the last term crashes, and stands for no other term: MaxTerm is to blame."""
    model = Model(servers=2, term=1, log=1, restarts=1)
    prop = model.progress("SometimesCommitted", None)
    report = search(model.system(), [prop], True, engine=engine)
    assert report.verdict is Verdict.HOLDS_WITHIN_BOUNDS
    outlook = report.progress["Progress"]
    assert (outlook.asked, outlook.stuck, outlook.kept) == (150, 0, 42)


def test_a_reduced_search_has_the_same_verdicts() -> None:
    model = Model.within(BUGS["commit-scan-stops-at-older-term"].bounds)
    names = model.server_names
    for node, verdict in [
        (Node, Verdict.HOLDS_WITHIN_BOUNDS),
        (BUGS["commit-scan-stops-at-older-term"].node, Verdict.VIOLATED),
    ]:
        actor = node(names, model.value_names)
        system = System(actor, names, model.bounds(), history=Committed(), reduced=True)
        assert search(system, [model.progress()], True).verdict is verdict


def found(report: Report) -> Any:
    counterexample = report.counterexample
    return (
        report.verdict,
        report.distinct_states,
        report.progress,
        None
        if counterexample is None
        else (counterexample.prop.name, counterexample.initial, counterexample.events),
    )


def both(make: Any, properties: list[Property], symmetry: Any, threads: int) -> None:
    plain = search(make(), properties, symmetry, engine="plain")
    native = search(make(), properties, symmetry, engine="native", threads=threads)
    assert found(native) == found(plain)


@pytest.mark.skipif(not HAS_NATIVE, reason="the native engine was not built")
@settings(max_examples=12, deadline=None)
@given(
    model=st.builds(
        Model,
        servers=st.sampled_from([2, 2, 2, 3]),
        term=st.integers(1, 2),
        log=st.integers(0, 2),
        messages=st.integers(1, 2),
        restarts=st.integers(0, 1),
        drops=st.integers(0, 1),
        symmetry=st.booleans(),
    ),
    bug=st.sampled_from([None, "commit-scan-stops-at-older-term", "vote-not-persisted"]),
    network=st.sampled_from(["set", "fifo"]),
    goal=st.sampled_from(["CommitIsDone", "SometimesCommitted", "SometimesFollowerCommits"]),
    premise=st.sampled_from([None, "CommitIsDue", "SometimesLeader"]),
    threads=st.integers(1, 3),
)
def test_one_report_of_raft(
    model: Model,
    bug: str | None,
    network: NetworkKind,
    goal: str,
    premise: str | None,
    threads: int,
) -> None:
    if model.servers == 3:
        model = replace(model, restarts=0, drops=0, log=min(model.log, 1))
    node = Node if bug is None else BUGS[bug].node
    names = model.server_names

    def make() -> System:
        actor = node(names, model.value_names)
        return System(actor, names, model.bounds(), network, Committed())

    both(make, [model.progress(goal, premise)], model.symmetry, threads)


def all_heard(view: View) -> bool:
    return all(state.heard for state in view.states.values()) and not view.messages


@pytest.mark.skipif(not HAS_NATIVE, reason="the native engine was not built")
@settings(max_examples=25, deadline=None)
@given(
    actor=st.sampled_from([toys.Ring, Swallowing, toys.Counting]),
    network=st.sampled_from(["set", "fifo"]),
    faults=st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 1)),
    messages=st.integers(0, 3),
    symmetry=st.booleans(),
    threads=st.integers(1, 3),
)
def test_one_report_of_foreign_nodes(
    actor: Any,
    network: NetworkKind,
    faults: tuple[int, int, int],
    messages: int,
    symmetry: bool,
    threads: int,
) -> None:
    is_counting = actor is toys.Counting
    servers = SERVERS[: 2 if is_counting else 3]
    bounds = Bounds(messages, *faults, measures={"max_said": 1} if is_counting else {})
    heard = Property("Heard", all_heard, Kind.PROGRESS, premise=lambda view: not view.drops)
    properties = [heard] if is_counting else [BACK, TAKEN]
    both(
        lambda: System(actor(servers), servers, bounds, network),
        properties,
        symmetry and is_counting,
        threads,
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_an_interrupt_while_larger_bounds_are_looked_at_ends_it(
    engine: EngineName, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr("raft_ref.explorer.results.larger.Larger.reaches_goal", interrupted)
    model = Model(servers=2, term=1, log=1, restarts=1)
    prop = model.progress("SometimesCommitted", None)
    report = search(model.system(), [prop], True, engine=engine)
    assert (report.verdict, report.stopped_by) == (Verdict.INCOMPLETE, "interrupt")
    assert report.distinct_states == 150
