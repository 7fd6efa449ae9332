"""The plain engine on protocols so small that every number can be counted by hand."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raft_ref import Node
from raft_ref.explorer import (
    Bounds,
    Event,
    Kind,
    Progress,
    Property,
    Step,
    System,
    Verdict,
    View,
    search,
)
from tests.toys import Counting, Ping, Pong, Ring, StickyRing, heard_in_order

SERVERS = ("s1", "s2", "s3")
NO_FAULTS = Bounds()
ORDERED = Property("HeardInOrder", heard_in_order)


def ring(bounds: Bounds = NO_FAULTS, ring_class: type[Ring] = Ring) -> System:
    return System(ring_class(SERVERS), SERVERS, bounds)


def test_a_ring_has_a_state_for_each_place_of_the_token() -> None:
    report = search(ring(), Ring(SERVERS).properties())
    assert report.verdict is Verdict.HOLDS_WITHIN_BOUNDS
    assert report.distinct_states == 6  # the token is with one of 3 servers, or on one of 3 ways
    assert report.transitions == 6  # and in each state there is one thing to do with it
    assert report.depth == report.covered_depth == 6
    assert report.actions["Pass"] == report.actions["Take"] == report.actions["Receive"] == 3
    assert report.sometimes == {"SometimesAway": True}
    assert report.queue == 0


def test_what_never_happened_and_what_the_bounds_forbade_is_told() -> None:
    report = search(ring(), Ring(SERVERS).properties())
    assert report.never_taken == ("Restart", "DropMessage", "ReceiveDuplicate")
    assert report.cut_off == {
        "max_restarts": 18,  # 3 servers in 6 states
        "max_drops": 3,  # the token is under way in 3 states
        "max_duplicates": 3,
    }


def test_faults_are_counted_in_the_state() -> None:
    report = search(ring(Bounds(max_drops=1)), [])
    # With the token: 6 states. Lost: gone from one place or another it is the same state, 1.
    assert report.distinct_states == 7
    assert report.actions["DropMessage"] == 3


def test_a_sticky_ring_breaks_in_two_steps() -> None:
    report = search(ring(ring_class=StickyRing), Ring(SERVERS).properties())
    assert report.verdict is Verdict.VIOLATED
    assert report.counterexample is not None
    assert report.counterexample.prop.name == "MutualExclusion"
    assert [(e.step, e.server) for e in report.counterexample.events] == [
        ("Pass", "s1"),
        ("Receive", "s2"),
    ]
    assert report.depth == 3


def test_a_duplicated_token_breaks_the_ring() -> None:
    report = search(ring(Bounds(max_duplicates=1)), Ring(SERVERS).properties())
    assert report.counterexample is not None
    # The copy must arrive at another server than the first token is at: hand the first on.
    assert [(e.step, e.server) for e in report.counterexample.events] == [
        ("Pass", "s1"),
        ("ReceiveDuplicate", "s2"),
        ("Pass", "s2"),
        ("Receive", "s2"),
        ("Receive", "s3"),
    ]


def test_a_violated_property_of_steps_is_found_with_its_step() -> None:
    def never_gives_up(before: Any, after: Any) -> bool:
        return not before.states["s2"].has_token or bool(after.states["s2"].has_token)

    keeps = Property("S2Keeps", never_gives_up, kind=Kind.STEP)
    report = search(ring(), [keeps])
    assert report.counterexample is not None
    assert [(e.step, e.server) for e in report.counterexample.events] == [
        ("Pass", "s1"),
        ("Receive", "s2"),
        ("Pass", "s2"),
    ]


def test_a_step_of_a_server_is_looked_at_once() -> None:
    asked = []

    def holds(before: View, event: Event) -> bool:
        asked.append((event.step, event.server))
        return True

    system = System(Counting(SERVERS[:2]), SERVERS[:2], Bounds(2, measures={"max_said": 1}))
    report = search(system, [Property("Looked", holds, kind=Kind.LOCAL)])
    # s1 says 1, before or after it heard 1; it hears 1, before or after it said 1. So does s2.
    assert sorted(asked) == sorted(
        [(step, server) for step in ("Say", "Receive") for server in ("s1", "s2")] * 2
    )
    assert report.transitions > len(asked)


def test_a_violated_property_of_a_servers_step_is_found_with_that_step() -> None:
    def keeps(before: View, event: Event) -> bool:
        return not before.states["s2"].has_token

    report = search(ring(), [Property("Keeps", keeps, kind=Kind.LOCAL)])
    assert report.counterexample is not None
    assert [e.step for e in report.counterexample.events] == ["Pass", "Receive", "Pass"]
    before, event = report.counterexample.evidence
    assert before.states["s2"].has_token
    assert event == report.counterexample.events[-1]


def test_a_property_of_a_state_and_its_steps_sees_them_all() -> None:
    def one_way_out(view: View, events: list[Event]) -> bool:
        return len(events) == 1

    always = Property("OneWayOut", one_way_out, kind=Kind.EXPANSION)
    assert search(ring(), [always]).verdict is Verdict.HOLDS_WITHIN_BOUNDS
    report = search(ring(Bounds(max_drops=1)), [always])
    assert report.counterexample is not None
    assert [e.step for e in report.counterexample.events] == ["Pass"]
    _, events = report.counterexample.evidence
    assert [event.step for event in events] == ["Receive", "DropMessage"]


def test_an_initial_state_can_violate() -> None:
    report = search(ring(), [Property("Never", lambda view: False)])
    assert report.counterexample is not None
    assert report.counterexample.events == ()
    assert (report.distinct_states, report.depth) == (1, 1)


def test_the_depth_is_a_bound_like_others() -> None:
    report = search(ring(Bounds(depth=4)), [])
    assert (report.distinct_states, report.depth, report.covered_depth) == (4, 4, 3)
    assert report.cut_off["depth"] == 1  # the fourth state was not expanded
    assert report.bounds == {"max_restarts": 0, "max_drops": 0, "max_duplicates": 0, "depth": 4}


def test_an_interrupt_ends_the_search_and_tells_what_was_covered() -> None:
    def interrupt(progress: Progress) -> None:
        if progress.depth == 3:
            raise KeyboardInterrupt

    report = search(ring(), [], on_progress=interrupt, engine="plain")
    assert report.verdict is Verdict.INCOMPLETE
    assert (report.distinct_states, report.depth, report.covered_depth) == (3, 3, 2)
    assert report.queue == 1


def test_messages_overtake_each_other_in_a_set_and_not_in_a_queue() -> None:
    bounds = Bounds(measures={"max_said": 2})
    unordered = search(System(Counting(SERVERS), SERVERS, bounds, "set"), [ORDERED])
    assert unordered.counterexample is not None
    assert [e.step for e in unordered.counterexample.events] == ["Say", "Say", "Receive", "Receive"]
    bounds = Bounds(measures={"max_said": 2}, max_messages=4)
    queued = search(System(Counting(SERVERS[:2]), SERVERS[:2], bounds, "fifo"), [ORDERED])
    assert queued.verdict is Verdict.HOLDS_WITHIN_BOUNDS
    # Each of the two counts to 0, 1 or 2, and the other has heard any first part of that:
    # 1 + 2 + 3 pairs for each direction.
    assert queued.distinct_states == 6 * 6


def test_a_bound_needs_a_measure() -> None:
    with pytest.raises(ValueError, match="Ring has no measure for the bound max_term"):
        ring(Bounds(measures={"max_term": 2}))


# A deliberately dumb twin of the engine: no interning, no tables, no memory of steps.

Dumb = tuple[tuple[Any, ...], frozenset[Any], tuple[int, int, int]]
"""The states of the servers, what is in flight, and the restarts, drops and duplicates used."""


def dumb_steps(actor: Any, servers: tuple[str, ...], state: Dumb) -> Iterator[Dumb]:
    nodes, messages, (restarts, drops, duplicates) = state

    def put(position: int, node: Any) -> tuple[Any, ...]:
        return (*nodes[:position], node, *nodes[position + 1 :])

    for position, node in enumerate(nodes):
        for action in actor.actions(node):
            step = actor.act(node, action)
            yield put(position, step.state), messages | {*step.messages}, state[2]
        yield put(position, actor.restart(node)), messages, (restarts + 1, drops, duplicates)
    for message in messages:
        position = servers.index(message.dest)
        step = actor.receive(nodes[position], message)
        after, rest, sent = put(position, step.state), messages - {message}, {*step.messages}
        yield after, rest | sent, state[2]
        yield after, messages | sent, (restarts, drops, duplicates + 1)
        yield nodes, rest, (restarts, drops + 1, duplicates)


def dumb_search(actor: Any, servers: tuple[str, ...], bounds: Bounds) -> tuple[int, int, int]:
    """Return distinct states, transitions and depth, with a network that is a set."""
    faults = bounds.max_restarts, bounds.max_drops, bounds.max_duplicates

    def within(state: Dumb) -> bool:
        nodes, messages, used = state
        measured = [
            (actor.measures[name](node), limit)
            for name, limit in bounds.measures.items()
            for node in nodes
        ]
        limits = [*zip(used, faults, strict=True), *measured]
        limits.append((len(messages), bounds.max_messages or 0))
        return all(value <= limit for value, limit in limits)

    level = {(tuple(actor.initial(server) for server in servers), frozenset[Any](), (0, 0, 0))}
    seen, transitions, depth = set(level), 0, 0
    while level:
        depth += 1
        steps = [s for state in level for s in dumb_steps(actor, servers, state) if within(s)]
        transitions += len(steps)
        level = {*steps} - seen
        seen |= level
    return len(seen), transitions, depth


@settings(max_examples=6, deadline=None)
@given(
    servers=st.sampled_from([SERVERS[:2], SERVERS]),
    messages=st.integers(1, 2),
    faults=st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 1)),
    term=st.integers(1, 2),
)
def test_the_engine_counts_as_its_dumb_twin_does(
    servers: tuple[str, ...], messages: int, faults: tuple[int, int, int], term: int
) -> None:
    length = 1 if len(servers) == 2 else 0
    restarts, drops, duplicates = faults
    measures = {"max_term": term, "max_log_length": length}
    bounds = Bounds(messages, restarts, drops, duplicates, measures=measures)
    actor = Node(servers, ["v1"])
    report = search(System(actor, servers, bounds), [])
    counts = report.distinct_states, report.transitions, report.depth
    assert counts == dumb_search(actor, servers, bounds)


class SendsTwoKinds(Counting):
    """It sends a Ping, then a Pong: as named tuples of equal contents they are equal."""

    def actions(self, state: Any) -> Any:
        return ("ping", "pong") if state.me == "s1" else ()

    def act(self, state: Any, action: Any) -> Any:
        return Step(state, ((Ping if action == "ping" else Pong)("s1", "s2"),))

    def receive(self, state: Any, message: Any) -> Any:
        return Step(replace(state, said=99)) if isinstance(message, Pong) else Step(state)


def test_messages_of_two_kinds_are_two_though_they_are_equal() -> None:
    never = Property("NeverPong", lambda view: all(s.said < 99 for s in view.states.values()))
    system = System(SendsTwoKinds(("s1", "s2")), ("s1", "s2"), Bounds(2))
    found = search(system, [never]).counterexample
    assert found is not None
    assert [type(event.message) for event in found.events] == [type(None), Pong]
