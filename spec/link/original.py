"""Whether what is checked is Raft.tla: its Next is written once more in MCRaft.tla, and tied to it.

In both directions, on the states that are found first: each step of the model is one of Raft's
`Next`, or changes none of its variables, and each step of `Next` that stays within the bounds is
one of the model's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from raft_ref.spec.files import MODEL, RAFT
from raft_ref.spec.link.shared import shared
from raft_ref.spec.steps.interning import State
from raft_ref.spec.values.value import model_value, show

STATES = 1_000
"""How many states of the model are compared, in about a second, if nobody says how many."""

OF_RAFT = ("Server", "Value", "Nil")
"""The constants of Raft.tla."""

_CONSTANTS: Mapping[str, Any] = {
    "Server": frozenset({model_value("s1"), model_value("s2")}),
    "Value": frozenset({model_value("v1")}),
    "Nil": model_value("Nil"),
}
_BOUNDS = {
    "MaxTerm": 2,
    "MaxLogLength": 1,
    "MaxSnapshotIndex": 1,
    "MaxMessages": 2,
    "MaxRestarts": 1,
    "MaxDrops": 1,
    "MaxDuplicates": 1,
}
BOUNDS_OF_FEATURES = {
    "MaxReads": "max_reads",
    "MaxRounds": "max_rounds",
    "MaxChanges": "max_changes",
}
"""The constants of a model that are bounds on what features do, and the explorer's bounds.

A model without features has none of them.
"""

_BEGIN = frozenset({model_value("s1")})
_NO_MORE: Mapping[str, Any] = {}
_COUNTERS = ("restarts", "drops", "duplicates")


def differences(
    most: int = STATES,
    raft: Path = RAFT,
    model: Path = MODEL,
    *,
    more: Mapping[str, Any] = _NO_MORE,
    is_coverage_demanded: bool = False,
) -> Iterator[str]:
    """Yield how the model's steps and those of Raft's Next differ, as text; nothing if not.

    Looks at so many states, breadth first; that each action was taken by then can be demanded.
    `more` are constants that Raft.tla does not have, by name.
    Raises `SpecError` where a file makes no sense.
    """
    checked, original = shared(model), shared(raft)
    constants = {**_CONSTANTS, **more}
    if "Voters" in more:
        constants["Voters"] = _BEGIN
    of_reads = [name for name in BOUNDS_OF_FEATURES if name in checked.constants]
    limits = _BOUNDS | dict.fromkeys(of_reads, 1)
    ours = checked.transitions({**constants, **limits})
    theirs = original.transitions(constants)
    within = checked.predicate("Within", {**constants, **limits})
    places = [ours.variables.index(name) for name in theirs.variables]
    waiting = deque(ours.initial())
    met = {*waiting}
    taken: dict[str, int] = {}
    if {tuple(each[at] for at in places) for each in waiting} != {*theirs.initial()}:
        yield "Init of the model is not Init of Raft"
    while waiting and len(met) < most:
        state = waiting.popleft()
        here = tuple(state[at] for at in places)
        allowed = {each.state for each in theirs.successors(here)}
        reached = set()
        for step in ours.successors(_uncounted(ours.variables, state)):
            after = tuple(step.state[at] for at in places)
            reached.add(after)
            taken[step.action.name] = taken.get(step.action.name, 0) + 1
            if after not in allowed and after != here:
                yield f"{step.action.name} of the model is no step of Next: {_shown(theirs, after)}"
            begun = _uncounted(ours.variables, step.state)
            if begun not in met:
                met.add(begun)
                waiting.append(begun)
        for after in sorted(allowed - reached - {here}, key=str):
            names = theirs.variables
            if within.holds(*(dict(zip(names, each, strict=True)) for each in (here, after))):
                yield f"a step of Next is none of the model: to {_shown(theirs, after)}"
    if is_coverage_demanded:
        never = [action.name for action in ours.actions if action.name not in taken]
        yield from (f"{name} of the model was never taken" for name in never)


def _uncounted(variables: Sequence[str], state: State) -> State:
    """Return a state in which no fault was used yet, so that no step is left out for that."""
    return tuple(
        0 if name in _COUNTERS else value for name, value in zip(variables, state, strict=True)
    )


def _shown(transitions: Any, state: State) -> str:
    return ", ".join(
        f"{name} = {show(value)}" for name, value in zip(transitions.variables, state, strict=True)
    )
