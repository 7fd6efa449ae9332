"""The proof's protocol beside the node: each step of a server as actions of `spec.proof.protocol`.

A *shadow* is a state of the proof's protocol. It follows a cluster step by step: what a server does
in one step is told as actions of the proof, in order, each with its arguments; their formulas say
whether they are enabled, and what they change. Afterwards the shadow must show what the server is
and has sent. So a cluster that a shadow can follow everywhere does nothing that the proof leaves
out.

And the other way round: where a message comes in and the proof's formula would let the server vote,
lead, append or commit, the server must do so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import z3

from raft_ref import (
    AppendEntries,
    AppendEntriesRequest,
    AppendEntriesResponse,
    ClientRequest,
    Message,
    RequestVoteRequest,
    RequestVoteResponse,
    State,
)
from raft_ref.state import Role
from spec.proof.evaluation import Compiled, Structure, set_of, truth_of
from spec.proof.protocol import RELATIONS, Action, protocol
from spec.proof.protocol import State as Relations


class Taken(NamedTuple):
    """An action of the proof, by its title, and its arguments."""

    action: str
    arguments: tuple[Any, ...]


class ServerStep(NamedTuple):
    """One step of one server of the node.

    `received` is the message that it handles, `action` what it does without one; a restart has
    neither.
    """

    before: State
    after: State
    received: Message | None
    action: Any
    sends: tuple[Message, ...]


class Strayed(Exception):
    """A server's step is not what the proof's protocol allows or demands; the text says why."""


_TIMEOUT, _UPDATE_TERM, _RESTART = "Timeout", "UpdateTerm", "Restart"
_VOTE, _LEAD = "HandleRequestVoteRequest", "HandleRequestVoteResponse"
_CLIENT_REQUEST, _COMMIT = "ClientRequest", "AdvanceCommitIndex"
_SEND, _SEND_NONE = "AppendEntries", "AppendEntries (without entries)"
_APPEND, _APPEND_NONE = (
    "HandleAppendEntriesRequest",
    "HandleAppendEntriesRequest (without entries)",
)
_REFUSE = "HandleAppendEntriesRequest (refused)"


class _Compiled(NamedTuple):
    guard: Compiled
    changes: Sequence[tuple[str, Compiled]]


class Shadows:
    """Follows servers. Arguments: their names; what clients ask for; the highest term and index."""

    def __init__(
        self, servers: Sequence[str], values: Sequence[str], max_term: int, max_index: int
    ) -> None:
        majority = len(servers) // 2 + 1
        self._elements = {
            "Server": tuple(servers),
            "Quorum": tuple(
                frozenset(some)
                for size in range(majority, len(servers) + 1)
                for some in combinations(servers, size)
            ),
            "Term": tuple(range(max_term + 1)),
            "Index": tuple(range(max_index + 1)),
            "Value": tuple(values),
        }
        self._servers = tuple(servers)
        self._any = values[0]
        self._actions = {
            title: _compiled(action) for title, action in protocol().actions.items()
        }

    def initial(self) -> Structure:
        """Return the shadow of a cluster in which nothing has happened."""
        return Structure(self._elements, dict.fromkeys(RELATIONS, frozenset()))

    def follow(self, shadow: Structure, step: ServerStep) -> tuple[Structure, list[Taken]]:
        """Return the shadow after a server's step, and the actions that it is of the proof.

        Raises `Strayed` where the proof's protocol forbids the step, or shows something else.
        """
        taken: list[Taken] = []
        me, term = step.before.me, step.before.current_term
        message = step.received
        if message is not None and message.term > term:
            shadow = self._take(shadow, Taken(_UPDATE_TERM, (me, message.term)), taken)
        for each in self._told(shadow, step):
            shadow = self._take(shadow, each, taken)
        shown = [*_unlike(shadow, step.after), *_untold(shadow, step)]
        if shown:
            raise Strayed(f"after {_text(taken)}: {shown[0]}")
        return shadow, taken

    def is_enabled(self, shadow: Structure, taken: Taken) -> bool:
        """Return whether an action of the proof can be taken."""
        return bool(self._actions[taken.action].guard.call(shadow, *taken.arguments))

    def after(self, shadow: Structure, taken: Taken) -> Structure:
        """Return the shadow after an action of the proof."""
        changed = {
            relation: holds.call(shadow, *taken.arguments)
            for relation, holds in self._actions[taken.action].changes
        }
        return shadow._replace(relations={**shadow.relations, **changed})

    def _take(self, shadow: Structure, each: Taken, taken: list[Taken]) -> Structure:
        if not self.is_enabled(shadow, each):
            before = f" after {_text(taken)}" if taken else ""
            raise Strayed(f"the proof does not allow {_text([each])}{before}")
        taken.append(each)
        return self.after(shadow, each)

    def _told(self, shadow: Structure, step: ServerStep) -> Iterator[Taken]:
        """Yield the actions that a step is, once its server has adopted the message's term."""
        before, after = step.before, step.after
        match step.received or step.action:
            case RequestVoteRequest() as message:
                yield from self._vote(shadow, step, message)
            case RequestVoteResponse() as message:
                yield from self._lead(shadow, step, message)
            case AppendEntriesRequest() as message:
                yield from self._append(shadow, step, message)
            case AppendEntriesResponse() as message:
                yield from self._commit(shadow, step, message)
            case AppendEntries():
                (sent,) = step.sends
                assert isinstance(sent, AppendEntriesRequest)
                yield from self._entries(before, sent, before, _SEND, _SEND_NONE)
            case ClientRequest(value):
                yield Taken(
                    _CLIENT_REQUEST, (before.me, before.current_term, before.last_index + 1, value)
                )
            case None:
                yield Taken(_RESTART, (before.me,))
            case _ if after.current_term > before.current_term:
                yield Taken(_TIMEOUT, (before.me, after.current_term))
            case other:
                raise Strayed(f"the proof has no {type(other).__name__}")

    def _demand(self, shadow: Structure, each: Taken, is_done: bool) -> Iterator[Taken]:
        """Yield the action if the server did it; where it did not, it must not be enabled."""
        if is_done:
            yield each
        elif self.is_enabled(shadow, each):
            raise Strayed(f"the proof allows {_text([each])}, and the server does not do it")

    def _vote(
        self, shadow: Structure, step: ServerStep, message: RequestVoteRequest
    ) -> Iterator[Taken]:
        (response,) = step.sends
        assert isinstance(response, RequestVoteResponse)
        me, candidate = step.before, message.source
        mine = (me.last_index, me.last_term, me.log[-1].value if me.log else self._any)
        logged = {
            (index, term): value
            for server, at, index, term, value in shadow.relations["candidateLog"]
            if (server, at) == (candidate, message.term)
        }
        last = (message.last_log_index, message.last_log_term)
        theirs = (*last, logged.get(last, self._any))
        vote = Taken(_VOTE, (me.me, candidate, message.term, *mine, *theirs))
        yield from self._demand(shadow, vote, response.vote_granted)

    def _lead(
        self, shadow: Structure, step: ServerStep, message: RequestVoteResponse
    ) -> Iterator[Taken]:
        before, after = step.before, step.after
        voters = before.votes_granted | {message.source}
        becomes = after.role is Role.LEADER and before.role is not Role.LEADER
        if not message.vote_granted or voters not in self._elements["Quorum"]:
            if becomes:
                raise Strayed(f"{before.me} leads without the votes of a quorum")
            return
        lead = Taken(_LEAD, (before.me, message.term, voters, before.last_index))
        yield from self._demand(shadow, lead, becomes)

    def _entries(
        self,
        server: State,
        message: AppendEntriesRequest,
        holder: State,
        with_entry: str,
        without: str,
    ) -> Iterator[Taken]:
        """Yield an action for each entry of a request, or the one for none.

        `holder` has the entry before the first one, if any has.
        """
        index, term = message.prev_log_index, message.prev_log_term
        has = 0 < index <= holder.last_index
        value = holder.entries(index, index)[0].value if has else self._any
        if not message.entries:
            yield Taken(without, (server.me, message.term, index, term, value))
        for entry in message.entries:
            new = (index + 1, entry.term, entry.value)
            yield Taken(with_entry, (server.me, message.term, index, term, value, *new))
            index, term, value = new

    def _append(
        self, shadow: Structure, step: ServerStep, message: AppendEntriesRequest
    ) -> Iterator[Taken]:
        (response,) = step.sends
        assert isinstance(response, AppendEntriesResponse)
        before = step.before
        first, *others = self._entries(before, message, before, _APPEND, _APPEND_NONE)
        yield from self._demand(shadow, first, response.success)
        if response.success:
            yield from others
        elif message.term >= before.current_term:
            yield Taken(_REFUSE, (before.me, message.term))

    def _commit(
        self, shadow: Structure, step: ServerStep, message: AppendEntriesResponse
    ) -> Iterator[Taken]:
        before, after = step.before, step.after
        if before.role is not Role.LEADER or message.term > before.current_term:
            return
        for index in range(after.commit_index, before.last_index + 1):
            if index <= before.commit_index:
                continue
            stored = {
                server
                for server, match in zip(self._servers, after.match_index, strict=True)
                if match >= index or server == before.me
            }
            (entry,) = before.entries(index, index)
            quorum = frozenset(stored)
            if quorum not in self._elements["Quorum"]:
                if index == after.commit_index:
                    raise Strayed(f"{before.me} commits {index}, which no quorum has")
                continue
            commit = Taken(_COMMIT, (before.me, before.current_term, index, entry.value, quorum))
            yield from self._demand(shadow, commit, index == after.commit_index)


def _compiled(action: Action) -> _Compiled:
    relations, given = Relations(), action.given()
    guard = z3.And(*action.guard(relations, *given))
    changes = [
        (change.relation, set_of(change.holds, change.relation, given))
        for change in action.changes(relations, *given)
    ]
    return _Compiled(truth_of(guard, given), changes)


def _text(taken: Sequence[Taken]) -> str:
    return ", ".join(f"{each.action}{each.arguments!r}" for each in taken)


def _unlike(shadow: Structure, server: State) -> Iterator[str]:
    """Yield what a shadow shows of a server that is not so."""
    me, term, relations = server.me, server.current_term, shadow.relations
    log = {
        (me, index, entry.term, entry.value) for index, entry in enumerate(server.log, start=1)
    }
    shown = {
        "left": {(me, lower) for lower in range(term)},
        "log": log,
        "isCandidate": {(me,)} if server.role is Role.CANDIDATE else set(),
        "isLeader": {(me,)} if server.role is Role.LEADER else set(),
    }
    for name, expected in shown.items():
        found = {fact for fact in relations[name] if fact[0] == me}
        if found != expected:
            yield f"{name} of {me} is {sorted(found)} in the proof, {sorted(expected)} in the node"
    votes = {vote for voter, at, vote in relations["voted"] if (voter, at) == (me, term)}
    if votes != ({server.voted_for} - {None}):
        yield f"{me} voted for {sorted(votes)} in the proof, for {server.voted_for} in the node"


def _untold(shadow: Structure, step: ServerStep) -> Iterator[str]:
    """Yield the messages that were sent, and that a shadow does not know."""
    relations = shadow.relations
    for message in step.sends:
        match message:
            case RequestVoteRequest(source, _, term, index, last_term):
                log = [
                    (at, of)
                    for server, when, at, of, _ in relations["candidateLog"]
                    if (server, when) == (source, term)
                ]
                ends = max(log, default=(0, 0)) == (index, last_term)
                is_told = (source, term) in relations["requested"] and ends
            case RequestVoteResponse(source, dest, term, granted):
                is_told = not granted or (source, term, dest) in relations["voted"]
            case AppendEntriesRequest(_, _, term, index, prev_term, ()):
                is_told = (term, index, prev_term) in relations["asked"]
            case AppendEntriesRequest(_, _, term, index, prev_term, entries):
                terms = [prev_term, *(entry.term for entry in entries)]
                is_told = all(
                    (term, index + k, terms[k], index + k + 1, entry.term, entry.value)
                    in relations["appended"]
                    for k, entry in enumerate(entries)
                )
            case AppendEntriesResponse(source, _, term, success, match_index):
                acknowledged = range(1, match_index + 1) if success else ()
                is_told = all(
                    (source, term, index) in relations["acknowledged"] for index in acknowledged
                )
            case _:
                is_told = False
        if not is_told:
            yield f"the proof knows of no {message}"
