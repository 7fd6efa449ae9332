"""Line by line to the verdict: all readings of a recording, and back where a choice was wrong.

The rule: a line is refused only if no reading of all the lines up to it explains it. Those with the
fewest silent moves are looked at first, and the lines before once more in all readings.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

from raft_ref.spec import SpecError
from raft_ref.traces.format.features import CHANGES
from raft_ref.traces.format.trace import JsonObject, TraceError
from raft_ref.traces.validation.alternatives import differing
from raft_ref.traces.validation.contradictions import Told, ahead
from raft_ref.traces.validation.forgetting import MOST_ENTRIES, beginning
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.lines.profile import LOOK_BACK, TRIES, Recording
from raft_ref.traces.validation.lines.reordering import follow_in_any_order
from raft_ref.traces.validation.moves.moves import Moves
from raft_ref.traces.validation.moves.world import Step, World
from raft_ref.traces.validation.rules.changes import kinds
from raft_ref.traces.validation.rules.configurations import to_json
from raft_ref.traces.validation.rules.earlier import may_have_learnt
from raft_ref.traces.validation.rules.extended import ExtendedProtocol
from raft_ref.traces.validation.rules.invariants import Committed, Invariants
from raft_ref.traces.validation.rules.protocol import (
    Message,
    Protocol,
    ServerState,
)
from raft_ref.traces.validation.rules.remembered import Remembered, RememberedInvariants
from raft_ref.traces.validation.search import TRIED_TO_EXPLAIN, Search, TooManyReadingsError
from raft_ref.traces.validation.verdict import LAST, Outcome, Verdict


class _Followed(NamedTuple):
    """A line that was followed, and what is needed to take that back."""

    event: Event
    worlds: list[World]
    last: list[Step]
    done: list[tuple[bool, Message]]
    settled: list[Step]


def _steps(path: Step | None) -> list[Step]:
    """Return the steps of a path, the first first."""
    found = []
    while path is not None:
        found.append(path)
        path = path.previous
    return found[::-1]


class Rules:
    """What the spec says of a cluster, and what was found of it so far, to be used again.

    Arguments: the servers; the features that are on; whether what was found of steps `is_kept` for
    traces to come, since these begin alike.
    """

    def __init__(
        self,
        servers: Sequence[str],
        features: frozenset[str] = frozenset(),
        *,
        is_kept: bool = False,
    ) -> None:
        self.protocol = ExtendedProtocol(servers, features) if features else Protocol(servers)
        kind = RememberedInvariants if is_kept else Invariants
        self.invariants = kind(self.protocol)
        self.remembered = Remembered() if is_kept else None


class Following:
    """Follows one recording, line by line, to its verdict.

    Arguments: where the recording stands, for people; the recording; the rules, if they have been
    used for the same servers before; how many of the last steps are kept; whether to follow all
    readings from the beginning, and whether that is given up where a line has too many.
    """

    def __init__(
        self,
        path: Path,
        recording: Recording,
        rules: Rules | None = None,
        last: int = LAST,
        *,
        is_thorough: bool = False,
        falls_back: bool = False,
    ) -> None:
        self._last, self._falls_back = last, falls_back
        self._has_too_many = False
        self._broken_before: frozenset[str] = frozenset()
        self._recording = recording
        rules = rules or Rules(recording.servers, recording.features)
        self._protocol = rules.protocol
        liberties = recording.liberties
        self._moves = Moves(self._protocol, recording.servers, liberties, rules.remembered)
        self._search = Search(self._moves, recording.begins_at_init)
        self._has_choices = bool(liberties.silent or liberties.may_decline or liberties.unsynced)
        looks_back = self._has_choices and not is_thorough
        self._behind: deque[_Followed] = deque(maxlen=LOOK_BACK[-1] if looks_back else 1)
        self._behind_that = 0
        """How many lines cannot be followed once more."""
        self._told = Told(liberties)
        self._moves.is_thorough = self._is_thorough_throughout = is_thorough
        self._invariants = rules.invariants
        self._checked_before = self._invariants.checked
        self.verdict = Verdict(path, search=self._search, invariants=self._invariants)
        self._started()

    def _started(self) -> None:
        search, moves = self._search, self._moves
        (world,) = search.worlds
        begun = dict(self._recording.initial)
        if self._recording.begins_at_init:
            begun |= {name: {} for name in moves.liberties.unlogged if name not in begun}
        for name, logged in begun.items():
            world = moves.started(world, moves.places[name], logged)
        world = world._replace(committed=self._invariants.first)
        knowing, known = world, dict(moves.begun)
        if self._recording.begins_at_init:
            known = {**dict.fromkeys(moves.names, (self._protocol.first, {})), **known}
        for name in moves.begun if moves.liberties.may_decline else ():
            state = may_have_learnt(self._protocol, known, name)
            if state is not None:
                knowing = knowing.with_state(moves.places[name], state)
        search.worlds = [world] if knowing is world else [world, knowing]

    def to_the_end(
        self,
        reorder: int = 0,
        on_refusal: Callable[[Verdict], World | None] = lambda verdict: None,
    ) -> Verdict:
        """Follow all lines, or until no reading is left; see `validate`."""
        if reorder:
            follow_in_any_order(self, self._recording.events, reorder)
            if self.verdict.outcome is Outcome.REFUSED:
                on_refusal(self.verdict)
        else:
            events = iter(self._recording.events)
            for event in events:
                if not self.follows(event) and not self._goes_on_behind(on_refusal):
                    if self.is_undecided and self._has_too_many:
                        self._told.add(event)
                        self._goes_by_lines_alone(events, on_refusal)
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
        self._moves.is_patient = True
        try:
            if self._follows(event):
                self._told.add(event)
                return True
        finally:
            self._moves.is_patient = False
        self._behind.pop()
        if self.verdict.outcome is Outcome.REFUSED:
            self.verdict = before
        return False

    @property
    def is_undecided(self) -> bool:
        """Whether a limit was reached."""
        return self.verdict.outcome is Outcome.INCONCLUSIVE

    @property
    def is_thorough(self) -> bool:
        """Whether all readings are followed from the beginning."""
        return self._is_thorough_throughout

    @property
    def states(self) -> dict[str, ServerState]:
        """The states of the servers that have started, in one of the readings so far."""
        first = self._protocol.first if self._recording.begins_at_init else None
        servers = zip(self._recording.servers, self._search.worlds[0].states, strict=True)
        return {name: known for name, state in servers if (known := state or first) is not None}

    def variables(self, server: str) -> dict[str, Any]:
        """Return what features have beside Raft's variables at a server, as values of the spec."""
        state = self.states.get(server)
        return (
            {} if state is None else dict(zip(self._protocol.beside, state.features, strict=False))
        )

    @property
    def configurations(self) -> dict[str, JsonObject]:
        """The configurations that those servers go by, as a trace has them, where these change."""
        if "Membership" not in self._protocol.features:
            return {}
        return {name: to_json(self._protocol.configuration(st)) for name, st in self.states.items()}

    @property
    def worlds(self) -> list[World]:
        """The readings so far."""
        return self._search.worlds

    def follows(self, event: Event) -> bool:
        """Follow one line; say whether to go on."""
        goes_on = self._follows_somehow(event)
        if goes_on:
            self._told.add(event)
        self.verdict.checked = self._invariants.checked - self._checked_before
        return goes_on

    def forget(self, most: int = MOST_ENTRIES) -> None:
        """Let go what no line to come can need of an accepted past, so that it may go on for ever.

        That is what all readings have in common, and of the logs what is committed and everybody
        has; besides, all but the last `most` entries that are committed: a server that lacks more
        cannot be judged by them when it comes back.
        """
        if self._behind and self._behind[-1].done is self._moves.network.done:
            self._settled(self._search.settle())
        self._moves.forget()
        worlds = [*(self._behind[0].worlds if self._behind else ()), *self._search.worlds]
        sent = [*self._moves.network, *(each for world in worlds for each in world.sent)]
        begins = beginning(worlds, sent, most)
        if begins is not None:
            self._protocol.logs.forget(*begins)

    def adopts(self, world: World) -> None:
        """Go on behind a line that was refused, with a reading that need be none of the spec.

        A property that is broken may stay so, and is not asked about again.
        """
        verdict = self.verdict
        if verdict.breaks is not None:
            self._broken_before |= {*verdict.reason.removeprefix("breaks ").split(", ")}
        self._behind.clear()
        self._behind_that = 0
        self._told, self._has_too_many = Told(self._moves.liberties), False
        self._settled(_steps(self._search.go_on([world])), is_last=True)
        verdict.outcome, verdict.reason, verdict.breaks = Outcome.ACCEPTED, "", None
        verdict.line = verdict.event = None
        verdict.worlds = []

    def _follows_somehow(self, event: Event) -> bool:
        if self._follows(event):
            return True
        if not event.beyond and (contradiction := self._told.contradiction(event)):
            self._contradicts(event, contradiction)
            return False
        if self._has_too_many and self._falls_back and self._is_thorough_throughout:
            return self._follows_one(event)
        may_choose = self._has_choices and not self._moves.is_thorough
        return self.verdict.outcome is Outcome.REFUSED and may_choose and self._in_other_readings()

    def _contradicts(self, event: Event, contradiction: str) -> None:
        verdict = self.verdict
        if verdict.outcome is not Outcome.REFUSED:
            verdict.outcome, verdict.reason = Outcome.REFUSED, ""
        verdict.line, verdict.event, verdict.contradiction = event.line, event, contradiction

    def _goes_by_lines_alone(
        self, events: Iterator[Event], on_refusal: Callable[[Verdict], World | None]
    ) -> None:
        """Refuse what lines behind a limit of the search say against each other, if they do."""
        given_up = self.verdict.line
        with suppress(TraceError):
            for event in takewhile(lambda event: not event.beyond, events):
                if contradiction := self._told.contradiction(event):
                    self._contradicts(event, contradiction)
                    self.verdict.given_up = given_up
                    on_refusal(self.verdict)
                    return
                self._told.add(event)

    def _follows_one(self, event: Event) -> bool:
        """Follow a line, and those to come, with the fewest silent moves; say whether to go on.

        All readings that there are up to here are kept, to be followed once more if need be.
        """
        self._moves.is_thorough = self._is_thorough_throughout = False
        self._behind = deque(maxlen=LOOK_BACK[-1])
        self._behind_that = 0
        verdict = self.verdict
        verdict.outcome, verdict.reason, verdict.readings = Outcome.ACCEPTED, "", 1
        verdict.line = verdict.event = None
        if not self._follows_somehow(event):
            return False
        self._settled(_steps(self._search.go_on(self._search.worlds[:1])))
        return True

    def _in_other_readings(self) -> bool:
        """Follow the last lines once more, back to the first if need be; say whether to go on."""
        verdict = self.verdict
        refused = replace(verdict, actions=Counter(verdict.actions))
        self._search.tries = TRIES * self._moves.liberties.candidates
        for lines in LOOK_BACK:
            # Not far from the beginning, all of it at once.
            count = len(self._behind) if len(self._behind) <= 4 * lines else lines
            if self._again(count):
                return True
            if verdict.outcome is not Outcome.REFUSED:
                refused.outcome, refused.reason = verdict.outcome, verdict.reason
                break
            refused.looked_back = min(count, len(self._behind))
            if count >= len(self._behind):
                break
        if self._behind_that and refused.outcome is Outcome.REFUSED:
            refused.outcome, refused.is_open_before = Outcome.INCONCLUSIVE, True
            refused.reason = f"what is before the last {LOOK_BACK[-1]} lines can be read otherwise"
        if self._moves.open_beginning and refused.outcome is Outcome.REFUSED:
            refused.outcome, refused.reason = Outcome.INCONCLUSIVE, self._moves.open_beginning
        self.verdict = refused
        return False

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
            verdict.changes.subtract(self._changes(each.settled))
            verdict.lines -= each is not before[0]
        search.worlds, verdict.last = before[-1].worlds, before[-1].last
        verdict.outcome, verdict.reason, verdict.breaks = Outcome.ACCEPTED, "", None
        self._moves.is_thorough = True
        self._moves.unknown = ""
        left = before[::-1]
        told = ahead([each.event for each in left], self._moves.liberties)
        try:
            while left:
                search.ahead = told[-len(left)]
                if not self._follows(left.pop(0).event):
                    break
        finally:
            self._moves.is_thorough, search.ahead = False, {}
        if verdict.outcome is Outcome.ACCEPTED:
            verdict.line = verdict.event = None
            return True
        for _ in range(len(before) - len(left)):
            network.undo(self._behind.pop().done)
        for each in reversed(before):
            network.redo(each.done)
            self._behind.append(each)
            verdict.actions.update(step.action for step in each.settled)
            verdict.changes.update(self._changes(each.settled))
        verdict.lines = lines
        return False

    def _readings(self, event: Event) -> list[World]:
        """Return the readings that a line allows.

        Where few tries do not tell, no more are made for a line that others stand against.
        """
        search = self._search
        if self._moves.is_thorough and not self._is_thorough_throughout:
            return search.follow(event)
        most = TRIES * self._moves.liberties.candidates
        search.tries = few = min(TRIED_TO_EXPLAIN * len(search.worlds), most)
        try:
            return search.follow(event)
        except TooManyReadingsError:
            if few == most or self._told.contradiction(event):
                raise
        search.tries = most
        return search.follow(event)

    def _follows(self, event: Event) -> bool:
        search, verdict = self._search, self.verdict
        before = search.worlds
        if event.beyond:
            return self._ends(Outcome.INCONCLUSIVE, event, before, event.beyond)
        self._moves.network.done = []
        self._moves.told.update(event.before, event.after)
        if "BeginRound" in event.moves or "round" in (event.message or {}):
            self._moves.told.add("readRound")
        self._behind_that += len(self._behind) == self._behind.maxlen
        self._behind.append(_Followed(event, before, verdict.last, self._moves.network.done, []))
        if not self._moves.is_thorough:
            self._moves.unknown = ""
        try:
            worlds = self._readings(event)
        except SpecError as error:
            # Such as a number that is too large for the spec: nobody can say.
            return self._ends(Outcome.INCONCLUSIVE, event, before, error.reason)
        except TooManyReadingsError:
            self._has_too_many = True
            reason = f"line {event.line} can be read in too many ways; {self._open(before)}"
            return self._ends(Outcome.INCONCLUSIVE, event, before, reason)
        if not worlds:
            if self._moves.unknown and (self._moves.is_thorough or not self._has_choices):
                return self._ends(Outcome.INCONCLUSIVE, event, before, self._moves.unknown)
            if event.message and self._moves.network.may_have_forgotten(event.message):
                limit = self._moves.liberties.remembers
                reason = f"the message is none of the last {limit} that were sent"
                return self._ends(Outcome.INCONCLUSIVE, event, before, reason)
            return self._ends(Outcome.REFUSED, event, before, "")
        verdict.readings = max(verdict.readings, len(worlds))
        if len(worlds) > self._moves.liberties.candidates:
            self._has_too_many = True
            reason = (
                f"line {event.line} allows more than {self._moves.liberties.candidates} readings; "
                f"{self._open(worlds)}"
            )
            return self._ends(Outcome.INCONCLUSIVE, event, before, reason)
        verdict.lines += 1
        try:
            return self._goes_on(event, before, worlds)
        except SpecError as error:
            return self._ends(Outcome.INCONCLUSIVE, event, before, error.reason)

    def _open(self, worlds: list[World]) -> str:
        return f"they differ in {differing(worlds, self._moves.names)}: to log that would tell"

    def _goes_on(self, event: Event, before: list[World], worlds: list[World]) -> bool:
        sound, broken = [], set[str]()
        for world in worlds:
            committed, names = self._checked(world, event.line)
            if new := {*names} - self._broken_before:
                broken.update(new)
            else:
                is_same = committed is world.committed
                sound.append(world if is_same else world._replace(committed=committed))
        if not sound:
            self.verdict.breaks = worlds[0]
            return self._ends(Outcome.REFUSED, event, before, f"breaks {', '.join(sorted(broken))}")
        path = self._search.go_on(sound)
        if len(sound) == 1:
            self._settled(_steps(path))
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
            earlier = committed
            committed, names = invariants.broken(
                states, places[step.server], step.after, committed,
                is_restart=step.action.startswith("Restart"),
            )  # fmt: skip
            if names and step.before is not None:
                # A cluster need not begin in a state that Raft.tla could reach.
                was = invariants.broken_alone(places[step.server], step.before, earlier)
                names = tuple(name for name in names if name not in was)
            broken += names
            for message in step.sends:
                broken += invariants.broken_by(message)
        for state in world.states:
            if state is not None and state.commit_index > committed.log.index:
                committed = invariants.recorded(committed, state)
        return committed, broken

    def _settled(self, new: list[Step], *, is_last: bool = False) -> None:
        """Count steps that all readings have; with `is_last` they cannot be taken back."""
        for step in new:
            if not is_last:
                self._behind[-1].settled.append(step)
            self.verdict.actions[step.action] += 1
        if "Membership" in self._protocol.features:
            self.verdict.changes.update(self._changes(new))
        self.verdict.last = [*self.verdict.last, *new][-self._last :]

    def _changes(self, steps: Iterable[Step]) -> Iterator[str]:
        """Yield what changes of the membership steps are."""
        for step in steps:
            if step.before is not None and step.action in (*CHANGES, "ChangeTo"):
                before = to_json(self._protocol.configuration(step.before))
                yield from kinds(step.server, before, to_json(step.after.log.configuration))

    def _ends(self, outcome: Outcome, event: Event, before: list[World], reason: str) -> bool:
        verdict = self.verdict
        verdict.outcome, verdict.line, verdict.event = outcome, event.line, event
        verdict.worlds, verdict.reason = before, reason
        return False
