"""Who the servers of a cluster are (thesis, 4): beside spec/features/Configuration.tla."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from raft_ref.messages import RequestVoteResponse, ServerId
from raft_ref.node import Node, Step
from raft_ref.state import Role, State, replace


@dataclass(frozen=True, slots=True)
class Configuration:
    """The servers of a cluster, as a value in the log (thesis, 4; paper, 6).

    Where there are `outgoing_voters` it is C_old,new: a majority of these is needed, too.
    `learners` are sent what voters are, and count in no majority.
    """

    voters: frozenset[ServerId] = frozenset()
    outgoing_voters: frozenset[ServerId] = frozenset()
    learners: frozenset[ServerId] = frozenset()

    def __str__(self) -> str:
        """Return it as diagrams have it, "{s1 s2}→{s2 s3}+s4": old, new, learners."""
        parts = (self.outgoing_voters, self.voters, self.learners)
        old, new, learners = (" ".join(sorted(part)) for part in parts)
        told = f"{{{old}}}→{{{new}}}" if old else f"{{{new}}}"
        return f"{told}+{learners}" if learners else told

    @property
    def all_voters(self) -> frozenset[ServerId]:
        """Who may vote for a candidate that goes by it (VotersOf)."""
        return self.voters | self.outgoing_voters

    @property
    def members(self) -> frozenset[ServerId]:
        """Whom a leader sends entries to that goes by it (MembersOf)."""
        return self.all_voters | self.learners

    def is_quorum(self, servers: frozenset[ServerId]) -> bool:
        """Tell whether these are a majority of each of its parts (IsQuorumOf)."""
        is_of_new = is_majority(servers, self.voters)
        is_of_old = not self.outgoing_voters or is_majority(servers, self.outgoing_voters)
        return is_of_new and is_of_old

    def renamed(self, renaming: Mapping[str, str]) -> "Configuration":
        """Return it with its servers renamed."""
        return Configuration(
            *(
                frozenset(renaming[server] for server in part)
                for part in (self.voters, self.outgoing_voters, self.learners)
            )
        )


NO_CONFIGURATION = Configuration()
"""What a server has that knows of no cluster (NoConfiguration)."""


def is_majority(servers: frozenset[ServerId], members: frozenset[ServerId]) -> bool:
    """Tell whether these are a majority of the members (IsMajorityOf)."""
    return 2 * len(servers & members) > len(members)


class ConfiguredNode(Node):
    """A node that goes by a configuration: all servers, for good, unless that can change."""

    is_changeable: bool = False
    """Whether the configuration can change (IsChangeable)."""
    is_used_when_applied: bool = False
    """Whether one is used once it is committed and applied, not once it is in the log."""

    def in_force(self, state: Any) -> Configuration:
        """Return the configuration that a server goes by (InForce; thesis, 4.1)."""
        last = state.configuration_index if self.is_used_when_applied else state.last_index
        return self.configuration_at(state, self.latest_index(state, last))

    def latest_index(self, state: State, last: int) -> int:
        """Return where the last configuration up to an index stands (LatestUpTo); 0: nowhere."""
        for index in range(last, 0, -1):
            if isinstance(self.value_at(state, index), Configuration):
                return index
        return 0

    def configuration_at(self, state: Any, index: int) -> Configuration:
        """Return the configuration at an index; at 0 the one that the server was started with."""
        found = self.value_at(state, index) if index else state.bootstrap
        assert isinstance(found, Configuration)
        return found

    def value_at(self, state: State, index: int) -> Any:
        """Return the value at an index, compacted or not (ValueAt)."""
        if index > state.compacted:
            return state.log[index - 1 - state.compacted].value
        applied: Any = state.snapshot.data
        return applied[index - 1]

    def has_quorum(self, state: Any, servers: frozenset[ServerId]) -> bool:
        """Tell whether these are a quorum for a server (IsQuorumOf)."""
        if not self.is_changeable:
            return self.is_quorum(servers)
        return self.in_force(state).is_quorum(servers)

    def members_of(self, state: Any) -> frozenset[ServerId]:
        """Return whom a leader sends entries to (MembersOf)."""
        return self.in_force(state).members if self.is_changeable else frozenset(self.servers)

    def voters_of(self, state: Any) -> frozenset[ServerId]:
        """Return who may vote for a server (VotersOf)."""
        return self.in_force(state).all_voters if self.is_changeable else frozenset(self.servers)

    def _peers(self, state: State) -> Iterator[ServerId]:
        """Yield whom a leader sends entries to, and whom another server asks for votes."""
        if not self.is_changeable:
            return super()._peers(state)
        is_leader = state.role is Role.LEADER
        known = self.members_of(state) if is_leader else self.voters_of(state)
        return (server for server in self.servers if server in known and server != state.me)

    def is_stored(self, state: State, index: int) -> bool:
        """Tell whether a leader knows a quorum to hold its entry at an index (Committable)."""
        stored = {peer for peer in self._peers(state) if self._match(state, peer) >= index}
        return self.has_quorum(state, frozenset({state.me, *stored}))

    def handle_request_vote_response(self, state: State, m: RequestVoteResponse) -> Step:
        """Count a vote; a quorum makes a leader (CountVote)."""
        if not self.is_changeable:
            return super().handle_request_vote_response(state, m)
        actions: tuple[str, ...] = ("HandleRequestVoteResponse",)
        if state.role is Role.CANDIDATE and m.term == state.current_term and m.vote_granted:
            state = replace(state, votes_granted=self.count_vote(state, m.source))
            if self.has_quorum(state, state.votes_granted):
                state = self.become_leader(state)
                actions += ("BecomeLeader",)
        return Step(state, (), actions)
