"""A counterexample to induction as prose."""

from collections.abc import Iterator, Mapping
from typing import Any

from raft_ref.spec.proof.counterexamples import Induction
from raft_ref.spec.proof.evaluation import as_text as instances_as_text
from raft_ref.spec.proof.evaluation import shown
from raft_ref.spec.proof.models import Element
from raft_ref.traces.sources.induction import (
    fact_as_text,
    ghosts,
    trace_of,
)
from raft_ref.traces.story.words import entries, plain


def as_text(found: Induction) -> Iterator[str]:
    """Yield a counterexample as lines: the state, the action, and what is false after it."""
    question, trace = found.question, trace_of(found)
    yield "a smallest state with all conjuncts (it need not be reachable):"
    for server, state in trace.initial.items():
        yield f"  {server}: {_state(state)}"
    yield f"  quorums: {', '.join(map(shown, found.quorums.values()))}"
    yield from (f"  {fact_as_text(fact)}" for fact in ghosts(found.before))
    if question.action:
        given = ", ".join(f"{name} = {_named(found, it)}" for name, it in found.arguments.items())
        yield f"{question.action}: {given}"
    yield from (f"  + {fact_as_text(fact)}" for fact in found.added())
    yield from (f"  - {fact_as_text(fact)}" for fact in found.removed())
    if found.asked is None:
        yield f"and yet lemma {question.name} of this action is false"
        return
    yield f"and now {question.name} is false: {instances_as_text(found.falsified_by())}"


def _named(found: Induction, element: Element) -> str:
    return shown(found.quorums.get(element, element))


def _state(state: Mapping[str, Any]) -> str:
    log = ", ".join(plain(entry) for entry in entries(state["log"]) or ())
    vote = f", voted for {state['votedFor']}" if state["votedFor"] else ""
    commit = f", commitIndex {state['commitIndex']}" if state["commitIndex"] else ""
    return f"{state['role']} in term {state['currentTerm']}{vote}, log [{log}]{commit}"
