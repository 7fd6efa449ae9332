"""Servers that are down for good: what `--down N` makes of a cluster.

They take no step and answer nothing, from the beginning, and what is sent to them is lost: it takes
no place among the messages in flight. Together with progress that asks for fault tolerance: what is
due must be possible without them.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from raft_ref.explorer import Actor, ServerId, Step


def up(actor: Actor) -> Actor:
    """Return the node of which some servers may be down, as it is with all of them."""
    return actor.actor if isinstance(actor, Down) else actor


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
        step = self.actor.act(state, action)
        return None if step is None else self._lost(step)

    def receive(self, state: Any, message: Any) -> Any:
        """Handle a message."""
        return self._lost(self.actor.receive(state, message))

    def _lost(self, step: Any) -> Any:
        """Return a step without what it sends to servers that are down."""
        kept = tuple(each for each in step.messages if each.dest not in self.down)
        return Step(step.state, kept, step.actions)

    def restart(self, state: Any) -> Any:
        """Return what a crash leaves; who is down stays so."""
        return state if state in self._states else self.actor.restart(state)
