"""The history variable of RaftInvariants.tla, as the explorer keeps it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from raft_ref import ServerId, State
from raft_ref.explorer import FORBIDDEN
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


class ReadHistory(NamedTuple):
    """What was committed, and for each server with a read how much of that when it was asked.

    `trusted` are the rounds that leaders trust in, as (leader, term, round).
    """

    committed: tuple[CommittedEntry, ...]
    asked_at: tuple[int, ...]
    trusted: frozenset[tuple[ServerId, int, int]]


class CommittedAndAsked:
    """The history variables `committed` and `askedAt`, for servers with reads.

    Arguments: the servers. AskedRecorded in ReadIndexInvariants.tla says the same. And what is
    assumed of clocks, ClocksAgree in MCExtendedRaft.tla: no promise ends while its leader still
    trusts in the round for which it was given.
    """

    name = "history"

    def __init__(self, servers: Sequence[ServerId]) -> None:
        self._committed = Committed()
        self._servers = tuple(servers)
        self.initial = ReadHistory(self._committed.initial, (0,) * len(servers), frozenset())

    def observe(self, history: ReadHistory, before: Any, after: Any) -> Any:
        """Return the history once a server has taken a step."""
        promise = before.promise
        ends = promise is not None and replace(before, promise=None) == after
        if ends and (promise.leader, promise.term, promise.round) in history.trusted:
            return FORBIDDEN
        trusted = frozenset(each for each in history.trusted if each[0] != after.me)
        if after.is_trusting:
            trusted |= {(after.me, after.current_term, after.read_round)}
        asked = list(history.asked_at)
        at = self._servers.index(after.me)
        if after.read_index is None:
            asked[at] = 0
        elif after.read_number != before.read_number:
            asked[at] = len(history.committed)
        committed = self._committed.observe(history.committed, before, after)
        return ReadHistory(committed, tuple(asked), trusted)

    def rename(self, history: ReadHistory, renaming: Mapping[str, str]) -> ReadHistory:
        """Return the history with the servers and the values in it renamed."""
        places = {renaming[server]: at for at, server in enumerate(self._servers)}
        asked = tuple(history.asked_at[places[server]] for server in self._servers)
        trusted = frozenset((renaming[me], term, at) for me, term, at in history.trusted)
        return ReadHistory(self._committed.rename(history.committed, renaming), asked, trusted)


def _tail(state: State, first: int, last: int) -> Iterator[tuple[int, Any]]:
    """Yield term and value after index `first`; of what is compacted, as far as it tells."""
    values: Any = state.snapshot.data
    for index in range(first + 1, last + 1):
        if index > state.compacted:
            yield state.term_at(index), state.entries(index, index)[0].value
        else:
            yield state.term_at(index) if index == state.compacted else 0, values[index - 1]
