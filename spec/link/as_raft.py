"""What a user's node says that its states and messages stand for, and its steps in Raft's words.

Everything that is known of Raft is asked of what `as_raft` and `as_raft_message` answer, so a slip
there would show anywhere: it is held against what it must be, and one line names what is wrong.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, get_args

from raft_ref import Entry, Message, Role, Snapshot, State
from raft_ref.explorer import ActorError, Event, ServerId, View, guarded
from raft_ref.spec.link.composition import action_of, composed

AS_RAFT = "method as_raft(state), which returns the raft_ref.State that a state of it stands for"
AS_RAFT_MESSAGE = (
    "method as_raft_message(message), which returns the message of raft_ref that one of its "
    "messages stands for"
)
"""What is said of a node that lacks it."""


class AsRaft:
    """A user's `as_raft`, whose every answer is checked, once for each state.

    Arguments: the function; the name of its class; the servers; the values, where they are known.
    Raises `ActorError`, naming the class, the field, and what it must be.
    """

    def __init__(
        self,
        as_raft: Callable[[Any], Any],
        owner: str,
        servers: Sequence[ServerId],
        values: Sequence[str] | None = None,
    ) -> None:
        self._values = None if values is None else frozenset(values)
        self._name = f"{owner}.as_raft"
        self._asked = guarded(self._name, as_raft)
        self._servers = tuple(servers)
        # By its class too: named tuples of equal contents are equal.
        self._known = lru_cache(maxsize=None, typed=True)(self._checked)

    def __call__(self, state: Any) -> State:
        """Return what a state stands for."""
        return self._known(state)

    def _checked(self, state: Any) -> State:
        answer = self._asked(state)
        if not isinstance(answer, State):
            kind = type(answer).__name__
            raise ActorError(
                f"{self._name} returns a {kind}, expected a raft_ref.State: {answer!r}"
            )
        for field, is_right, expected in self._expectations(answer):
            if not is_right:
                value = getattr(answer, field)
                raise ActorError(f"{self._name}: {field} is {value!r}, expected {expected}")
        values = self._values
        strange = [e.value for e in answer.log if values is not None and e.value not in values]
        if values is not None and strange:
            raise ActorError(
                f"{self._name}: log has an entry of value {strange[0]!r}, expected one of "
                f"{', '.join(sorted(values))} (one that no client asked for may stand for any)"
            )
        return answer

    def _expectations(self, state: State) -> Sequence[tuple[str, bool, str]]:
        names = ", ".join(self._servers)
        each = f"a tuple of {len(self._servers)} numbers, one for each of {names}"
        return (
            ("me", state.me in self._servers, f"one of {names}"),
            ("current_term", _counts(state.current_term), "a number from 0"),
            ("voted_for", state.voted_for in (None, *self._servers), f"None or one of {names}"),
            ("snapshot", isinstance(state.snapshot, Snapshot), "a raft_ref.Snapshot"),
            ("log", _is_log(state.log), "a tuple of raft_ref.Entry, each with a term"),
            ("role", isinstance(state.role, Role), "a raft_ref.Role"),
            ("commit_index", _counts(state.commit_index), "a number from 0"),
            (
                "votes_granted",
                isinstance(state.votes_granted, frozenset)
                and state.votes_granted <= {*self._servers},
                f"a frozenset of {names}",
            ),
            ("next_index", self._one_each(state.next_index), each),
            ("match_index", self._one_each(state.match_index), each),
        )

    def _one_each(self, numbers: Any) -> bool:
        is_as_long = isinstance(numbers, tuple) and len(numbers) == len(self._servers)
        return is_as_long and all(map(_counts, numbers))


class AsRaftMessage:
    """A user's `as_raft_message`, whose every answer is checked, once for each message.

    Arguments: the function, and the name of its class. Raises `ActorError`.
    """

    def __init__(self, as_raft_message: Callable[[Any], Any], owner: str) -> None:
        self._name = f"{owner}.as_raft_message"
        self._asked = guarded(self._name, as_raft_message)
        self._known = lru_cache(maxsize=None, typed=True)(self._checked)

    def __call__(self, message: Any) -> Any:
        """Return what a message stands for; None for one that Raft knows nothing of."""
        return self._known(message)

    def _checked(self, message: Any) -> Any:
        answer = self._asked(message)
        if answer is not None and not isinstance(answer, get_args(Message)):
            raise ActorError(
                f"{self._name} returns a {type(answer).__name__}, expected a message of "
                f"raft_ref, or None: {answer!r}"
            )
        return answer


@dataclass(frozen=True, slots=True)
class OwnStep:
    """A step that Raft has no name for: what its node calls it, and the action it took."""

    step: str
    arguments: Any


STAY = "Stay"
"""What such a step is in a trace: it may change nothing that Raft knows."""


@dataclass(frozen=True, slots=True)
class RaftWords:
    """How what a node does is told: `state` and `message` are what its own stand for.

    Without `message` (None), messages are told as they are, and steps by the names that the node
    gives them.
    """

    state: Callable[[Any], Any] = lambda state: state
    message: Callable[[Any], Any] | None = None

    @property
    def are_of_raft(self) -> bool:
        """Whether messages and steps are told in Raft's words, and not in the node's."""
        return self.message is not None

    def told(self, message: Any) -> Any:
        """Return what a message stands for, or itself if that is nothing that Raft knows."""
        return message if self.message is None else self.message(message) or message

    def messages(self, messages: Iterable[Any]) -> Iterator[Message]:
        """Yield what messages stand for, but for those of which Raft knows nothing."""
        for message in messages:
            found = message if self.message is None else self.message(message)
            if found is not None:
                yield found

    def event(self, before: View, event: Event) -> Event:
        """Return a step with its messages, its name, action and what it composes as Raft's.

        Its states stay the node's own.
        """
        if self.message is None:
            return event
        message = None if event.message is None else self.told(event.message)
        event = replace(event, message=message, sends=tuple(map(self.told, event.sends)))
        if event.server is None:
            return event
        old, new = (self.state(view.states[event.server]) for view in (before, event.after))
        if event.action is not None:
            action = action_of(old, new, event.sends)
            step = STAY if action is None else type(action).__name__
            event = replace(event, step=step, action=action or OwnStep(event.step, event.action))
        return replace(event, actions=(event.step, *composed(old, new, message)))

    def names(self, before: Any, action: Any, message: Any, step: Any) -> tuple[str, ...]:
        """Return which actions of Raft.tla a step composes that a node has answered with."""
        old, new = self.state(before), self.state(step.state)
        taken = None if action is None else action_of(old, new, self.messages(step.messages))
        name = () if taken is None else (type(taken).__name__,)
        return (*name, *composed(old, new, None if message is None else self.told(message)))


def _counts(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_log(value: Any) -> bool:
    return isinstance(value, tuple) and all(
        isinstance(entry, Entry) and _counts(entry.term) for entry in value
    )
