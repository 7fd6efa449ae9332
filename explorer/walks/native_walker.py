"""Walks by the native engine: the same as those of the plain walker, for the same seeds.

What the actor and the properties said is kept from one walk to the next, so memory grows with what
is new; a walk does not depend on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from raft_ref.explorer._core import Walks
from raft_ref.explorer.engines.native import as_core_has_it
from raft_ref.explorer.engines.native_model import NativeModel
from raft_ref.explorer.model.local_steps import LocalStep
from raft_ref.explorer.model.properties import Property
from raft_ref.explorer.model.system import System
from raft_ref.explorer.walks.chance import hashed
from raft_ref.explorer.walks.offers import NAMES, How
from raft_ref.explorer.walks.swarm import (
    NEWER,
    NEWEST,
    OF_ACTION,
    OF_FAULT,
    OF_NEWER,
    OF_RECEIVE,
    OF_SERVER,
    server_name,
)
from raft_ref.explorer.walks.walker import Walked

_ALL: Final = 2**64 - 1
_OF_THE_NETWORK: Final = ("max_messages", "max_restarts", "max_drops", "max_duplicates")


@dataclass(frozen=True, slots=True)
class _Setting:
    """The attributes of explorer::WalkSetting and explorer::SwarmTable."""

    servers: int
    is_fifo: bool
    max_messages: int
    max_faults: tuple[int, int, int]
    own_bounds: int
    server_names: list[int]
    of_receive: tuple[int, ...] = OF_RECEIVE
    of_fault: tuple[int, ...] = OF_FAULT
    of_action: tuple[int, ...] = OF_ACTION
    of_server: tuple[int, ...] = OF_SERVER
    of_newer: tuple[tuple[int, int], ...] = OF_NEWER
    newest: int = NEWEST
    newer_name: int = NEWER
    way_names: list[int] = field(
        default_factory=lambda: [hashed(NAMES[how]) if how in NAMES else 0 for how in How]
    )


class _Model(NativeModel):
    """The system, as the walks of the engine ask it: step by step, as each is drawn."""

    most_names = 2**32 - 2

    def offered(self, node: int) -> list[int]:
        """Return the hashes of the names of the actions that a server may try."""
        return [hashed(type(action).__name__) for action in self._system.local.offered(node)]

    def act(self, node: int, number: int) -> Any:
        """Return what one of them does; None if it is not enabled."""
        step = self._system.local.act(node, number)
        return None if step is None else self._local_step(step, step)

    def hash_of_node(self, node: int) -> int:
        """Return what a server's state is counted by."""
        return hash(self._system.local.states[node]) & _ALL

    def hash_of_message(self, message: int) -> int:
        """Return what a message is counted by."""
        return hash(self._system.local.messages[message - 1]) & _ALL

    def hash_of_history(self, history: int) -> int:
        """Return what a history is counted by."""
        return hash(self._system.histories[history]) & _ALL

    def _taken(self, how: int, node: int, number: int) -> LocalStep:
        if how == How.ACTION:
            taken = self._system.local.act(node, number)
            assert taken is not None, "a step that was taken is enabled"
            return taken
        return super()._taken(how, node, number)


class NativeWalker:
    """Takes walks in C++. Arguments: the system, of which it gets its own copy; its properties."""

    def __init__(self, system: System, properties: Sequence[Property]) -> None:
        self._system = system.anew()
        self._initial = self._system.initial()
        self._model = _Model(self._system, properties, None)
        asked = [as_core_has_it(prop) for prop in self._model.asked]
        self._core = Walks(self._model, asked, _setting(self._system))

    def walk(self, seed: int, steps: int) -> Walked:
        """Take the walk of a seed, of so many steps at most."""
        found = self._core.walk(seed, steps, self._initial.nodes, self._initial.history)
        bounds = (*self._system.bounds.measures, *_OF_THE_NETWORK)
        return Walked(
            found.steps,
            found.is_violated,
            self._by_name(found.names),
            {bound: times for bound, times in zip(bounds, found.cut, strict=True) if times},
            self._reached(),
            found.hashes,
        )

    def _by_name(self, counted: Sequence[int]) -> dict[tuple[str, ...], int]:
        """Return how often each combination of names was counted, the loss of a message first."""
        found = {
            self._model.kinds[number].names: times
            for number, times in enumerate(counted[1:])
            if times
        }
        if counted and counted[0]:
            found[(NAMES[How.DROP],)] = counted[0]
        return found

    def _reached(self) -> frozenset[str]:
        reached = zip(self._model.asked, self._core.reached(), strict=True)
        return frozenset(prop.name for prop, was in reached if was)


def _setting(system: System) -> _Setting:
    bounds = system.bounds
    return _Setting(
        servers=len(system.servers),
        is_fifo=system.network_kind == "fifo",
        max_messages=_ALL if bounds.max_messages is None else bounds.max_messages,
        max_faults=(bounds.max_restarts, bounds.max_drops, bounds.max_duplicates),
        own_bounds=len(bounds.measures),
        server_names=[server_name(position) for position in range(len(system.servers))],
    )
