"""Who walks changes nothing: what the plain walker does, the engine does, and so does a crew."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from raft_ref import Node
from raft_ref.bugs import BUGS
from raft_ref.explorer import (
    ActorError,
    Bounds,
    EngineError,
    Kind,
    NetworkKind,
    Property,
    Shard,
    System,
    WalkLimits,
    random_search,
)
from raft_ref.explorer.model.properties import Checker
from raft_ref.explorer.walks import distinct
from raft_ref.explorer.walks.crew import Crew
from raft_ref.explorer.walks.distinct import PlainHashes
from raft_ref.explorer.walks.native_walker import NativeWalker
from raft_ref.explorer.walks.walker import PlainWalker, Walked, behavior_of
from tests.explorer.test_walk import BEYOND, SERVERS, untimed
from tests.toys import Counting, Gossip, Ring, StickyRing, heard_in_order

ALL = [
    WalkLimits("plain"),
    WalkLimits("native"),
    WalkLimits("native", jobs=2),
    WalkLimits("plain", jobs=3),
]


def outcome(
    system: System, properties: list[Property], limits: WalkLimits, runs: int, steps: int = 200
) -> tuple[Any, ...]:
    """Return all of a search that does not depend on who walks."""
    report, shown = untimed(random_search(system, properties, 1, runs, steps, limits=limits))
    return replace(report, report=replace(report.report, engine="")), shown


@pytest.mark.parametrize(
    ("name", "finds_with"),
    [
        ("log-not-compared-before-vote", 2),
        ("prev-log-term-ignored", 1),
        (None, None),
    ],
)
def test_the_same_report_whoever_walks(name: str | None, finds_with: int | None) -> None:
    node = Node if name is None else BUGS[name].node
    model = replace(BEYOND, snapshot=8)
    reports = [outcome(model.system(node), model.properties(), each, 6) for each in ALL]
    assert (None if reports[0][0].found is None else reports[0][0].found.seed) == finds_with
    assert all(report == reports[0] for report in reports)


MANY = Bounds(None, 5, 5, 5, measures={"max_said": 6})


@pytest.mark.parametrize("network", ["set", "fifo"])
@pytest.mark.parametrize("servers", [2, 4])
def test_the_same_walks_of_a_node_that_talks_much(network: NetworkKind, servers: int) -> None:
    """Without a bound on messages: more are in flight than any key of a state would hold."""
    names = tuple(f"s{number}" for number in range(servers))
    system = System(Counting(names), names, MANY, network)
    properties = [
        Property("InOrder", heard_in_order, is_sometimes=True),
        Property("Few", lambda view: len(view.messages) < 30, reads=frozenset({"messages"})),
        Property(
            "SometimesNone",
            lambda view: not view.messages,
            is_sometimes=True,
            reads=frozenset({"messages"}),
            holds_of_message=lambda message: False,
        ),
        Property(
            "Grows",
            lambda before, after: len(before.messages) + 20 > len(after.messages),
            Kind.STEP,
            reads=frozenset({"messages"}),
            reads_after=frozenset({"messages"}),
        ),
    ]
    plain, native = (outcome(system, properties, each, 5, 300) for each in ALL[:2])
    assert plain == native
    assert plain[0].report.depth > 20
    assert plain[0].report.sometimes["SometimesNone"]


def walked(system: System, properties: list[Property]) -> Iterator[tuple[Walked, Walked]]:
    """Yield walks of one system, each taken twice: in Python, and by the engine."""
    plain, native = PlainWalker(system, properties), NativeWalker(system, properties)
    for seed in range(20):
        yield plain.walk(seed, 30), native.walk(seed, 30)


@pytest.mark.parametrize("kind", [Kind.STATE, Kind.STEP, Kind.LOCAL])
@pytest.mark.parametrize("parts", [["states"], ["states", "messages"], ["states", "drops"]])
def test_a_property_of_each_kind_ends_both_at_the_same_step(kind: Kind, parts: list[str]) -> None:
    def holds(first: Any, *others: Any) -> bool:
        if kind is Kind.LOCAL:
            event = others[0]
            return not (event.server == "s3" and event.step == "ReceiveDuplicate")
        view = others[0] if others else first
        lost = view.drops > 1 and "drops" in parts
        return not (view.states["s3"].has_token or lost or len(view.messages) > 1)

    reads = frozenset(parts)
    system = System(StickyRing(SERVERS), SERVERS, Bounds(9, 9, 9, 9))
    ends = set()
    for plain, native in walked(system, [Property("Mine", holds, kind, False, reads, reads)]):
        assert (plain.steps, plain.is_violated) == (native.steps, native.is_violated)
        assert plain.names == native.names
        ends.add(plain.steps)
    assert len(ends) > 2


def test_what_was_reached_is_that_of_whole_walks() -> None:
    """A walk that ends with a violation has reached what it reached before that, and no more."""
    system = System(StickyRing(SERVERS), SERVERS, Bounds(9))
    of = frozenset({"states"})
    properties = [
        Property("Never", lambda view: not view.states["s3"].has_token, reads=of),
        Property("SometimesTwo", lambda view: view.states["s2"].has_token, is_sometimes=True),
        Property("SometimesAll", lambda view: view.states["s1"].me == "s9", is_sometimes=True),
    ]
    for plain, native in walked(system, properties):
        assert plain.reached == native.reached


@pytest.mark.parametrize("network", ["set", "fifo"])
def test_states_are_counted_alike_in_whatever_order_messages_were_sent(
    network: NetworkKind,
) -> None:
    system = System(Gossip(SERVERS, ("v1",)), SERVERS, Bounds(4, 1, 1, 1), network)
    met = set()
    for seed in range(1, 101):
        behavior = behavior_of(system, Checker(system, []), seed, 12, Counter())
        met |= {system.initial(), *(step.after for step in behavior.steps)}
    for limits in ALL[:2]:
        report = random_search(system, [], 1, 100, 12, limits=limits).report
        assert report.distinct_states == len(met)


def test_distinct_states_are_counted_without_the_engine_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    system = System(Ring(SERVERS), SERVERS, Bounds())
    with_engine = outcome(system, [], WalkLimits("plain"), 5, 20)
    monkeypatch.setattr("raft_ref.explorer.walks.walk.counter_of_hashes", PlainHashes)
    assert outcome(system, [], WalkLimits("plain"), 5, 20) == with_engine
    assert len(distinct.counter_of_hashes()) == 0


# ---- Shards


def test_shards_share_the_walks() -> None:
    model = replace(BEYOND, snapshot=8)
    parts = [
        random_search(
            model.system(), model.properties(), 1, 7, 50, limits=WalkLimits(shard=Shard(k, 3))
        )
        for k in (1, 2, 3)
    ]
    whole = random_search(model.system(), model.properties(), 1, 7, 50)
    assert [part.planned for part in parts] == [3, 2, 2]
    assert sum(part.report.transitions for part in parts) == whole.report.transitions
    assert sum(part.report.actions["Restart"] for part in parts) == whole.report.actions["Restart"]
    assert [*Shard(2, 3).seeds(1, 7)] == [2, 5]


@pytest.mark.parametrize(
    ("limits", "message"),
    [({"jobs": 0}, "jobs: "), ({"shard": Shard(0, 2)}, "0/2"), ({"shard": Shard(3, 2)}, "3/2")],
)
def test_limits_that_make_no_sense(limits: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WalkLimits(**limits)


# ---- A crew


class Fragile(Ring):
    """A ring in which something ends, in a process of a crew, where the token comes to s3."""

    parent = os.getpid()

    def receive(self, state: Any, message: Any) -> Any:
        if state.me == "s3" and os.getpid() != self.parent:
            self.end()
        return super().receive(state, message)

    def end(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Failing(Fragile):
    def end(self) -> None:
        raise ValueError("no")


@pytest.mark.parametrize(
    ("ring", "message"),
    [
        (Fragile, "a process that walks was ended"),
        (Failing, "Failing.receive raises ValueError: n"),
    ],
)
def test_what_goes_wrong_in_a_process_is_told(ring: type[Fragile], message: str) -> None:
    system = System(ring(SERVERS), SERVERS, Bounds())
    with pytest.raises(ActorError, match=message):
        random_search(system, [], 1, 5, 20, limits=WalkLimits(jobs=2))


def test_a_process_that_has_used_its_memory_is_followed_by_another() -> None:
    """With a share of nothing, each process walks once."""
    system = System(Ring(SERVERS), SERVERS, Bounds())
    crew = Crew(2, lambda: PlainWalker(system, []), range(1, 8), 20, memory=0)
    first = PlainWalker(system, [])
    assert [each.hashes for each in crew.walks()] == [
        first.walk(seed, 20).hashes for seed in range(1, 8)
    ]
    crew.end()


def test_one_that_walks_alone_stops_at_its_limit_on_memory() -> None:
    system = System(Ring(SERVERS), SERVERS, Bounds())
    found = random_search(system, [], 1, 5, 20, limits=WalkLimits(memory=1))
    assert (found.runs_done, found.report.stopped_by) == (1, "the limit on memory")


def test_without_the_engine_the_plain_walker_walks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "raft_ref.explorer.walks.native_walker", None)
    system = System(Ring(SERVERS), SERVERS, Bounds())
    found = random_search(system, [], 1, 1, 20)
    assert found.report.engine == "random, plain engine, 1 at a time"
    with pytest.raises(EngineError, match="was not built"):
        random_search(system, [], 1, 1, 20, limits=WalkLimits("native"))
