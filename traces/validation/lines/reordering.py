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


def follow_in_any_order(follower: Follower, events: Iterator[Event], most: int) -> None:
    """Follow the lines while at most so many of them wait."""
    waiting: Waiting = {}
    for event in events:
        if event.server in waiting:
            waiting[event.server].append(event)
        elif follower.may_follow(event):
            _retry(follower, waiting)
        elif follower.is_undecided:
            return
        else:
            waiting[event.server] = deque([event])
        while sum(map(len, waiting.values())) > most:
            if not _judge_one(follower, waiting):
                return
    while waiting:
        if not _judge_one(follower, waiting):
            return


def _judge_one(follower: Follower, waiting: Waiting) -> bool:
    """Follow one of the lines that nothing explains, or only more silent moves do.

    Who waits for a message that was not sent may wait for a server that is stuck: the first of the
    others is judged.
    """
    server, queue = min(
        waiting.items(), key=lambda each: (follower.is_early(each[1][0]), each[1][0].line)
    )
    if not follower.follows(queue.popleft()):
        return False
    if not queue:
        del waiting[server]
    _retry(follower, waiting)
    return True


def _retry(follower: Follower, waiting: Waiting) -> None:
    """Follow what has waited, as far as it can be explained now."""
    goes_on = True
    while goes_on:
        goes_on = False
        for server in [*waiting]:
            while waiting[server] and follower.may_follow(waiting[server][0]):
                waiting[server].popleft()
                goes_on = True
            if not waiting[server]:
                del waiting[server]
