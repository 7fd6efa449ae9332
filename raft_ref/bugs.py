"""Known bugs of Raft implementations, each as a node that changes one rule.

A bug is a subclass of `Node`, named for its mechanism, with the property that it breaks, where
it was seen, and the smallest bounds within which its shortest counterexample shows. The numbers
are sections of the extended Raft paper.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from raft_ref.messages import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    Entry,
    Message,
    RequestVoteRequest,
    RequestVoteResponse,
    ServerId,
    Snapshot,
)
from raft_ref.node import Node, Step
from raft_ref.state import State


class VoteNotPersisted(Node):
    """A restart forgets the vote, so that a server can vote twice in a term (figure 2)."""

    durable = Node.durable - {"voted_for"}


class VoteForgottenInSameTerm(Node):
    """A server that hears of the leader of its own term forgets its vote (5.2)."""

    def handle_append_entries_request(self, state: State, m: AppendEntriesRequest) -> Step:
        """Follow as if the term were new."""
        step = super().handle_append_entries_request(state, m)
        is_followed = m.term == state.current_term
        return step._replace(state=replace(step.state, voted_for=None)) if is_followed else step


class TermNotPersisted(Node):
    """A restart forgets the term, so that a term is lived through twice (figure 2)."""

    durable = Node.durable - {"current_term"}

    def is_obsolete(self, state: State, message: Message) -> bool:
        """Tell that no message is for good: its term may come again."""
        return False


class ServerWiped(Node):
    """A server that has lost its disk comes back under its old name (figure 2)."""

    durable = frozenset[str]()

    def is_obsolete(self, state: State, message: Message) -> bool:
        """Tell that no message is for good: its term may come again."""
        return False


class HigherTermInResponseIgnored(Node):
    """A leader takes no notice of the term in the answer to a heartbeat (5.1)."""

    def receive(self, state: State, message: Message) -> Step:
        """Handle a response of a newer term as one of any other term: not at all."""
        is_response = isinstance(message, AppendEntriesResponse)
        return self.handle(state, message) if is_response else super().receive(state, message)


class OlderVoteCounted(Node):
    """A vote counts in whatever term it was given (5.2)."""

    def handle_request_vote_response(self, state: State, m: RequestVoteResponse) -> Step:
        """Take every vote for one of this term."""
        return super().handle_request_vote_response(state, replace(m, term=state.current_term))

    def is_obsolete(self, state: State, message: Message) -> bool:
        """Tell that no vote ever is."""
        return not isinstance(message, RequestVoteResponse) and super().is_obsolete(state, message)


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


class CommitScanStopsAtOlderTerm(Node):
    """The scan for what to commit goes upwards, and stops at an entry of an older term (5.4.2)."""

    def advance_commit_index(self, state: State) -> State:
        """Commit entry after entry, each by its own merit."""
        index = state.commit_index
        while index < state.last_index and self.is_committable(state, index + 1):
            index += 1
        return state if index == state.commit_index else replace(state, commit_index=index)


class CommitIndexLowered(Node):
    """A follower takes the leader's commit index even where it is behind its own (figure 2)."""

    def follower_commit_index(self, state: State, committed: int) -> int:
        """Believe the message."""
        return committed


class CommitIndexBeyondVerified(Node):
    """A follower commits as far as its log goes, also what was not compared (figure 2)."""

    def handle_append_entries_request(self, state: State, m: AppendEntriesRequest) -> Step:
        """Compare the leader's commit index with the whole log."""
        step = super().handle_append_entries_request(state, m)
        after = step.state
        answers = [each for each in step.messages if isinstance(each, AppendEntriesResponse)]
        if not any(answer.success for answer in answers):
            return step
        committed = max(after.commit_index, min(m.leader_commit, after.last_index))
        return step._replace(state=replace(after, commit_index=committed))


class LastIndexAcknowledged(Node):
    """A follower acknowledges where its own log ends, also what was not compared (5.3)."""

    def handle_append_entries_request(self, state: State, m: AppendEntriesRequest) -> Step:
        """Answer a request that matches with the last index."""
        step = super().handle_append_entries_request(state, m)
        last = step.state.last_index
        messages = tuple(
            replace(sent, match_index=last)
            if isinstance(sent, AppendEntriesResponse) and sent.success
            else sent
            for sent in step.messages
        )
        return step._replace(messages=messages)


class HintTakenForMatch(Node):
    """A refusal says where the log ends, and the leader takes it for where logs match (5.3)."""

    def handle_append_entries_request(self, state: State, m: AppendEntriesRequest) -> Step:
        """Refuse with the last index, as a hint."""
        step = super().handle_append_entries_request(state, m)
        messages = tuple(
            replace(sent, match_index=state.last_index)
            if isinstance(sent, AppendEntriesResponse) and not sent.success
            else sent
            for sent in step.messages
        )
        return step._replace(messages=messages)


class MatchIndexMovedBack(Node):
    """A leader believes the latest acknowledgement, though it may be an early one (5.3)."""

    def learn_match(self, state: State, peer: ServerId, index: int) -> State:
        """Take the index as it is."""
        forgotten = replace(state, match_index=self.changed(state.match_index, peer, 0))
        return super().learn_match(forgotten, peer, index)


class TruncatedWithoutConflict(Node):
    """A late request cuts the log after its last entry, though nothing conflicts (5.3)."""

    def merge(self, state: State, m: AppendEntriesRequest) -> tuple[Entry, ...]:
        """Replace all that follows prev_log_index, but for what is known to be committed."""
        replaced = state.entries(state.compacted + 1, m.prev_log_index) + m.entries
        return replaced + state.log[len(replaced) : state.commit_index - state.compacted]


class NextIndexMovedBelowMatch(Node):
    """A late refusal moves next_index back to entries that are known to match (5.3)."""

    def earlier_index(self, next_index: int, match_index: int) -> int:
        """Try one entry earlier, whatever matches."""
        return max(next_index - 1, 1)


class PrevLogTermIgnored(Node):
    """Logs are taken to match where they are long enough, whatever the term (5.3)."""

    def is_match(self, state: State, m: AppendEntriesRequest) -> bool:
        """Compare the length alone."""
        return m.prev_log_index <= state.last_index


class CompactedEntriesAppendedAgain(Node):
    """A late request holds entries that were compacted; they are taken for missing (7)."""

    def merge(self, state: State, m: AppendEntriesRequest) -> tuple[Entry, ...]:
        """Append what the log does not hold, compacted or not."""
        first = m.prev_log_index + 1
        return m.entries if m.entries and first <= state.compacted else super().merge(state, m)


class HeartbeatInsteadOfSnapshot(Node):
    """Who needs what is compacted is sent a heartbeat, as if it needed nothing (7)."""

    def install_snapshot(self, state: State, peer: ServerId) -> Step | None:
        """Send no entry after the last one that is there."""
        if super().install_snapshot(state, peer) is None:
            return None
        caught_up = replace(state, next_index=(state.last_index + 1,) * len(self.servers))
        step = self.append_entries(caught_up, peer, 0)
        return step and Step(state, step.messages, step.actions)


class TermOfCompactedEntryUnknown(Node):
    """The entry before the first one that is not compacted is said to have term 0 (7)."""

    def prev_log_term(self, state: State, index: int) -> int:
        """Tell no term of what is gone."""
        return 0 if index == state.compacted else super().prev_log_term(state, index)


class SnapshotLowersTerm(Node):
    """The term of a snapshot is taken for that of the server (5.1, 7)."""

    def installed(self, state: State, snapshot: Snapshot) -> State:
        """Take over all that the snapshot says."""
        after = super().installed(state, snapshot)
        return replace(after, current_term=snapshot.last_included_term)


class ConflictingLogKept(Node):
    """What follows a snapshot in a log that contradicts it is kept (7, figure 13)."""

    def log_after(self, state: State, snapshot: Snapshot) -> tuple[Entry, ...]:
        """Keep all that has a higher index."""
        return state.entries(snapshot.last_included_index + 1, state.last_index)


class OlderSnapshotOverwritesNewer(Node):
    """A snapshot of one's own that is being written takes the place of the leader's newer one (7).

    What can be compacted is being compacted whenever a snapshot comes from the leader.
    """

    def installed(self, state: State, snapshot: Snapshot) -> State:
        """Install, then finish the compaction that was begun."""
        begun = self.compact_log(state, state.commit_index)
        after = super().installed(state, snapshot)
        return after if begun is None else replace(after, snapshot=begun.state.snapshot)


@dataclass(frozen=True, slots=True)
class Bug:
    """A known bug.

    `node` is the mutant; `breaks` the property that it violates, by its name in
    spec/RaftInvariants.tla or in spec/features/, or Progress (spec/RaftProgress.tla), or
    StepRefinement where it takes a step that the spec forbids and breaks none of these; `seen_in`
    the public threads or the text that describe it; `bounds` the smallest bounds of a search within
    which that shows: one less of any, and it does not. A bound that is not named is 0, and one
    value is enough. Larger ones may show a shorter way: `shown_within` are those that differ where
    the way that is shown is the shortest of all. `goal` and `premise` are the operators of
    spec/RaftProgress.tla, or of spec/features/MembershipProgress.tla, that a bug which breaks
    Progress is about (None: from every state).
    """

    node: type[Any]
    breaks: str
    seen_in: str
    bounds: Mapping[str, int]
    goal: str = "CommitIsDone"
    premise: str | None = "CommitIsDue"
    shown_within: Mapping[str, int] = field(default_factory=dict)

    @property
    def within(self) -> Mapping[str, int]:
        """The bounds of the way that is shown."""
        return {**self.bounds, **self.shown_within}

    @property
    def rule(self) -> str:
        """What the mutant does, in one sentence."""
        return (self.node.__doc__ or "").strip().partition("\n")[0]

    @property
    def found_by(self) -> str:
        """How it is found."""
        return {"Progress": "progress", "StepRefinement": "refinement"}.get(self.breaks, "search")


BUGS: Mapping[str, Bug] = {
    "vote-not-persisted": Bug(
        VoteNotPersisted,
        breaks="ElectionSafety",
        seen_in="PySyncObj#84, akka-raft#62",
        bounds={"servers": 3, "max_term": 1, "max_messages": 3, "max_restarts": 1},
    ),
    "term-not-persisted": Bug(
        TermNotPersisted,
        breaks="LeaderCompleteness",
        seen_in="PySyncObj#202, raft-java#57",
        bounds={
            "servers": 3,
            "max_term": 2,
            "max_log_length": 1,
            "max_messages": 2,
            "max_restarts": 1,
        },
    ),
    "server-wiped": Bug(
        ServerWiped,
        breaks="LeaderCompleteness",
        seen_in="Vanlightly's notes on reconfiguration",
        bounds={
            "servers": 2,
            "max_term": 2,
            "max_log_length": 1,
            "max_messages": 2,
            "max_restarts": 1,
        },
    ),
    "higher-term-in-response-ignored": Bug(
        HigherTermInResponseIgnored,
        breaks="StepRefinement",
        seen_in="hashicorp/raft#666",
        bounds={"servers": 2, "max_term": 2, "max_messages": 2},
    ),
    "vote-forgotten-in-same-term": Bug(
        VoteForgottenInSameTerm,
        breaks="ElectionSafety",
        seen_in="redpanda#14, akka-raft#56",
        bounds={"servers": 3, "max_term": 1, "max_messages": 3},
    ),
    "older-vote-counted": Bug(
        OlderVoteCounted,
        breaks="ElectionSafety",
        seen_in="xraft#33",
        bounds={"servers": 3, "max_term": 2, "max_messages": 4},
    ),
    "duplicate-vote-counted": Bug(
        DuplicateVoteCounted,
        breaks="ElectionSafety",
        seen_in="akka-raft#45, xraft#27",
        bounds={"servers": 4, "max_term": 1, "max_messages": 5, "max_duplicates": 2},
    ),
    "log-not-compared-before-vote": Bug(
        LogNotComparedBeforeVote,
        breaks="LeaderCompleteness",
        seen_in="hydro#3082; Raft paper, 5.4.1",
        bounds={"servers": 3, "max_term": 2, "max_log_length": 1, "max_messages": 2},
    ),
    "quorum-of-half": Bug(
        QuorumOfHalf,
        breaks="ElectionSafety",
        seen_in="hydro#3082",
        bounds={"servers": 4, "max_term": 1, "max_messages": 5},
    ),
    "older-term-committed": Bug(
        OlderTermCommitted,
        breaks="LeaderCompleteness",
        seen_in="LogCabin#44, PySyncObj#169, async-raft#108; Raft paper, figure 8",
        bounds={"servers": 3, "max_term": 4, "max_log_length": 1, "max_messages": 2},
    ),
    "commit-scan-stops-at-older-term": Bug(
        CommitScanStopsAtOlderTerm,
        breaks="Progress",
        seen_in="raftos#30",
        bounds={"servers": 2, "max_term": 2, "max_log_length": 2, "max_messages": 1},
    ),
    "commit-index-lowered": Bug(
        CommitIndexLowered,
        breaks="CommitIndexMonotonic",
        seen_in="PySyncObj#166",
        bounds={"servers": 2, "max_term": 1, "max_log_length": 1, "max_messages": 2},
    ),
    "commit-index-beyond-verified": Bug(
        CommitIndexBeyondVerified,
        breaks="StateMachineSafety",
        seen_in="scylladb#9965, ra#508",
        bounds={"servers": 3, "max_term": 2, "max_log_length": 1, "max_messages": 2},
    ),
    "last-index-acknowledged": Bug(
        LastIndexAcknowledged,
        breaks="LeaderCompleteness",
        seen_in="CCF#6001; C raft 0.15",
        bounds={"servers": 3, "max_term": 3, "max_log_length": 1, "max_messages": 2},
    ),
    "hint-taken-for-match": Bug(
        HintTakenForMatch,
        breaks="StateMachineSafety",
        seen_in="CCF#5325",
        bounds={"servers": 3, "max_term": 4, "max_log_length": 2, "max_messages": 2},
    ),
    "match-index-moved-back": Bug(
        MatchIndexMovedBack,
        breaks="MatchIndexMonotonic",
        seen_in="raftos#25, PySyncObj#167",
        bounds={"servers": 2, "max_term": 1, "max_log_length": 1, "max_messages": 2},
    ),
    "truncated-without-conflict": Bug(
        TruncatedWithoutConflict,
        breaks="LeaderCompleteness",
        seen_in="raftos#26, CCF#5991",
        bounds={"servers": 3, "max_term": 2, "max_log_length": 1, "max_messages": 2},
    ),
    "next-index-moved-below-match": Bug(
        NextIndexMovedBelowMatch,
        breaks="NextIndexAboveMatchIndex",
        seen_in="PySyncObj#167, willemt/raft#118",
        bounds={"servers": 2, "max_term": 3, "max_log_length": 1, "max_messages": 2},
    ),
    "prev-log-term-ignored": Bug(
        PrevLogTermIgnored,
        breaks="LogMatching",
        seen_in="Raft paper, 5.3",
        bounds={"servers": 3, "max_term": 3, "max_log_length": 2, "max_messages": 2},
    ),
    "compacted-entries-appended-again": Bug(
        CompactedEntriesAppendedAgain,
        breaks="LogMatching",
        seen_in="willemt/raft#118",
        bounds={
            "servers": 2,
            "values": 2,
            "max_term": 1,
            "max_log_length": 2,
            "max_snapshot_index": 1,
            "max_messages": 2,
        },
    ),
    "heartbeat-instead-of-snapshot": Bug(
        HeartbeatInsteadOfSnapshot,
        breaks="Progress",
        seen_in="willemt/raft#118",
        bounds={
            "servers": 3,
            "max_term": 1,
            "max_log_length": 1,
            "max_snapshot_index": 1,
            "max_messages": 2,
        },
        goal="CommitIsKnownToAll",
        premise="CommitIsKnown",
    ),
    "term-of-compacted-entry-unknown": Bug(
        TermOfCompactedEntryUnknown,
        breaks="Progress",
        seen_in="etcd-io/raft",
        bounds={
            "servers": 2,
            "max_term": 1,
            "max_log_length": 2,
            "max_snapshot_index": 1,
            "max_messages": 1,
        },
    ),
    "snapshot-lowers-term": Bug(
        SnapshotLowersTerm,
        breaks="CurrentTermMonotonic",
        seen_in="willemt/raft#118",
        bounds={
            "servers": 3,
            "max_term": 2,
            "max_log_length": 1,
            "max_snapshot_index": 1,
            "max_messages": 2,
        },
    ),
    "conflicting-log-kept": Bug(
        ConflictingLogKept,
        breaks="LogTermsMonotonic",
        seen_in="hashicorp/raft#697, openraft#561",
        bounds={
            "servers": 3,
            "max_term": 2,
            "max_log_length": 2,
            "max_snapshot_index": 1,
            "max_messages": 2,
        },
    ),
    "older-snapshot-overwrites-newer": Bug(
        OlderSnapshotOverwritesNewer,
        breaks="StateMachineSafety",
        seen_in="hashicorp/raft#248",
        bounds={
            "servers": 3,
            "max_term": 1,
            "max_log_length": 2,
            "max_snapshot_index": 2,
            "max_messages": 2,
        },
    ),
}
"""The known bugs by name, in the order of their rules: votes, logs, snapshots."""
