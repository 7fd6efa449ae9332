"""Known bugs of Raft implementations, each as a node that changes one rule.

A bug is a subclass of `Node`, named for its mechanism, with the property that it breaks, where
it was seen, and the smallest bounds within which its shortest counterexample shows. The numbers
are sections of the extended Raft paper.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from raft_ref.messages import AppendEntriesRequest, Entry, RequestVoteRequest, ServerId
from raft_ref.node import Node
from raft_ref.state import State


class VoteNotPersisted(Node):
    """A restart forgets the vote, so that a server can vote twice in a term (figure 2)."""

    durable = Node.durable - {"voted_for"}


class DuplicateVoteCounted(Node):
    """Votes are counted, not the voters: a vote that arrives twice counts twice (5.2)."""

    def count_vote(self, state: State, voter: ServerId) -> frozenset[ServerId]:
        """Add a voter; one who is there already stands for the first who is not."""
        granted = super().count_vote(state, voter)
        if granted != state.votes_granted:
            return granted
        return granted | {next(server for server in self.servers if server not in granted)}


class LogNotComparedBeforeVote(Node):
    """A vote is granted without a look at the candidate's log (5.4.1)."""

    def is_up_to_date(self, state: State, m: RequestVoteRequest) -> bool:
        """Find every log up-to-date."""
        return True


class QuorumOfHalf(Node):
    """Half of the servers, rounded down, are taken for a majority (5.1)."""

    def is_quorum(self, servers: frozenset[ServerId]) -> bool:
        """Accept n / 2 servers as a quorum."""
        return len(servers) >= len(self.servers) // 2


class OlderTermCommitted(Node):
    """An entry of an older term is committed once a majority stores it (figure 8; 5.4.2)."""

    def is_committable(self, state: State, index: int) -> bool:
        """Count replicas, whatever the entry's term."""
        return self.is_stored(state, index)


class CommitIndexLowered(Node):
    """A follower takes the leader's commit index even where it is behind its own (figure 2)."""

    def follower_commit_index(self, state: State, committed: int) -> int:
        """Believe the message."""
        return committed


class TruncatedWithoutConflict(Node):
    """A request cuts the log after its last entry, though nothing conflicts (5.3)."""

    def merge(self, state: State, m: AppendEntriesRequest) -> tuple[Entry, ...]:
        """Replace all that follows prev_log_index."""
        return state.log[: m.prev_log_index] + m.entries


class PrevLogTermIgnored(Node):
    """Logs are taken to match where they are long enough, whatever the term (5.3)."""

    def is_match(self, state: State, m: AppendEntriesRequest) -> bool:
        """Compare the length alone."""
        return m.prev_log_index <= len(state.log)


@dataclass(frozen=True, slots=True)
class Bug:
    """A known bug.

    `node` is the mutant; `breaks` the property that it violates, by its name in
    spec/RaftInvariants.tla; `seen_in` the public threads or the text that describe it; `bounds`
    what to search within, as keyword arguments of the search, `servers` and `values` as numbers.
    """

    node: type[Node]
    breaks: str
    seen_in: str
    bounds: Mapping[str, int]

    @property
    def rule(self) -> str:
        """What the mutant does and which rule that breaks, in one sentence."""
        return (self.node.__doc__ or "").strip()


BUGS: Mapping[str, Bug] = {}
