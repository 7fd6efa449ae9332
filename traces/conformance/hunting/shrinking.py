"""Shrinking: from a run with something against it to the shortest that is found with the same.

The rule: whole servers are left out first, then runs of steps, halves first and single steps last
(as in `explorer.walks.shrink`); where none of these can be, windows and pairs of steps, and plainer
steps in their place. What gets shorter begins again, until nothing does or the tries are used up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from raft_ref.traces.conformance.run import Run
from raft_ref.traces.conformance.schedule import Command

TRIES = 1_500
"""How often a schedule is followed at most to make it shorter."""

Servers = tuple[str, ...]
Follow = Callable[[Servers, Sequence[Command]], Run]
_Candidate = tuple[Servers, list[Command]]


class Shrinker:
    """Shrinks one run; `best` is what it has come to, at any time.

    Arguments: what follows a schedule; whether a run still is what was found; the run; how often to
    try at most. `tries` were made; `is_cut_short` says that there might be shorter ones.
    An interrupt is for the caller to handle: `best` is there then, too.
    """

    def __init__(
        self, follow: Follow, is_same: Callable[[Run], bool], run: Run, limit: int = TRIES
    ) -> None:
        self._follow, self._is_same, self._limit = follow, is_same, limit
        self.best = run
        self.tries = 0
        self.is_cut_short = False
        self._tried: set[tuple[Servers, tuple[tuple[int, str, int], ...]]] = set()

    def run(self) -> Run:
        """Shrink until nothing makes it shorter, or the tries are used up."""
        passes = (self._servers, self._chunks, self._windows, self._plainer, self._pairs)
        while any(self._pass(each) for each in passes):
            pass
        return self.best

    def _pass(self, candidates: Callable[[], Iterator[_Candidate]]) -> bool:
        """Try what a pass suggests; tell if anything got shorter, or plainer."""
        is_better = False
        for servers, commands in candidates():
            if self.tries >= self._limit:
                self.is_cut_short = True
                break
            is_better |= self._try(servers, commands)
        return is_better and not self.is_cut_short

    def _try(self, servers: Servers, commands: list[Command]) -> bool:
        key = servers, tuple(_key(command) for command in commands)
        if key in self._tried or not commands:
            return False
        self._tried.add(key)
        self.tries += 1
        again = self._follow(servers, commands)
        if not self._is_same(again) or _size(again) >= _size(self.best):
            return False
        self.best = again
        return True

    def _servers(self) -> Iterator[_Candidate]:
        for name in self.best.servers:
            best = self.best
            left = [each for each in best.commands if name not in _about(each)]
            if len(best.servers) > 2:
                yield tuple(each for each in best.servers if each != name), left
            if len(left) < len(best.commands):
                yield best.servers, left

    def _chunks(self) -> Iterator[_Candidate]:
        size = len(self.best.commands) // 2
        while size:
            end, before = len(self.best.commands), len(self.best.commands)
            while end > 0:
                start = max(end - size, 0)
                yield self._without(range(start, end))
                end = min(start, len(self.best.commands))
            if size > 1 or len(self.best.commands) == before:
                size //= 2

    def _windows(self) -> Iterator[_Candidate]:
        for size in (2, 3, 4, 6):
            start = len(self.best.commands) - size
            while start >= 0:
                yield self._without(range(start, start + size))
                start = min(start, len(self.best.commands) - size + 1) - 1

    def _pairs(self) -> Iterator[_Candidate]:
        best = self.best
        for pair in combinations(range(len(best.commands)), 2):
            if self.best is not best:
                return
            yield self._without(pair)

    def _plainer(self) -> Iterator[_Candidate]:
        """Yield it with one step replaced by one that says less."""
        for place in range(len(self.best.commands)):
            commands = self.best.commands
            if place >= len(commands):
                return
            for other in _plainer(commands[place]):
                yield self.best.servers, [*commands[:place], other, *commands[place + 1 :]]

    def _without(self, places: Sequence[int]) -> _Candidate:
        left_out = {*places}
        best = self.best
        return best.servers, [
            command for place, command in enumerate(best.commands) if place not in left_out
        ]


def _key(command: Command) -> tuple[int, str, int]:
    return command.label, command.step, command.arguments.get("count", 0)


def _plainer(command: Command) -> Iterator[Command]:
    if command.step == "ReceiveDuplicate":
        yield replace(command, step="Receive")
    count = command.arguments.get("count", 0)
    if count > 1:
        yield replace(command, arguments={**command.arguments, "count": 1})


def _size(run: Run) -> tuple[int, int, int]:
    """Return what is to become less: steps, servers, and what steps say."""
    says = sum(
        (command.step == "ReceiveDuplicate") + max(command.arguments.get("count", 0), 1)
        for command in run.commands
    )
    return len(run.commands), len(run.servers), says


def _about(command: Command) -> set[str | None]:
    message = command.message or {}
    peer, voters = command.arguments.get("peer"), command.arguments.get("voters", ())
    return {command.server, message.get("source"), message.get("dest"), peer, *voters}
