"""Servers that are down for good: what `--down N` makes of a cluster.

They take no step and answer nothing, from the beginning. Together with progress that asks for fault
tolerance: what is due must be possible without them.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from raft_ref.explorer import Actor, ServerId, Step


class Down:
    """A node of which some servers are down; see `explorer.Actor`.

    Arguments: the node, and the names of those that are down. It has no `rename`: not all servers
    are alike.
    """

    def __init__(self, actor: Actor, down: Sequence[ServerId]) -> None:
        self.actor = actor
        self.down = frozenset(down)
        self._states: set[Any] = set()
        # What an actor may also have, and what this one has of it.
        names = ("measures", "action_names", "properties", "history", "as_raft", "as_raft_message")
        for name in names:
            if hasattr(actor, name):
                setattr(self, name, getattr(actor, name))

    def initial(self, me: ServerId) -> Any:
        """Return the state of a server, which of one that is down never changes."""
        state = self.actor.initial(me)
        if me in self.down:
            self._states.add(state)
        return state

    def actions(self, state: Any) -> Iterable[Any]:
        """Return what may happen: nothing, where a server is down."""
        return () if state in self._states else self.actor.actions(state)

    def act(self, state: Any, action: Any) -> Any:
        """Take an action."""
        return self.actor.act(state, action)

    def receive(self, state: Any, message: Any) -> Any:
        """Handle a message, or do not."""
        return Step(state) if state in self._states else self.actor.receive(state, message)

    def restart(self, state: Any) -> Any:
        """Return what a crash leaves; who is down stays so."""
        return state if state in self._states else self.actor.restart(state)
