"""Whether an actor, or a history, treats renamed servers and values as it does others.

An answer f(x) must be renamed as its question x is: f(g x) = g f(x) for each renaming g. A search
with symmetry takes one question for all of its renamings, most of which it never comes to ask.

**Where there are few renamings, all of it is checked.** The first question x of each kind is asked
again under every renaming: f(g x) = g f(x), for each g. Then the same holds of every other question
of that kind, which is g x for some g: f(h g x) = h g f(x) = h f(g x), both by what was checked. (If
g leaves x as it is, it must leave f(x) as it is; that is part of it.) So of all questions that are
renamings of each other one is examined, and nothing is lost: all that a search with symmetry leaves
out is known to go as what it looks at goes.

**Where there are many, some of it is.** A question is asked again under a few renamings, of which
all others are made. If that were done with every renaming of x, induction over how a renaming is
made would give the rest; it is done with those that the search asks, and of those that look alike,
names apart, with the first ones, and then with ever fewer (the 16th, the 32nd, ...). What is lost:
who treats a name in its own way only within few of many questions that look alike may be missed.
Each look is examined, whatever the terms and logs in which it is met for the first time, so a rule
that depends on more than on names is found out wherever it tells names apart in most cases. Nobody
is refused who is right.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Final, NamedTuple

from raft_ref.explorer.model.actor import ActorError, Step
from raft_ref.explorer.model.interning import Interner, InternerByKind
from raft_ref.explorer.model.renaming import Renaming, translated
from raft_ref.explorer.model.system import System

ALL: Final = 24
"""So many renamings are few: those of four servers, or of three servers and two values."""

EACH_OF: Final = 8
"""So many of the questions that look alike are examined before only some are."""

_NEVER: Any = object()

Question = tuple[Any, ...]
"""A method, the number of a server's state, and perhaps that of a message or an action."""


class TellsApartError(ActorError):
    """An actor, or its history, that does not treat renamed servers, or values, as it does others.

    Or that forgets something when it renames, so that states would count as one that differ.
    """


class _Other(NamedTuple):
    """A renaming of what the examination has numbered, and the renaming back of values."""

    renaming: Renaming
    back: Renaming
    state: Callable[[int], int]
    message: Callable[[int], int]
    action: Callable[[int], int]
    history: Callable[[int], int]


class Examination:
    """Asks an actor, and holds it to its answers under other names; so with a history.

    Arguments: the system, and its renamings without the one that changes nothing, each with the one
    back: all (`is_whole`), or some of which all are made. Each method raises `TellsApartError`.

    All is numbered once more here, so that what the search numbers does not depend on what is
    examined.
    """

    def __init__(
        self, system: System, renamings: Sequence[tuple[Renaming, Renaming]], *, is_whole: bool
    ) -> None:
        self._system = system
        self._guard = system.guard
        self._is_whole = is_whole
        self._states, self._messages, self._actions = (InternerByKind[Any]() for _ in range(3))
        self._histories: Interner[Any] = Interner()
        local = system.local
        self._own_state = translated(local.states, self._states)
        self._own_message = translated(local.messages, self._messages)
        self._others = [
            _Other(
                renaming,
                back,
                renaming.on(self._states),
                renaming.on(self._messages),
                renaming.on(self._actions),
                renaming.on_histories(self._histories),
            )
            for renaming, back in renamings
        ]
        self._answers: dict[Question, Any] = {}
        self._kinds: dict[Question, int] = {}
        self._observed: dict[tuple[int, int, int], int] = {}
        self._intact: set[tuple[str, int]] = set()
        self._sample = Sample((*system.servers, *system.guard.symmetric_values))

    def ask(self, method: str, state: int, other: Any = None) -> Any:
        """Return what the actor answers, about a state and perhaps a message or an action.

        States and messages are told by the numbers that the search has for them.

        It is asked twice, but for a question that was examined as a renaming of another one: then
        its answer has been compared with others already.
        """
        question = self._question(method, state, other)
        answer = self._answers.pop(question, _NEVER) if self._is_whole else _NEVER
        if answer is _NEVER:
            answer = self._guard.ask(method, *self._values(question))
            self._examine(question, answer)
        return answer

    def examine(self, method: str, answer: Any, state: int, other: Any = None) -> None:
        """Demand that the actor gives an answer under all names, without asking for it here."""
        question = self._question(method, state, other)
        if not (self._is_whole and question in self._answers):
            self._examine(question, answer)

    def kind(self, method: str, state: int, other: Any = None) -> int | None:
        """Return a number that the question shares with its renamings alone; None if not known.

        The question must have been asked.
        """
        return self._kinds.get(self._question(method, state, other)) if self._is_whole else None

    def examine_observation(self, history: Any, before: Any, after: Any, observed: Any) -> None:
        """Demand that the history of a renamed step is the renamed history."""
        numbers = self._histories.intern, self._states.intern
        question = numbers[0](history), numbers[1](before), numbers[1](after)
        number = self._histories.intern(observed)
        if self._is_whole and (known := self._observed.pop(question, None)) is not None:
            if known != number:
                raise self._observes_apart(self._others[0], question, number, known)
            return
        here = {question: number}
        for other in self._others:
            there = other.renaming.history_value(observed)
            if (again := other.back.history_value(there)) != observed:
                raise _loses(self._system.history, other, observed, again)
            renamed = (
                other.history(question[0]),
                other.state(question[1]),
                other.state(question[2]),
            )
            if renamed not in here:
                here[renamed] = self._observed[renamed] = self._observation(*renamed)
            if here[renamed] != (expected := other.history(number)):
                raise self._observes_apart(other, renamed, here[renamed], expected)

    def _examine(self, question: Question, answer: Any) -> None:
        """Demand that the actor answers the renamed question with the renamed answer."""
        values = self._values(question)
        if not self._is_whole and not self._sample.has(question[0], values):
            return
        method, *numbers = question
        kinds = "state", "action" if method == "act" else "message"
        for key, value in zip(zip(kinds, numbers, strict=False), values, strict=True):
            if key not in self._intact:
                self._demand_intact(value)
                self._intact.add(key)
        found = self._numbered(method, answer)
        here = {question: found}
        kind = self._kinds[question] = len(self._kinds)
        for other in self._others:
            renamed = self._renamed_question(question, other)
            if renamed not in here:
                there = self._guard.once(method, *self._values(renamed))
                if self._is_whole:
                    self._answers[renamed] = there
                    self._kinds[renamed] = kind
                here[renamed] = self._numbered(method, there)
            if here[renamed] != (expected := self._renamed_answer(method, found, other)):
                raise self._answers_apart(other, renamed, here[renamed], expected)

    def _question(self, method: str, state: int, other: Any) -> Question:
        number = self._own_state(state)
        if other is None:
            return method, number
        own = self._actions.intern if method == "act" else self._own_message
        return method, number, own(other)

    def _values(self, question: Question) -> tuple[Any, ...]:
        """Return what a question is about."""
        method, state, *other = question
        numbered = self._actions if method == "act" else self._messages
        return self._states[state], *(numbered[each] for each in other)

    def _renamed_question(self, question: Question, to: _Other) -> Question:
        method, state, *other = question
        rename = to.action if method == "act" else to.message
        return method, to.state(state), *map(rename, other)

    def _numbered(self, method: str, answer: Any) -> Any:
        """Return an answer as numbers, without the order that servers give to it."""
        if answer is None or method == "is_obsolete":
            return answer
        if method == "actions":
            return frozenset(map(self._actions.intern, answer))
        if method == "restart":
            return self._states.intern(answer)
        sends = self._by_channel(map(self._messages.intern, answer.messages))
        return self._states.intern(answer.state), sends, answer.actions

    def _renamed_answer(self, method: str, answer: Any, to: _Other) -> Any:
        """Return an answer, as numbers, renamed."""
        if answer is None or method == "is_obsolete":
            return answer
        if method == "actions":
            return frozenset(map(to.action, answer))
        if method == "restart":
            return to.state(answer)
        state, sends, actions = answer
        return to.state(state), self._by_channel(map(to.message, sends)), actions

    def _by_channel(self, messages: Iterable[int]) -> list[int]:
        """Return messages by channel, those of one in the order in which they are sent."""
        listed = list(messages)
        if len(listed) < 2:
            return listed

        def channel(message: int) -> tuple[str, str]:
            value = self._messages[message]
            return value.source, value.dest

        return sorted(listed, key=channel)

    def _demand_intact(self, value: Any) -> None:
        """Demand that a value is what it was when it is renamed and then back."""
        for other in self._others:
            if (again := other.back.value(other.renaming.value(value))) != value:
                raise _loses(self._guard.actor, other, value, again)

    def _observation(self, history: int, before: int, after: int) -> int:
        states = self._states
        return self._histories.intern(
            self._system.observation(self._histories[history], states[before], states[after])
        )

    def _answers_apart(
        self, other: _Other, question: Question, found: Any, expected: Any
    ) -> TellsApartError:
        method = question[0]
        name = f"{type(self._guard.actor).__name__}.{method}"
        shown = [self._shown(method, answer) for answer in (found, expected)]
        return _tells_apart(name, other, self._values(question), *shown)

    def _observes_apart(
        self, other: _Other, question: tuple[int, int, int], found: int, expected: int
    ) -> TellsApartError:
        history, *states = question
        asked = [self._histories[history], *(self._states[each] for each in states)]
        name = f"{type(self._system.history).__name__}.observe"
        return _tells_apart(name, other, asked, self._histories[found], self._histories[expected])

    def _shown(self, method: str, answer: Any) -> Any:
        """Return an answer that is numbers as values."""
        if answer is None or method == "is_obsolete":
            return answer
        if method == "actions":
            return tuple(self._actions[each] for each in sorted(answer))
        if method == "restart":
            return self._states[answer]
        state, sends, actions = answer
        return Step(self._states[state], tuple(self._messages[each] for each in sends), actions)


class Sample:
    """Which questions are examined where not all are.

    Argument: the names that say nothing of what a question looks like.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._looks: dict[tuple[type, Any], Any] = {}
        self._asked: Counter[Any] = Counter()

    def has(self, method: str, values: Sequence[Any]) -> bool:
        """Tell of a new question whether it is examined."""
        look = method, *map(self.look, values)
        self._asked[look] += 1
        number = self._asked[look]
        return number <= EACH_OF or number & (number - 1) == 0

    def look(self, value: Any) -> Any:
        """Return a value without names: what differs by a renaming alone is alike, and more is.

        Of what it cannot look into, each value has a look of its own.
        """
        key = type(value), value
        found = self._looks.get(key)
        if found is None:
            found = self._looks[key] = self._look(value)
        return found

    def _look(self, value: Any) -> Any:
        if isinstance(value, str):
            return None if value in self._names else value
        parts: list[Any] = []
        if is_dataclass(value):
            parts = [self.look(getattr(value, field.name)) for field in fields(value)]
        elif isinstance(value, tuple | frozenset):
            parts = [*map(self.look, value)]
        else:
            return value
        # In no order: a tuple may have a place for each server.
        return type(value), frozenset(Counter(parts).items())


def _tells_apart(
    method: str, other: _Other, asked: Sequence[Any], found: Any, expected: Any
) -> TellsApartError:
    what = other.renaming.whats[0]
    return TellsApartError(
        f"{method} tells {what} apart, or its `rename` is wrong: on "
        f"{', '.join(map(repr, asked))} it answers {found!r}, expected {expected!r} "
        f"(search without symmetry over {what}, or mend it)"
    )


def _loses(renames: object, other: _Other, value: Any, again: Any) -> TellsApartError:
    what = other.renaming.whats[0]
    return TellsApartError(
        f"{type(renames).__name__}.rename loses something: {what} renamed and then back, {value!r} "
        f"is {again!r} (search without symmetry over {what}, or mend it)"
    )
