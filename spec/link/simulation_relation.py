"""The proof's protocol beside the node: each step of a server as actions of `spec.proof.protocol`.

A simulation relation: to each state of the cluster that is reached belongs an *abstract* state, one
of the proof's protocol. What a server does in one step is told as actions of the proof, in order,
each with its arguments; their formulas say whether they are enabled, and what they change.
Afterwards the abstract state must show what the server is and has sent. So a cluster that can be
followed everywhere does nothing that the proof leaves out.

And the other way round: where a message comes in and the proof's formula would let the server vote,
lead, append or commit, the server must do so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, ClassVar, NamedTuple

import z3

from raft_ref import (
    AppendEntries,
    AppendEntriesRequest,
    AppendEntriesResponse,
    ClientRequest,
    CompactLog,
    Entry,
    InstallSnapshot,
    InstallSnapshotRequest,
    InstallSnapshotResponse,
    Message,
    RequestVoteRequest,
    RequestVoteResponse,
    State,
)
from raft_ref.spec.proof.action import Action
from raft_ref.spec.proof.evaluation import Compiled, Structure, set_of, shown, truth_of
from raft_ref.spec.proof.invariant import CONJUNCTS, PROPERTIES, Conjunct
from raft_ref.spec.proof.protocol import STEP_DOWN, protocol
from raft_ref.spec.proof.relations import RELATIONS
from raft_ref.spec.proof.relations import State as Relations
from raft_ref.state import Role


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


class StrayedError(Exception):
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
_MATCH = "HandleAppendEntriesResponse"
_TELL, _HEAR = "AppendEntries (leaderCommit)", "HandleAppendEntriesRequest (leaderCommit)"

Witness = tuple[int, int, Any]
"""A committed entry by its term, its index and its value: on account of it others are, too."""


class _Compiled(NamedTuple):
    guard: Compiled
    changes: Sequence[tuple[str, Compiled]]


class SimulationRelation:
    """Follows servers. Arguments: their names; what clients ask for; the highest term and index."""

    sorts: ClassVar[Mapping[str, tuple[Any, ...]]] = RELATIONS
    """The relations of an abstract state, and their sorts."""
    properties: ClassVar[Sequence[Conjunct]] = PROPERTIES
    conjuncts: ClassVar[Sequence[Conjunct]] = CONJUNCTS
    """What the proof says of each abstract state, and is for, and what it needs for that."""

    def __init__(
        self, servers: Sequence[str], values: Sequence[str], max_term: int, max_index: int
    ) -> None:
        majority = len(servers) // 2 + 1
        self._elements: dict[str, Sequence[Any]] = {
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
        self._max_term, self._max_index = max_term, max_index
        self._any = values[0]
        self._actions = {
            title: _compiled(action, self.sorts) for title, action in self._protocol().items()
        }

    def _protocol(self) -> Mapping[str, Action]:
        return protocol().actions

    @property
    def titles(self) -> list[str]:
        """The actions of the proof that a step may be."""
        return [title for title in self._actions if title != STEP_DOWN]

    def initial(self) -> Structure:
        """Return the abstract state of a cluster in which nothing has happened."""
        return Structure(self._elements, dict.fromkeys(self.sorts, frozenset()))

    def follow(self, abstract: Structure, step: ServerStep) -> tuple[Structure, list[Taken]]:
        """Return the abstract state after a server's step, and the actions that it is of the proof.

        Raises `StrayedError` where the proof's protocol forbids the step, or shows something else;
        ValueError beyond the highest term and index.
        """
        after = step.after
        if after.current_term > self._max_term or after.last_index > self._max_index:
            raise ValueError(f"{after} is beyond what the relation was made for")
        taken: list[Taken] = []
        adopted = self._adopted(step)
        if adopted is not None:
            update = Taken(_UPDATE_TERM, (step.before.me, adopted))
            abstract = self._take(abstract, update, taken)
        for each in self._as_text(abstract, step):
            abstract = self._take(abstract, each, taken)
        wrong = [*_unlike(abstract, step.after, self._servers), *_unshown(abstract, step)]
        if wrong:
            raise strayed_after(taken, wrong[0])
        return abstract, taken

    def is_enabled(self, abstract: Structure, taken: Taken) -> bool:
        """Return whether an action of the proof can be taken."""
        return bool(self._actions[taken.action].guard.call(abstract, *taken.arguments))

    def after(self, abstract: Structure, taken: Taken) -> Structure:
        """Return the abstract state after an action of the proof."""
        changed = {
            relation: holds.call(abstract, *taken.arguments)
            for relation, holds in self._actions[taken.action].changes
        }
        return abstract._replace(relations={**abstract.relations, **changed})

    def _take(self, abstract: Structure, each: Taken, taken: list[Taken]) -> Structure:
        if not self.is_enabled(abstract, each):
            before = f" after {_text(taken)}" if taken else ""
            raise StrayedError(f"the proof does not allow {_text([each])}{before}")
        taken.append(each)
        return self.after(abstract, each)

    def _adopted(self, step: ServerStep) -> int | None:
        """Return the newer term that the server adopts before all else."""
        message = step.received
        if message is None or message.term <= step.before.current_term:
            return None
        return message.term

    def _as_text(self, abstract: Structure, step: ServerStep) -> Iterator[Taken]:
        """Yield the actions that a step is, once its server has adopted the message's term."""
        before = step.before
        match step.received or step.action:
            case RequestVoteRequest() as message:
                yield from self._vote(abstract, step, message)
            case RequestVoteResponse() as message:
                yield from self._lead(abstract, step, message)
            case AppendEntriesRequest() | InstallSnapshotRequest() as message:
                yield from self._append(abstract, step, message)
            case AppendEntriesResponse() | InstallSnapshotResponse() as message:
                yield from self._match(step, message)
                if isinstance(message, AppendEntriesResponse):
                    yield from self._commit(abstract, step)
            case AppendEntries() | InstallSnapshot():
                yield from self._send(abstract, step)
            case ClientRequest(value):
                yield Taken(
                    _CLIENT_REQUEST, (before.me, before.current_term, before.last_index + 1, value)
                )
            case CompactLog():
                pass  # the proof's logs keep what is compacted
            case None:
                yield Taken(_RESTART, (before.me, before.compacted))
            case _:
                yield Taken(_TIMEOUT, (before.me, step.after.current_term))

    def _demand(self, abstract: Structure, each: Taken, is_done: bool) -> Iterator[Taken]:
        """Yield the action if the server did it; where it did not, it must not be enabled."""
        if is_done:
            yield each
        elif self.is_enabled(abstract, each):
            raise StrayedError(f"the proof allows {_text([each])}, and the server does not do it")

    def _vote(
        self, abstract: Structure, step: ServerStep, message: RequestVoteRequest
    ) -> Iterator[Taken]:
        response = _response(step, message)
        assert isinstance(response, RequestVoteResponse)
        me, candidate = step.before, message.source
        own = _log(abstract, me.me)
        mine = (me.last_index, me.last_term, own[-1].value if own else self._any)
        logged = {
            (index, term): value
            for server, at, index, term, value in abstract.relations["candidateLog"]
            if (server, at) == (candidate, message.term)
        }
        last = (message.last_log_index, message.last_log_term)
        theirs = (*last, logged.get(last, self._any))
        vote = Taken(_VOTE, (me.me, candidate, message.term, *mine, *theirs))
        yield from self._demand(abstract, vote, response.vote_granted)

    def _lead(
        self, abstract: Structure, step: ServerStep, message: RequestVoteResponse
    ) -> Iterator[Taken]:
        before, after = step.before, step.after
        voters = before.votes_granted | {message.source}
        becomes = after.role is Role.LEADER and before.role is not Role.LEADER
        is_quorum = self._is_quorum(voters, *self._by(abstract, before.me))
        if not message.vote_granted or not is_quorum:
            if becomes:
                raise StrayedError(f"{before.me} leads without the votes of a quorum")
            return
        lead = self._leads(abstract, before, message.term, voters)
        yield from self._demand(abstract, lead, becomes)

    def _leads(self, abstract: Structure, me: State, term: int, voters: frozenset[str]) -> Taken:
        by = self._by(abstract, me.me)
        return Taken(_LEAD, (me.me, term, voters, me.last_index, *by))

    def _by(self, abstract: Structure, server: str) -> tuple[Any, ...]:
        """Return by what a server tells a quorum, as the proof's actions are given it: nothing."""
        return ()

    def _is_quorum(self, servers: frozenset[str], *by: Any) -> bool:
        return servers in self._elements["Quorum"]

    def _entries(
        self, server: str, sent: _Sent, log: Sequence[Entry], with_entry: str, without: str
    ) -> Iterator[Taken]:
        """Yield an action for each entry that is sent, or the one for none.

        `log` has the entry before the first one, if any has.
        """
        index, term = sent.prev_log_index, sent.prev_log_term
        value = log[index - 1].value if 0 < index <= len(log) else self._any
        if not sent.entries:
            yield Taken(without, (server, sent.term, index, term, value))
        for entry in sent.entries:
            new = (index + 1, entry.term, entry.value)
            yield Taken(with_entry, (server, sent.term, index, term, value, *new))
            index, term, value = new

    def _send(self, abstract: Structure, step: ServerStep) -> Iterator[Taken]:
        me = step.before.me
        log = _log(abstract, me)
        for message in step.sends:
            sent = _sent(message, log)
            yield from self._entries(me, sent, log, _SEND, _SEND_NONE)
            if sent.leader_commit > 0:
                because = witness(abstract, "applied", me, sent.leader_commit)
                yield Taken(_TELL, (me, sent.term, sent.leader_commit, *because))

    def _append(
        self,
        abstract: Structure,
        step: ServerStep,
        message: AppendEntriesRequest | InstallSnapshotRequest,
    ) -> Iterator[Taken]:
        response = _response(step, message)
        before = step.before
        is_done = getattr(response, "success", message.term >= before.current_term)
        log = _log(abstract, before.me)
        sent = _sent(message, self._snapshot_of(abstract, message))
        first, *others = self._entries(before.me, sent, log, _APPEND, _APPEND_NONE)
        yield from self._demand(abstract, first, is_done)
        if not is_done:
            if message.term >= before.current_term:
                yield Taken(_REFUSE, (before.me, message.term))
            return
        yield from others
        commit = min(sent.leader_commit, sent.prev_log_index + len(sent.entries))
        if commit > before.commit_index:
            because = witness(abstract, "told", sent.term, sent.leader_commit)
            yield Taken(_HEAR, (before.me, sent.term, sent.leader_commit, commit, *because))

    def _snapshot_of(self, abstract: Structure, message: Message) -> Sequence[Entry]:
        """Return entries that a snapshot stands for: those of the log of who sent it then."""
        if not isinstance(message, InstallSnapshotRequest):
            return ()
        logged = abstract.relations["leaderLog"]
        return _entries(fact for fact in logged if fact[0] == message.term)

    def _match(
        self, step: ServerStep, message: AppendEntriesResponse | InstallSnapshotResponse
    ) -> Iterator[Taken]:
        before = step.before
        is_ours = before.role is Role.LEADER and message.term == before.current_term
        if is_ours and message.match_index > 0:
            yield Taken(_MATCH, (before.me, message.source, message.term, message.match_index))

    def _commit(self, abstract: Structure, step: ServerStep) -> Iterator[Taken]:
        before, after, message = step.before, step.after, step.received
        if before.role is not Role.LEADER or after.role is not Role.LEADER:
            return
        if message is not None and message.term < before.current_term:
            return  # it teaches nothing; what a change lets be committed waits for its own step
        log, by = _log(abstract, before.me), self._by(abstract, before.me)
        for index in range(max(after.commit_index, before.commit_index + 1), len(log) + 1):
            matched = zip(self._servers, after.match_index, strict=True)
            stored = frozenset(each for each, match in matched if match >= index) | {before.me}
            if not self._is_quorum(stored, *by):
                if index == after.commit_index:
                    raise StrayedError(f"{before.me} commits {index}, which no quorum has")
                continue
            entry = log[index - 1]
            own = (before.me, before.current_term, index, entry.value, stored)
            commit = Taken(_COMMIT, (*own, *by))
            yield from self._demand(abstract, commit, index == after.commit_index)


def _response(step: ServerStep, message: Message) -> Message:
    """Return the one answer to a request. Raises `StrayedError` where there is not one."""
    if len(step.sends) != 1:
        raise StrayedError(f"{step.before.me} answers {message} {len(step.sends)} times")
    return step.sends[0]


class _Sent(NamedTuple):
    """What is sent in a request, or in a snapshot: that is all the entries that it stands for."""

    term: int
    prev_log_index: int
    prev_log_term: int
    entries: Sequence[Entry]
    leader_commit: int


def _sent(message: Message, log: Sequence[Entry]) -> _Sent:
    match message:
        case AppendEntriesRequest(_, _, term, index, prev_term, entries, commit):
            return _Sent(term, index, prev_term, entries, commit)
        case InstallSnapshotRequest(_, _, term, snapshot):
            last = snapshot.last_included_index
            return _Sent(term, 0, 0, log[:last], last)
    raise AssertionError(message)


def _log(abstract: Structure, server: str) -> list[Entry]:
    """Return the log of a server in the proof, which keeps what is compacted."""
    return _entries(fact for fact in abstract.relations["log"] if fact[0] == server)


def _entries(facts: Iterable[tuple[Any, ...]]) -> list[Entry]:
    """Return the entries of facts that end in index, term and value, in their order."""
    return [Entry(term, value) for *_, term, value in sorted(facts)]


def witness(abstract: Structure, relation: str, *known: Any) -> Witness:
    """Return on account of which entry something is known to be committed.

    Raises `StrayedError` if it is not.
    """
    found = [fact[2:] for fact in abstract.relations[relation] if fact[:2] == known]
    if not found:
        raise StrayedError(f"the proof knows of no {relation}{known}")
    term, index, value = min(found)
    return term, index, value


def _compiled(action: Action, sorts: Mapping[str, tuple[Any, ...]]) -> _Compiled:
    relations, given = Relations(sorts=sorts), action.given()
    guard = z3.And(*action.guard(relations, *given))
    changes = [
        (change.relation, set_of(change.holds, sorts[change.relation], given))
        for change in action.changes(relations, *given)
    ]
    return _Compiled(truth_of(guard, given), changes)


def strayed_after(taken: Sequence[Taken], why: str) -> StrayedError:
    """Return that the proof shows something else than the server, once it has followed a step."""
    return StrayedError(f"after {_text(taken) or 'no step of the proof'}: {why}")


def _text(taken: Sequence[Taken]) -> str:
    return ", ".join(f"{each.action}({', '.join(map(shown, each.arguments))})" for each in taken)


def _unlike(abstract: Structure, server: State, servers: Sequence[str]) -> Iterator[str]:
    """Yield what an abstract state shows of a server that is not so."""
    me, term, relations = server.me, server.current_term, abstract.relations
    in_node: dict[str, set[tuple[Any, ...]]] = {
        "left": {(me, lower) for lower in range(term)},
        "isCandidate": {(me,)} if server.role is Role.CANDIDATE else set(),
        "isLeader": {(me,)} if server.role is Role.LEADER else set(),
    }
    for name, expected in in_node.items():
        found = {fact for fact in relations[name] if fact[0] == me}
        if found != expected:
            yield f"{name} of {me} is {sorted(found)} in the proof, {sorted(expected)} in the node"
    yield from _unlike_log(_log(abstract, me), server)
    applied = max((index for name, index, *_ in relations["applied"] if name == me), default=0)
    if applied != server.commit_index:
        yield f"commitIndex of {me} is {applied} in the proof, {server.commit_index} in the node"
    matched = _matched(relations, server.me, servers)
    if server.role is Role.LEADER and matched != server.match_index:
        yield f"matchIndex of {me} is {matched} in the proof, {server.match_index} in the node"
    votes = {vote for voter, at, vote in relations["voted"] if (voter, at) == (me, term)}
    if votes != ({server.voted_for} - {None}):
        yield f"{me} voted for {sorted(votes)} in the proof, for {server.voted_for} in the node"


def _matched(
    relations: Mapping[str, frozenset[Any]], leader: str, servers: Sequence[str]
) -> tuple[int, ...]:
    """Return a leader's matchIndex as the proof has it."""
    indices = dict.fromkeys(servers, 0)
    for me, server, index in relations["matched"]:
        if me == leader:
            indices[server] = max(indices[server], index)
    return tuple(indices.values())


def _unlike_log(log: Sequence[Entry], server: State) -> Iterator[str]:
    compacted, me = server.compacted, server.me
    if tuple(log[compacted:]) != server.log:
        yield f"the log of {me} is {log} in the proof, {list(server.log)} in the node"
    snapshot = server.snapshot
    data = tuple(entry.value for entry in log[:compacted])
    last = log[compacted - 1].term if 0 < compacted <= len(log) else 0
    if (snapshot.last_included_term, snapshot.data) != (last, data):
        yield f"the snapshot of {me} is {data} in the proof, {snapshot} in the node"


def _unshown(abstract: Structure, step: ServerStep) -> Iterator[str]:
    """Yield the messages that were sent, and that an abstract state does not know."""
    relations = abstract.relations
    for message in step.sends:
        match message:
            case RequestVoteRequest(source, _, term, index, last_term):
                log = [
                    (at, of)
                    for server, when, at, of, _ in relations["candidateLog"]
                    if (server, when) == (source, term)
                ]
                ends = max(log, default=(0, 0)) == (index, last_term)
                is_shown = (source, term) in relations["requested"] and ends
            case RequestVoteResponse(source, dest, term, granted):
                is_shown = not granted or (source, term, dest) in relations["voted"]
            case AppendEntriesRequest() | InstallSnapshotRequest():
                is_shown = _is_shown(relations, _sent(message, _log(abstract, message.source)))
            case AppendEntriesResponse(source, _, term, _, match_index):
                is_shown = _is_acknowledged(relations, source, term, match_index)
            case InstallSnapshotResponse(source, _, term, match_index):
                is_shown = _is_acknowledged(relations, source, term, match_index)
        if not is_shown:
            yield f"the proof knows of no {message}"


def _is_shown(relations: Mapping[str, frozenset[Any]], sent: _Sent) -> bool:
    index, term = sent.prev_log_index, sent.prev_log_term
    terms = [term, *(entry.term for entry in sent.entries)]
    commits = {fact[:2] for fact in relations["told"]}
    return (
        (sent.leader_commit == 0 or (sent.term, sent.leader_commit) in commits)
        and (bool(sent.entries) or (sent.term, index, term) in relations["asked"])
        and all(
            (sent.term, index + k, terms[k], index + k + 1, entry.term, entry.value)
            in relations["appended"]
            for k, entry in enumerate(sent.entries)
        )
    )


def _is_acknowledged(
    relations: Mapping[str, frozenset[Any]], server: str, term: int, match_index: int
) -> bool:
    acknowledged = relations["acknowledged"]
    return all((server, term, index) in acknowledged for index in range(1, match_index + 1))
