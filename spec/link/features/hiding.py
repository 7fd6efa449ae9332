"""Whether a node with features is Raft, once what they add is hidden.

Every step of a server is then one of Raft.tla, or none. Two more are allowed, which make a server
know less and are no steps of Raft.tla by themselves: it steps down in its own term, or it adopts a
newer one of which a message of a feature told it. RaftTrace.tla has both (StepDown, AdoptTerm).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, get_args

from raft_ref import Message, RequestVoteRequest, State
from raft_ref.explorer import Event, Property, ServerId, View
from raft_ref.features import FeatureMessage, ForcedRequestVoteRequest
from raft_ref.spec.files import RAFT_TRACE
from raft_ref.spec.link.refinement import ANOTHER_MESSAGE, Refinement, step_refinement
from raft_ref.spec.values.value import Value

REFINES_RAFT = "RefinesRaft"
"""The name of the property that each step is one of Raft.tla, with what features add hidden."""

_HIDDEN = "(a step of a feature)"


@dataclass(frozen=True, slots=True)
class _StepDown:
    """What a leader does whose quorum does not answer."""


@dataclass(frozen=True, slots=True)
class _UnknownMessage:
    """What tells of a term, and Raft.tla knows nothing of."""

    source: ServerId
    dest: ServerId
    term: int


class _WithLiberties(Refinement):
    """Compares steps with all actions of RaftTrace.tla."""

    def _arguments(self, event: Event) -> list[Value]:
        given = super()._arguments(event)
        return [*given, frozenset({ANOTHER_MESSAGE})] if event.step == "AdoptTerm" else given


class HidingRefinement:
    """Compares the steps of servers with those of Raft.tla, what features add hidden.

    Arguments: the servers and the values of the cluster.
    """

    def __init__(self, servers: Sequence[ServerId], values: Sequence[str]) -> None:
        self._refinement = _WithLiberties(
            servers, values, RAFT_TRACE, foreign=True, all_actions=True
        )

    @property
    def as_property(self) -> Property:
        """The comparison, as a property of each server's steps."""
        found = step_refinement(self.differences, "Raft.tla, or none")
        return replace(found, name=REFINES_RAFT)

    def differences(self, before: View, event: Event) -> list[str]:
        """Return how a server's step differs from what Raft allows, as text; none if not."""
        assert event.server is not None
        here = _hidden(before, event.server)
        shown = replace(
            event,
            message=raft_message(event.message),
            sends=tuple(filter(None, map(raft_message, event.sends))),
            after=_hidden(event.after, event.server),
        )
        least: list[str] | None = None
        for tried in _ways(here, shown, event):
            found = self._refinement.differences(here, tried)
            if not found:
                return []
            least = found if least is None else least
        return least or []


def _ways(here: View, shown: Event, event: Event) -> Iterator[Event]:
    """Yield the steps of Raft that a step may be, the likeliest first."""
    if shown.message is not None or event.message is None:
        yield shown
    without = replace(shown, message=None, action=None)
    # A message that nothing is made of is one that the network lost.
    yield replace(without, step=_HIDDEN)
    if shown.message is not None:
        return
    yield replace(without, step="StepDown", action=_StepDown())
    if event.message is not None:
        told = _UnknownMessage(event.message.source, event.message.dest, event.message.term)
        yield replace(shown, step="AdoptTerm", message=told)


def _hidden(view: View, server: ServerId) -> View:
    state = view.states[server]
    base = State(**{f.name: getattr(state, f.name) for f in fields(State)})
    return replace(view, states={server: base}, messages=())


def raft_message(message: Any) -> Any:
    """Return a message as Raft has it; None for one of a feature, or for none."""
    if message is None or isinstance(message, get_args(FeatureMessage)):
        return None
    if isinstance(message, ForcedRequestVoteRequest):
        named = {f.name: getattr(message, f.name) for f in fields(message)}
        return RequestVoteRequest(**named)
    assert isinstance(message, get_args(Message))
    return message
