"""Invariants as a Raft specification has them, on states that keep and that break them."""

import pytest

from raft_ref import spec
from tests.support.files import SPECS

A, B, C = (spec.model_value(name) for name in "abc")
FOLLOWER, LEADER, NIL = (spec.model_value(name) for name in ("Follower", "Leader", "Nil"))
CONSTANTS: dict[str, spec.Value] = {
    "Server": frozenset((A, B, C)),
    "Nil": NIL,
    "Follower": FOLLOWER,
    "Leader": LEADER,
}
State = dict[str, spec.Value]


def of_servers(a: spec.Value, b: spec.Value, c: spec.Value) -> spec.Value:
    return spec.function({A: a, B: b, C: c})


def entries(*terms: int) -> spec.Value:
    return spec.sequence(spec.record({"term": each, "value": f"v{each}"}) for each in terms)


HEALTHY: State = {
    "currentTerm": of_servers(2, 2, 1),
    "votedFor": of_servers(A, A, NIL),
    "state": of_servers(LEADER, FOLLOWER, FOLLOWER),
    "log": of_servers(entries(1, 2), entries(1, 2), entries(1)),
    "commitIndex": of_servers(2, 1, 1),
    "messages": frozenset((spec.record({"type": "append", "term": 2}),)),
}


@pytest.fixture(scope="module")
def module() -> spec.Module:
    return spec.load(SPECS / "Elections.tla")


def test_a_healthy_state_has_every_property(module: spec.Module) -> None:
    for each in module.properties():
        assert module.predicate(each.name, CONSTANTS).holds(HEALTHY, HEALTHY), each.name


@pytest.mark.parametrize(
    ("name", "broken", "instances"),
    [
        ("TypeOK", {"votedFor": of_servers(A, LEADER, NIL)}, ()),
        ("TypeOK", {"messages": frozenset((spec.record({"type": "x", "term": 0}),))}, None),
        (
            "ElectionSafety",
            {"state": of_servers(LEADER, LEADER, FOLLOWER)},
            ("i = a, j = b",),
        ),
        (
            "LogMatching",
            {"log": of_servers(entries(1, 2), entries(1, 2), entries(2, 2))},
            ("i = a, j = c, n = 2", "i = b, j = c, n = 2"),
        ),
        (
            "StateMachineSafety",
            {
                "log": of_servers(entries(1), entries(1), entries(2)),
                "commitIndex": of_servers(1, 0, 1),
            },
            ("i = a, j = c",),
        ),
        (
            "LeaderHoldsWhatIsCommitted",
            {
                "log": of_servers(entries(2), entries(1), entries(1)),
                "commitIndex": of_servers(1, 1, 1),
            },
            ("i = a, j = b", "i = a, j = c"),
        ),
    ],
)
def test_a_broken_state_breaks_the_property(
    module: spec.Module, name: str, broken: State, instances: tuple[str, ...] | None
) -> None:
    predicate = module.predicate(name, CONSTANTS)
    state = {**HEALTHY, **broken}
    assert not predicate.holds(state)
    if instances is not None:
        assert predicate.failing_instances(state) == instances


def test_properties_of_steps(module: spec.Module) -> None:
    terms, append_only = (
        module.predicate(name, CONSTANTS) for name in ("TermsGrow", "LeaderAppendOnly")
    )
    assert terms.reads == terms.reads_primed == {"currentTerm"}
    assert not terms.holds(HEALTHY, {**HEALTHY, "currentTerm": of_servers(1, 2, 1)})
    assert terms.failing_instances(HEALTHY, {**HEALTHY, "currentTerm": of_servers(1, 2, 1)}) == (
        "i = a",
    )
    assert append_only.reads_primed == {"state", "log"}
    truncated = {**HEALTHY, "log": of_servers(entries(1), entries(1, 2), entries(1))}
    assert not append_only.holds(HEALTHY, truncated)
