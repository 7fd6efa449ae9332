"""How servers are renamed in the states of a node whose author did not say it."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import pytest

from raft_ref import Entry, Node, State
from raft_ref.explorer import Step, TellsApartError
from raft_ref.verify import ClusterRequest, ExhaustiveCheck
from raft_ref.verify.cluster.building import GivenSizes
from raft_ref.verify.cluster.renaming import DerivedRename
from tests.toys import Ping, Pong

SERVERS = ("s1", "s2", "s3")
SWAP = {"s1": "s2", "s2": "s1", "s3": "s3"}
ROTATION = {"s1": "s2", "s2": "s3", "s3": "s1"}


class Peer(NamedTuple):
    name: str
    next_index: int


@dataclass(frozen=True)
class Progress:
    peer: str
    match: int


@dataclass(frozen=True)
class Mine:
    name: str = "s1"
    votes: tuple[Any, ...] = ()
    next_index: tuple[int, ...] = (1, 1, 1)
    log: tuple[Any, ...] = ()


RENAMED = [
    # A name wherever it stands, and nothing else.
    (Mine("s1"), Mine("s2")),
    (Mine("s3"), Mine("s3")),
    (Mine("s1", log=((1, "v1"), (2, "v2"))), Mine("s2", log=((1, "v1"), (2, "v2")))),
    # What is in ascending order stands for a set, by itself or by what it is the key of.
    (Mine(votes=("s1", "s3")), Mine("s2", votes=("s2", "s3"))),
    (Mine(votes=("s1", "s2")), Mine("s2", votes=("s1", "s2"))),
    (Mine(votes=(("s1", 4), ("s2", 5))), Mine("s2", votes=(("s1", 5), ("s2", 4)))),
    (Mine(votes=(Peer("s1", 4), Peer("s2", 5))), Mine("s2", votes=(Peer("s1", 5), Peer("s2", 4)))),
    (
        Mine(votes=(Progress("s1", 4), Progress("s2", 5))),
        Mine("s2", votes=(Progress("s1", 5), Progress("s2", 4))),
    ),
    (
        Mine(votes=((None, frozenset({"s1"})), ("s2", frozenset({"s1"})))),
        Mine("s2", votes=((None, frozenset({"s2"})), ("s1", frozenset({"s2"})))),
    ),
    # What begins as one thing for each server is in their order.
    (Mine(next_index=(1, 2, 3)), Mine("s2", next_index=(2, 1, 3))),
    (Mine(next_index=(7, 8)), Mine("s2", next_index=(7, 8))),
    # A set has no order, and a log of values none that servers have a part in.
    (frozenset({"s1", "s3"}), frozenset({"s2", "s3"})),
    (((1, "v1"), (1, "v2")), ((1, "v1"), (1, "v2"))),
]


@pytest.mark.parametrize(("value", "renamed"), RENAMED)
def test_servers_are_renamed_and_back(value: object, renamed: object) -> None:
    rename = DerivedRename(SERVERS, ("v1", "v2"), Mine(), keeps_order=True)
    assert rename(value, SWAP) == renamed
    assert rename(renamed, SWAP) == value
    # Three times round is once round nowhere.
    assert rename(rename(rename(value, ROTATION), ROTATION), ROTATION) == value


def test_values_are_renamed_where_they_are_named() -> None:
    rename = DerivedRename(SERVERS, ("v1", "v2"), Mine(), keeps_order=True)
    values = {**SWAP, "v1": "v2", "v2": "v1"}
    assert rename(Mine(log=((1, "v1"),)), values) == Mine("s2", log=((1, "v2"),))


def test_an_order_that_is_sometimes_ascending_is_not_taken_for_either() -> None:
    queue = ("s2", "s1")
    rename = DerivedRename(SERVERS, (), Mine(), keeps_order=True)
    with pytest.raises(TellsApartError, match="may tell servers apart, or may not"):
        rename(queue, SWAP)
    assert DerivedRename(SERVERS, (), Mine(), keeps_order=False)(queue, SWAP) == ("s1", "s2")


@dataclass(frozen=True, init=False)
class MadeOtherwise:
    server: str

    def __init__(self, name: str, *, shown: bool = True) -> None:
        object.__setattr__(self, "server", name if shown else "")


def test_what_cannot_be_made_again_from_its_fields_is_told() -> None:
    rename = DerivedRename(SERVERS, (), Mine(), keeps_order=True)
    with pytest.raises(TellsApartError, match="the servers in a MadeOtherwise cannot be renamed: "):
        rename(MadeOtherwise("s1"), SWAP)


def test_two_kinds_of_equal_contents_are_two() -> None:
    rename = DerivedRename(SERVERS, (), Mine(), keeps_order=True)
    assert type(rename(Ping("s1", "s3"), SWAP)) is Ping
    assert type(rename(Pong("s1", "s3"), SWAP)) is Pong


# ---- In a search


@dataclass(frozen=True)
class Held:
    """A state of the reference node, and who was heard of, in one order or another."""

    raft: State
    heard: tuple[str, ...] = ()


class Sorted:
    """The reference node with a list of its own beside it, which is sorted, and not asked."""

    measures = {  # noqa: RUF012
        "max_term": lambda held: held.raft.current_term,
        "max_log_length": lambda held: len(held.raft.log),
    }

    def __init__(self, servers: tuple[str, ...], values: tuple[str, ...]) -> None:
        self.node = Node(servers, values)

    def heard(self, held: Held, source: str) -> tuple[str, ...]:
        return tuple(sorted({*held.heard, source}))

    def initial(self, me: str) -> Held:
        return Held(self.node.initial(me))

    def actions(self, held: Held) -> tuple[Any, ...]:
        return tuple(self.node.actions(held.raft))

    def act(self, held: Held, action: Any) -> Any:
        step = self.node.act(held.raft, action)
        assert step is not None
        return Step(replace(held, raft=step.state), step.messages)

    def receive(self, held: Held, message: Any) -> Any:
        step = self.node.receive(held.raft, message)
        return Step(Held(step.state, self.heard(held, message.source)), step.messages)

    def restart(self, held: Held) -> Held:
        return Held(self.node.restart(held.raft))

    def as_raft(self, held: Held) -> State:
        return held.raft


class Queued(Sorted):
    """It remembers in which order it heard of them, and so what is ascending is so by chance."""

    def heard(self, held: Held, source: str) -> tuple[str, ...]:
        return held.heard if source in held.heard else (*held.heard, source)


class PrefersTheFirst(Sorted):
    """It grants nothing to s3: a renamed server does not do what is renamed."""

    def receive(self, held: Held, message: Any) -> Any:
        return Step(held) if message.source == "s3" else super().receive(held, message)


class ToldInAnotherOrder(Sorted):
    """Its state is told wrongly: the indices by their size, whoever has them."""

    def as_raft(self, held: Held) -> State:
        entries = (*held.raft.log, Entry(held.raft.current_term, "v1"))
        return replace(
            held.raft,
            match_index=tuple(len(entries) if s < held.raft.me else 0 for s in self.node.servers),
        )


def checked(node: type[Sorted], symmetry: bool | None = None) -> tuple[int, str]:
    sizes = GivenSizes(max_term=1, max_log_length=0, max_messages=3, max_restarts=1)
    request = ClusterRequest(node, sizes=replace(sizes, max_drops=0, max_duplicates=0))
    report = ExhaustiveCheck(request, symmetry, threads=1).run()
    return report.search.distinct_states, report.note


def test_with_symmetry_a_search_finds_one_of_each() -> None:
    states = {
        (node.__name__, symmetry): checked(node, symmetry)[0]
        for node in (Sorted, Queued)
        for symmetry in (None, False)
    }
    assert states == {
        ("Sorted", None): 2_263,
        ("Sorted", False): 13_520,
        ("Queued", None): 3_452,
        ("Queued", False): 20_675,
    }


@pytest.mark.parametrize(
    ("node", "said"),
    [
        (Sorted, ""),
        (Queued, ""),
        (PrefersTheFirst, "without symmetry: PrefersTheFirst.receive tells servers apart"),
        (ToldInAnotherOrder, "without symmetry: ToldInAnotherOrder.as_raft tells servers apart"),
    ],
)
def test_who_tells_servers_apart_is_searched_without(node: type[Sorted], said: str) -> None:
    assert checked(node)[1] == said
