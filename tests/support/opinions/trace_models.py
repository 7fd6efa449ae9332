"""The model of RaftTrace.tla once more: which of its liberties it takes, and within which bounds.

In both directions, on states to which the model comes: what it leads to is what some action of
RaftTrace.tla does, with whatever arguments, that stays within the bounds.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Final

from raft_ref.spec.files import RAFT_TRACE
from raft_ref.spec.link.shared import shared
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.spec.values.value import model_value, results_of
from raft_ref.traces.validation.rules.protocol import field

WALKS: Final = 60
"""How many walks are enough to tell each mutant of the model that is another."""
_LENGTH: Final = 25
_OF_EACH: Final = 8
"""In so many states each action is to happen, if not in all."""
_WASTING: Final = ("Timeout", "StepDown", "RestartAt", "Refuse", "Acknowledge", "AdoptTerm")
"""What leads nowhere."""
_TERM, _LOG, _MESSAGES, _RESTARTS = 3, 2, 2, 1
_OF_RAFT: Final[dict[str, Any]] = {
    "Server": frozenset({model_value("s1"), model_value("s2")}),
    "Value": frozenset({model_value("v1"), model_value("v2")}),
    "Nil": model_value("Nil"),
}
CONSTANTS: Final[dict[str, Any]] = {
    **_OF_RAFT,
    "MaxTerm": _TERM,
    "MaxLogLength": _LOG,
    "MaxMessages": _MESSAGES,
    "MaxRestarts": _RESTARTS,
}
"""No two bounds of a kind are the same."""
State = tuple[Any, ...]
Steps = frozenset[tuple[State, int]]
"""What Raft's variables are after a step, and how often servers have restarted."""


def model() -> Path:
    """Return the file of the model."""
    return RAFT_TRACE.with_name("MCRaftTrace.tla")


def _asked(messages: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield each action with all arguments that it could have, and some that are out of bounds."""
    servers, values = sorted(_OF_RAFT["Server"], key=str), sorted(_OF_RAFT["Value"], key=str)
    indices = range(_LOG + 2)
    for i in servers:
        yield from ((name, (i,)) for name in ("Timeout", "TakeLead", "StepDown"))
        yield from (("ClientRequest", (i, value)) for value in values)
        for name, index in product(("CompactLog", "Commit", "RestartAt"), indices):
            yield name, (i, index)
    for i, j in product(servers, servers):
        for given in product(indices, indices, indices):
            yield "SendEntries", (i, j, *given)
        for index in range(_LOG + 3):
            yield from ((name, (i, j, index)) for name in ("SendSnapshot", "MoveNextIndex"))
            yield "ForgetMatch", (i, j, index)
            for kind in ("AppendEntriesResponse", "InstallSnapshotResponse"):
                yield "Acknowledge", (i, j, kind, index)
        for kind in ("AppendEntriesResponse", "RequestVoteResponse"):
            yield "Refuse", (i, j, kind)
    for m in messages:
        yield "DropMessage", (m,)
        yield from (("AcknowledgeLess", (m, index)) for index in indices)
        for others in (messages, messages - {m}):
            for name in ("Handle", "AdoptTerm", "NoteLeader", "RecordVote", "RecordMatch"):
                yield name, (m, others)
            yield "MatchSnapshot", (m, others)
            for name, index in product(("ReceiveCommit", "LearnCommit"), indices):
                yield name, (m, index, others)


def _is_within(state: State) -> bool:
    terms, _, snapshots, logs, *_, messages = state
    ends = (
        field(snapshot, "lastIncludedIndex") + len(results_of(log))
        for snapshot, log in zip(_results(snapshots), _results(logs), strict=True)
    )
    return max(_results(terms)) <= _TERM and max(ends) <= _LOG and len(messages) <= _MESSAGES


def _results(of: Any) -> Sequence[Any]:
    """Return what a variable is at each server."""
    return results_of(of)


def _expected(state: State, restarts: int) -> Steps:
    module, found = shared(RAFT_TRACE), set()
    for name, given in _asked(state[-1]):
        count = restarts + (name == "RestartAt")
        if count <= _RESTARTS:
            action = module.action(name, _OF_RAFT)
            found |= {(after, count) for after in action.successors(state, *given)}
    return frozenset((after, count) for after, count in found if _is_within(after))


def _split(state: State) -> tuple[State, int]:
    """Return Raft's variables of a state of the model, and how many restarts there were."""
    ours, raft = shared(model()).variables, shared(RAFT_TRACE).variables
    known = dict(zip(ours, state, strict=True))
    return tuple(known[name] for name in raft), known["restarts"]


@cache
def expected(walks: int) -> list[tuple[State, Steps]]:
    """Return states of the model, and what is to follow each: each action happens somewhere."""
    transitions, source = shared(model()).transitions(CONSTANTS), random.Random(18)
    _begun()
    known: dict[State, None] = {}
    told: Counter[str] = Counter()
    for _ in range(walks):
        [state] = transitions.initial()
        for _ in range(_LENGTH):
            steps: dict[str, list[State]] = {}
            for each in transitions.successors(state):
                if each.state != state:
                    steps.setdefault(each.action.name, []).append(each.state)
            if any(told[name] < _OF_EACH for name in steps) and state not in known:
                known[state] = None
                told.update([*steps])
            # One of each name, so that what is rare at random comes too.
            named = sorted(steps, key=lambda each: each in _WASTING)
            state = source.choice(steps[source.choice(named[: max(1, len(named) - 3)])])
    return [(state, _expected(*_split(state))) for state in known]


@cache
def _begun() -> Steps:
    """Return how it begins; to be found out before a mutant is there."""
    return frozenset((each, 0) for each in shared(RAFT_TRACE).transitions(_OF_RAFT).initial())


def first_difference(walks: int = WALKS) -> str | None:
    """Return in what the model is not RaftTrace.tla within its bounds; None if it is."""
    known = expected(walks)
    module = shared(model())
    try:
        if module.expression("vars", CONSTANTS).reads != {*module.variables}:
            return "vars"
        ours = module.transitions(CONSTANTS, specification="Spec")
        if {_split(each) for each in ours.initial()} != _begun():
            return "Init"
        recorded = module.predicate("CommittedRecorded", CONSTANTS)
        for state, steps in known:
            found = [each.state for each in ours.successors(state)]
            if {*map(_split, found)} != steps:
                return "Next"
            before, *after = (dict(zip(module.variables, s, strict=True)) for s in (state, *found))
            if not all(recorded.holds(before, each) for each in after):
                return "committed"
        permutations: Any = module.constant("Symmetry", CONSTANTS)
    except SpecError as error:
        return str(error)
    return (
        None
        if len(permutations) == len(_OF_RAFT["Server"]) + len(_OF_RAFT["Value"])
        else "Symmetry"
    )
