"""A cluster of actors over a network, as a transition system.

Everything that a step or a property can read is part of a `GlobalState`: the states of all
servers, what is in flight, the history, and how much of the network's faults was used. All of it
is interned, and every step of one server is computed once, by the actor, and then looked up.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Final, Literal, NamedTuple

from raft_ref.explorer.model.actor import Actor, Guard, Measure, ServerId, guarded
from raft_ref.explorer.model.bounds import Bounds
from raft_ref.explorer.model.history import FORBIDDEN, History, NoHistory
from raft_ref.explorer.model.interning import Interner
from raft_ref.explorer.model.local_steps import LocalStep, LocalSteps
from raft_ref.explorer.model.network import Fifo, Network, Unordered

NetworkKind = Literal["set", "fifo"]

NETWORK_STEPS = ("Receive", "Restart", "DropMessage", "ReceiveDuplicate")
"""The steps that every system has, besides its actors' own."""


class GlobalState(NamedTuple):
    """One state of the system; `nodes`, `network` and `history` are interned."""

    nodes: tuple[int, ...]
    network: int
    history: int
    restarts: int
    drops: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class View:
    """A global state as values, for properties and for people."""

    states: Mapping[ServerId, Any]
    messages: tuple[Any, ...]
    history: Any
    restarts: int
    drops: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class Event:
    """One step of the system as values, for properties and for people.

    `step` is its name and `actions` are the names that it composes; `server` is None for a step
    of the network; `action` is what the actor took, `message` what was received or lost.
    """

    step: str
    actions: tuple[str, ...]
    server: ServerId | None
    action: Any
    message: Any
    sends: tuple[Any, ...]
    after: View


class Transition(NamedTuple):
    """One step of the system.

    `position` is the server's and `local` its step; a message that is lost has neither (-1 and
    None). `message` is what was received or lost, or -1.
    """

    names: tuple[str, ...]
    position: int
    local: LocalStep | None
    message: int
    after: GlobalState


NO_HISTORY: Final = 0xFFFF_FFFF
"""The number of the history after a step that the history forbids."""


class System:
    """A cluster within bounds.

    Arguments: the actor, the names of the servers, the bounds, the network (``"set"``: any
    message may arrive next; ``"fifo"``: a queue for each pair of servers), the history, and what
    of a server's state a bound may be put on (the actor's `measures`, if not given), and whether
    steps are left out that change nothing but their order (see `explorer.model.reduction`), and
    the state in which it begins, of which no restart, loss or duplicate counts (`first`; None: as
    the actor does). Raises ValueError if a bound is on a measure that there is not or the actor
    does not tell obsolete messages, and `ActorError` as soon as the actor breaks its protocol.

    `examine_observation` may be set, and is called with each new observation of the history: the
    history, the server's states before and after, and the history then.
    """

    def __init__(
        self,
        actor: Actor,
        servers: Sequence[ServerId],
        bounds: Bounds,
        network: NetworkKind = "set",
        history: History | None = None,
        measures: Mapping[str, Measure] | None = None,
        *,
        reduced: bool = False,
        first: View | None = None,
    ) -> None:
        self.first = first
        self.servers = tuple(servers)
        self.bounds = bounds
        self.network_kind: NetworkKind = network
        self.reduced = reduced
        self.history = history or NoHistory()
        self.guard = Guard(actor, self.servers)
        if reduced and not self.guard.has_is_obsolete:
            raise ValueError(f"{type(actor).__name__} has no method `is_obsolete`")
        known = self.guard.measures if measures is None else measures
        if unknown := sorted(bounds.measures.keys() - known.keys()):
            raise ValueError(
                f"{type(actor).__name__} has no measure for the bound {', '.join(unknown)}"
            )
        self.measures: Mapping[str, Measure] = known
        limits = [
            (name, guarded(f"the measure {name}", known[name]), limit)
            for name, limit in bounds.measures.items()
        ]
        self.local = LocalSteps(self.guard, limits)
        self.network = Network(Fifo(self.channel) if network == "fifo" else Unordered())
        self.histories: Interner[Any] = Interner()
        self._position = {server: position for position, server in enumerate(self.servers)}
        self._max_messages = inf if bounds.max_messages is None else bounds.max_messages
        self._dest: dict[int, int] = {}
        self._observe_history = guarded("history.observe", self.history.observe)
        self._observed: dict[tuple[int, int, int], int] = {}
        self.examine_observation: Callable[[Any, Any, Any, Any], None] = lambda *observed: None

    def anew(self) -> "System":
        """Return the same system, with nothing interned and nothing computed yet."""
        return System(
            self.guard.actor,
            self.servers,
            self.bounds,
            self.network_kind,
            self.history,
            self.measures,
            reduced=self.reduced,
            first=self.first,
        )

    def initial(self) -> GlobalState:
        """Return the initial state."""
        nodes = tuple(self.local.states.intern(self.guard.initial(s)) for s in self.servers)
        network, history = self.network.empty, self.history.initial
        if self.first is not None:
            states = self.local.states
            nodes = tuple(states.intern(self.first.states[server]) for server in self.servers)
            messages = tuple(self.local.messages.intern(each) for each in self.first.messages)
            network, history = self.network.add(network, messages), self.first.history
        return GlobalState(nodes, network, self.histories.intern(history), 0, 0, 0)

    def steps(self, state: GlobalState, cut_off: Counter[str]) -> Iterator[Transition]:
        """Yield every step out of a state, always in the same order.

        Adds to `cut_off`, by the name of the bound, each step that a bound kept from happening.
        """
        bounds, network = self.bounds, state.network
        if self.reduced and (obsolete := self._obsolete(state)):
            yield from obsolete
            return
        for position, node in enumerate(state.nodes):
            for local in self.local.actions(node):
                if after := self.after(state, position, local, network, cut_off):
                    yield Transition(local.names, position, local, -1, after)
            if state.restarts >= bounds.max_restarts:
                cut_off["max_restarts"] += 1
                continue
            local = self.local.restart(node)
            if after := self.after(state, position, local, network, cut_off):
                after = after._replace(restarts=state.restarts + 1)
                yield Transition(local.names, position, local, -1, after)
        for message in self.network.deliverable(network):
            rest = self.network.remove(network, message)
            position = self.destination(message)
            once, again = self.local.receive(state.nodes[position], message)
            if after := self.after(state, position, once, rest, cut_off):
                yield Transition(once.names, position, once, message, after)
            if state.duplicates >= bounds.max_duplicates:
                cut_off["max_duplicates"] += 1
            elif after := self.after(state, position, again, network, cut_off):
                after = after._replace(duplicates=state.duplicates + 1)
                yield Transition(again.names, position, again, message, after)
            if state.drops >= bounds.max_drops:
                cut_off["max_drops"] += 1
            else:
                after = state._replace(network=rest, drops=state.drops + 1)
                yield Transition(("DropMessage",), -1, None, message, after)

    def _obsolete(self, state: GlobalState) -> list[Transition]:
        """Return the receipts of messages that are obsolete; nothing else need be looked at."""
        found = []
        for message in self.network.deliverable(state.network):
            position = self.destination(message)
            node = state.nodes[position]
            if self.local.is_obsolete(node, message):
                once, _ = self.local.receive(node, message)
                after = state._replace(network=self.network.remove(state.network, message))
                found.append(Transition(once.names, position, once, message, after))
        return found

    def after(
        self,
        state: GlobalState,
        position: int,
        local: LocalStep,
        network: int,
        cut_off: Counter[str],
    ) -> GlobalState | None:
        """Return what one server's step makes of a state; None if that is forbidden.

        A bound or the history may forbid it. `network` is what is in flight before the step's own
        messages are sent.
        """
        if local.exceeded:
            for bound in local.exceeded:
                cut_off[bound] += 1
            return None
        nodes, _, history, restarts, drops, duplicates = state
        history = self.observe(history, local.before, local.after)
        if history == NO_HISTORY:
            return None
        network = self.network.add(network, local.sends)
        if self.network.size(network) > self._max_messages:
            cut_off["max_messages"] += 1
            return None
        nodes = (*nodes[:position], local.after, *nodes[position + 1 :])
        return GlobalState(nodes, network, history, restarts, drops, duplicates)

    def observe(self, history: int, before: int, after: int) -> int:
        """Return the history after one server's step; `NO_HISTORY` if it forbids that."""
        key = (history, before, after)
        found = self._observed.get(key)
        if found is None:
            states = self.local.states
            asked = self.histories[history], states[before], states[after]
            observed = self.observation(*asked)
            if observed is FORBIDDEN:
                found = NO_HISTORY
            else:
                self.examine_observation(*asked, observed)
                found = self.histories.intern(observed)
            self._observed[key] = found
        return found

    def observation(self, history: Any, before: Any, after: Any) -> Any:
        """Return the history after one server's step, all as values."""
        return self._observe_history(history, before, after)

    def destination(self, message: int) -> int:
        """Return the position of who a message is sent to."""
        found = self._dest.get(message)
        if found is None:
            found = self._dest[message] = self.channel(message)[1]
        return found

    def channel(self, message: int) -> tuple[int, int]:
        """Return the positions of a message's source and destination."""
        value = self.local.messages[message]
        return self._position[value.source], self._position[value.dest]

    def view(self, state: GlobalState) -> View:
        """Return a state as values."""
        return View(
            states={
                server: self.local.states[node]
                for server, node in zip(self.servers, state.nodes, strict=True)
            },
            messages=tuple(self.local.messages[m] for m in self.network.content(state.network)),
            history=self.histories[state.history],
            restarts=state.restarts,
            drops=state.drops,
            duplicates=state.duplicates,
        )

    def event(self, transition: Transition) -> Event:
        """Return a step as values."""
        local, messages = transition.local, self.local.messages
        return Event(
            step=transition.names[0],
            actions=transition.names,
            server=None if local is None else self.servers[transition.position],
            action=None if local is None else local.action,
            message=None if transition.message < 0 else messages[transition.message],
            sends=() if local is None else tuple(messages[m] for m in local.sends),
            after=self.view(transition.after),
        )

    def step_names(self) -> tuple[str, ...]:
        """Return every name of a step or an action that the system declares."""
        return tuple(dict.fromkeys((*self.guard.action_names, *NETWORK_STEPS)))
