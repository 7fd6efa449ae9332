"""Lines of several servers as they arrive, put into the order of their clocks as far as they wait.

The rules: a line with a clock waits until every server that still writes has shown a later one, but
for no longer than the window; one without is taken as it comes. No more is read than is waited for.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from raft_ref.traces.format.ndjson import FORMAT, parse_line
from raft_ref.traces.format.trace import JsonObject, TraceError
from raft_ref.traces.validation.lines.merging import time_of
from raft_ref.traces.validation.lines.profile import Lines
from raft_ref.traces.watching.tailing import Tail

PAUSE = 0.05
"""How many seconds nothing is looked at where nothing is new."""
MOST_WAITING = 1_000
"""How many lines of one file wait, before no more of it are read."""
PLACES = 20_000
"""Of how many of the last lines is known where they stand."""

Place = tuple[Path, int]
"""A file and the number of a line in it."""


@dataclass(frozen=True, slots=True, order=True)
class _Arrived:
    """A line that waits: when it happened, as far as that is known, and which came first."""

    clock: int
    order: int
    is_clocked: bool
    came: float
    tail: int
    server: str
    place: Place
    value: JsonObject


class Arriving(Lines):
    """The lines of all files, in one order.

    Arguments: the files; for how many seconds a line may wait for others; whether the first has to
    be a header; what is called while nothing is new; what is told of lines that are left out, or
    came too late. `is_ending` is set where no more is to be read than is written by now.
    """

    def __init__(
        self,
        tails: Sequence[Tail],
        window: float,
        idle: Callable[[], None],
        tell: Callable[[str, bool], None],
        *,
        needs_header: bool = False,
    ) -> None:
        super().__init__()
        self._tails, self._window, self._idle, self._tell = tails, window, idle, tell
        self._needs_header = needs_header
        self._header: JsonObject | None = None
        self._waiting: list[_Arrived] = []
        self._count = [0] * len(tails)
        self._came = 0
        # Until a file shows a server, it may be about anybody.
        self._clocks = {(number, ""): -1 for number in range(len(tails))}
        self._shown = dict.fromkeys(self._clocks, time.monotonic())
        self._last = 0
        self._places: dict[int, Place] = {}
        self.is_ending = False
        self.is_clocked = False
        """Whether the line that was taken last has a clock."""
        self.last_came = time.monotonic()
        """When a line was read last."""

    def place(self, number: int) -> Place | None:
        """Return where a line stands, if it is one of the last."""
        return self._places.get(number)

    @property
    def waiting(self) -> int:
        """How many lines wait for others."""
        return len(self._waiting)

    def __iter__(self) -> Iterator[JsonObject]:
        while (line := self._next()) is not None:
            self._count[line.tail] -= 1
            self.number += 1
            self._places[self.number] = line.place
            if len(self._places) > PLACES:
                del self._places[next(iter(self._places))]
            if line.is_clocked and line.clock < self._last:
                path, number = line.place
                self._tell(f"{path}:{number} came later than --window allows for", True)
            self._last = max(self._last, line.clock)
            self.is_clocked = line.is_clocked
            yield line.value

    def _next(self) -> _Arrived | None:
        """Return the line that is next, once it is known which; None at the end."""
        while True:
            self._idle()
            if self.is_ending:
                for each in self._tails:
                    each.ends()
                self.is_ending = False
            new = [self._reads(number) for number in range(len(self._tails))]
            is_new = any(new)
            are_ended = not is_new and all(each.is_ended for each in self._tails)
            if self._waiting and (are_ended or self._is_next(self._waiting[0])):
                return heapq.heappop(self._waiting)
            if are_ended:
                return None
            if not is_new:
                time.sleep(PAUSE)

    def _is_next(self, line: _Arrived) -> bool:
        """Say whether a line is the next of all; none is before the header."""
        if self._needs_header and self._header is None:
            if max(self._count) >= MOST_WAITING:
                path, number = line.place
                raise TraceError(f'{path}:{number}: the first line is the header: "format"')
            return False
        now = time.monotonic()
        if not line.is_clocked or now - line.came >= self._window:
            return True
        return all(
            clock >= line.clock or each == (line.tail, line.server) or self._is_silent(each, now)
            for each, clock in self._clocks.items()
        )

    def _is_silent(self, server: tuple[int, str], now: float) -> bool:
        """Say whether a server has shown nothing for a while, and nothing of it is unread."""
        is_read = self._count[server[0]] < MOST_WAITING
        return is_read and now - self._shown[server] >= self._window

    def _reads(self, number: int) -> bool:
        """Read some lines of a file; say whether there were any."""
        if self._count[number] >= MOST_WAITING:
            return False
        tail, is_new = self._tails[number], False
        for line, text in tail.new():
            is_new = True
            try:
                if text.strip():
                    self._arrives(number, (tail.path, line), parse_line(text.decode("utf-8")))
            except UnicodeDecodeError:
                self._tell(f"{tail.path}:{line} is passed over: not UTF-8 text", True)
            except TraceError as error:
                self._tell(f"{tail.path}:{line} is passed over: {error}", True)
        if is_new:
            self.last_came = time.monotonic()
        return is_new

    def _arrives(self, tail: int, place: Place, value: JsonObject) -> None:
        if value.get("format") == FORMAT:
            if self._header is not None:
                if value.get("servers") != self._header.get("servers"):
                    raise TraceError("a header that names other servers than the first")
                return
            self._header = value
        is_clocked = "clock" in value
        clock, now = 0, time.monotonic()
        if is_clocked:
            clock, server = time_of(value), str(value.get("server"))
            self._clocks.pop((tail, ""), None)
            self._clocks[tail, server] = clock
            self._shown[tail, server] = now
        elif value is self._header:
            clock, server = -1, ""
        else:
            server = ""
            clock = max((each for (of, _), each in self._clocks.items() if of == tail), default=0)
        self._came += 1
        self._count[tail] += 1
        heapq.heappush(
            self._waiting,
            _Arrived(clock, self._came, is_clocked, now, tail, server, place, value),
        )
