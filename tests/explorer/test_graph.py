"""The graph of all states, and of what is shown of them."""

from collections import Counter

import pytest

from raft_ref import Node
from raft_ref.bugs import BUGS
from raft_ref.explorer import search
from raft_ref.explorer.model.system import GlobalState, System
from raft_ref.explorer.results.graph import Shown, StateGraph, TooManyStatesError, state_graph
from tests.support.models import Model

MODELS = [
    Model(servers=2, messages=1),
    Model(servers=2, messages=2),
    Model(servers=2, log=1, messages=1, restarts=1, drops=1),
    Model(messages=1, duplicates=1),
]


def roles(system: System, state: GlobalState) -> tuple[str, ...]:
    return tuple(sorted(system.local.states[node].role for node in state.nodes))


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_there_are_as_many_states_and_steps_as_the_search_counts(model: Model) -> None:
    report = search(model.system(), [], symmetry=False)
    system = model.system()
    for show in (lambda state: state, lambda state: roles(system, state)):
        graph = state_graph(system, [], show, most=100_000)
        assert sum(graph.nodes.values()) == report.distinct_states
        assert sum(sum(edge.values()) for edge in graph.edges.values()) == report.transitions
        assert (graph.broken, graph.to_broken) == ({}, set())


def test_what_is_shown_alike_is_one() -> None:
    """Two servers, one term: each may stand, one may lead, and never do both."""
    system = Model(servers=2, messages=2).system()
    graph = state_graph(system, [], lambda state: roles(system, state), most=100)
    assert graph.nodes == {
        ("Follower", "Follower"): 1,
        ("Candidate", "Follower"): 4,
        ("Candidate", "Candidate"): 9,
        ("Follower", "Leader"): 8,
    }
    assert graph.edges[("Candidate", "Follower"), ("Follower", "Leader")] == Counter(Receive=2)


def found(name: str) -> StateGraph:
    bug = BUGS[name]
    model = Model.within(bug.bounds)
    system = model.system(bug.node)
    properties = model.harm(bug)
    return state_graph(system, properties, lambda state: roles(system, state), most=100_000)


def test_the_way_to_a_violation_is_marked() -> None:
    graph = found("vote-not-persisted")
    assert graph.broken == {("Follower", "Leader", "Leader"): "ElectionSafety"}
    assert graph.initial == ("Follower", "Follower", "Follower")
    reached: set[Shown] = {graph.initial}
    for _ in graph.to_broken:
        reached |= {after for before, after in graph.to_broken if before in reached}
    assert graph.broken.keys() <= reached


def test_what_is_right_has_nothing_marked() -> None:
    bug = BUGS["vote-not-persisted"]
    model = Model.within(bug.bounds)
    graph = state_graph(model.system(Node), model.harm(bug), lambda state: state, most=100_000)
    assert graph.broken == {}


def test_too_many_states_are_an_error() -> None:
    system = Model(servers=2, messages=2).system()
    assert sum(state_graph(system, [], lambda state: state, most=22).nodes.values()) == 22
    with pytest.raises(TooManyStatesError, match="more than 21 states can be reached"):
        state_graph(system, [], lambda state: state, most=21)
