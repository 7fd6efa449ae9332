"""Who tells servers apart rarely: which of them are found out.

Where there are few renamings, all are, for the sake of whatever name they do it. Where there are
many, only some questions are asked again under other names, and one answer that is wrong among many
that look alike may go unseen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any, ClassVar, NamedTuple

import pytest

from raft_ref import AppendEntriesResponse, Entry, Node, RequestVoteRequest, State, Step
from raft_ref.explorer import ActorError, Bounds, Report, System, search
from raft_ref.explorer import Step as AnyStep
from raft_ref.explorer.model import symmetry
from raft_ref.explorer.model.examination import EACH_OF, Sample
from tests.support.models import Model

MODEL = Model(term=2, log=1)
PAIRS = list(permutations(MODEL.server_names, 2))
"""Who receives, and who sends."""


def searched(node: type[Node], model: Model = MODEL) -> Report:
    return search(model.system(node), [], symmetry=True)


def ignoring(receiver: str, sender: str) -> Iterator[type[Node]]:
    """Yield nodes of which one server does nothing on another one's message, in fewer and fewer."""

    class Always(Node):
        def is_now(self, state: State, m: Any) -> bool:
            return True

        def receive(self, state: State, message: Any) -> Step:
            is_theirs = (state.me, message.source) == (receiver, sender)
            return (
                Step(state)
                if is_theirs and self.is_now(state, message)
                else self.of(state, message)
            )

        def of(self, state: State, message: Any) -> Step:
            return super().receive(state, message)

    class AtTheSecondTerm(Always):
        def is_now(self, state: State, m: Any) -> bool:
            return isinstance(m, RequestVoteRequest) and m.term == 2 and state.last_index == 1

    class InOneStateOfALeader(Always):
        def is_now(self, state: State, m: Any) -> bool:
            is_first = isinstance(m, AppendEntriesResponse) and m.match_index == m.term == 1
            return is_first and state.log == (Entry(1, "v1"),) and sum(state.match_index) == 0

    yield from (Always, AtTheSecondTerm, InOneStateOfALeader)


@pytest.mark.parametrize(("receiver", "sender"), PAIRS)
def test_whoever_is_treated_otherwise_by_whom_it_is_found(receiver: str, sender: str) -> None:
    for node in ignoring(receiver, sender):
        with pytest.raises(ActorError, match=r"\.receive tells servers apart"):
            searched(node)


@dataclass(frozen=True)
class Hears:
    """A server, and whom it has heard, in order: there are many such that look alike."""

    me: str
    heard: tuple[str, ...] = ()


class Call(NamedTuple):
    source: str
    dest: str


class Hearing:
    """Everybody calls everybody, and remembers who called."""

    measures: ClassVar = {"max_heard": lambda state: len(state.heard)}

    def __init__(self, servers: Sequence[str]) -> None:
        self.servers = servers

    def initial(self, me: str) -> Hears:
        return Hears(me)

    def actions(self, state: Hears) -> list[Call]:
        return [Call(state.me, other) for other in self.servers if other != state.me]

    def act(self, state: Hears, action: Any) -> AnyStep:
        return AnyStep(state, (action,), ())

    def receive(self, state: Hears, message: Any) -> AnyStep:
        return AnyStep(replace(state, heard=(*state.heard, message.source)), (), ())

    def restart(self, state: Hears) -> Hears:
        return state

    def rename(self, value: Any, renaming: Any) -> Any:
        if isinstance(value, Hears):
            return Hears(renaming[value.me], tuple(renaming[each] for each in value.heard))
        return Call(*(renaming[each] for each in value))


class DeafOnce(Hearing):
    """One server is deaf to one other after one row of callers, of many that look alike."""

    def receive(self, state: Hears, message: Any) -> AnyStep:
        if (state, message.source) == (Hears("s4", ("s2", "s1", "s3")), "s1"):
            return AnyStep(state, (), ())
        return super().receive(state, message)


class DeafAtLast(Hearing):
    """One server is deaf to one other when it has heard three calls, whosever they were."""

    def receive(self, state: Hears, message: Any) -> AnyStep:
        if len(state.heard) == 3 and (state.me, message.source) == ("s4", "s1"):
            return AnyStep(state, (), ())
        return super().receive(state, message)


def found_out(hearing: type[Hearing]) -> bool:
    servers = ("s1", "s2", "s3", "s4")
    bounds = Bounds(1, measures={"max_heard": 4}, depth=9)
    try:
        search(System(hearing(servers), servers, bounds), [], symmetry=True, engine="plain")
    except ActorError:
        return True
    return False


def test_one_wrong_answer_of_many_is_found_where_all_is_examined() -> None:
    assert found_out(DeafOnce)
    assert found_out(DeafAtLast)
    assert not found_out(Hearing)


def test_one_wrong_answer_of_many_may_be_missed_in_a_sample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(symmetry, "ALL", 0)
    assert not found_out(DeafOnce)
    assert found_out(DeafAtLast)
    assert not found_out(Hearing)


def test_a_sample_has_the_first_of_each_look_and_ever_fewer() -> None:
    sample = Sample(("s1", "s2"))
    begin, other = Hears("s1", ("s2",)), Hears("s2", ("s1",))
    assert sample.look(begin) == sample.look(other) != sample.look(Hears("s1"))
    taken = [n for n in range(1, 100) if sample.has("restart", (begin,))]
    assert taken == [*range(1, EACH_OF + 1), 16, 32, 64]
    assert sample.has("restart", (Hears("s1"),))
