"""With symmetry, one state stands for all that differ from it by a renaming.

Servers are renamed, and values where the actor says that it treats them alike.
"""

from dataclasses import dataclass, replace
from functools import cache
from itertools import permutations, product
from typing import Any

import pytest

from raft_ref import ClientRequest, Entry, Node, State, Step
from raft_ref.bugs import BUGS
from raft_ref.explorer import (
    ActorError,
    Bounds,
    NetworkKind,
    Property,
    Renamed,
    Report,
    System,
    View,
    search,
    what_is_renamed,
)
from raft_ref.explorer import Step as AnyStep
from raft_ref.spec.link import Committed, CommittedEntry
from tests.support.models import Model
from tests.toys import Counting, Gossip, Say

SERVERS = ("s1", "s2", "s3")


def all_views(system: System) -> tuple[Report, list[View]]:
    """Search without symmetry and return every state that was reached."""
    views: list[View] = []

    def collect(view: View) -> bool:
        views.append(view)
        return True

    return search(system, [Property("Collect", collect)]), views


def orbits(system: System, views: list[View], symmetry: tuple[Renamed, ...]) -> int:
    """Count the states up to renaming, by brute force."""
    actor: Any = system.guard.actor
    servers, values = system.servers, tuple(getattr(actor, "symmetric_values", ()))
    renamings = [
        dict(zip(servers + values, images + others, strict=True))
        for images, others in product(
            permutations(servers) if "servers" in symmetry else [servers],
            permutations(values) if "values" in symmetry else [values],
        )
    ]

    @cache
    def renamed(value: Any, number: int) -> Any:
        return actor.rename(value, renamings[number])

    def image(view: View, number: int) -> Any:
        states = frozenset(renamed(state, number) for state in view.states.values())
        messages = frozenset(renamed(message, number) for message in view.messages)
        history = system.history.rename(view.history, renamings[number])
        return states, messages, history, view.restarts, view.drops, view.duplicates

    numbers = range(len(renamings))
    return len({frozenset(image(view, number) for number in numbers) for view in views})


RAFT = Bounds(max_messages=2, max_restarts=1, measures={"max_term": 1, "max_log_length": 1})


@pytest.mark.parametrize(
    ("actor", "bounds", "symmetry"),
    [
        (Counting(SERVERS), Bounds(2, depth=7, measures={"max_said": 1}), ("servers",)),
        (Gossip(SERVERS, ("a", "b", "c")), Bounds(2, depth=6), ("servers", "values")),
        (Node(SERVERS, ["v1"]), RAFT, ("servers",)),
    ],
)
def test_as_many_states_as_orbits(
    actor: Any, bounds: Bounds, symmetry: tuple[Renamed, ...]
) -> None:
    full, views = all_views(System(actor, SERVERS, bounds))
    quotient = search(System(actor, SERVERS, bounds), [], symmetry=True)
    assert quotient.symmetry == symmetry
    assert quotient.distinct_states == orbits(System(actor, SERVERS, bounds), views, symmetry)
    assert quotient.distinct_states < full.distinct_states / 4
    assert quotient.depth == full.depth


FIVE, SIX = ("s1", "s2", "s3", "s4", "s5"), ("s1", "s2", "s3", "s4", "s5", "s6")


@pytest.mark.parametrize(
    ("actor", "bounds", "symmetry"),
    [
        (Node(FIVE, ["v1"]), Bounds(4, depth=5, measures={"max_term": 1}), ("servers",)),
        (Node(SIX, []), Bounds(5, depth=3, measures={"max_term": 1}), ("servers",)),
        (Gossip(FIVE, ("a", "b")), Bounds(4, depth=3), ("servers", "values")),
        (Gossip(SERVERS, ("a", "b", "c", "d")), Bounds(2, depth=4), ("values",)),
    ],
)
def test_as_many_states_as_orbits_of_more_names(
    actor: Any, bounds: Bounds, symmetry: tuple[Renamed, ...]
) -> None:
    """Where by far not all renamings are tried."""

    def system() -> System:
        return System(actor, actor.servers, bounds)

    _, views = all_views(system())
    expected = orbits(system(), views, symmetry)
    for engine in ("plain", "native"):
        assert search(system(), [], symmetry, engine=engine).distinct_states == expected


def test_a_rename_that_makes_more_than_there_are_names_is_refused() -> None:
    class Grows(Counting):
        """What is renamed is a little longer each time."""

        def rename(self, value: Any, renaming: Any) -> Any:
            renamed = super().rename(value, renaming)
            is_talker = hasattr(value, "heard")
            return replace(renamed, heard=(*value.heard, 0)) if is_talker else renamed

    for engine in ("plain", "native"):
        with pytest.raises(ActorError, match=r"Grows\.rename does not rename: swaps of names make"):
            search(System(Grows(SERVERS), SERVERS, Bounds(2)), [], symmetry=True, engine=engine)


OVER: list[tuple[Renamed, ...]] = [("servers",), ("values",), ("servers", "values")]


@pytest.mark.parametrize(
    "model",
    [
        Model(values=2, log=1),
        Model(servers=2, values=3, log=3, messages=1),  # long enough for all values
        Model(servers=2, values=2, term=2, log=1, restarts=1),
        Model(servers=2, values=0, term=2),  # nothing to rename
    ],
)
def test_as_many_states_as_orbits_of_servers_and_values(model: Model) -> None:
    _, views = all_views(model.system())
    for symmetry in OVER:
        quotient = search(model.system(), [], symmetry)
        assert quotient.symmetry == symmetry
        assert quotient.distinct_states == orbits(model.system(), views, symmetry)


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


# What a renaming renames


class KnowsServersOnly(Node):
    """A node of somebody's own that has values, and does not say that it can rename them."""

    symmetric_values = ()


def test_all_that_can_be_renamed_is_what_there_are_two_of() -> None:
    assert what_is_renamed(Model(values=1).system(), True) == ("servers",)
    assert what_is_renamed(Model(values=2).system(), True) == ("servers", "values")
    assert what_is_renamed(Model(values=2).system(KnowsServersOnly), True) == ("servers",)
    assert what_is_renamed(Model(values=2).system(), ("values", "servers")) == (
        "servers",
        "values",
    )
    assert what_is_renamed(Model(values=2).system(), False) == ()


def test_symmetry_over_values_needs_an_actor_that_names_them() -> None:
    counting = System(Counting(SERVERS), SERVERS, Bounds())
    assert what_is_renamed(counting, True) == ("servers",)
    with pytest.raises(ValueError, match="Counting has no `symmetric_values`"):
        what_is_renamed(counting, ("values",))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Model(servers=8), "8 servers have 40,320 renamings, expected 10,080 at most"),
        (Model(values=7), "3 servers and 7 values have 30,240 renamings, .* servers alone"),
    ],
)
def test_too_many_renamings_are_refused(model: Model, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        search(model.system(), [], symmetry=True)


def test_one_name_for_a_server_and_a_value_is_refused() -> None:
    system = System(Node(SERVERS, ["s2", "v1"]), SERVERS, RAFT)
    with pytest.raises(ValueError, match="s2 is the name of a server and of a value"):
        search(system, [], symmetry=("servers",))


# Who tells values apart is not searched as if it did not.


class RefusesV2(Node):
    """A leader does not store v2."""

    def client_request(self, state: State, value: str) -> Step | None:
        return None if value == "v2" else super().client_request(state, value)


class PrefersV1(Node):
    """Whatever a follower is told to store, it stores v1."""

    def merge(self, state: State, m: Any) -> tuple[Entry, ...]:
        return tuple(Entry(entry.term, "v1") for entry in super().merge(state, m))


class OffersV1AloneAtFirst(Node):
    """The first that clients ask for is v1."""

    def actions(self, state: State) -> Any:
        for action in super().actions(state):
            if state.log or action != ClientRequest("v2"):
                yield action


class ForgetsToRenameLogs(Node):
    """Renames requests and not what is stored."""

    def rename(self, value: Any, renaming: Any) -> Any:
        renamed: Any = super().rename(value, renaming)
        return replace(renamed, log=value.log) if isinstance(value, State) else renamed


VALUES = Model(servers=2, values=3, log=1)


@pytest.mark.parametrize("engine", ["plain", "auto"])
@pytest.mark.parametrize(
    ("node", "method"),
    [
        (RefusesV2, "act"),
        (PrefersV1, "receive"),
        (OffersV1AloneAtFirst, "actions"),
        (ForgetsToRenameLogs, "act"),
    ],
)
def test_who_tells_values_apart_is_named(node: type[Node], method: str, engine: Any) -> None:
    with pytest.raises(ActorError) as raised:
        search(VALUES.system(node), [], symmetry=True, engine=engine)
    said = str(raised.value)
    assert said.startswith(f"{node.__name__}.{method} tells values apart, or its `rename` is wrong")
    assert said.endswith("(search without symmetry over values, or mend it)")
    assert search(VALUES.system(node), [], symmetry=("servers",)).distinct_states > 1


@dataclass(frozen=True)
class Parcel:
    """A server, and whether it is still sealed, which no step asks."""

    me: str
    is_sealed: bool = True


class UnsealsWhatItRenames(Counting):
    """Servers that open what they have, and a renaming in which all is open already."""

    def initial(self, me: str) -> Any:
        return Parcel(me)

    def actions(self, state: Any) -> list[Say]:
        return [Say()]

    def act(self, state: Any, action: Any) -> Any:
        return AnyStep(Parcel(state.me, is_sealed=False))

    def rename(self, value: Any, renaming: Any) -> Any:
        return Parcel(renaming[value.me], False) if isinstance(value, Parcel) else value


@pytest.mark.parametrize("engine", ["plain", "auto"])
def test_a_renaming_that_loses_something_is_named(engine: Any) -> None:
    """It goes with each step, and would make one state of two that a property tells apart."""

    def two_are_sealed(view: View) -> bool:
        return [state.is_sealed for state in view.states.values()].count(True) >= 2

    def found(symmetry: Any) -> Report:
        system = System(UnsealsWhatItRenames(SERVERS), SERVERS, Bounds())
        return search(system, [Property("TwoAreSealed", two_are_sealed)], symmetry, engine=engine)

    assert found(()).counterexample is not None
    with pytest.raises(ActorError) as raised:
        found(("servers",))
    said = str(raised.value)
    assert said.startswith("UnsealsWhatItRenames.rename loses something: servers renamed and then")
    assert "Parcel(me='s1', is_sealed=True) is Parcel(me='s1', is_sealed=False)" in said


class ForgetsToRename(Committed):
    """Says of a history that there is nothing in it to rename."""

    def rename(self, history: Any, renaming: Any) -> Any:
        return history


class RemembersV1(Committed):
    """Records what was committed if it is v1."""

    def observe(self, history: Any, before: Any, after: Any) -> tuple[CommittedEntry, ...]:
        entries = super().observe(history, before, after)
        return tuple(entry for entry in entries if entry.value == "v1")


@pytest.mark.parametrize("engine", ["plain", "auto"])
@pytest.mark.parametrize("history", [ForgetsToRename, RemembersV1])
def test_a_history_that_tells_values_apart_is_named(history: type[Committed], engine: Any) -> None:
    def system() -> System:
        names = VALUES.server_names
        actor = Node(names, VALUES.value_names)
        return System(actor, names, VALUES.bounds(), history=history())

    with pytest.raises(ActorError) as raised:
        search(system(), [], symmetry=True, engine=engine)
    assert str(raised.value).startswith(f"{history.__name__}.observe tells values apart, or its")
    assert search(system(), [], symmetry=("servers",)).distinct_states > 1
