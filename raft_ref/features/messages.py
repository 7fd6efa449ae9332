"""The messages of the features, named and shaped as in spec/features/."""

from dataclasses import dataclass

from raft_ref.messages import RequestVoteRequest, ServerId


@dataclass(frozen=True, slots=True)
class PreVoteRequest:
    """Would this server be voted for in a term that it has not begun? (thesis, 9.6)."""

    source: ServerId
    dest: ServerId
    term: int
    last_log_index: int
    last_log_term: int


@dataclass(frozen=True, slots=True)
class PreVoteResponse:
    """It would, in the term asked, or it would not, and this is the term here (thesis, 9.6)."""

    source: ServerId
    dest: ServerId
    term: int
    vote_granted: bool


@dataclass(frozen=True, slots=True)
class TimeoutNowRequest:
    """A leader tells a server to stand for election at once (thesis, 3.10)."""

    source: ServerId
    dest: ServerId
    term: int


@dataclass(frozen=True, slots=True)
class ForcedRequestVoteRequest(RequestVoteRequest):
    """A RequestVoteRequest with the mark of a forced election (thesis, 4.2.3).

    In the spec it is one that is in `forcedRequests` as well.
    """


@dataclass(frozen=True, slots=True)
class HeartbeatRequest:
    """A leader asks, in a round of its own, whether a server still follows it (thesis, 6.4)."""

    source: ServerId
    dest: ServerId
    term: int
    round: int


@dataclass(frozen=True, slots=True)
class HeartbeatResponse:
    """A server does, or it has a newer term, and answers no round (0; thesis, 6.4)."""

    source: ServerId
    dest: ServerId
    term: int
    round: int


@dataclass(frozen=True, slots=True)
class ReadIndexRequest:
    """A server asks the leader how far its read of that number has to wait (thesis, 6.4)."""

    source: ServerId
    dest: ServerId
    term: int
    number: int


@dataclass(frozen=True, slots=True)
class ReadIndexResponse:
    """It has to wait for this index (thesis, 6.4)."""

    source: ServerId
    dest: ServerId
    term: int
    number: int
    index: int


FeatureMessage = (
    PreVoteRequest
    | PreVoteResponse
    | TimeoutNowRequest
    | HeartbeatRequest
    | HeartbeatResponse
    | ReadIndexRequest
    | ReadIndexResponse
)
"""Any message that Raft.tla does not know."""
