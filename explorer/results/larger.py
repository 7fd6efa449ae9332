"""Whether a bound alone keeps a goal away.

A state is stuck if its goal cannot be reached within the bounds. From the states of the servers
there, the goal is looked for within larger bounds: one more of every measure, one more message in
flight, and no faults. Walks at random find most of what there is to find, and a search
the rest, as far as it may go.

A way that begins without the messages in flight is one with them too: nobody need receive them.
"""

import random
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import replace

from raft_ref.explorer.model.properties import Property
from raft_ref.explorer.model.system import GlobalState, System, Transition

MOST_PLACES = 400
"""How many states of the servers are looked at at a time."""

_WALKS, _MANY_WALKS = 24, 200
_STEPS = 60
_STATES = 60_000


class Larger:
    """A system within larger bounds, and the goal that is looked for in it."""

    def __init__(self, system: System, prop: Property) -> None:
        bounds = system.bounds
        measures = {name: limit + 1 for name, limit in bounds.measures.items()}
        beyond = replace(
            bounds,
            max_messages=None if bounds.max_messages is None else bounds.max_messages + 1,
            max_restarts=0,
            max_drops=0,
            max_duplicates=0,
            measures=measures,
        )
        self._smaller = system
        self._prop = prop
        self._system = System(
            system.guard.actor,
            system.servers,
            beyond,
            system.network_kind,
            system.history,
            system.measures,
        )
        self._system.initial()  # by which the guard knows what a state is

    def reaches_goal(self, nodes: Sequence[int], history: int) -> bool:
        """Whether the goal is found from these states of the servers, numbered as in the system."""
        found = self.walks_to_goal(nodes, history, _MANY_WALKS)
        return found or self._finds(self._start(nodes, history))

    def walks_to_goal(self, nodes: Sequence[int], history: int, walks: int = _WALKS) -> bool:
        """Whether chance finds it; it may not."""
        start, chance = self._start(nodes, history), random.Random(0)
        return any(self._walk(start, chance) for _ in range(walks))

    def _start(self, nodes: Sequence[int], history: int) -> GlobalState:
        here, there = self._smaller, self._system
        return GlobalState(
            tuple(there.local.states.intern(here.local.states[node]) for node in nodes),
            there.network.empty,
            there.histories.intern(here.histories[history]),
            0,
            0,
            0,
        )

    def _is_goal(self, state: GlobalState) -> bool:
        return self._prop.holds(self._system.view(state))

    def _steps(self, state: GlobalState) -> list[Transition]:
        return [*self._system.steps(state, Counter())]

    def _walk(self, state: GlobalState, chance: random.Random) -> bool:
        for _ in range(_STEPS):
            if self._is_goal(state):
                return True
            steps = self._steps(state)
            # What is in flight is received more often than something new is begun.
            received = [step for step in steps if step.message >= 0]
            steps = received if received and chance.random() < 0.7 else steps
            if not steps:
                return False
            state = chance.choice(steps).after
        return self._is_goal(state)

    def _finds(self, start: GlobalState) -> bool:
        met, waiting = {start}, deque([start])
        while waiting and len(met) < _STATES:
            state = waiting.popleft()
            if self._is_goal(state):
                return True
            for step in self._steps(state):
                if step.after not in met:
                    met.add(step.after)
                    waiting.append(step.after)
        return False
