"""One reading of a trace so far: a state of the spec, and how it was reached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from raft_ref.traces.validation.rules.protocol import Message, ServerState


@dataclass(slots=True, eq=False)
class Step:
    """A step of the spec that a reading takes: for which line, and what it did."""

    line: int
    server: str
    action: str
    arguments: tuple[Any, ...]
    message: Message | None
    before: ServerState | None
    after: ServerState
    sends: tuple[Message, ...]
    previous: Step | None
    is_told: bool = True
    """Whether a line tells of it; else the search has filled it in."""


class Unsynced(NamedTuple):
    """An earlier state of a server, which it may fall back to as it restarts.

    Not `is_whole` if it has told of its term and vote since: then only its log may fall back.
    """

    state: ServerState
    is_whole: bool


class World(NamedTuple):
    """A state of the spec.

    `states` are those of the servers (None: not started), `waiting` what each has received and not
    yet handled, the latest last. `sent` are the messages that were sent, and `gone` those that
    cannot be received any more, both besides what all readings have in common. `path` is the last
    step, `committed` the history of the spec. `left` are the states in which each server left a
    term or a role: what it may have sent by then may still arrive. `unsynced` are those in which it
    may be after a restart, if not all that it writes is on its disk at once. `applied` is the index
    of the last entry that each state machine was given, None where nobody knows.
    """

    states: tuple[ServerState | None, ...]
    waiting: tuple[tuple[Message, ...], ...]
    sent: tuple[Message, ...] = ()
    gone: frozenset[Message] = frozenset()
    path: Step | None = None
    committed: Any = None
    left: tuple[tuple[ServerState, ...], ...] = ()
    unsynced: tuple[tuple[Unsynced, ...], ...] = ()
    applied: tuple[int | None, ...] = ()

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells it from others: not how it was reached."""
        sent = frozenset(self.sent)
        return (
            self.states, self.waiting, sent, self.gone, self.committed, self.unsynced, self.applied,
        )  # fmt: skip

    def state(self, place: int) -> ServerState:
        """Return the state of a server that has started."""
        found = self.states[place]
        assert found is not None
        return found

    def with_state(self, place: int, state: ServerState) -> World:
        """Return it with a server in another state."""
        return self._replace(states=(*self.states[:place], state, *self.states[place + 1 :]))

    def waits(self, place: int, messages: tuple[Message, ...]) -> World:
        """Return it with what a server has received and not yet handled."""
        return self._replace(waiting=(*self.waiting[:place], messages, *self.waiting[place + 1 :]))

    def applies(self, place: int, index: int | None) -> World:
        """Return it with the index of the last entry that a state machine was given."""
        return self._replace(applied=(*self.applied[:place], index, *self.applied[place + 1 :]))

    def in_silence(self, before: World) -> World:
        """Return it, once it is noted that no line tells of its steps since another."""
        for step in self.steps():
            if step is before.path:
                break
            step.is_told = False
        return self

    def steps(self) -> Iterator[Step]:
        """Yield the last steps, the latest first."""
        step = self.path
        while step is not None:
            yield step
            step = step.previous
