"""With symmetry, one state stands for all that differ from it by a renaming of the servers."""

from itertools import permutations
from typing import Any

import pytest

from explorer import Bounds, NetworkKind, Property, Report, System, View, search
from raft_ref import Node
from raft_ref.bugs import BUGS
from tests.toys import Counting

SERVERS = ("s1", "s2", "s3")


def all_views(system: System) -> tuple[Report, list[View]]:
    """Search without symmetry and return every state that was reached."""
    views: list[View] = []

    def collect(view: View) -> bool:
        views.append(view)
        return True

    return search(system, [Property("Collect", collect)]), views


def orbits(system: System, views: list[View]) -> int:
    """Count the states up to renaming, by brute force."""
    actor: Any = system.guard.actor
    renamings = [dict(zip(SERVERS, images, strict=True)) for images in permutations(SERVERS)]

    def renamed(view: View, renaming: dict[str, str]) -> Any:
        states = {actor.rename(state, renaming) for state in view.states.values()}
        messages = {actor.rename(message, renaming) for message in view.messages}
        faults = view.restarts, view.drops, view.duplicates
        return frozenset(states), frozenset(messages), faults

    return len({frozenset(renamed(view, r) for r in renamings) for view in views})


RAFT = Bounds(max_messages=2, max_restarts=1, measures={"max_term": 1, "max_log_length": 1})


@pytest.mark.parametrize(
    ("actor", "bounds"),
    [
        (Counting(SERVERS), Bounds(max_messages=2, depth=7, measures={"max_said": 1})),
        (Node(SERVERS, ["v1"]), RAFT),
    ],
)
def test_as_many_states_as_orbits(actor: Any, bounds: Bounds) -> None:
    full, views = all_views(System(actor, SERVERS, bounds))
    quotient = search(System(actor, SERVERS, bounds), [], symmetry=True)
    assert quotient.distinct_states == orbits(System(actor, SERVERS, bounds), views)
    assert quotient.distinct_states < full.distinct_states / 4
    assert quotient.depth == full.depth


@pytest.mark.parametrize("network", ["set", "fifo"])
def test_the_same_verdict_and_length_with_and_without(network: NetworkKind) -> None:
    def one_leader(view: View) -> bool:
        return [state.role for state in view.states.values()].count("Leader") <= 1

    lengths = set()
    for symmetry in (False, True):
        mutant = BUGS["vote-not-persisted"].node(SERVERS)
        bounds = Bounds(3, max_restarts=1, measures={"max_term": 1})
        system = System(mutant, SERVERS, bounds, network)
        report = search(system, [Property("OneLeader", one_leader)], symmetry)
        assert report.counterexample is not None
        lengths.add(len(report.counterexample.events))
    assert lengths == {7}


def test_a_counterexample_is_a_real_behaviour_under_the_servers_own_names() -> None:
    def no_commit(view: View) -> bool:
        return all(state.commit_index == 0 for state in view.states.values())

    node = Node(SERVERS, ["v1"])
    system = System(node, SERVERS, RAFT)
    report = search(system, [Property("NoCommit", no_commit)], symmetry=True)
    assert report.counterexample is not None
    states = dict(report.counterexample.initial.states)
    in_flight: set[Any] = set()
    for event in report.counterexample.events:
        assert event.server is not None
        if event.message is not None:
            in_flight.remove(event.message)
            step = node.receive(states[event.server], event.message)
        else:
            taken = node.act(states[event.server], event.action)
            assert taken is not None
            step = taken
        in_flight |= {*step.messages}
        states[event.server] = step.state
        assert states == event.after.states
        assert in_flight == {*event.after.messages}
