"""What the ranks of an earlier run have numbered, brought back by asking what they asked.

The journal of a rank (see `journal`) is of its own questions, and of what others had told it: which
rank, and by which number of that one. So the journals of all ranks are gone through together, each
as far as what it waits for is known. What they asked is asked of this run as well, by its own
numbers, so that its journal is whole by itself.
"""

from collections.abc import Sequence
from typing import Any, Final

from raft_ref.explorer.engines.journal import Entry, Journal, Value, entries
from raft_ref.explorer.engines.native_model import NativeModel
from raft_ref.explorer.model.actor import ActorError
from raft_ref.explorer.model.system import System

_ARGUMENTS: Final[dict[str, tuple[Value | None, ...]]] = {
    "actions": (Value.STATE,),
    "restart": (Value.STATE,),
    "receive": (Value.STATE, Value.MESSAGE),
    "is_obsolete": (Value.STATE, Value.MESSAGE),
    "observe": (Value.HISTORY, Value.STATE, Value.STATE),
    "rename_node": (None, Value.STATE),
    "rename_message": (None, Value.MESSAGE),
    "rename_history": (None, Value.HISTORY),
}
"""What the arguments of each question are numbers of; None: it is the same in every run."""


class Numbering:
    """What has a number in one rank, as the engine has it: messages are numbered from 1 on."""

    def __init__(self, system: System, model: NativeModel, journal: Journal) -> None:
        self.model, self.journal = model, journal
        self.values = {
            Value.STATE: system.local.states,
            Value.MESSAGE: system.local.messages,
            Value.HISTORY: system.histories,
        }

    def value(self, kind: Value, number: int) -> Any:
        """Return what a number stands for. Raises IndexError."""
        return self.values[kind][number - (kind is Value.MESSAGE)]

    def has(self, kind: Value, number: int) -> bool:
        """Whether something has this number."""
        return number - (kind is Value.MESSAGE) < len(self.values[kind])

    def number(self, kind: Value, value: Any) -> int:
        """Return the number of something, which may be a new one."""
        return self.values[kind].intern(value) + (kind is Value.MESSAGE)

    def known(self, kind: Value, value: Any) -> int:
        """Return the number that something has. Raises ValueError."""
        before = len(self.values[kind])
        number = self.number(kind, value)
        if len(self.values[kind]) != before:
            raise ValueError(f"a {kind.name.lower()} was never answered")
        return number

    def renumbered(self, other: "Numbering") -> tuple[list[int], list[int], list[int], list[int]]:
        """Return what states, messages, histories and names of another rank are here."""
        states, messages, histories = (
            [self.known(kind, value) for value in other.values[kind]] for kind in Value
        )
        kinds = self.model.kinds
        return states, [0, *messages], histories, [kinds.intern(each) for each in other.model.kinds]


def revive(own: Numbering, earlier: Sequence[Numbering], words: Sequence[Sequence[int]]) -> None:
    """Let everything have the numbers that it had in each earlier rank, and some in this one.

    Arguments: of each earlier rank a numbering in which nothing was asked, and its journal. Raises
    ValueError if an answer is another one now.
    """
    left = [list(reversed(list(entries(each)))) for each in words]
    while any(left):
        before = sum(map(len, left))
        for numbering, waiting in zip(earlier, left, strict=True):
            while waiting and _is_known(earlier, waiting[-1]):
                _bring_back(own, earlier, numbering, waiting.pop())
        if sum(map(len, left)) == before:
            raise ValueError("a journal names what no rank has found")


def _is_known(earlier: Sequence[Numbering], entry: Entry) -> bool:
    if entry.carried is None:
        return True
    rank, number = entry.arguments[:2]
    return rank < len(earlier) and earlier[rank].has(entry.carried, number)


def _bring_back(
    own: Numbering, earlier: Sequence[Numbering], numbering: Numbering, entry: Entry
) -> None:
    if entry.carried is not None:
        rank, number = entry.arguments[:2]
        value = earlier[rank].value(entry.carried, number)
        if numbering.number(entry.carried, value) != entry.answer:
            raise ValueError(f"what rank {rank} has told has another number")
        return
    kinds = _ARGUMENTS[entry.name]
    arguments = entry.arguments[: len(kinds)]
    try:
        numbering.journal.ask_again(entry)
        ours = [
            number if kind is None else own.known(kind, numbering.value(kind, number))
            for kind, number in zip(kinds, arguments, strict=True)
        ]
        getattr(own.journal, entry.name)(*ours)
    except (ActorError, IndexError) as error:
        raise ValueError(f"{entry.name} now raises: {error}") from error
