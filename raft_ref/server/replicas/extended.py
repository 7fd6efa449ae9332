"""A running server with features: when `raft_ref.features` takes its steps.

- Pre-vote: where Raft stands for election, a server asks who would vote for it (RequestPreVotes),
  and asks again soon; it stands (Timeout) as soon as a majority would.
- Who heard from a leader forgets it after the least election timeout (MissLeader).
- Check-quorum: a leader looks once in the longest election timeout whether a majority answers.
- Transfer: a leader is asked for it (TransferLeadership), and tells the target to stand as soon as
  its log is known to be as long (TimeoutNow), again with each heartbeat, because that may be lost;
  after the longest election timeout it gives up (AbortTransfer). Who is told stands at once.

Servers of one cluster may have different features. Each then does what Raft lets it do, with what
features add hidden, and so the cluster is safe; what a feature promises needs all to have it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from raft_ref.features import (
    AbortTransfer,
    CheckQuorum,
    ExtendedNode,
    ExtendedState,
    Feature,
    HeartbeatRequest,
    HeartbeatResponse,
    MissLeader,
    RequestPreVotes,
    TimeoutNow,
    TransferLeadership,
)
from raft_ref.messages import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    InstallSnapshotRequest,
    InstallSnapshotResponse,
    ServerId,
)
from raft_ref.server.codec import Envelope
from raft_ref.server.replicas.replica import LONG_AGO, Output, Replica, Reply, RequestId, Status
from raft_ref.server.store import Result

IN_PRODUCTION = frozenset({Feature.PRE_VOTE, Feature.CHECK_QUORUM, Feature.LEADERSHIP_TRANSFER})
"""The features that a server can have, and has unless it is told otherwise, with `SERVED`."""

SERVED = IN_PRODUCTION | {Feature.MEMBERSHIP}
"""Those of a server of a real cluster, which can change its members."""


def named(features: Iterable[Feature]) -> str:
    """Return features as a command line names them."""
    chosen = frozenset(features)
    return ",".join(each.option for each in Feature if each in chosen) or "none"


@dataclass(slots=True)
class _Transfer:
    """A transfer that somebody asked for, and waits for."""

    request: RequestId
    target: ServerId
    term: int
    due: float  # when it is given up
    told: float = LONG_AGO  # when the target was last told to stand


class ExtendedReplica(Replica):
    """A replica of an `ExtendedNode`; see `Replica`."""

    node: ExtendedNode
    state: ExtendedState

    _contact_due = LONG_AGO  # when a leader that was heard from counts as missed
    _quorum_due = LONG_AGO
    _transfer: _Transfer | None = None

    # What happens

    def receive(self, envelope: Envelope, now: float) -> None:
        """Take a message from a peer, and stand for election if it lets or tells the server to."""
        self._miss_leader(now)
        super().receive(envelope, now)
        message = envelope.message
        if message.term == self.state.current_term:
            if isinstance(
                message, AppendEntriesRequest | InstallSnapshotRequest | HeartbeatRequest
            ):
                self._contact_due = now + self.timing.election_timeout[0]
            elif self._leading is not None and isinstance(
                message, AppendEntriesResponse | InstallSnapshotResponse | HeartbeatResponse
            ):
                self._answered[message.source] = now
        self._stand_if_wanted(now)
        self._tell_of_transfer()

    def tick(self, now: float) -> None:
        """Let time pass."""
        self._miss_leader(now)
        if self._leading is not None and now >= self._quorum_due:
            self._check_quorum(now)
        if self._transfer is not None and now >= self._transfer.due:
            self._give_transfer_up(self._transfer, now)
        super().tick(now)

    def submit(self, request: RequestId, command: str, now: float) -> None:
        """Take a command of a client, who is sent to the target of a transfer, if there is one."""
        target = self.state.transfer_target
        if target is None:
            super().submit(request, command, now)
        else:
            self._replies.append((request, Reply(Status.NOT_LEADER, leader=target)))

    def was_away(self, seconds: float) -> None:
        """Take into account that for so long nothing could be heard, and nobody is to blame."""
        super().was_away(seconds)
        self._quorum_due += seconds
        self._contact_due += seconds

    def flush(self, now: float) -> Output:
        """Return what is to be saved, sent and answered because of what happened since the last."""
        self._tell_target(now)
        return super().flush(now)

    @property
    def due(self) -> float:
        """The time at which `tick` and `flush` have something to do if nothing happens before."""
        times = [super().due]
        if self.state.heard_from_leader:
            times.append(self._contact_due)
        if self._leading is not None and self._has(Feature.CHECK_QUORUM):
            times.append(self._quorum_due)
        if self._transfer is not None:
            times.append(self._transfer.due)
        return min(times)

    def _has(self, feature: Feature) -> bool:
        return feature in self.node.features

    # Elections

    def _miss_leader(self, now: float) -> None:
        if self.state.heard_from_leader and now >= self._contact_due:
            self._act(MissLeader(), now)

    def _stand(self, now: float) -> None:
        if self.state.heard_from_leader:  # it was missed for longer, unless a clock was set back
            self._act(MissLeader(), now)
        if not self._has(Feature.PRE_VOTE):
            super()._stand(now)
            return
        self.leader = None
        self._act(RequestPreVotes(), now)
        # Asking costs nobody anything: what may be lost, or came too early for a server that has
        # just heard from the leader, is asked again soon.
        self._election_due = now + self._chance.uniform(1, 2) * self.timing.heartbeat
        self._stand_if_wanted(now)

    def _stand_if_wanted(self, now: float) -> None:
        is_wanted = self.state.is_forced or self.node.has_pre_votes(self.state)
        if is_wanted and self.node.may_stand(self.state):
            super()._stand(now)

    # Who the others are

    def _others(self) -> list[ServerId]:
        members = self.node.members_of(self.state)
        return [each for each in self.node.servers if each in members and each != self.me]

    def _is_quorum(self, servers: frozenset[ServerId]) -> bool:
        return self.node.has_quorum(self.state, servers)

    # While it leads

    def _start_leading(self, now: float) -> None:
        self._quorum_due = now + self.timing.election_timeout[1] + 2 * self.slack
        self._answered: dict[ServerId, float] = {}  # when who answered last
        super()._start_leading(now)

    def _check_quorum(self, now: float) -> None:
        self._quorum_due = now + self.timing.election_timeout[1] + 2 * self.slack
        if self._has(Feature.CHECK_QUORUM):
            self._act(CheckQuorum(), now)

    # Transfer

    def transfer(self, request: RequestId, target: ServerId | None, now: float) -> None:
        """Let another server lead: `target`, or (None) the one that is nearest to it.

        It is answered once another leads, or with a failure when the transfer was given up.
        """
        if not self._has(Feature.LEADERSHIP_TRANSFER):
            super().transfer(request, target, now)
        elif self._leading is None:
            self._refuse(request)
        elif target is not None and target not in self.node.voters_of(self.state):
            is_learner = target in self.node.members_of(self.state)
            why = f"{target} does not vote" if is_learner else f"there is no server {target}"
            self._answer(request, Result(succeeded=False, refused=why))
        elif target == self.me:
            self._answer(request, Result(value=self.me))
        elif self._transfer is not None:
            self._answer(request, Result(succeeded=False, refused="another transfer is under way"))
        else:
            self._begin_transfer(request, target or self._nearest(now), now)

    def _nearest(self, now: float) -> ServerId | None:
        """Return the server with the longest log of those that answered lately."""
        match_index = dict(zip(self.node.servers, self.state.match_index, strict=True))
        recent = now - self.timing.election_timeout[0]
        voters = self.node.voters_of(self.state)
        answered = [server for server, at in self._answered.items() if at >= recent]
        answered = [server for server in answered if server in voters]
        return max(answered, key=match_index.__getitem__, default=None)

    def _begin_transfer(self, request: RequestId, target: ServerId | None, now: float) -> None:
        if target is None:
            self._answer(request, Result(succeeded=False, refused="no other server answers"))
            return
        self._act(TransferLeadership(target), now)
        due = now + self.timing.election_timeout[1]
        self._transfer = _Transfer(request, target, self.state.current_term, due)

    def _tell_target(self, now: float) -> None:
        """Tell the target of a transfer to stand, once its log is as long as one's own."""
        transfer = self._transfer
        if transfer is None or self._leading is None or not self.node.is_ready(self.state):
            return
        if now >= transfer.told + self.timing.heartbeat:
            self._act(TimeoutNow(), now)
            transfer.told = now

    def _give_transfer_up(self, transfer: _Transfer, now: float) -> None:
        self._transfer = None
        if self._leading is None:
            self._replies.append((transfer.request, Reply(Status.UNKNOWN)))
        else:
            self._act(AbortTransfer(), now)
            self._answer(transfer.request, Result(succeeded=False, value=self.me))

    def _tell_of_transfer(self) -> None:
        """Answer who asked for a transfer, once a leader of a later term is known."""
        transfer = self._transfer
        if transfer is None or self.leader is None or self.state.current_term == transfer.term:
            return
        self._transfer = None
        self._answer(transfer.request, Result(self.leader == transfer.target, self.leader))
