"""The journal of a search: the questions whose answers brought something new.

States of servers, messages, histories and names are numbered in the order in which the answers of
the actor bring them up. Another process that asks the same questions in the same order numbers
them the same, so the questions are all that need be kept: numbers again. The values themselves are
not stored, and nobody need trust a file that becomes objects when it is read. It also finds out
whether the actor still answers as it did.

Where several processes search, what is new may come from another one; then its number there is
noted, and whoever has the journals of all can follow it.

An actor whose answers depend on the order of a set of strings does not, in another process.
"""

import zlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

from raft_ref.explorer.model.actor import ActorError

_ASKED = (
    "actions",
    "restart",
    "receive",
    "is_obsolete",
    "observe",
    "rename_node",
    "rename_message",
    "rename_history",
)
"""What may bring up something new: the place of a question's name here is its number."""

_CARRIED = 64
"""The number of what another process has told: this, and what it is of."""

_WORDS = 3
"""Words of 64 bits that a question takes: name and first argument, the others, the answer."""


class Value(IntEnum):
    """What values are numbered."""

    STATE = 0
    MESSAGE = 1
    HISTORY = 2


class Entry(NamedTuple):
    """One question, with a digest of its answer.

    Or, where `carried` says of what, a value that another process has told: the arguments are the
    rank of that one and the number there, the answer is the number here.
    """

    name: str
    arguments: tuple[int, int, int]
    answer: int
    carried: Value | None = None


def entries(words: Sequence[int]) -> Iterator[Entry]:
    """Yield what a journal has noted. Raises ValueError."""
    for at in range(0, len(words), _WORDS):
        one, two, answer = words[at : at + _WORDS]
        number, arguments = one >> 32, (one & 0xFFFFFFFF, two >> 32, two & 0xFFFFFFFF)
        if number < len(_ASKED):
            yield Entry(_ASKED[number], arguments, answer)
        else:
            yield Entry("", arguments, answer, Value(number - _CARRIED))


class Journal:
    """A model (see `native_model`) whose questions are noted, as far as they bring up anything.

    `size` returns how much has a number so far. The journal answers as the model does.
    """

    def __init__(self, model: Any, size: Callable[[], int]) -> None:
        self._model = model
        self._size = size
        self.words = array("Q")
        for number, name in enumerate(_ASKED):
            setattr(self, name, self._noted(number, getattr(model, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def _noted(self, number: int, ask: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*arguments: int) -> Any:
            before = self._size()
            answer = ask(*arguments)
            if self._size() != before:
                first, second, third = (*arguments, 0, 0)[:3]
                self.words.extend((number << 32 | first, second << 32 | third, _digest(answer)))
            return answer

        return asked

    def note_carried(self, kind: Value, rank: int, number: int, own: int) -> None:
        """Note that another process has told of something new."""
        self.words.extend(((_CARRIED + kind) << 32 | rank, number << 32, own))

    def replay(self, words: Sequence[int]) -> None:
        """Ask these questions again. Raises ValueError if an answer is another one now."""
        for entry in entries(words):
            if entry.carried is not None:
                raise ValueError("other processes have told of something")
            try:
                self.ask_again(entry)
            except (ActorError, IndexError) as error:
                raise ValueError(f"{entry.name} now raises: {error}") from error

    def ask_again(self, entry: Entry) -> None:
        """Ask a question again. Raises ValueError if the answer is another one now."""
        before = len(self.words)
        answer = getattr(self, entry.name)(*entry.arguments[: _ARGUMENTS.get(entry.name, 2)])
        if _digest(answer) != entry.answer or len(self.words) != before + _WORDS:
            raise ValueError(f"{entry.name} now answers otherwise")


_ARGUMENTS = {"actions": 1, "restart": 1, "observe": 3}


def _digest(answer: Any) -> int:
    return zlib.crc32(repr(answer).encode())
