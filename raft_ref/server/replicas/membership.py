"""A running server whose cluster changes its members: when it takes the steps of Membership.

- Who is added is a learner first (AddLearner): it is sent entries and counts in no majority, so
  that nobody waits for it. It is promoted (PromoteLearner) once it has caught up, and not before: a
  voter that is behind could keep the others from committing anything (thesis, 4.2.1).
- A change waits until the one before is committed, and until its leader has committed an entry of
  its own term, and is answered once it is committed itself. One that is asked for again, because
  nobody heard the answer, is answered at once if it is done.
- Nobody is removed without whom no majority of the others would answer now, as nothing could be
  committed then, the removal neither.
- What must not be done now, but may be soon, is refused after a moment.
- Who waits to be added says so to whoever asks it for anything.
- Who knows by a committed configuration that it was removed takes part no longer: it stands for no
  election, and serves nobody. A leader that is removed leads until then (StepDown; 4.2.2).

A node knows the servers that it was made for; one that a configuration brings, or that speaks, is
made known to it (`StoreNode.with_more`).
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from raft_ref.features import (
    AddLearner,
    Commit,
    Feature,
    PromoteLearner,
    RemoveServer,
    StepDown,
    TakeLead,
)
from raft_ref.features.configuration import is_majority
from raft_ref.messages import ServerId
from raft_ref.node import ClientRequest, Step
from raft_ref.server.codec import Envelope
from raft_ref.server.members import Members
from raft_ref.server.replicas.extended import ExtendedReplica
from raft_ref.server.replicas.replica import (
    IN_PRACTICE,
    LONG_AGO,
    MEMBERS,
    NEVER,
    VOTES,
    Change,
    ChangeKind,
    Key,
    Observer,
    RequestId,
    Timing,
)
from raft_ref.server.store import Result
from raft_ref.server.store_node import StoreNode
from raft_ref.state import State


class Member(msgspec.Struct, frozen=True):
    """A member as a leader knows it: how far its log matches the leader's, and whether it votes.

    One `is_up` that has answered lately.
    """

    name: ServerId
    address: str | None
    is_voter: bool
    match_index: int
    leads: bool = False
    is_up: bool = True


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A change that a client waits for; `due` is when it is refused, if it must not be made."""

    request: RequestId
    change: Change
    due: float


class _Answer(NamedTuple):
    """The answer to a change that is not to be made; it may be another one soon."""

    result: Result
    is_for_now: bool = False


WAITS, WAS_ADDED = "waits to be added", "does not know yet whether it was added"
"""What a server says of itself that joins and is no member yet, as far as it knows."""


class MembershipReplica(ExtendedReplica):
    """A replica of an `ExtendedNode`, whose members can change if it is a `StoreNode`."""

    _now = LONG_AGO  # of the last flush

    def __init__(
        self,
        node: Any,
        me: ServerId,
        chance: random.Random,
        now: float,
        saved: State | None = None,
        timing: Timing = IN_PRACTICE,
        observe: Observer = lambda before, event, step: None,
    ) -> None:
        super().__init__(node, me, chance, now, saved, timing, observe)
        self._changes: list[_Wanted] = []  # those that wait
        self._in_force: Members | None = None
        self._follow_members()

    @property
    def members(self) -> Members | None:
        """The configuration in force here; None where it does not change."""
        return self._in_force

    @property
    def is_removed(self) -> bool:
        """Whether it is committed that this server is a member no longer."""
        return self.has_removed(self.me)

    def has_removed(self, server: ServerId) -> bool:
        """Tell whether it is committed that a server is a member no longer."""
        committed = self.store.members
        return committed is not None and server in committed.removed

    # What happens

    def receive(self, envelope: Envelope, now: float) -> None:
        """Take a message from a server, which may be one that is not known here yet."""
        if self._in_force is not None:
            self._know({envelope.message.source})
        super().receive(envelope, now)

    def tick(self, now: float) -> None:
        """Let time pass."""
        if not self.is_removed or self._leading is not None:
            super().tick(now)

    @property
    def due(self) -> float:
        """The time at which `tick` and `flush` have something to do if nothing happens before."""
        return NEVER if self.is_removed and self._leading is None else super().due

    def would_add(self, server: ServerId, address: str) -> bool:
        """Tell whether this server leads, and adding another would be a change that may be made."""
        members = self._in_force
        if self._leading is None or members is None:
            return False
        return self._answer_to_add(members, server, address) is None

    def change(self, request: RequestId, change: Change, now: float) -> None:
        """Take the wish that the members are others; it is answered once that is committed."""
        if not self._has(Feature.MEMBERSHIP):
            super().change(request, change, now)
        elif self._leading is None:
            self._refuse(request)
        else:
            due = now + 2 * self.timing.election_timeout[1]
            self._changes.append(_Wanted(request, change, due))

    def _take(self, step: Step, event: Any, number: int, now: float) -> None:
        before = self.state
        super()._take(step, event, number, now)
        is_same = before.log is self.state.log and before.snapshot is self.state.snapshot
        if not is_same and not isinstance(event, ClientRequest):  # that is no configuration
            self._follow_members()

    def _stand(self, now: float) -> None:
        if self._in_force is not None and not self.node.may_be_elected(self.state):
            self.leader = None
            self._wait_for_leader(now)
            return
        super()._stand(now)
        if self._in_force is not None and self.node.take_lead(self.state) is not None:
            self._act(TakeLead(), now)

    def _stop_leading(self, now: float) -> None:
        super()._stop_leading(now)
        for wanted in self._changes:
            self._refuse(wanted.request)
        self._changes = []

    def _refuse(self, request: RequestId) -> None:
        super()._refuse(request)
        if self._in_force is None or not self._is_unsure():
            return
        name, reply = self._replies[-1]
        why = WAS_ADDED if self._in_force.members else WAITS
        told = Result(succeeded=False, value=self.me, refused=why)
        self._replies[-1] = name, reply._replace(result=told)

    def _is_unsure(self) -> bool:
        """Tell whether this server has joined, and knows of no configuration that is committed."""
        return self.store.members is None and not self.node.configuration_at(self.state, 0).members

    # Who the members are

    def _follow_members(self) -> None:
        """Go by the configuration in force, if it is another one now."""
        if not self._has(Feature.MEMBERSHIP):
            return
        assert isinstance(self.node, StoreNode)
        found = self.node.members(self.state)
        if found is self._in_force:
            return
        self._in_force = found
        self._know(found.members)
        if self._leading is not None:
            others = self._others()
            peers = self._leading.peers
            self._leading.peers = {each: peers.get(each) or self._peer(each) for each in others}

    def _know(self, servers: Iterable[ServerId]) -> None:
        new = sorted({*servers} - {*self.node.servers})
        if new:
            assert isinstance(self.node, StoreNode)
            self.node = self.node.with_more(new)
            self.state = self.node.widened(self.state)

    def _found(self, key: Key) -> Result:
        if key is not MEMBERS or self._in_force is None:
            return super()._found(key)
        return Result(value=msgspec.json.encode(self._listed(self._in_force)).decode())

    def _listed(self, members: Members) -> list[Member]:
        match_index = dict(zip(self.node.servers, self.state.match_index, strict=True))
        match_index[self.me] = self.state.last_index
        recent = self._now - 4 * self.timing.election_timeout[1]
        return [
            Member(
                name,
                members.address_of(name) or self._addresses().get(name),
                name in members.voters,
                match_index[name],
                name == self.me,
                name == self.me or self._answered.get(name, self._led_since) >= recent,
            )
            for name in sorted(members.members)
        ]

    def _start_leading(self, now: float) -> None:
        self._led_since = now
        super()._start_leading(now)

    def _addresses(self) -> dict[ServerId, str]:
        assert isinstance(self.node, StoreNode)
        return self.node.addresses

    # What a leader does about changes

    def _attend_to_members(self, now: float) -> None:
        self._now = now
        members = self._in_force
        if self._leading is None or members is None:
            return
        if members.voters == {self.me}:
            self._commit(now)
        waiting, self._changes = self._changes, []
        for wanted in waiting:
            self._attend_to_change(wanted, now)
        if self._in_force is not members:
            self._commit(now)
        if self.node.step_down(self.state) is not None:
            self._act(StepDown(), now)

    def _commit(self, now: float) -> None:
        """Commit what a majority has stored already, now that it is one, or the leader alone."""
        if self.node.commit(self.state) is not None:
            self._act(Commit(), now)
            self._apply()

    def _attend_to_change(self, wanted: _Wanted, now: float) -> None:
        """Make a change, if it can be made now; else answer it, or let it wait."""
        assert self._leading is not None
        change, answer = wanted.change, self._answer_to(wanted.change, now)
        if answer is not None:
            is_final = bool(answer.result.refused) or self.node.is_settled(self.state)
            if is_final and not (answer.is_for_now and now < wanted.due):
                self._answer(wanted.request, answer.result)
            else:
                self._changes.append(wanted)
            return
        if change.kind is ChangeKind.ADD:
            self._addresses()[change.server] = change.address
        action = _STEPS[change.kind](change.server)
        if self.node.act(self.state, action) is None:
            self._changes.append(wanted)
            return
        self._act(action, now)
        self._leading.pending[self.state.last_index] = [wanted.request]

    def _answer_to(self, change: Change, now: float) -> _Answer | None:
        """Return the answer to a change that is made already, or must not be; else None."""
        members, server = self._in_force, change.server
        assert members is not None
        match change.kind:
            case ChangeKind.ADD:
                return self._answer_to_add(members, server, change.address)
            case ChangeKind.PROMOTE if server in members.voters:
                return _DONE
            case ChangeKind.PROMOTE if server in members.learners:
                return self._unless_behind(server)
            case ChangeKind.REMOVE if server in members.removed:
                return _DONE
            case ChangeKind.REMOVE if server in members.members:
                return self._unless_needed(members, server, now)
            case _:
                return _refused(f"{server} is no member")

    def _answer_to_add(self, members: Members, server: ServerId, address: str) -> _Answer | None:
        if server in members.removed:
            return _refused(f"{server} was removed: a server that comes back has a new name")
        known = {**self._addresses(), **dict(members.addresses)}
        if server in members.members:
            done = _Answer(Result(value=VOTES)) if server in members.voters else _DONE
            is_same = known.get(server) == address
            return done if is_same else _refused(f"{server} is a member: {known.get(server)}")
        other = next((each for each in members.members if known.get(each) == address), None)
        return None if other is None else _refused(f"{address} is where {other} listens")

    def _unless_behind(self, server: ServerId) -> _Answer | None:
        match_index = dict(zip(self.node.servers, self.state.match_index, strict=True))[server]
        last = self.state.last_index
        if last - match_index <= self.timing.max_entries and match_index > 0:
            return None
        why = f"{server} has not caught up: it has {match_index} of {last} entries"
        return _refused(why, is_for_now=True)

    def _unless_needed(self, members: Members, server: ServerId, now: float) -> _Answer | None:
        left = members.voters - {server}
        if not left:
            return _refused(f"{server} is the only voter")
        recent = now - self.timing.election_timeout[1]
        answered = frozenset(each for each, at in self._answered.items() if at >= recent)
        if is_majority(answered | {self.me}, left):
            return None
        why = f"without {server} no majority of {', '.join(sorted(left))} answers"
        return _refused(why, is_for_now=True)


_STEPS = {
    ChangeKind.ADD: AddLearner,
    ChangeKind.PROMOTE: PromoteLearner,
    ChangeKind.REMOVE: RemoveServer,
}


_DONE = _Answer(Result())


def _refused(why: str, *, is_for_now: bool = False) -> _Answer:
    return _Answer(Result(succeeded=False, refused=why), is_for_now)
