"""The request to watch logs, what is told meanwhile, and the report in the end.

The rules: a line is judged as `validate` would judge it where it stands behind those before it;
while that can be done, in all readings, so that what is refused is refused whatever the past was.
Nothing is told of lines that were not read. Behind what could not be judged nothing is certain any
more: what is refused there is told as inconclusive.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from raft_ref.spec.requests import RequestError
from raft_ref.traces.format.trace import TraceError
from raft_ref.traces.profiles.raft_ref import raft_ref
from raft_ref.traces.validation.following import Following
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.lines.profile import LOOK_BACK, Profile, Recording
from raft_ref.traces.validation.lines.reordering import Reordering
from raft_ref.traces.validation.onward import behind
from raft_ref.traces.validation.refusals.refusal import Refusal, explained
from raft_ref.traces.validation.search import TooManyReadingsError
from raft_ref.traces.validation.verdict import Outcome
from raft_ref.traces.watching.arriving import Arriving, Place
from raft_ref.traces.watching.tailing import STDIN, Input, Tail

WINDOW = 2.0
"""How many seconds a line may wait for others."""
REMEMBERS = 20_000
"""How many messages are remembered: a message that is older is taken for one that nobody knows."""
LINES_BETWEEN = 1_024
"""After how many lines what nobody needs any more is let go."""
MOST_FAULTS = 20
"""After how many faults behind the first, without so many good lines as below, it is given up."""
GOOD_LINES = 1_000
UNORDERED = 1_000
"""How many lines without a clock, of several files, may wait for what explains them."""
BEGINNING = 4_096
"""How many lines of the beginning are kept, while there are servers of which none tells."""


BETWEEN_PROGRESS = 0.2
"""How many seconds there are between two calls that tell of progress, at least."""
_QUICK = (
    "allows too many readings, and one of them is followed from here on: what is refused later "
    f"than {LOOK_BACK[-1]:,} lines from here is inconclusive"
)


class Kind(StrEnum):
    """What is told."""

    NOTICE = "notice"
    REFUSED = "refused"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Told:
    """Something that is told: of a line, where it stands; and if it is refused, why."""

    kind: Kind
    text: str
    place: Place | None = None
    refusal: Refusal | None = None


@dataclass
class Watched:
    """How far it has come: `lines` were judged, and `waiting` wait for others.

    `readings` are followed at a time; for `since` seconds nothing was written.
    """

    lines: int = 0
    waiting: int = 0
    readings: int = 1
    seconds: float = 0.0
    since: float = 0.0


@dataclass
class WatchReport:
    """What was found of the lines that were judged.

    `lines` in `files`, up to which line of each; of `servers`, `unheard` told nothing. `waiting`
    lines were read and not judged. `told` is the first refusal, or what was inconclusive first.
    """

    outcome: Outcome
    lines: int = 0
    seconds: float = 0.0
    files: dict[str, int] = field(default_factory=dict)
    actions: Counter[str] = field(default_factory=Counter)
    checked: int = 0
    unheard: tuple[str, ...] = ()
    waiting: int = 0
    refused: int = 0
    inconclusive: int = 0
    told: Told | None = None
    is_stopped: bool = False
    """Whether it was stopped before what had been written was judged."""


@dataclass(frozen=True)
class WatchRequest:
    """Watch files (`-` is standard input), by a profile that reads their lines.

    A line waits for others for `window` seconds at most: by its clock, and, of the lines that
    nothing explains yet, at most `reorder` at a time (None: of several files, lines without a clock
    do; else none does). With `keeps_going` it is gone on behind a
    refused line. It ends where input does, or after `idle` seconds in which nothing was written.
    Raises `RequestError` for what cannot be counted.
    """

    paths: tuple[Path, ...]
    profile: Profile
    window: float = WINDOW
    reorder: int | None = None
    keeps_going: bool = False
    idle: float | None = None
    remembers: int = REMEMBERS

    def __post_init__(self) -> None:
        """Refuse what cannot be counted, or cannot be read twice."""
        for name in ("window", "reorder", "idle"):
            if (getattr(self, name) or 0) < 0:
                raise RequestError(f"{name}: expected 0 or more")
        if self.remembers < 1:
            raise RequestError("remember: expected 1 or more")
        for path in self.paths:
            if self.paths.count(path) > 1:
                raise TraceError(f"{path}: each file can be watched once")

    def run(
        self,
        on_told: Callable[[Told], None] = lambda told: None,
        on_progress: Callable[[Watched], None] = lambda progress: None,
        is_asked_to_end: Callable[[], bool] = lambda: False,
    ) -> WatchReport:
        """Watch until the end, or a refusal.

        `on_told` is called with what is to be told, `on_progress` now and then; once
        `is_asked_to_end`, what is written by then is judged. On Ctrl-C it stops at once. Raises
        `TraceError` and `OSError` for what is no trace.
        """
        watch = _Watch(self, on_told, on_progress, is_asked_to_end)
        try:
            watch.run()
        except KeyboardInterrupt:
            watch.is_stopped = True
        return watch.report()


class _Watch:
    """One watch, as it goes on."""

    def __init__(
        self,
        request: WatchRequest,
        on_told: Callable[[Told], None],
        on_progress: Callable[[Watched], None],
        is_asked_to_end: Callable[[], bool],
    ) -> None:
        self._request, self._on_told, self._on_progress = request, on_told, on_progress
        self._is_asked_to_end = is_asked_to_end
        self._tails = [
            Input(self._tells) if each == STDIN else Tail(each, self._tells)
            for each in request.paths
        ]
        self._arriving = Arriving(
            self._tails, request.window, self._idles, self._tells,
            needs_header=request.profile is raft_ref,
        )  # fmt: skip
        self._started = time.monotonic()
        self._following: Following | None = None
        self._order: Reordering | None = None
        self._came: dict[int, float] = {}
        """When the first line that waits of each server was read."""
        self._lines = 0
        self._heard: set[str] = set()
        self._servers: tuple[str, ...] = ()
        self._beginning: list[Event] | None = []
        self._recording: Recording | None = None
        self._doubt = ""
        """Why what is refused from here on need not be: what could not be judged, or is lost."""
        self._faults: list[int] = []
        self._refused = self._inconclusive = 0
        self._first: Told | None = None
        self._is_over = self._is_ending = self._is_quick = False
        self._next_progress = 0.0
        self.is_stopped = False

    def run(self) -> None:
        """Judge the lines as they come, to the end."""
        with suppress(_OverError, _NothingError), self._located():
            recording = self._request.profile(self._arriving)
            liberties = replace(recording.liberties, remembers=self._request.remembers)
            self._recording = replace(recording, liberties=liberties)
            self._servers = recording.servers
            self._following = Following(
                self._request.paths[0], self._recording, is_thorough=True, falls_back=True
            )
            self._order = Reordering(self._following, self._most)
            for event in recording.events:
                self._takes(self._following, self._order, event)
                if self._is_over:
                    return
            while self._order.waiting and not self._is_over:
                self._judges_one(self._following, self._order)

    @contextmanager
    def _located(self) -> Iterator[None]:
        """Say of what makes no sense where it stands."""
        try:
            yield
        except TraceError as error:
            if not self._arriving.number:
                # It was asked to end before there was anything.
                raise _NothingError from None
            place = self._arriving.place(self._arriving.number)
            if place is None or str(error).startswith(f"{place[0]}:"):
                raise
            raise TraceError(f"{_at(place)}: {error}") from None

    # ---- Lines

    def _takes(self, following: Following, order: Reordering, event: Event) -> None:
        self._heard.add(event.server)
        if self._beginning is not None:
            self._beginning.append(event)
            is_heard = self._heard.issuperset(self._servers)
            if is_heard or len(self._beginning) > BEGINNING:
                self._beginning = None if is_heard else []
        before = following.verdict.lines
        if order.waiting or self._may_wait:
            is_good = order.takes(event)
            self._notes_who_waits(order)
        else:
            is_good = following.follows(event)
        if not is_good:
            self._is_at_fault(following)
        self._lines += 1
        if not following.is_thorough and not self._is_quick:
            self._is_quick = True
            place = self._arriving.place(event.line)
            self._on_told(Told(Kind.NOTICE, _QUICK, place))
        if self._lines % LINES_BETWEEN == 0 and following.verdict.lines > before:
            following.forget()

    @property
    def _most(self) -> int:
        """How many lines that nothing explains yet may wait."""
        asked = self._request.reorder
        several = UNORDERED if len(self._tails) > 1 else 0
        return several if asked is None else asked

    @property
    def _may_wait(self) -> bool:
        """Whether the line at hand may wait: not one whose clock says where it stands."""
        is_placed = self._request.reorder is None and self._arriving.is_clocked
        return self._most > 0 and not is_placed

    def _notes_who_waits(self, order: Reordering) -> None:
        now = time.monotonic()
        first = [queue[0].line for queue in order.waiting.values()]
        self._came = {line: self._came.get(line, now) for line in first}

    def _judges_one(self, following: Following, order: Reordering) -> None:
        if not order.judges_one():
            self._is_at_fault(following)
        self._notes_who_waits(order)

    def _idles(self) -> None:
        """See to what cannot wait for a line: what has waited too long, progress, the end."""
        now = time.monotonic()
        if self._following is not None and self._order is not None:
            while self._came and not self._is_over:
                if now - min(self._came.values()) < self._request.window:
                    break
                self._judges_one(self._following, self._order)
        since = now - self._arriving.last_came
        if now >= self._next_progress:
            self._next_progress = now + BETWEEN_PROGRESS
            readings = 1 if self._following is None else len(self._following.worlds)
            self._on_progress(
                Watched(self._lines, self._waiting, readings, now - self._started, since)
            )
        idle = self._request.idle
        is_idle = idle is not None and since >= idle
        if self._is_over or ((is_idle or self._is_asked_to_end()) and not self._is_ending):
            self._is_ending = self._arriving.is_ending = True
        if self._is_over:
            raise _OverError

    @property
    def _waiting(self) -> int:
        of_order = () if self._order is None else self._order.waiting.values()
        return self._arriving.waiting + sum(map(len, of_order))

    # ---- What is told

    def _tells(self, text: str, is_loss: bool) -> None:
        """Tell what becomes of the files; behind what may be lost nothing is certain."""
        if not is_loss:
            self._on_told(Told(Kind.NOTICE, text))
            return
        self._doubt = self._doubt or text
        self._is_inconclusive(Told(Kind.INCONCLUSIVE, text))

    def _is_inconclusive(self, told: Told) -> None:
        self._inconclusive += 1
        if self._first is None or self._first.kind is not Kind.REFUSED:
            self._first = self._first or told
        self._on_told(told)

    def _is_at_fault(self, following: Following) -> None:
        """Tell of a line that no reading explains, or of which nobody can say; go on behind it."""
        verdict = following.verdict
        place = self._arriving.place(verdict.line or 0)
        if verdict.outcome is Outcome.REFUSED:
            self._is_refused(following, place)
        else:
            self._is_inconclusive(Told(Kind.INCONCLUSIVE, verdict.reason, place))
            self._doubt = self._doubt or f"{_at(place)} is inconclusive"
        if self._is_over:
            return
        self._faults = [each for each in self._faults if self._lines - each < GOOD_LINES]
        self._faults.append(self._lines)
        world = None
        if len(self._faults) <= MOST_FAULTS:
            try:
                world = behind(verdict)
            except TooManyReadingsError:
                world = verdict.worlds[0] if verdict.worlds else None
        if world is None:
            self._is_over = True
            self._on_told(Told(Kind.NOTICE, "given up: nothing is known of what is behind", place))
            return
        following.adopts(world)

    def _is_refused(self, following: Following, place: Place | None) -> None:
        refusal = explained(following.verdict)
        doubt = self._doubt or self._unheard_may_explain(following)
        if doubt:
            text = f"{refusal.why}; perhaps a consequence: {doubt}"
            self._is_inconclusive(Told(Kind.INCONCLUSIVE, text, place, refusal))
            return
        self._refused += 1
        told = Told(Kind.REFUSED, refusal.why, place, refusal)
        if self._first is None or self._first.kind is not Kind.REFUSED:
            self._first = told
        self._on_told(told)
        self._doubt = f"{_at(place)} is refused"
        self._is_over = not self._request.keeps_going

    def _unheard_may_explain(self, following: Following) -> str:
        """Return why servers of which no line tells may explain what is refused; "" if not."""
        recording = self._recording
        assert recording is not None
        unheard = [name for name in self._servers if name not in self._heard]
        if recording.liberties.are_all_told or not unheard:
            return ""
        if self._beginning:
            liberties = replace(recording.liberties, unlogged=frozenset(unheard), are_all_told=True)
            again = replace(recording, liberties=liberties, events=iter(self._beginning))
            found = Following(self._request.paths[0], again, is_thorough=True)
            if found.to_the_end(self._most).outcome is Outcome.REFUSED:
                return ""
        return f"{', '.join(unheard)} has logged nothing so far, and may have done what explains it"

    # ---- The end

    def report(self) -> WatchReport:
        """Return what was found so far."""
        following = self._following
        verdict = None if following is None else following.verdict
        outcome = Outcome.ACCEPTED
        if self._refused:
            outcome = Outcome.REFUSED
        elif self._inconclusive or self.is_stopped or not self._lines:
            outcome = Outcome.INCONCLUSIVE
        actions: Counter[str] = Counter()
        if following is not None and verdict is not None:
            path = verdict.breaks or following.worlds[0]
            actions = verdict.actions + Counter(step.action for step in path.steps())
        return WatchReport(
            outcome,
            self._lines - self._waiting_in_order,
            time.monotonic() - self._started,
            {str(each.path): each.number for each in self._tails},
            actions,
            0 if verdict is None else verdict.checked,
            tuple(each for each in self._servers if each not in self._heard),
            self._waiting + sum(each.has_begun_a_line for each in self._tails),
            self._refused,
            self._inconclusive,
            self._first,
            self.is_stopped,
        )

    @property
    def _waiting_in_order(self) -> int:
        return 0 if self._order is None else sum(map(len, self._order.waiting.values()))


class _OverError(Exception):
    """No more lines are wanted."""


class _NothingError(Exception):
    """There was no line at all."""


def _at(place: Place | None) -> str:
    return "a line" if place is None else f"{place[0]}:{place[1]}"
