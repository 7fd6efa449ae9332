"""The history variables of spec/features/, as the explorer keeps them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from raft_ref import ServerId
from raft_ref.explorer import FORBIDDEN
from raft_ref.features import ReadingState, renamed_value
from raft_ref.spec.link.history import Committed, CommittedEntry

Round = tuple[ServerId, int, int]
"""A round of heartbeats: its leader, the term, the number."""


class CommittedChanges(Committed):
    """The history variable `committed`, in which there are configurations."""

    def rename(
        self, history: tuple[CommittedEntry, ...], renaming: Mapping[str, str]
    ) -> tuple[CommittedEntry, ...]:
        """Return the history with the servers and the values in it renamed."""
        return tuple(
            replace(entry, value=renamed_value(entry.value, renaming))
            for entry in super().rename(history, renaming)
        )


class ReadHistory(NamedTuple):
    """What was committed, and for each server with a read how much of that when it was asked.

    `read_numbers` are how many reads each server has begun, `trusted` the rounds that leaders
    trust in.
    """

    committed: tuple[CommittedEntry, ...]
    asked_at: tuple[int, ...]
    read_numbers: tuple[int, ...]
    trusted: frozenset[Round]

    @property
    def told(self) -> Mapping[str, Any]:
        """What is told of it: the rest can be seen of the servers."""
        return {"committed": self.committed, "askedAt": self.asked_at}


class ReadsRecorded:
    """The history variables `committed` and `askedAt`, for servers with reads.

    Arguments: the servers; how many reads there are in all, at most; whether clocks agree.
    AskedRecorded in ReadIndexInvariants.tla says the same. What keeps steps from happening is in
    MCExtendedRaft.tla: FewReads, and ClocksAgree, which is assumed of clocks.
    """

    name = "history"

    def __init__(self, servers: Sequence[ServerId], most: int, do_clocks_agree: bool) -> None:
        self._most, self._do_clocks_agree = most, do_clocks_agree
        self._committed = CommittedChanges()
        self._servers = tuple(servers)
        none = (0,) * len(servers)
        self.initial = ReadHistory(self._committed.initial, none, none, frozenset())

    def observe(self, history: ReadHistory, before: ReadingState, after: ReadingState) -> Any:
        """Return the history once a server has taken a step."""
        at = self._servers.index(after.me)
        numbers = _changed(history.read_numbers, at, after.read_number)
        if sum(numbers) > self._most or self._is_early(history, before, after):
            return FORBIDDEN
        asked = history.asked_at[at]
        if after.read_index is None:
            asked = 0
        elif after.read_number != before.read_number:
            asked = len(history.committed)
        trusted = frozenset(each for each in history.trusted if each[0] != after.me)
        if after.is_trusting:
            trusted |= {(after.me, after.current_term, after.read_round)}
        committed = self._committed.observe(history.committed, before, after)
        return ReadHistory(committed, _changed(history.asked_at, at, asked), numbers, trusted)

    def _is_early(self, history: ReadHistory, before: ReadingState, after: ReadingState) -> bool:
        """Return whether a promise ends by clocks that do not agree."""
        promise = before.promise
        if promise is None or replace(before, promise=None) != after or not self._do_clocks_agree:
            return False
        return (promise.leader, promise.term, promise.round) in history.trusted

    def rename(self, history: ReadHistory, renaming: Mapping[str, str]) -> ReadHistory:
        """Return the history with the servers and the values in it renamed."""
        places = {renaming[server]: at for at, server in enumerate(self._servers)}
        order = [places[server] for server in self._servers]
        return ReadHistory(
            self._committed.rename(history.committed, renaming),
            tuple(history.asked_at[place] for place in order),
            tuple(history.read_numbers[place] for place in order),
            frozenset((renaming[me], term, number) for me, term, number in history.trusted),
        )


def _changed(numbers: tuple[int, ...], at: int, number: int) -> tuple[int, ...]:
    return (*numbers[:at], number, *numbers[at + 1 :])
