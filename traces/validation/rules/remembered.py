"""What was found of steps before, where many traces have steps in common: those of a hunt.

The rule: what is the same is one object, a state as a log is, so that to be known again costs no
look at what it holds. Of one trace alone hardly a step comes back, and nothing is remembered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from raft_ref.traces.validation.rules.invariants import Committed, Invariants
from raft_ref.traces.validation.rules.protocol import Protocol, ServerState, Taken

KNOWN = 50_000
"""How many steps are remembered; before more are, all are forgotten."""


class Remembered:
    """What actions lead to, and the states that there were."""

    def __init__(self) -> None:
        self._taken: dict[Any, list[Taken]] = {}
        self._states: dict[ServerState, ServerState] = {}

    def state(self, state: ServerState) -> ServerState:
        """Return the object that a state is."""
        return self._states.setdefault(state, state)

    def taken(self, step: tuple[Any, ...]) -> list[Taken] | None:
        """Return what a step leads to, if that is known: (action, server, state, arguments)."""
        return self._taken.get(step)

    def take(self, step: tuple[Any, ...], found: list[Taken]) -> list[Taken]:
        """Note what a step leads to."""
        if len(self._taken) >= KNOWN:
            self.forget()
        self._taken[step] = found = [each._replace(state=self.state(each.state)) for each in found]
        return found

    def forget(self) -> None:
        """Forget all: states of the past do not come back."""
        self._taken.clear()
        self._states.clear()


class _Checked(NamedTuple):
    """What was found of a step, and what that was: it must not go while others are told by it."""

    found: tuple[Committed, tuple[str, ...]]
    step: tuple[Any, ...]


class RememberedInvariants(Invariants):
    """The properties of steps that come back.

    Argument: the protocol.
    """

    def __init__(self, protocol: Protocol) -> None:
        super().__init__(protocol)
        self._steps: dict[tuple[int, ...], _Checked] = {}

    def broken(
        self,
        states: Sequence[ServerState],
        place: int,
        after: ServerState,
        committed: Committed,
        *,
        is_restart: bool,
    ) -> tuple[Committed, tuple[str, ...]]:
        """Return the same as for any step, looked at once."""
        key = (place, is_restart, id(after), id(committed), *map(id, states))
        known = self._steps.get(key)
        if known is not None:
            self.checked += 1
            return known.found
        owed = self._owed
        found = super().broken(states, place, after, committed, is_restart=is_restart)
        if self._owed != owed:
            return found  # it was not looked at in full
        if len(self._steps) >= KNOWN:
            self._steps.clear()
        self._steps[key] = _Checked(found, (after, committed, *states))
        return found
