"""The request to play a schedule, and the report of what happened."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from raft_ref import Action, Message, Node
from raft_ref.bugs import BUGS
from raft_ref.spec.requests import RequestError, probably
from raft_ref.traces.conformance.own_node import ACTIONS
from raft_ref.traces.conformance.schedule import Command, Schedule, read
from raft_ref.traces.format.flights import LOSS
from raft_ref.traces.format.opening import opened
from raft_ref.traces.format.trace import JsonObject, Trace, TraceError
from raft_ref.traces.playing.cluster import Cluster
from raft_ref.traces.playing.player import ExpectationError, Player
from raft_ref.traces.playing.script import parsed
from raft_ref.traces.sources.explored import message_to_json
from raft_ref.traces.story.words import listed


@dataclass(frozen=True)
class PlayReport:
    """What happened: the trace, and under which headings its steps stand.

    `headings` are texts by the number of the step before which they stand, from 1. `expected` is
    how many expectations hold; `not_so` says which does not (`file:line: reason`), at which the
    schedule ends; "" for none.
    """

    path: Path
    trace: Trace
    headings: tuple[tuple[int, str], ...] = ()
    expected: int = 0
    not_so: str = ""


@dataclass(frozen=True)
class PlayRequest:
    """Play a schedule on the reference node, or on a known bug of it.

    Raises `RequestError` for a bug that is none.
    """

    path: Path
    bug: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is no bug."""
        if self.bug is not None and self.bug not in BUGS:
            raise RequestError(f"bug: no {self.bug}; {probably(self.bug, BUGS)}")

    def run(self) -> PlayReport:
        """Play it to its end, or to what is not as expected.

        Raises `TraceError` (`file:line: reason`) for what cannot be read or is no step of the node,
        `OSError` for a file that cannot be opened.
        """
        try:
            with opened(self.path) as file:
                text = file.read()
        except UnicodeDecodeError as error:
            raise TraceError(f"{self.path}: not UTF-8 text (byte {error.start})") from None
        if text.lstrip().startswith("{"):
            return self._of_commands(read(self.path))
        return self._of_text(text)

    def _cluster(self, servers: tuple[str, ...], *, counts_copies: bool = False) -> Cluster:
        node = Node if self.bug is None else BUGS[self.bug].node
        return Cluster(node, servers, counts_copies=counts_copies)

    def _trace(self, cluster: Cluster) -> Trace:
        bug = [] if self.bug is None else ["--bug", self.bug]
        return cluster.trace(shlex.join(["raft-ref", "play", str(self.path), *bug]))

    def _of_text(self, text: str) -> PlayReport:
        try:
            script = parsed(text)
        except TraceError as error:
            raise TraceError(f"{self.path}:{error}") from None
        cluster = self._cluster(script.servers)
        player = Player(cluster)
        headings: list[tuple[int, str]] = []
        expected = 0
        for each in script.instructions:
            headings += [(len(cluster.steps) + 1, heading) for heading in each.headings]
            try:
                player.play(each)
            except ExpectationError as error:
                not_so = f"{self.path}:{each.line}: {each.text}: {error}"
                return PlayReport(
                    self.path, self._trace(cluster), tuple(headings), expected, not_so
                )
            except TraceError as error:
                raise TraceError(f"{self.path}:{each.line}: {error}") from None
            expected += each.expects
        headings += [(len(cluster.steps) + 1, heading) for heading in script.closing]
        return PlayReport(self.path, self._trace(cluster), tuple(headings), expected)

    def _of_commands(self, schedule: Schedule) -> PlayReport:
        cluster = self._cluster(schedule.servers, counts_copies=True)  # as `conform` does
        for number, command in enumerate(schedule.commands, start=1):
            try:
                _follow(cluster, command)
            except TraceError as error:
                raise TraceError(f"{self.path}: step {number}: {error}") from None
        return PlayReport(self.path, self._trace(cluster))


def _follow(cluster: Cluster, command: Command) -> None:
    if command.message is not None:
        told = command.message
        found = cluster.sent(told["source"], told["dest"], lambda each: _agrees(each, told))
        if command.step == LOSS:
            cluster.loses(found)
        else:
            cluster.receives(found, keeps=command.step == "ReceiveDuplicate")
    elif command.step == "Restart":
        cluster.restarts(str(command.server))
    else:
        cluster.acts(str(command.server), _action(command, cluster.servers))


def _action(command: Command, servers: tuple[str, ...]) -> Action:
    """Return what a server is to do; raises `TraceError` for what no server can."""
    if command.step not in ACTIONS:
        raise TraceError(f"the reference node knows no {command.step}")
    given = command.arguments
    peers = [each for each in servers if each != command.server]
    if "peer" in given and given["peer"] not in peers:
        raise TraceError(f"{command.step}: its peer is one of {listed(peers)}")
    for name in ("count", "index"):
        if name in given and type(given[name]) is not int:
            raise TraceError(f"{command.step}: {name} is a number")
    try:
        return ACTIONS[command.step](**given)
    except TypeError:
        raise TraceError(f"{command.step} has other arguments") from None


def _agrees(message: Message, told: JsonObject) -> bool:
    has = message_to_json(message)
    return all(has.get(name) == value for name, value in told.items())
