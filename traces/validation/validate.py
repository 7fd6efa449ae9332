"""The verdict on a trace: whether it is a behaviour of the spec."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from raft_ref.spec import SpecError
from raft_ref.traces.format.opening import opened
from raft_ref.traces.format.trace import TraceError
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.lines.profile import LOOK_BACK, LinesOfFile, Profile, Recording
from raft_ref.traces.validation.lines.reordering import follow_in_any_order
from raft_ref.traces.validation.moves import Moves
from raft_ref.traces.validation.rules.invariants import Committed, Invariants
from raft_ref.traces.validation.rules.protocol import (
    Message,
    Protocol,
    ServerState,
    UnknownEntriesError,
)
from raft_ref.traces.validation.search import Search
from raft_ref.traces.validation.world import Step, World

LAST = 12
"""How many steps before a refusal are kept to be shown."""


class Outcome(StrEnum):
    """What was found."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    INCONCLUSIVE = "inconclusive"
    BAD_INPUT = "bad input"
    """Of files: it is no trace."""


@dataclass
class Verdict:
    """What was found of one trace.

    `lines` of it were followed, in at most `readings` ways at a time; `actions` says how often each
    action of the spec was taken, `checked` of how many steps the invariants were checked. `line`
    and `reason` say where and why it was refused, or given up; `worlds` are the readings before
    that line, `event` what it says, `last` the steps before.
    """

    path: Path
    outcome: Outcome = Outcome.ACCEPTED
    lines: int = 0
    readings: int = 1
    actions: Counter[str] = field(default_factory=Counter)
    checked: int = 0
    line: int | None = None
    reason: str = ""
    event: Event | None = None
    worlds: list[World] = field(default_factory=list)
    last: list[Step] = field(default_factory=list)
    search: Search | None = None
    looked_back: int = 0
    """How many lines before that one were followed in all readings."""
    breaks: World | None = None
    """Where steps of the spec explain the line, and break a property: the reading with them."""
    invariants: Invariants | None = None


LINES_BETWEEN_PROGRESS = 256


def validate(
    path: Path,
    profile: Profile,
    reorder: int = 0,
    on_progress: Callable[[int], None] = lambda characters: None,
    last: int = LAST,
    on_refusal: Callable[[Verdict], World | None] = lambda verdict: None,
) -> Verdict:
    """Return the verdict on the trace in a file.

    `last` is how many of its last steps the verdict keeps. `on_refusal` is called with a refusal,
    and returns the reading to go on with behind that line; None is the end (with `reorder` it is
    not called).

    At most `reorder` lines wait, because nothing explains them yet, until lines of other servers
    were followed: what a server received may stand before what another sent. `on_progress` is
    called now and then with how many characters were read.

    Each line is explained with the fewest silent moves. Where a line cannot be, the last lines are
    followed once more with all that the profile allows, so that a refusal does not hang on a choice
    that was made a while ago. Raises `TraceError` (`file:line: reason`) for what is no trace,
    `OSError` if it cannot be read.
    """
    with opened(path) as file:
        lines = LinesOfFile(file)
        try:
            recording = profile(lines)
            events = _telling(recording.events, lines, on_progress)
            following = Following(path, replace(recording, events=events), last=last)
            return following.to_the_end(reorder, on_refusal)
        except TraceError as error:
            raise TraceError(f"{path}:{max(lines.number, 1)}: {error}") from None
        except UnicodeDecodeError as error:
            reason = f"not UTF-8 text ({error.reason})"
            raise TraceError(f"{path}:{lines.number + 1}: {reason}") from None


def _telling(
    events: Iterator[Event], lines: LinesOfFile, on_progress: Callable[[int], None]
) -> Iterator[Event]:
    for number, event in enumerate(events):
        if number % LINES_BETWEEN_PROGRESS == 0:
            on_progress(lines.characters)
        yield event


class _Followed(NamedTuple):
    """A line that was followed, and what is needed to take that back."""

    event: Event
    worlds: list[World]
    last: list[Step]
    done: list[tuple[bool, Message]]
    settled: list[Step]


class Rules:
    """What the spec says of a cluster, and what was found of it so far, to be used again.

    Argument: the servers.
    """

    def __init__(self, servers: Sequence[str]) -> None:
        self.protocol = Protocol(servers)
        self.invariants = Invariants(self.protocol)


class Following:
    """Follows one recording, line by line, to its verdict.

    Arguments: where the recording stands, for people; the recording; the rules, if they have been
    used for the same servers before; how many of the last steps are kept.
    """

    def __init__(
        self, path: Path, recording: Recording, rules: Rules | None = None, last: int = LAST
    ) -> None:
        self._last = last
        self._broken_before: frozenset[str] = frozenset()
        self._recording = recording
        rules = rules or Rules(recording.servers)
        self._protocol = rules.protocol
        liberties = recording.liberties
        self._moves = Moves(self._protocol, recording.servers, liberties)
        self._search = Search(self._moves, recording.begins_at_init)
        self._has_choices = bool(liberties.silent) or liberties.may_decline
        self._behind: deque[_Followed] = deque(
            maxlen=LOOK_BACK[-1] if self._has_choices or liberties.unsynced else 1
        )
        self._invariants = rules.invariants
        self._checked_before = self._invariants.checked
        self.verdict = Verdict(path, search=self._search, invariants=self._invariants)
        self._started()

    def _started(self) -> None:
        search, moves = self._search, self._moves
        (world,) = search.worlds
        for name, logged in self._recording.initial.items():
            world = moves.started(world, moves.places[name], logged)
        search.worlds = [world._replace(committed=self._invariants.first)]

    def to_the_end(
        self,
        reorder: int = 0,
        on_refusal: Callable[[Verdict], World | None] = lambda verdict: None,
    ) -> Verdict:
        """Follow all lines, or until no reading is left; see `validate`."""
        if reorder:
            follow_in_any_order(self, self._recording.events, reorder)
        else:
            for event in self._recording.events:
                if not self.follows(event) and not self._goes_on_behind(on_refusal):
                    break
        self._counted()
        return self.verdict

    def _goes_on_behind(self, on_refusal: Callable[[Verdict], World | None]) -> bool:
        """Go on behind a line that is refused, if there is a reading for that."""
        verdict = self.verdict
        if verdict.outcome is not Outcome.REFUSED:
            return False
        world = on_refusal(verdict)
        if world is None:
            return False
        self.adopts(world)
        return True

    def _counted(self) -> None:
        """Count the actions since one reading was left: those of one of the readings."""
        path = self.verdict.breaks or self._search.worlds[0]
        self.verdict.actions.update(step.action for step in path.steps())

    def is_early(self, event: Event) -> bool:
        """Say whether a line receives a message that nobody has sent."""
        message, moves = event.message, self._moves
        if message is None or message["dest"] != event.server:
            return False
        return not any(any(True for _ in moves.messages(w, message)) for w in self.worlds)

    def may_follow(self, event: Event) -> bool:
        """Follow one line if the fewest silent moves explain it; else leave all as it was."""
        before = replace(self.verdict)
        if self._follows(event):
            return True
        self._behind.pop()
        if self.verdict.outcome is Outcome.REFUSED:
            self.verdict = before
        return False

    @property
    def is_undecided(self) -> bool:
        """Whether a limit was reached."""
        return self.verdict.outcome is Outcome.INCONCLUSIVE

    @property
    def states(self) -> dict[str, ServerState]:
        """The states of the servers that have started, in one of the readings so far."""
        first = self._protocol.first if self._recording.begins_at_init else None
        servers = zip(self._recording.servers, self._search.worlds[0].states, strict=True)
        return {name: known for name, state in servers if (known := state or first) is not None}

    @property
    def worlds(self) -> list[World]:
        """The readings so far."""
        return self._search.worlds

    def follows(self, event: Event) -> bool:
        """Follow one line; say whether to go on."""
        goes_on = self._follows_somehow(event)
        self.verdict.checked = self._invariants.checked - self._checked_before
        return goes_on

    def adopts(self, world: World) -> None:
        """Go on behind a line that was refused, with a reading that need be none of the spec.

        A property that is broken may stay so, and is not asked about again.
        """
        verdict = self.verdict
        if verdict.breaks is not None:
            self._broken_before |= {*verdict.reason.removeprefix("breaks ").split(", ")}
        self._behind.clear()
        self._settled(self._search.go_on([world]), is_last=True)
        verdict.outcome, verdict.reason, verdict.breaks = Outcome.ACCEPTED, "", None
        verdict.line = verdict.event = None
        verdict.worlds = []

    def _follows_somehow(self, event: Event) -> bool:
        if self._follows(event) or self._loses_writes(event):
            return True
        refused = replace(self.verdict, actions=Counter(self.verdict.actions))
        if refused.outcome is Outcome.REFUSED and self._has_choices:
            for count in LOOK_BACK:
                if self._again(count):
                    return True
                refused.looked_back = min(count, len(self._behind))
                if self.verdict.outcome is not Outcome.REFUSED:
                    break
        self.verdict = refused
        return False

    def _loses_writes(self, event: Event) -> bool:
        """Restart a server without its last steps, which nobody can know of.

        They might as well not have happened: what it received is lost, and it has sent nothing.
        """
        liberties = self._moves.liberties
        if "Restart" not in event.moves or self.verdict.outcome is not Outcome.REFUSED:
            return False
        place, worlds = self._moves.places[event.server], self._search.worlds
        refused = self.verdict.reason, self._behind.pop()
        for earlier in [*islice(self._unshown(event.server), liberties.unsynced)]:
            self._search.worlds = [
                world._replace(states=(*world.states[:place], earlier, *world.states[place + 1 :]))
                for world in worlds
            ]
            self.verdict.outcome, self.verdict.breaks = Outcome.ACCEPTED, None
            if self._follows(event):
                return True
            self._behind.pop()
        self._search.worlds = self.verdict.worlds = worlds
        self.verdict.outcome = Outcome.REFUSED
        self.verdict.reason = refused[0]
        self._behind.append(refused[1])
        return False

    def _unshown(self, server: str) -> Iterator[ServerState]:
        """Yield the earlier states of a server, back to when it last sent something."""
        for followed in reversed(self._behind):
            for step in reversed(followed.settled):
                if step.server == server:
                    if step.sends or step.before is None or step.action.startswith("Restart"):
                        return
                    yield step.before

    def _again(self, count: int) -> bool:
        """Follow the last lines once more, in all readings; say whether that explains them.

        If not, what was known of them is left as it was.
        """
        search, verdict, network = self._search, self.verdict, self._moves.network
        lines = verdict.lines
        before = [self._behind.pop() for _ in range(min(count, len(self._behind)))]
        for each in before:
            network.undo(each.done)
            verdict.actions.subtract(step.action for step in each.settled)
            verdict.lines -= each is not before[0]
        search.worlds, verdict.last = before[-1].worlds, before[-1].last
        verdict.outcome, verdict.reason, verdict.breaks = Outcome.ACCEPTED, "", None
        self._moves.is_thorough = True
        left = before[::-1]
        try:
            while left and self._follows(left.pop(0).event):
                pass
        finally:
            self._moves.is_thorough = False
        if verdict.outcome is Outcome.ACCEPTED:
            verdict.line = verdict.event = None
            return True
        for _ in range(len(before) - len(left)):
            network.undo(self._behind.pop().done)
        for each in reversed(before):
            network.redo(each.done)
            self._behind.append(each)
            verdict.actions.update(step.action for step in each.settled)
        verdict.lines = lines
        return False

    def _follows(self, event: Event) -> bool:
        search, verdict = self._search, self.verdict
        before = search.worlds
        if event.beyond:
            return self._ends(Outcome.INCONCLUSIVE, event, before, event.beyond)
        self._moves.network.done = []
        self._moves.told.update(event.before, event.after)
        self._behind.append(_Followed(event, before, verdict.last, self._moves.network.done, []))
        try:
            worlds = search.follow(event)
        except UnknownEntriesError as error:
            return self._ends(Outcome.INCONCLUSIVE, event, before, str(error))
        except SpecError as error:
            # Such as a number that is too large for the spec: nobody can say.
            return self._ends(Outcome.INCONCLUSIVE, event, before, error.reason)
        if not worlds:
            if self._moves.network.has_forgotten and event.message is not None:
                limit = self._moves.liberties.remembers
                reason = f"the message is none of the last {limit} that were sent"
                return self._ends(Outcome.INCONCLUSIVE, event, before, reason)
            return self._ends(Outcome.REFUSED, event, before, "")
        verdict.readings = max(verdict.readings, len(worlds))
        if len(worlds) > self._moves.liberties.candidates:
            reason = f"more than {self._moves.liberties.candidates} readings are possible"
            return self._ends(Outcome.INCONCLUSIVE, event, before, reason)
        verdict.lines += 1
        return self._goes_on(event, before, worlds)

    def _goes_on(self, event: Event, before: list[World], worlds: list[World]) -> bool:
        sound, broken = [], set[str]()
        for world in worlds:
            committed, names = self._checked(world, event.line)
            if new := {*names} - self._broken_before:
                broken.update(new)
            else:
                sound.append(world._replace(committed=committed))
        if not sound:
            self.verdict.breaks = worlds[0]
            return self._ends(Outcome.REFUSED, event, before, f"breaks {', '.join(sorted(broken))}")
        path = self._search.go_on(sound)
        if len(sound) == 1:
            self._settled(path)
        return True

    def _checked(self, world: World, line: int) -> tuple[Committed, list[str]]:
        """Return the history after the steps of a line, and the properties that they break."""
        invariants, places = self._invariants, self._moves.places
        first = self._protocol.first
        states = [each or first for each in world.states]
        new: list[tuple[Step, list[ServerState]]] = []
        for step in world.steps():
            if step.line != line:
                break
            states = [*states]
            states[places[step.server]] = step.before or first
            new.append((step, states))
        committed = world.committed
        broken: list[str] = []
        for step, states in reversed(new):
            committed, names = invariants.broken(
                states, places[step.server], step.after, committed,
                is_restart=step.action.startswith("Restart"),
            )  # fmt: skip
            broken += names
            for message in step.sends:
                broken += invariants.broken_by(message)
        for state in world.states:
            if state is not None:
                committed = invariants.recorded(committed, state)
        return committed, broken

    def _settled(self, path: Step | None, *, is_last: bool = False) -> None:
        """Count steps that all readings have; with `is_last` they cannot be taken back."""
        new = []
        while path is not None:
            new.append(path)
            path = path.previous
        for step in reversed(new):
            if not is_last:
                self._behind[-1].settled.append(step)
            self.verdict.actions[step.action] += 1
        self.verdict.last = [*self.verdict.last, *reversed(new)][-self._last :]

    def _ends(self, outcome: Outcome, event: Event, before: list[World], reason: str) -> bool:
        verdict = self.verdict
        verdict.outcome, verdict.line, verdict.event = outcome, event.line, event
        verdict.worlds, verdict.reason = before, reason
        return False
