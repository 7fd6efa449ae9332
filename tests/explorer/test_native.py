"""The native engine gives the plain engine's report, whatever is searched."""

import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raft_ref import Node
from raft_ref.bugs import BUGS
from raft_ref.explorer import (
    ActorError,
    Bounds,
    EngineError,
    Event,
    Kind,
    NetworkKind,
    Progress,
    Property,
    Report,
    System,
    Verdict,
    View,
    search,
)
from raft_ref.explorer.engines.choice import tell_of_plain_engine
from raft_ref.explorer.model.system import GlobalState
from raft_ref.spec.link import Committed, Refinement
from tests import toys
from tests.support.models import Model
from tests.support.reports import content

# Where no compiler was there is no native engine, and nothing of it to test.
try:
    import raft_ref.explorer._core  # noqa: F401
except ImportError:
    if shutil.which("c++") or shutil.which("g++"):
        raise
    pytest.skip("the native engine was not built: no compiler", allow_module_level=True)

from raft_ref.explorer.engines.native import NativeSearch


def both(make: Any, properties: list[Property], symmetry: Any, threads: int = 2) -> Report:
    """Search with both engines, each a system of its own, and demand one report."""
    plain = search(make(), properties, symmetry, engine="plain")
    native = search(make(), properties, symmetry, engine="native", threads=threads)
    assert content(native) == content(plain)
    return native


SMALL = st.builds(
    Model,
    servers=st.sampled_from([2, 2, 3]),
    values=st.integers(0, 2),
    term=st.integers(1, 2),
    log=st.integers(0, 1),
    messages=st.sampled_from([1, 2, 2, 30]),
    restarts=st.integers(0, 1),
    drops=st.integers(0, 1),
    duplicates=st.integers(0, 1),
    symmetry=st.sampled_from([(), ("servers",), ("values",), ("servers", "values")]),
)


def shallow(model: Model, bug: str | None, network: NetworkKind, depth: int) -> System:
    """Return a system that is searched so deep, or less where that is a lot."""
    node = Node if bug is None else BUGS[bug].node
    names = model.server_names
    far = depth if model.messages <= 2 else min(depth, 5)
    bounds = replace(model.bounds(), depth=far)
    return System(node(names, model.value_names), names, bounds, network, Committed())


@settings(max_examples=12, deadline=None)
@given(
    model=SMALL,
    bug=st.sampled_from([None, *BUGS]),
    network=st.sampled_from(["set", "fifo"]),
    depth=st.sampled_from([1, 4, 9, 14]),
    threads=st.integers(1, 3),
)
def test_one_report_of_raft(
    model: Model, bug: str | None, network: NetworkKind, depth: int, threads: int
) -> None:
    names = model.server_names
    make = partial(shallow, model, bug, network, depth)
    properties = [*model.properties(), Refinement(names, model.value_names).as_property]
    both(make, properties, model.symmetry, threads)


FAR = (
    "conflicting-log-kept",
    "older-term-committed",
    "prev-log-term-ignored",
    "snapshot-lowers-term",
)
# For the plain engine minutes.
TOO_FAR = ("heartbeat-instead-of-snapshot", "hint-taken-for-match")


@pytest.mark.parametrize(
    "name",
    # Those that search far take the plain engine up to half a minute.
    [
        pytest.param(name, marks=[pytest.mark.long] if name in FAR else [])
        for name in BUGS
        if name not in TOO_FAR
    ],
)
def test_one_counterexample_of_each_bug(name: str) -> None:
    model = Model.within(BUGS[name].bounds)
    report = both(lambda: model.system(BUGS[name].node), model.harm(BUGS[name]), model.symmetry)
    assert report.verdict is Verdict.VIOLATED


def heard_and_in_flight(view: View) -> bool:
    """Tell something of servers and messages together: nobody hears 2 while a 1 is in flight."""
    heard = any(2 in state.heard for state in view.states.values())
    return not (heard and any(message.number == 1 for message in view.messages))


def loses_nothing(before: View, after: View) -> bool:
    """Tell something of a step and its messages: what is in flight does not vanish unheard."""
    return len(after.messages) >= len(before.messages) or before.states != after.states


WHOLE = Property("HeardAndInFlight", heard_and_in_flight)
ORDERED = Property("HeardInOrder", toys.heard_in_order, reads=frozenset({"states"}))


@settings(max_examples=30, deadline=None)
@given(
    actor=st.sampled_from([toys.Ring, toys.StickyRing, toys.Counting]),
    servers=st.sampled_from([("s1", "s2"), ("s1", "s2", "s3")]),
    network=st.sampled_from(["set", "fifo"]),
    faults=st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 2)),
    messages=st.sampled_from([0, 1, 2, 3, 30, None]),
    symmetry=st.booleans(),
    threads=st.integers(1, 3),
)
def test_one_report_of_foreign_nodes(
    actor: Any,
    servers: tuple[str, ...],
    network: NetworkKind,
    faults: tuple[int, int, int],
    messages: int | None,
    symmetry: bool,
    threads: int,
) -> None:
    is_counting = actor is toys.Counting
    measures = {"max_said": 2 if len(servers) == 2 else 1} if is_counting else {}
    depth = 7 if messages is None or messages > 3 else None
    bounds = Bounds(messages, *faults, depth, measures=measures)
    properties = [ORDERED, WHOLE] if is_counting else actor(servers).properties()
    both(
        lambda: System(actor(servers), servers, bounds, network),
        properties,
        symmetry and is_counting,
        threads,
    )


@settings(max_examples=20, deadline=None)
@given(
    servers=st.sampled_from([("s1", "s2"), ("s1", "s2", "s3")]),
    words=st.sampled_from([("a",), ("a", "b"), ("a", "b", "c")]),
    network=st.sampled_from(["set", "fifo"]),
    faults=st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 1)),
    symmetry=st.sampled_from([True, ("servers",), ("values",), ()]),
)
def test_one_report_of_a_foreign_node_with_values(
    servers: tuple[str, ...],
    words: tuple[str, ...],
    network: NetworkKind,
    faults: tuple[int, int, int],
    symmetry: Any,
) -> None:
    bounds = Bounds(2, *faults, depth=6)
    both(
        lambda: System(toys.Gossip(servers, words), servers, bounds, network),
        [Property("SometimesTwo", lambda view: len(view.messages) == 2, is_sometimes=True)],
        symmetry,
    )


def test_a_property_of_steps_that_reads_messages() -> None:
    servers = ("s1", "s2")
    bounds = Bounds(2, 0, 1, 0, measures={"max_said": 1})
    unlost = Property("LosesNothing", loses_nothing, Kind.STEP)
    report = both(lambda: System(toys.Counting(servers), servers, bounds), [unlost], symmetry=True)
    assert report.counterexample is not None
    assert report.counterexample.events[-1].step == "DropMessage"


def test_more_faults_than_are_remembered() -> None:
    """A property may tell more numbers of crashes apart than an edge has bits for."""
    model = Model(servers=2, restarts=11)
    late = Property("FewRestarts", lambda view: view.restarts < 11, reads=frozenset({"restarts"}))
    assert both(model.system, [*model.properties(), late], symmetry=True).counterexample


def test_more_messages_than_the_first_layout_has_room_for() -> None:
    servers = ("s1", "s2")
    bounds = Bounds(5, measures={"max_said": 40})
    report = both(lambda: System(toys.Counting(servers), servers, bounds, "fifo"), [], True)
    assert report.distinct_states > 10_000


@pytest.mark.parametrize(
    "bounds",
    [
        Bounds(depth=8),
        Bounds(max_messages=13, depth=8),
        Bounds(max_messages=12, measures={"max_said": 30}, depth=8),
        Bounds(5, max_restarts=10**6, max_drops=10**6, max_duplicates=10**6, depth=6),
    ],
    ids=["any number of messages", "13 messages", "many messages", "a million faults"],
)
@pytest.mark.parametrize("network", ["set", "fifo"])
def test_nothing_is_too_large_for_a_key(bounds: Bounds, network: NetworkKind) -> None:
    servers = ("s1", "s2")
    both(lambda: System(toys.Counting(servers), servers, bounds, network), [ORDERED, WHOLE], True)


def test_networks_become_numbers_in_the_middle_of_a_search() -> None:
    """Then all states get other keys, and what is found stays what it is: 12 in flight."""
    servers = ("s1", "s2")
    bounds = Bounds(12, measures={"max_said": 60}, depth=13)
    both(lambda: System(toys.Counting(servers), servers, bounds), [ORDERED, WHOLE], True)


def one_way_out(view: View, events: tuple[Event, ...]) -> bool:
    return len(events) <= 1


def test_what_is_left_to_the_plain_engine_is_told_at_once(caplog: pytest.LogCaptureFixture) -> None:
    servers = ("s1", "s2")
    prop = Property("OneWayOut", one_way_out, Kind.EXPANSION)

    def make() -> System:
        return System(toys.Counting(servers), servers, Bounds(2, depth=4))

    with pytest.raises(EngineError, match="all steps out of it"):
        search(make(), [prop], engine="native")
    tell_of_plain_engine.cache_clear()
    report = search(make(), [prop])
    assert "all steps out of it" in report.engine
    [said] = caplog.messages
    assert "all steps out of it" in said


def test_an_engine_that_was_not_built_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "raft_ref.explorer.engines.native", None)
    system = Model(servers=2).system()
    assert "was not built" in search(system, []).engine
    with pytest.raises(EngineError, match="was not built"):
        search(system, [], engine="native")


def test_an_actor_that_breaks_its_protocol_is_named() -> None:
    servers = ("s1", "s2", "s3")
    system = System(toys.BrokenRing(servers), servers, Bounds(max_messages=2))
    with pytest.raises(ActorError, match=r"BrokenRing\.receive returns None"):
        search(system, [], engine="native")


def test_a_limit_on_memory_ends_the_search_with_whole_levels() -> None:
    model = Model(term=2, log=1, messages=3, restarts=1)
    report = search(model.system(), [], engine="native", memory=1)
    assert report.verdict is Verdict.INCOMPLETE
    assert report.stopped_by == "the limit on memory"
    covered = replace(model.bounds(), depth=report.covered_depth + 1)
    names = model.server_names
    system = System(Node(names, model.value_names), names, covered, history=Committed())
    # All that is in the levels that were covered was found, and perhaps part of the next.
    assert search(system, [], engine="plain").distinct_states <= report.distinct_states


def test_an_interrupt_ends_the_search_and_the_report_says_what_was_covered() -> None:
    model = Model(term=2, log=1, messages=4, restarts=1, drops=1)
    timer = threading.Timer(1.5, signal.raise_signal, [signal.SIGINT])
    timer.start()
    try:
        report = search(model.system(), [], engine="native")
    finally:
        timer.cancel()
    assert report.verdict is Verdict.INCOMPLETE
    assert report.stopped_by == "interrupt"
    assert 0 < report.covered_depth <= report.depth
    assert report.distinct_states > 1


def test_an_interrupt_while_the_counterexample_is_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_looked_for, find_ways = False, NativeSearch._find_ways

    def find_ways_later(self: NativeSearch, initial: GlobalState) -> Any:
        nonlocal is_looked_for
        is_looked_for = True
        time.sleep(0.1)  # so that the next heartbeat is due
        return find_ways(self, initial)

    def interrupt(progress: Progress) -> None:
        if is_looked_for:
            raise KeyboardInterrupt

    monkeypatch.setattr(NativeSearch, "_find_ways", find_ways_later)
    model = Model.within(BUGS["vote-not-persisted"].bounds)
    system = model.system(BUGS["vote-not-persisted"].node)
    report = search(system, model.properties(), engine="native", on_progress=interrupt)
    assert is_looked_for
    assert report.verdict is Verdict.INCOMPLETE
    assert report.stopped_by == "interrupt"
    assert report.counterexample is None


def test_progress_is_told() -> None:
    told: list[Progress] = []
    model = Model(term=2, log=1, messages=3, restarts=1)
    report = search(model.system(), [], engine="native", on_progress=told.append)
    assert told
    counts = [progress.distinct_states for progress in told]
    assert counts == sorted(counts)
    assert counts[-1] <= report.distinct_states


@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_report_does_not_depend_on_the_seed_of_hashes(seed: str) -> None:
    arguments = ["check", "--bug", "prev-log-term-ignored", "--json"]
    program = f"from raft_ref.cli import main; main({arguments})"
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"distinct_states": 12254, "transitions": 29975' in run.stdout
