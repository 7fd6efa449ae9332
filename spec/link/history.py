"""The history variable of RaftInvariants.tla, as the explorer keeps it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from raft_ref import State
from raft_ref.spec.link.variables import Project, itself


@dataclass(frozen=True, slots=True)
class CommittedEntry:
    """An entry that was committed, and the term of the server that first committed it."""

    term: int
    value: str
    committed_in: int


class Committed:
    """The history variable `committed`: the longest log that was ever committed.

    CommittedRecorded in RaftInvariants.tla says the same, and is checked of every step.
    """

    name = "committed"
    initial: tuple[CommittedEntry, ...] = ()

    def __init__(self, project: Project = itself) -> None:
        self._project = project

    def observe(
        self, history: tuple[CommittedEntry, ...], before: Any, after: Any
    ) -> tuple[CommittedEntry, ...]:
        """Return the history, and what a server in state `after` is the first to commit."""
        state: State = self._project(after)
        known = min(state.commit_index, state.last_index)
        if known <= len(history):
            return history
        new = _tail(state, len(history), known)
        return history + tuple(
            CommittedEntry(term, value, state.current_term) for term, value in new
        )

    def rename(
        self, history: tuple[CommittedEntry, ...], renaming: Mapping[str, str]
    ) -> tuple[CommittedEntry, ...]:
        """Return the history with the values in it renamed: there are no servers in it."""
        return tuple(
            replace(entry, value=renaming.get(entry.value, entry.value)) for entry in history
        )


def _tail(state: State, first: int, last: int) -> Iterator[tuple[int, Any]]:
    """Yield term and value after index `first`; of what is compacted, as far as it tells."""
    values: Any = state.snapshot.data
    for index in range(first + 1, last + 1):
        if index > state.compacted:
            yield state.term_at(index), state.entries(index, index)[0].value
        else:
            yield state.term_at(index) if index == state.compacted else 0, values[index - 1]
