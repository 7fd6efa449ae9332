"""Lines of several servers that do not stand in the order in which things happened.

The lines of one server are in order. One that nothing explains yet waits, with those of its server
behind it, until lines of other servers were followed: only what they sent can make a difference.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Protocol

from raft_ref.traces.validation.lines.events import Event

Waiting = dict[str, deque[Event]]


class Follower(Protocol):
    """What follows single lines; see `validate.Following`."""

    def follows(self, event: Event) -> bool:
        """Follow one line, or refuse the trace; say whether to go on."""

    def may_follow(self, event: Event) -> bool:
        """Follow one line if the fewest silent moves explain it; else leave all as it was."""

    def is_early(self, event: Event) -> bool:
        """Say whether a line receives a message that nobody has sent."""

    @property
    def is_undecided(self) -> bool:
        """Whether a limit was reached."""


class Reordering:
    """Follows lines, of which some wait.

    Arguments: what follows them; how many may wait.
    """

    def __init__(self, follower: Follower, most: int) -> None:
        self._follower, self._most = follower, most
        self.waiting: Waiting = {}
        """The lines that wait, by their servers."""

    def takes(self, event: Event) -> bool:
        """Follow a line, or let it wait; say whether to go on."""
        follower, waiting = self._follower, self.waiting
        if event.server in waiting:
            waiting[event.server].append(event)
        elif follower.may_follow(event):
            self._retry()
        elif follower.is_undecided:
            return False
        else:
            waiting[event.server] = deque([event])
        while sum(map(len, waiting.values())) > self._most:
            if not self.judges_one():
                return False
        return True

    def ends(self) -> bool:
        """Follow all that wait; say whether to go on."""
        while self.waiting:
            if not self.judges_one():
                return False
        return True

    def judges_one(self) -> bool:
        """Follow one of the lines that nothing explains, or only more silent moves do.

        Who waits for a message that was not sent may wait for a server that is stuck: the first of
        the others is judged.
        """
        server, queue = min(
            self.waiting.items(),
            key=lambda each: (self._follower.is_early(each[1][0]), each[1][0].line),
        )
        event = queue.popleft()
        if not queue:
            del self.waiting[server]
        if not self._follower.follows(event):
            return False
        self._retry()
        return True

    def _retry(self) -> None:
        """Follow what has waited, as far as it can be explained now."""
        waiting, goes_on = self.waiting, True
        while goes_on:
            goes_on = False
            for server in [*waiting]:
                while waiting[server] and self._follower.may_follow(waiting[server][0]):
                    waiting[server].popleft()
                    goes_on = True
                if not waiting[server]:
                    del waiting[server]


def follow_in_any_order(follower: Follower, events: Iterator[Event], most: int) -> None:
    """Follow the lines while at most so many of them wait."""
    lines = Reordering(follower, most)
    if all(lines.takes(event) for event in events):
        lines.ends()
