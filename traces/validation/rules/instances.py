"""Which instance of a property a step breaks, as `raft-ref check` tells it.

`invariants` says whether a property holds, on as little as can be shown it; here the whole state is
shown, once, so that servers, indices and values have their own names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from raft_ref.spec.files import INVARIANTS
from raft_ref.spec.link.shared import shared
from raft_ref.spec.values.value import Function, Value, domain_of, function, sequence
from raft_ref.traces.format.trace import Violation
from raft_ref.traces.validation.rules.invariants import Committed
from raft_ref.traces.validation.rules.protocol import SNAPSHOT, Message, Protocol, ServerState

_COMMITTED = domain_of(frozenset({"committedIn", "term", "value"}))


def violation(
    protocol: Protocol,
    name: str,
    before: Mapping[str, Value] | None,
    after: Mapping[str, Value] | None,
) -> Violation:
    """Return a property that is broken, with its formula and what falsifies it.

    Arguments: the protocol; the property's name; the state before the step and after it, as of
    `whole`. Of what is not known whole, or not by the property, no instance is told.
    """
    predicate = shared(INVARIANTS).predicate(name, protocol.constants)
    instances: tuple[str, ...] = ()
    if before is not None and after is not None:
        given = (before, after) if predicate.is_step else (after,)
        instances = predicate.failing_instances(*given)
    return Violation(name, predicate.text, instances)


def whole(
    protocol: Protocol,
    states: Mapping[str, ServerState],
    committed: Committed,
    messages: Sequence[Message] = (),
    restarts: int = 0,
) -> Mapping[str, Value] | None:
    """Return a state as values by variable; None where not all entries of a log are known.

    Arguments: the protocol; the servers' states by name; the history; messages that are in flight;
    how many restarts there were.
    """
    if committed.log.forgotten:
        return None
    try:
        by_variable = {
            name: function({protocol.servers[each]: value(state) for each, state in states.items()})
            for name, value in _OF_STATE.items()
        }
        history = [
            (_COMMITTED, when[1], entry[1], entry[2])
            for when, entry in zip(
                committed.terms.entries(0), committed.log.entries(0), strict=True
            )
        ]
    except (IndexError, ValueError):
        return None
    return {
        **by_variable,
        "committed": sequence(history),
        "messages": frozenset(filter(None, map(protocol.of_raft, messages))),
        "restarts": restarts,
    }


def _snapshot(state: ServerState) -> Function:
    held = state.log.at(state.compacted)
    values: list[Any] = [each[2] for each in held.entries(0)]
    data = sequence(values)
    return (SNAPSHOT, data, state.compacted, held.term)


_OF_STATE: Mapping[str, Callable[[ServerState], Value]] = {
    "currentTerm": lambda state: state.current_term,
    "votedFor": lambda state: state.voted_for,
    "role": lambda state: state.role,
    "commitIndex": lambda state: state.commit_index,
    "votesGranted": lambda state: state.votes_granted,
    "nextIndex": lambda state: state.next_index,
    "matchIndex": lambda state: state.match_index,
    "snapshot": _snapshot,
    "log": lambda state: sequence(state.log.entries(state.compacted)),
}
