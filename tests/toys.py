"""Small protocols that are not Raft, for tests of the explorer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from raft_ref import Node, State
from raft_ref.explorer import Kind, Property, Step, View


@dataclass(frozen=True)
class Token:
    """The token, on its way."""

    source: str
    dest: str


@dataclass(frozen=True)
class Pass:
    """The holder hands the token on."""


@dataclass(frozen=True)
class Holder:
    """A server of the ring."""

    me: str
    has_token: bool = False


class Ring:
    """A token goes round; who has it may enter. One server starts with it."""

    action_names: tuple[str, ...] = ("Pass", "Take")

    def __init__(self, servers: tuple[str, ...], values: tuple[str, ...] = ()) -> None:
        self.next = dict(zip(servers, (*servers[1:], servers[0]), strict=True))
        self.first = servers[0]

    def initial(self, me: str) -> Holder:
        return Holder(me, has_token=me == self.first)

    def actions(self, state: Holder) -> Iterable[Pass]:
        return [Pass()] if state.has_token else []

    def act(self, state: Holder, action: Pass) -> Step | None:
        token = Token(state.me, self.next[state.me])
        return Step(replace(state, has_token=False), (token,), ("Pass",))

    def receive(self, state: Holder, message: Token) -> Step:
        return Step(replace(state, has_token=True), (), ("Take",))

    def restart(self, state: Holder) -> Holder:
        return replace(state, has_token=False)

    def properties(self) -> list[Property]:
        return [
            Property("MutualExclusion", mutual_exclusion, reads=frozenset({"states"})),
            Property("SometimesAway", away, is_sometimes=True),
        ]


def mutual_exclusion(view: View) -> bool:
    """Tell whether at most one server has the token."""
    return len([state for state in view.states.values() if state.has_token]) <= 1


def somebody_has_it(view: View) -> bool:
    """Tell whether a server has the token."""
    return any(state.has_token for state in view.states.values())


def away(view: View) -> bool:
    """Tell whether the token is under way."""
    return bool(view.messages)


class StickyRing(Ring):
    """A wrong ring: who hands the token on keeps it."""

    def act(self, state: Holder, action: Pass) -> Step | None:
        return Step(state, (Token(state.me, self.next[state.me]),), ("Pass",))


class RingThatGoesOn(Ring):
    """A ring in which somebody should always be able to enter."""

    def properties(self) -> list[Property]:
        return [Property("GoesOn", somebody_has_it, Kind.PROGRESS)]


@dataclass(frozen=True)
class Say:
    """Everyone says the next number to everyone else."""


@dataclass(frozen=True)
class Number:
    """A number, on its way."""

    source: str
    dest: str
    number: int


@dataclass(frozen=True)
class Talker:
    """How far a server has counted, and the numbers it heard, in order."""

    me: str
    said: int = 0
    heard: tuple[int, ...] = ()


class Ping(NamedTuple):
    """A message that equals a Pong of equal contents."""

    source: str
    dest: str


class Pong(NamedTuple):
    """A message that equals a Ping of equal contents."""

    source: str
    dest: str


class Counting:
    """Servers count aloud. All are alike, so that the protocol is symmetric."""

    measures = {"max_said": lambda state: state.said}  # noqa: RUF012

    def __init__(self, servers: tuple[str, ...], values: tuple[str, ...] = ()) -> None:
        self.servers = servers

    def initial(self, me: str) -> Talker:
        return Talker(me)

    def actions(self, state: Talker) -> Iterable[Say]:
        return [Say()]

    def act(self, state: Talker, action: Say) -> Step | None:
        said = state.said + 1
        others = (server for server in self.servers if server != state.me)
        return Step(replace(state, said=said), tuple(Number(state.me, o, said) for o in others))

    def receive(self, state: Talker, message: Number) -> Step:
        return Step(replace(state, heard=(*state.heard, message.number)))

    def restart(self, state: Talker) -> Talker:
        return replace(state, heard=())

    def rename(self, value: Any, renaming: Mapping[str, str]) -> Any:
        names = {
            n: renaming[getattr(value, n)] for n in ("me", "source", "dest") if hasattr(value, n)
        }
        return replace(value, **names)


def heard_in_order(view: View) -> bool:
    """Tell whether every server heard growing numbers."""
    return all(state.heard == tuple(sorted(state.heard)) for state in view.states.values())


@dataclass(frozen=True)
class Learn:
    """A server is told a word, and tells everyone else."""

    word: str


@dataclass(frozen=True)
class Word:
    """A word, on its way."""

    source: str
    dest: str
    word: str


@dataclass(frozen=True)
class Listener:
    """The words that a server has heard, in order."""

    me: str
    heard: tuple[str, ...] = ()


class Gossip:
    """Words go from mouth to mouth. No server is special, and no word is."""

    def __init__(self, servers: tuple[str, ...], values: tuple[str, ...]) -> None:
        self.servers = servers
        self.symmetric_values = values

    def initial(self, me: str) -> Listener:
        return Listener(me)

    def actions(self, state: Listener) -> Iterable[Learn]:
        return [Learn(word) for word in self.symmetric_values if word not in state.heard]

    def act(self, state: Listener, action: Learn) -> Step | None:
        others = (server for server in self.servers if server != state.me)
        sends = tuple(Word(state.me, other, action.word) for other in others)
        return Step(replace(state, heard=(*state.heard, action.word)), sends)

    def receive(self, state: Listener, message: Word) -> Step:
        if message.word in state.heard:
            return Step(state)
        return Step(replace(state, heard=(*state.heard, message.word)))

    def restart(self, state: Listener) -> Listener:
        return replace(state, heard=())

    def rename(self, value: Any, renaming: Mapping[str, str]) -> Any:
        names = {
            n: renaming[getattr(value, n)]
            for n in ("me", "source", "dest", "word")
            if hasattr(value, n)
        }
        if isinstance(value, Listener):
            return replace(value, **names, heard=tuple(renaming[word] for word in value.heard))
        return replace(value, **names)


class BrokenRing(Ring):
    """A ring that returns nothing on a message."""

    def receive(self, state: Holder, message: Token) -> Any:
        return None


class RingWithBrokenProperties(Ring):
    """A ring whose properties cannot be had."""

    def properties(self) -> list[Property]:
        raise KeyError("none")


class RingWithBrokenProperty(Ring):
    """A ring with a property that asks for what states do not have."""

    def properties(self) -> list[Property]:
        return [Property("Broken", lambda view: view.states["s1"].no_such_thing)]


class RingWithBrokenMeasure(Ring):
    """A ring with a measure of what states do not have."""

    measures = {"max_broken": lambda state: state.no_such_thing}  # noqa: RUF012


@dataclass(frozen=True)
class Wrapped:
    """A state of another Raft than ours, which keeps things in its own way."""

    me: str
    inner: State
    note: str = "mine"


class OwnRaft:
    """Another Raft: it has states of its own, and says what they stand for."""

    def __init__(self, servers: tuple[str, ...], values: tuple[str, ...]) -> None:
        self.node = Node(servers, values)

    def as_raft(self, state: Wrapped) -> State:
        return state.inner

    def initial(self, me: str) -> Wrapped:
        return Wrapped(me, self.node.initial(me))

    def actions(self, state: Wrapped) -> Iterable[Any]:
        return self.node.actions(state.inner)

    def act(self, state: Wrapped, action: Any) -> Step | None:
        step = self.node.act(state.inner, action)
        return step and Step(replace(state, inner=step.state), step.messages, step.actions)

    def receive(self, state: Wrapped, message: Any) -> Step:
        step = self.node.receive(state.inner, message)
        return Step(replace(state, inner=step.state), step.messages, step.actions)

    def restart(self, state: Wrapped) -> Wrapped:
        return replace(state, inner=self.node.restart(state.inner))


class OwnRaftThatForgets(OwnRaft):
    """Another Raft, which forgets its vote over a restart."""

    def restart(self, state: Wrapped) -> Wrapped:
        return replace(state, inner=replace(self.node.restart(state.inner), voted_for=None))


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message of another Raft."""

    source: str
    dest: str
    content: Any


@dataclass(frozen=True, slots=True)
class Does:
    """What another Raft may do, whatever it is."""

    what: Any


class ForeignRaft(OwnRaft):
    """Another Raft, with messages and names of its own; it says what they stand for."""

    def as_raft_message(self, message: Envelope) -> Any:
        return message.content

    def actions(self, state: Wrapped) -> Iterable[Does]:
        return map(Does, self.node.actions(state.inner))

    def act(self, state: Wrapped, action: Does) -> Any:
        return self._sent(super().act(state, action.what))

    def receive(self, state: Wrapped, message: Envelope) -> Step:
        step: Step = self._sent(super().receive(state, message.content))
        return step

    def _sent(self, step: Any) -> Any:
        if step is None:
            return None
        messages = tuple(Envelope(each.source, each.dest, each) for each in step.messages)
        return Step(step.state, messages)


class ForeignRaftThatForgets(ForeignRaft):
    """That Raft, which forgets its vote over a restart."""

    def restart(self, state: Wrapped) -> Wrapped:
        return replace(state, inner=replace(self.node.restart(state.inner), voted_for=None))


class ForeignRaftThatCommitsAtOnce(ForeignRaft):
    """That Raft, which commits what it has appended."""

    def act(self, state: Wrapped, action: Does) -> Any:
        step = super().act(state, action)
        if step is None or step.state.inner.last_index == state.inner.last_index:
            return step
        inner = replace(step.state.inner, commit_index=step.state.inner.last_index)
        return Step(replace(step.state, inner=inner), step.messages)


@dataclass(frozen=True)
class Enter:
    """The holder of the token enters, and leaves as it hands it on."""


@dataclass(frozen=True)
class Guest(Holder):
    """A server that may enter while it has the token, and has done so or not."""

    has_entered: bool = False


class Cafe(Ring):
    """A token goes round; who has it may enter, or hand it on, for ever."""

    action_names = ("Pass", "Enter", "Take")

    def initial(self, me: str) -> Holder:
        return Guest(me, has_token=me == self.first)

    def actions(self, state: Holder) -> Iterable[Any]:
        return [Pass(), Enter()] if state.has_token else []

    def act(self, state: Any, action: Any) -> Step | None:
        if isinstance(action, Enter):
            return Step(replace(state, has_entered=True), (), ("Enter",))
        step = super().act(replace(state, has_entered=False), action)
        return step and Step(step.state, step.messages, step.actions)

    def properties(self) -> list[Property]:
        return [
            Property("S2Entered", lambda view: has_entered(view, "s2")),
            Property("S2Holds", lambda view: view.states["s2"].has_token),
        ]


def has_entered(view: View, server: str) -> bool:
    """Tell whether a server has entered."""
    return bool(view.states[server].has_entered)


@dataclass(frozen=True)
class Timeout:
    """A server wants to lead."""


@dataclass(frozen=True)
class Ask:
    """Somebody wants to lead."""

    source: str
    dest: str


@dataclass(frozen=True)
class Agree:
    """Somebody may lead."""

    source: str
    dest: str


@dataclass(frozen=True)
class Refuse:
    """Somebody may not lead."""

    source: str
    dest: str


@dataclass(frozen=True)
class Aspirant:
    """A server that wants to lead, or leads, or neither."""

    me: str
    wants: bool = False
    leads: bool = False


class Election:
    """Two servers elect a leader. Who is asked while it wants to lead, or does, refuses."""

    action_names = ("Timeout",)
    agrees = True

    def __init__(self, servers: tuple[str, ...], values: tuple[str, ...] = ()) -> None:
        one, other = servers
        self.other = {one: other, other: one}

    def initial(self, me: str) -> Aspirant:
        return Aspirant(me)

    def actions(self, state: Aspirant) -> Iterable[Timeout]:
        return [] if state.wants or state.leads else [Timeout()]

    def act(self, state: Aspirant, action: Timeout) -> Step | None:
        ask = Ask(state.me, self.other[state.me])
        return Step(replace(state, wants=True), (ask,), ("Timeout",))

    def receive(self, state: Aspirant, message: Ask | Agree | Refuse) -> Step:
        if not isinstance(message, Ask):
            return Step(replace(state, wants=False, leads=isinstance(message, Agree)))
        if not self.agrees:
            return Step(state)
        answer = Refuse if state.wants or state.leads else Agree
        return Step(state, (answer(state.me, message.source),))

    def restart(self, state: Aspirant) -> Aspirant:
        return Aspirant(state.me)

    def properties(self) -> list[Property]:
        return [
            Property("Leads", lambda view: any(s.leads for s in view.states.values())),
            Property("Wanted", lambda view: any(s.wants for s in view.states.values())),
            Property("NotWanted", lambda view: not any(s.wants for s in view.states.values())),
        ]


class ElectionInVain(Election):
    """A wrong election: nobody ever agrees, nor answers."""

    agrees = False
