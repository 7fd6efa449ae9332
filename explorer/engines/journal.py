"""The journal of a search: the questions whose answers brought something new.

States of servers, messages, histories and names are numbered in the order in which the answers of
the actor bring them up. Another process that asks the same questions in the same order numbers
them the same, so the questions are all that need be kept: numbers again. The values themselves are
not stored, and nobody need trust a file that becomes objects when it is read. It also finds out
whether the actor still answers as it did.

An actor whose answers depend on the order of a set of strings does not, in another process.
"""

import zlib
from array import array
from collections.abc import Callable, Sequence
from typing import Any

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

_WORDS = 3
"""Words of 64 bits that a question takes: name and first argument, the others, the answer."""


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

    def replay(self, words: Sequence[int]) -> None:
        """Ask these questions again. Raises ValueError if an answer is another one now."""
        for at in range(0, len(words), _WORDS):
            one, two, digest = words[at : at + _WORDS]
            name = _ASKED[one >> 32]
            arguments = one & 0xFFFFFFFF, two >> 32, two & 0xFFFFFFFF
            try:
                answer = getattr(self, name)(*arguments[: _ARGUMENTS.get(name, 2)])
            except (ActorError, IndexError) as error:
                raise ValueError(f"{name} now raises: {error}") from error
            if _digest(answer) != digest or len(self.words) != at + _WORDS:
                raise ValueError(f"{name} now answers otherwise")


_ARGUMENTS = {"actions": 1, "restart": 1, "observe": 3}


def _digest(answer: Any) -> int:
    return zlib.crc32(repr(answer).encode())
