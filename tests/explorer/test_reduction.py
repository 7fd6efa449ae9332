"""A reduced search has the verdicts of the full one, and refuses what it could not tell."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raft_ref import Message, Node, RequestVoteResponse, State
from raft_ref.bugs import BUGS
from raft_ref.cli import main
from raft_ref.explorer import (
    ActorError,
    Bounds,
    Kind,
    NetworkKind,
    Property,
    Step,
    System,
    Verdict,
    search,
)
from raft_ref.explorer.engines.choice import EngineName
from raft_ref.spec.link import Committed, Refinement
from tests import toys
from tests.support.models import Model

ENGINES: tuple[EngineName, ...] = ("plain", "auto")


def system(
    model: Model, node: type[Node] = Node, network: NetworkKind = "set", *, reduced: bool = True
) -> System:
    names = model.server_names
    actor = node(names, model.value_names)
    return System(actor, names, model.bounds(), network, Committed(), reduced=reduced)


@settings(max_examples=10, deadline=None)
@given(
    model=st.builds(
        Model,
        servers=st.sampled_from([2, 3]),
        values=st.integers(1, 2),
        term=st.integers(1, 2),
        log=st.integers(0, 1),
        messages=st.integers(1, 2),
        restarts=st.integers(0, 1),
        drops=st.integers(0, 1),
        duplicates=st.integers(0, 1),
        symmetry=st.booleans(),
    ),
    bug=st.sampled_from([None, *BUGS]),
    network=st.sampled_from(["set", "fifo"]),
    chosen=st.integers(0, 19),
)
def test_each_property_has_one_verdict(
    model: Model, bug: str | None, network: NetworkKind, chosen: int
) -> None:
    node = Node if bug is None else BUGS[bug].node
    refinement = Refinement(model.server_names, model.value_names).as_property
    properties = [*model.properties(), refinement]
    for prop in [properties[chosen], properties[chosen - 7]]:
        full, reduced = (
            search(system(model, node, network, reduced=way), [prop], model.symmetry)
            for way in (False, True)
        )
        assert reduced.verdict is full.verdict, prop.name
        assert reduced.distinct_states <= full.distinct_states or full.counterexample
        if prop.is_sometimes:
            assert reduced.sometimes == full.sometimes
        if full.counterexample is not None and reduced.counterexample is not None:
            steps = len(full.counterexample.events), len(reduced.counterexample.events)
            assert steps[0] <= steps[1]


@pytest.mark.parametrize("engine", ENGINES)
def test_how_much_is_saved(engine: EngineName) -> None:
    model = Model(term=2, log=1)
    full, reduced = (
        search(system(model, reduced=way), model.properties(), symmetry=True, engine=engine)
        for way in (False, True)
    )
    assert reduced.verdict is full.verdict is Verdict.HOLDS_WITHIN_BOUNDS
    assert (full.distinct_states, full.transitions) == (3_908, 10_998)
    assert (reduced.distinct_states, reduced.transitions) == (3_848, 9_435)


# For the plain engine, the only one that reduces, minutes.
TOO_FAR = ("heartbeat-instead-of-snapshot", "hint-taken-for-match")


@pytest.mark.parametrize("name", [name for name in BUGS if name not in TOO_FAR])
def test_each_bug_is_found(name: str) -> None:
    bug, model = BUGS[name], Model.within(BUGS[name].bounds)
    properties = model.harm(bug)
    if name == "snapshot-lowers-term":  # no message is obsolete for good then
        with pytest.raises(ActorError, match="is_obsolete is wrong"):
            search(system(model, bug.node), properties, model.symmetry)
        return
    report = search(system(model, bug.node), properties, model.symmetry, engine="auto")
    assert report.counterexample is not None
    assert report.counterexample.prop.name == BUGS[name].breaks


class Hasty(Node):
    """A node that calls responses obsolete which it still looks at."""

    def is_obsolete(self, state: State, message: Message) -> bool:
        return isinstance(message, RequestVoteResponse)


@dataclass(frozen=True)
class Door:
    """A server that may open, and hears who knocks only then."""

    me: str
    is_open: bool = False
    heard: bool = False


class Doors:
    """Servers that knock at each other, and call obsolete what they do not hear now."""

    def __init__(self, servers: tuple[str, ...]) -> None:
        self.servers = servers

    def initial(self, me: str) -> Door:
        return Door(me)

    def actions(self, state: Door) -> list[Any]:
        return [toys.Say(), toys.Pass()]

    def act(self, state: Door, action: Any) -> Step:
        if isinstance(action, toys.Pass):
            return Step(replace(state, is_open=True))
        others = (server for server in self.servers if server != state.me)
        return Step(state, tuple(toys.Token(state.me, other) for other in others))

    def receive(self, state: Door, message: toys.Token) -> Step:
        return Step(replace(state, heard=state.heard or state.is_open))

    def restart(self, state: Door) -> Door:
        return state

    def is_obsolete(self, state: Door, message: toys.Token) -> bool:
        return state.heard or not state.is_open


@pytest.mark.parametrize("engine", ENGINES)
def test_a_message_that_is_looked_at_is_not_obsolete(engine: EngineName) -> None:
    with pytest.raises(ActorError, match=r"is_obsolete is wrong: .*yet the server does something"):
        search(system(Model(term=2, log=1), Hasty), [], engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_message_that_may_be_looked_at_later_is_not_obsolete(engine: EngineName) -> None:
    servers = ("s1", "s2")
    doors = System(Doors(servers), servers, Bounds(max_messages=2), reduced=True)
    with pytest.raises(ActorError, match=r"is_obsolete is wrong: .*, and no longer in .*is_open"):
        search(doors, [], engine=engine)


def depth_one(model: Model) -> System:
    names = model.server_names
    bounds = replace(model.bounds(), depth=1)
    return System(Node(names, model.value_names), names, bounds, reduced=True)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_could_tell_is_refused(engine: EngineName) -> None:
    def refusal(make: Any, *properties: Property) -> str:
        with pytest.raises(ValueError, match=r"reduced search|steps out of a state") as caught:
            search(make, properties, engine=engine)
        return str(caught.value)

    model = Model()
    drops = Property("Drops", lambda view: True, reads=frozenset({"states", "drops"}))
    assert "Drops reads drops" in refusal(system(model), drops)
    unsaid = Property("Unsaid", lambda view: True)
    assert "Unsaid reads drops, duplicates, messages" in refusal(system(model), unsaid)
    whole = Property("Whole", lambda view, events: True, Kind.EXPANSION)
    assert "Whole reads all steps out of a state" in refusal(system(model), whole)
    assert "depth" in refusal(depth_one(model))


def test_an_actor_that_does_not_tell_cannot_be_reduced(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ValueError, match="Ring has no method `is_obsolete`"):
        System(toys.Ring(("s1", "s2")), ("s1", "s2"), Bounds(max_messages=1), reduced=True)
    assert main(["check", "--node", "tests.toys:Ring", "--por"]) == 2
    assert capsys.readouterr().err == "raft-ref: Ring has no method `is_obsolete`\n"


def test_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    small = ["--max-term", "1", "--max-restarts", "0", "--max-duplicates", "0"]
    assert main(["check", *small, "--por"]) == 3  # in one term, there are no two leaders
    assert "partial-order reduction" in capsys.readouterr().out
    assert main(["check", *small, "--por", "--depth", "3"]) == 2
    assert capsys.readouterr().err.startswith("raft-ref: --por: ")
