"""What the explorer asks of a node: the actor protocol, and the guard that holds a node to it.

The explorer knows actors and nothing else. An actor is a set of pure functions; one actor object
serves all servers of a cluster, because a state knows which server it belongs to.

A search trusts that the same input always gives the same output and that states never change.
`Guard` checks both at each first call, and turns whatever an actor does wrong into one
`ActorError` that names the method.
"""

import signal
import threading
import time
import traceback
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, NamedTuple, Protocol

ServerId = str
State = Hashable
Message = Hashable
Action = Hashable
_MOST_SENT = 255

Measure = Callable[[Any], int]
"""From a server's state to a number that a bound may be put on."""


class StepLike(Protocol):
    """What `act` and `receive` return: any object with these attributes."""

    @property
    def state(self) -> Any:
        """The server's next state."""

    @property
    def messages(self) -> Iterable[Any]:
        """The messages that it sends."""


@dataclass(frozen=True, slots=True)
class Step:
    """A ready-made `StepLike`.

    `state` is the server's next state, `messages` what it sends, and `actions` the names of the
    parts that the step is composed of, which a search counts (none is needed).
    """

    state: State
    messages: tuple[Message, ...] = ()
    actions: tuple[str, ...] = ()


class Actor(Protocol):
    """A node of any protocol, as pure functions.

    States, messages and actions are immutable and hashable, and equal exactly if nothing can
    tell them apart (frozen dataclasses are). A message has the attributes `source` and `dest`,
    both server names.

    An actor may also have:

    - `measures`, a mapping from the name of a bound to a function from state to number, for
      bounds on a server's state;
    - `action_names`, all names that may occur in a step's `actions`, for coverage;
    - `is_obsolete(state, message)`, whether a server, whatever happens to it, will never again
      change its state or send anything because of a message: with it, a search can be reduced;
    - `rename(value, renaming)`, which renames the servers in a state, message or action: with
      it, the explorer can treat states that differ by a renaming as one; renamed back, each is
      what it was;
    - `symmetric_values`, names of values that it treats alike, such as what clients may ask to
      store: then `renaming` has these names too, and `rename` renames them wherever they are.
    """

    def initial(self, me: ServerId) -> Any:
        """Return the state of server `me` at its first start."""

    def actions(self, state: Any) -> Iterable[Any]:
        """Return what may happen without a message, always in the same order.

        The name of an action's class is the name of the step.
        """

    def act(self, state: Any, action: Any) -> StepLike | None:
        """Take one of these actions; None if it is not enabled after all."""

    def receive(self, state: Any, message: Any) -> StepLike:
        """Handle a message."""

    def restart(self, state: Any) -> Any:
        """Return what a crash leaves of a state."""


class ActorError(Exception):
    """An actor broke its protocol; the message names the method and what it did."""


class DoesNotEnd(BaseException):
    """Raised within a call that has lasted too long; see `explorer.model.watch`."""


class Call(NamedTuple):
    """A call of the user's code: what it is, on what, since when, and in which thread."""

    what: str
    arguments: tuple[Any, ...]
    since: float
    thread: int


running: Final[list[Call]] = []
"""The calls of the user's code that have not returned, the innermost last."""


def guarded(what: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of the user's as one that raises nothing but `ActorError`.

    `what` names it in the message. `inspect.unwrap` finds the function again.
    """

    @wraps(function, assigned=(), updated=())
    def call(*arguments: Any) -> Any:
        try:
            running.append(Call(what, arguments, time.monotonic(), threading.get_ident()))
            try:
                return function(*arguments)
            finally:
                running.pop()
        except ActorError:
            raise
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and _is_of_the_terminal(error):
                raise
            place = traceback.extract_tb(error.__traceback__)[-1]
            how = "does not end" if isinstance(error, DoesNotEnd) else f"raises {_told(error)}"
            raise ActorError(
                f"{what} {how} ({place.filename}:{place.lineno}) "
                f"on {', '.join(map(repr, arguments))}"
            ) from error

    return call


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _is_of_the_terminal(error: KeyboardInterrupt) -> bool:
    """Whether an interrupt comes from outside, and not from the code that was called.

    Where a program has a handler of its own, that raises a class of its own; Python's raises the
    same as the code may, and the benefit of the doubt is the user's who pressed the keys.
    """
    is_plain = type(error) is KeyboardInterrupt
    return not is_plain or signal.getsignal(signal.SIGINT) is signal.default_int_handler


class Guard:
    """An actor whose every answer is checked.

    Arguments: the actor, and the names of the servers. Each method raises `ActorError` if the
    actor raises, answers with something of a wrong type, changes a state, or answers
    differently when asked again.
    """

    def __init__(self, actor: Actor, servers: Sequence[ServerId]) -> None:
        self.actor = actor
        self.servers = tuple(servers)
        self._members = frozenset(servers)
        self.measures: Mapping[str, Measure] = getattr(actor, "measures", {})
        self.action_names: tuple[str, ...] = tuple(getattr(actor, "action_names", ()))
        self.has_rename = hasattr(actor, "rename")
        self.has_is_obsolete = hasattr(actor, "is_obsolete")
        self.has_values = hasattr(actor, "symmetric_values")
        self.symmetric_values: tuple[str, ...] = tuple(getattr(actor, "symmetric_values", ()))
        self._state_types: set[type] = set()
        self._calls: dict[str, Callable[..., Any]] = {}

    def initial(self, me: ServerId) -> State:
        """Return the initial state of a server."""
        state = self._twice("initial", me)
        self._state_types.add(type(state))
        return self._state("initial", state)

    def ask(self, method: str, state: State, *other: Any) -> Any:
        """Return what the actor answers, about a state and perhaps a message or an action."""
        if method == "actions":
            return self._twice(method, state, convert=self._tuple_of_hashables)
        return self._understood(method, self._twice(method, state, *other))

    def is_obsolete(self, state: State, message: Message) -> bool:
        """Return whether a server will never again do anything with a message."""
        is_obsolete: bool = self._understood(
            "is_obsolete", self._twice("is_obsolete", state, message)
        )
        return is_obsolete

    def once(self, method: str, *arguments: Any) -> Any:
        """Return what the actor answers, asked once only."""
        return self._understood(method, self._call(method, *arguments))

    def renamed(self, value: Any, renaming: Mapping[str, str]) -> Any:
        """Return a state, message or action with its servers and values renamed."""
        renamed = self._call("rename", value, renaming)
        if type(renamed) is not type(value):
            raise self._error("rename", f"returns {renamed!r} for {value!r}")
        self._hashable("rename", renamed)
        return renamed

    def _understood(self, method: str, answer: Any) -> Any:
        """Return an answer of the actor as what it must be."""
        match method:
            case "actions":
                return self._tuple_of_hashables(method, answer)
            case "act":
                return None if answer is None else self._step(method, answer)
            case "receive":
                return self._step(method, answer)
            case "restart":
                return self._state(method, answer)
            case _:
                return bool(answer)

    def _twice(
        self, method: str, *arguments: Any, convert: Callable[[str, Any], Any] | None = None
    ) -> Any:
        """Call a method two times, and demand one answer and unchanged arguments."""
        before = [hash(argument) for argument in arguments]
        answers = []
        for _ in range(2):
            answer = self._call(method, *arguments)
            answers.append(answer if convert is None else convert(method, answer))
        if [hash(argument) for argument in arguments] != before:
            raise self._error(method, f"changes its argument: {arguments[0]!r}")
        if answers[0] != answers[1]:
            raise self._error(
                method,
                f"is not deterministic: asked twice, it answers {answers[0]!r} and then "
                f"{answers[1]!r} (or its answers compare by identity: use frozen dataclasses)",
            )
        return answers[0]

    def _call(self, method: str, *arguments: Any) -> Any:
        call = self._calls.get(method)
        if call is None:
            name = f"{type(self.actor).__name__}.{method}"
            call = self._calls[method] = guarded(name, getattr(self.actor, method))
        return call(*arguments)

    def _tuple_of_hashables(self, method: str, answer: Any) -> tuple[Any, ...]:
        try:
            values = tuple(answer)
        except TypeError:
            raise self._error(method, f"returns {answer!r}, expected an iterable") from None
        try:
            hash(values)
        except TypeError:
            for value in values:  # which of them
                self._hashable(method, value)
        return values

    def _hashable(self, method: str, value: Any) -> None:
        try:
            hash(value)
        except TypeError as error:
            raise self._error(
                method, f"returns {value!r}, which is not an immutable value: {error}"
            ) from None

    def _state(self, method: str, state: Any) -> State:
        self._hashable(method, state)
        if type(state) not in self._state_types:
            expected = " or ".join(sorted(t.__name__ for t in self._state_types))
            raise self._error(
                method, f"returns a {type(state).__name__} for a state, expected {expected}"
            )
        return state  # type: ignore[no-any-return]

    def _step(self, method: str, step: Any) -> Step:
        if not hasattr(step, "state") or not hasattr(step, "messages"):
            raise self._error(
                method, f"returns {step!r}, expected a step with `state` and `messages`"
            )
        messages = self._tuple_of_hashables(method, step.messages)
        if len(messages) > _MOST_SENT:
            raise self._error(
                method, f"sends {len(messages):,} messages in a step, expected {_MOST_SENT} at most"
            )
        for message in messages:
            self._addressed(method, message)
        return Step(self._state(method, step.state), messages, tuple(getattr(step, "actions", ())))

    def _addressed(self, method: str, message: Any) -> None:
        try:
            if message.source in self._members and message.dest in self._members:
                return
        except (AttributeError, TypeError):
            pass
        for end in ("source", "dest"):
            if getattr(message, end, None) not in self.servers:
                raise self._error(
                    method,
                    f"sends {message!r}, whose `{end}` is not one of {', '.join(self.servers)}",
                )

    def _error(self, method: str, what: str) -> ActorError:
        return ActorError(f"{type(self.actor).__name__}.{method} {what}")
