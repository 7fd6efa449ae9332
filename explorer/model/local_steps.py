"""The steps of single servers, each computed by the actor once and then looked up."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from raft_ref.explorer.model.actor import Guard, Measure, Step
from raft_ref.explorer.model.interning import Interner, InternerByKind
from raft_ref.explorer.model.network import Content
from raft_ref.explorer.model.reduction import Obsolescence

_UNKNOWN: Any = object()


class LocalStep(NamedTuple):
    """One step of one server, whatever the rest of the system looks like.

    `names` are the step's name and those of the actions that it composes; `action` is what the
    actor took, or None on a message or a crash; `exceeded` are the bounds on the server's own
    state that the step would leave.
    """

    names: tuple[str, ...]
    action: Any
    before: int
    after: int
    sends: Content
    exceeded: tuple[str, ...]


class Asks(Protocol):
    """Who asks the actor, about the number of a state, and that of a message or an action."""

    def ask(self, method: str, state: int, other: Any = None) -> Any:
        """Return what the actor answers."""

    def examine(self, method: str, answer: Any, state: int, other: Any = None) -> None:
        """Take note of an answer for which somebody else has asked."""


class Unexamined:
    """Asks an actor, and has nothing to compare its answers with."""

    def __init__(self, guard: Guard, states: Interner[Any], messages: Interner[Any]) -> None:
        self._guard = guard
        self._states = states
        self._messages = messages

    def ask(self, method: str, state: int, other: Any = None) -> Any:
        """Return what the actor answers."""
        if other is None:
            return self._guard.ask(method, self._states[state])
        value = other if method == "act" else self._messages[other]
        return self._guard.ask(method, self._states[state], value)

    def examine(self, method: str, answer: Any, state: int, other: Any = None) -> None:
        """Leave an answer as it is."""


class LocalSteps:
    """The steps of single servers, each computed by the actor once.

    Arguments: the guarded actor; the limits on its states, each with its name, its measure and the
    greatest value. `actor` may be set: it is asked for each step once.
    """

    def __init__(self, guard: Guard, limits: Sequence[tuple[str, Measure, int]]) -> None:
        self.states: Interner[Any] = InternerByKind()
        self.messages: Interner[Any] = InternerByKind()
        self.actor: Asks = Unexamined(guard, self.states, self.messages)
        self._limits = tuple(limits)
        self._exceeded: dict[int, tuple[str, ...]] = {}
        self._actions: dict[int, tuple[LocalStep, ...]] = {}
        self._offered: dict[int, tuple[Any, ...]] = {}
        self._acts: dict[tuple[int, int], LocalStep | None] = {}
        self._receive: dict[tuple[int, int], tuple[LocalStep, LocalStep]] = {}
        self._restart: dict[int, LocalStep] = {}
        self.obsolescence = Obsolescence(guard, self.states, self.messages)

    def actions(self, state: int) -> tuple[LocalStep, ...]:
        """Return what a server may do without a message."""
        found = self._actions.get(state)
        if found is None:
            steps = [self.act(state, number) for number in range(len(self.offered(state)))]
            found = self._actions[state] = tuple(step for step in steps if step is not None)
        return found

    def offered(self, state: int) -> tuple[Any, ...]:
        """Return the actions that a server may try to take without a message."""
        found = self._offered.get(state)
        if found is None:
            found = self._offered[state] = self.actor.ask("actions", state)
        return found

    def act(self, state: int, number: int) -> LocalStep | None:
        """Return what one of the offered actions does; None if it is not enabled after all."""
        found: LocalStep | None = self._acts.get((state, number), _UNKNOWN)
        if found is _UNKNOWN:
            action = self.offered(state)[number]
            step = self.actor.ask("act", state, action)
            found = None
            if step is not None:
                found = self._local(type(action).__name__, action, state, step)
            self._acts[state, number] = found
        return found

    def receive(self, state: int, message: int) -> tuple[LocalStep, LocalStep]:
        """Return what a server does with a message: as Receive and as ReceiveDuplicate."""
        found = self._receive.get((state, message))
        if found is None:
            step = self.actor.ask("receive", state, message)
            once = self._local("Receive", None, state, step)
            again = once._replace(names=("ReceiveDuplicate", *once.names[1:]))
            found = self._receive[state, message] = (once, again)
        return found

    def restart(self, state: int) -> LocalStep:
        """Return what a crash does to a server."""
        found = self._restart.get(state)
        if found is None:
            after = self.actor.ask("restart", state)
            found = self._restart[state] = self._local("Restart", None, state, Step(after))
        return found

    def is_obsolete(self, state: int, message: int) -> bool:
        """Return whether a server will never do anything with a message; see `Obsolescence`."""
        if not self.obsolescence.is_known(state, message):
            once, _ = self.receive(state, message)
            if self.obsolescence.ask(state, message, once.after == state and not once.sends):
                self.actor.examine("is_obsolete", True, state, message)
        return self.obsolescence.is_obsolete(state, message)

    def _local(self, name: str, action: Any, before: int, step: Step) -> LocalStep:
        after = self.states.intern(step.state)
        exceeded = self._exceeded.get(after)
        if exceeded is None:
            exceeded = self._exceeded[after] = tuple(
                bound for bound, measure, limit in self._limits if measure(step.state) > limit
            )
        local = LocalStep(
            names=tuple(dict.fromkeys((name, *step.actions))),
            action=action,
            before=before,
            after=after,
            sends=tuple([self.messages.intern(message) for message in step.messages]),
            exceeded=exceeded,
        )
        if not local.exceeded:
            self.obsolescence.follow(before, local.after)
        return local
