"""Which actions of ExtendedRaft.tla a step of a server composes, told by what it does."""

from collections.abc import Iterable
from typing import Any, get_args

from raft_ref import RequestVoteRequest
from raft_ref.features import ExtendedState, FeatureMessage
from raft_ref.spec.link import composition
from raft_ref.spec.link.features.hiding import raft_message


def composed(
    old: ExtendedState, new: ExtendedState, message: Any, sends: Iterable[Any] = ()
) -> tuple[str, ...]:
    """Return the actions within a step, in their order; see `spec.link.composition.composed`."""
    if isinstance(message, get_args(FeatureMessage)):
        adopts = ("UpdateTerm",) if new.current_term > old.current_term else ()
        return (*adopts, f"Handle{type(message).__name__}")
    if isinstance(message, RequestVoteRequest) and not [*sends]:
        return ("IgnoreRequestVoteRequest",)
    return composition.composed(old, new, raft_message(message))
