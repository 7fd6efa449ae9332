"""Step refinement for a node with states and messages of its own.

`as_raft` says what its states stand for, `as_raft_message` what its messages do. What it calls its
steps is its own matter: a step without a message must do what some action of Raft.tla does here, or
change nothing that the spec knows. What a leader has for itself in nextIndex and matchIndex is its
own matter too: no rule reads it. And a leader may append several entries and send to all in one
step, also where it comes to lead: then the step is several of the spec, one after the other, of
which nobody sees the middle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise, starmap
from pathlib import Path
from typing import Any

from raft_ref import (
    AppendEntries,
    AppendEntriesRequest,
    ClientRequest,
    CompactLog,
    InstallSnapshot,
    InstallSnapshotRequest,
    Role,
    State,
    Timeout,
)
from raft_ref.explorer import Event, Property, ServerId, View
from raft_ref.spec.files import RAFT
from raft_ref.spec.link.composition import action_of
from raft_ref.spec.link.refinement import Refinement, step_refinement

ProjectMessage = Callable[[Any], Any]
"""From a message to the message of `raft_ref` that it stands for; None for one of no matter."""

_OF_A_LEADER = (AppendEntriesRequest, InstallSnapshotRequest)

_OF_NO_MATTER = "(a step of its own)"


class ForeignRefinement:
    """Compares the steps of a node of one's own with the actions of Raft.tla.

    Arguments: the servers and values of the cluster; what states and messages stand for; the file
    of the protocol. Raises `SpecError` if the file cannot be loaded.
    """

    def __init__(
        self,
        servers: Sequence[ServerId],
        values: Sequence[str],
        project: Callable[[Any], State],
        project_message: ProjectMessage,
        path: Path = RAFT,
    ) -> None:
        self._refinement = Refinement(servers, values, path, foreign=True)
        self._servers, self._values = tuple(servers), tuple(values)
        self._project, self._project_message = project, project_message

    @property
    def as_property(self) -> Property:
        """The comparison, as a property of each server's steps."""
        return step_refinement(self.differences, self._refinement.name)

    def initial_differences(self, view: View) -> list[str]:
        """Return how the servers do not start as Init says, as text; none if they do."""
        states = {server: self._project(state) for server, state in view.states.items()}
        return self._refinement.initial_differences(replace(view, states=states, messages=()))

    def differences(self, before: View, event: Event) -> list[str]:
        """Return how a server's step differs from what the spec allows, as text; none if not."""
        assert event.server is not None
        here = self._view(before, event.server)
        message = None if event.message is None else self._project_message(event.message)
        sends = tuple(filter(None, map(self._project_message, event.sends)))
        after = self._view(event.after, event.server)
        known = replace(event, message=message, sends=sends, after=after)
        differences = self._of_one(here, known, is_of_no_message=event.message is None)
        if not differences or self._is_of_several(here, known, event.message is None):
            return []
        return differences

    def _is_of_several(self, here: View, known: Event, is_of_no_message: bool) -> bool:
        """Return whether a step is some of the spec: one, then requests of clients, then sends."""
        assert known.server is not None
        before, after = here.states[known.server], known.after.states[known.server]
        if after.role is not Role.LEADER:
            return False
        apart = [m for m in known.sends if isinstance(m, _OF_A_LEADER)]
        if not all(self._sends(known, m) for m in apart):
            return False
        rest = tuple(m for m in known.sends if m not in apart)
        for number in range(max(after.last_index - before.last_index, 0) + 1):
            logs = [after.log[: len(after.log) - left] for left in range(number, -1, -1)]
            ways = [
                replace(known.after, states={known.server: replace(after, log=log)}) for log in logs
            ]
            first = replace(known, sends=rest, after=ways[0])
            if not self._of_one(here, first, is_of_no_message=is_of_no_message):
                return all(starmap(partial(self._asks, known), pairwise(ways)))
        return False

    def _asks(self, known: Event, before: View, after: View) -> bool:
        """Return whether a client's request leads from one state of a server to another."""
        assert known.server is not None
        action = ClientRequest(after.states[known.server].log[-1].value)
        asked = replace(known, step="ClientRequest", action=action, message=None, sends=())
        return not self._refinement.differences(before, replace(asked, after=after))

    def _of_one(self, here: View, known: Event, *, is_of_no_message: bool) -> list[str]:
        """Return how a step differs from one of the spec."""
        assert known.server is not None
        if known.step == "Restart" or known.message is not None:
            return self._refinement.differences(here, known)
        stutter = replace(known, step=_OF_NO_MATTER, action=None)
        differences = self._refinement.differences(here, stutter)
        if not differences or not is_of_no_message:
            return differences
        least: list[str] | None = None
        for action in self._actions(here.states[known.server]):
            tried = replace(known, step=type(action).__name__, action=action)
            found = self._refinement.differences(here, tried)
            if not found:
                return []
            if least is None or len(found) < len(least):
                least = found
        return [f"no action of {self._refinement.name} does what {known.step} does", *(least or [])]

    def _sends(self, known: Event, message: Any) -> bool:
        """Return whether a server may send a message then, in a step of its own."""
        assert known.server is not None
        here = known.after.states[known.server]
        action = action_of(here, here, (message,))
        sent = replace(known, message=None, sends=(message,), step=type(action).__name__)
        return not self._refinement.differences(known.after, replace(sent, action=action))

    def _view(self, view: View, server: ServerId) -> View:
        return replace(view, states={server: self._project(view.states[server])}, messages=())

    def _actions(self, state: State) -> Iterator[Any]:
        """Yield the actions of the spec that a server might take without a message."""
        yield Timeout()
        yield from map(ClientRequest, self._values)
        yield from map(CompactLog, range(1, state.commit_index + 1))
        for peer in self._servers:
            if peer != state.me:
                yield InstallSnapshot(peer)
                yield from (AppendEntries(peer, count) for count in range(len(state.log) + 1))
