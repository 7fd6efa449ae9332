"""`raft-ref prove --conjecture`: whether a formula holds where a cluster comes, and inductively."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

from raft_ref import Node
from raft_ref.cli.options.sizes import sizes_of
from raft_ref.cli.proof.inductions import as_text, trace_of
from raft_ref.cli.reports.conjuncts import progress_line as how_far
from raft_ref.cli.reports.terminal import bar, live_progress
from raft_ref.explorer import Bounds, System
from raft_ref.spec.link.conjuncts import ConjunctsReport, ConjunctsSearch
from raft_ref.spec.link.simulation_relation import SimulationRelation
from raft_ref.spec.proof.conjecture import conjecture
from raft_ref.spec.proof.induction import Induction, smallest
from raft_ref.spec.proof.invariant import Conjunct
from raft_ref.spec.proof.protocol import protocol
from raft_ref.spec.proof.prover import Answer, Kind, Question, Verdict, ask
from raft_ref.traces import Trace, tell
from raft_ref.traces.format.record import trace_of as recorded
from raft_ref.verify.cluster import DEFAULTS

BOUNDS: Mapping[str, int] = {
    **DEFAULTS,
    "servers": 2,
    "max_snapshot_index": 0,
    "max_drops": 0,
    "max_duplicates": 0,
}
"""Where it is looked for first, if nothing else is said: some seconds' worth."""


@dataclass
class Outcome:
    """What became of a conjecture."""

    says: str
    bounds: Mapping[str, int]
    found: ConjunctsReport
    trace: Trace | None = None
    """To a state that a cluster reaches, where it is false."""
    answers: list[Answer] = field(default_factory=list)
    induction: Induction | None = None
    is_interrupted: bool = False

    @property
    def verdict(self) -> Verdict:
        """Proved: it follows, or it is inductive."""
        if self.follows:
            return Verdict.PROVED
        found = [a.verdict for a in self.answers if a.question.kind is not Kind.FOLLOWS]
        if self.trace is not None or Verdict.REFUTED in found:
            return Verdict.REFUTED
        is_whole = len(found) == 1 + len(protocol().actions)
        return Verdict.PROVED if is_whole and {*found} == {Verdict.PROVED} else Verdict.UNKNOWN

    @property
    def follows(self) -> bool:
        """Whether it follows from the conjuncts alone."""
        return any(
            a.question.kind is Kind.FOLLOWS and a.verdict is Verdict.PROVED for a in self.answers
        )


def run(options: argparse.Namespace) -> Outcome:
    """Look for a formula where a cluster comes, then prove it. Raises SpecError and UsageError."""
    formula = conjecture(options.conjecture)
    outcome = Outcome(formula.says, sizes_of(options, BOUNDS), ConjunctsReport())
    try:
        _explore(formula, outcome, options)
        if outcome.trace is None:
            _prove(formula, outcome, options)
    except KeyboardInterrupt:
        outcome.is_interrupted = True
    return outcome


def _explore(formula: Conjunct, outcome: Outcome, options: argparse.Namespace) -> None:
    bounds = outcome.bounds
    servers = [f"s{number + 1}" for number in range(bounds["servers"])]
    values = [f"v{number + 1}" for number in range(bounds["values"])]
    of_servers = {n: bounds[n] for n in ("max_term", "max_log_length", "max_snapshot_index")}
    limits = Bounds(
        bounds["max_messages"],
        bounds["max_restarts"],
        bounds["max_drops"],
        bounds["max_duplicates"],
        measures=of_servers,
    )
    system = System(Node(servers, values), servers, limits)
    relation = SimulationRelation(servers, values, bounds["max_term"], bounds["max_log_length"])
    search = ConjunctsSearch(system, relation, [formula])
    outcome.found = search.found
    is_shown = sys.stderr.isatty() and not (options.quiet or options.json)
    with live_progress(how_far) if is_shown else nullcontext(lambda found: None) as on_progress:
        search.run(on_progress)
    if search.found.counterexample is not None:
        outcome.trace = recorded(search.found.counterexample, system, "raft-ref prove --conjecture")


def _prove(formula: Conjunct, outcome: Outcome, options: argparse.Namespace) -> None:
    asked = [
        Question(Kind.FOLLOWS, formula.name),
        Question(Kind.INITIAL, formula.name),
        *(
            Question(Kind.KEPT, formula.name, title, lemmas=len(action.lemmas_given()))
            for title, action in protocol().actions.items()
        ),
    ]
    seconds = options.timeout or 10.0
    is_shown = not (options.quiet or options.json)
    with bar(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), is_shown=is_shown
    ) as shown:
        for question in shown.track(asked, description="questions"):
            outcome.answers.append(ask(question, seconds, formula))
            if outcome.follows:
                return
    refuted = [
        each.question
        for each in outcome.answers
        if each.question.kind is Kind.KEPT and each.verdict is Verdict.REFUTED
    ]
    if refuted:
        outcome.induction = smallest(refuted[0], 60.0, formula)


def describe(outcome: Outcome, quiet: bool) -> Iterator[str]:
    """Yield an outcome as lines, the verdict first."""
    yield _title(outcome)
    if quiet:
        return
    found = outcome.found
    bounds = ", ".join(f"{name} {limit}" for name, limit in outcome.bounds.items())
    if outcome.trace is not None:
        yield ""
        yield from tell(outcome.trace)
        return
    yield (
        f"  true in {found.states:,} states explored, {found.places:,} with what the proof "
        f"remembers ({bounds})"
    )
    for each in outcome.answers:
        if each.verdict is not Verdict.PROVED:
            yield f"  {_denied(each)}"
    if outcome.induction is not None:
        yield ""
        yield from as_text(outcome.induction)


def _title(outcome: Outcome) -> str:
    if outcome.trace is not None:
        return f"FALSE: in a state that is reached in {len(outcome.trace.steps)} steps"
    match outcome.verdict:
        case Verdict.PROVED if outcome.follows:
            return "PROVED: it follows from the conjuncts"
        case Verdict.PROVED:
            return "PROVED: it is inductive, given the conjuncts"
        case Verdict.REFUTED:
            return "NOT INDUCTIVE"
    return "NOT KNOWN" + ("; interrupted" if outcome.is_interrupted else "")


def _denied(answer: Answer) -> str:
    is_refuted, action = answer.verdict is Verdict.REFUTED, answer.question.action
    denied, doubted = {
        Kind.FOLLOWS: (
            "it does not follow from the conjuncts alone",
            "whether it follows from the conjuncts alone is not known",
        ),
        Kind.INITIAL: ("it does not hold at first", "whether it holds at first is not known"),
        Kind.KEPT: (f"{action} does not keep it", f"whether {action} keeps it is not known"),
    }[answer.question.kind]
    return denied if is_refuted else f"{doubted} after {answer.seconds:.0f} s"


def counterexample(outcome: Outcome) -> Trace | None:
    """Return what is to be drawn, if anything is."""
    if outcome.trace is not None:
        return outcome.trace
    return None if outcome.induction is None else trace_of(outcome.induction)


def as_json(outcome: Outcome, diagram: str | None) -> str:
    """Return an outcome as one JSON object."""
    return json.dumps(
        {
            "verdict": outcome.verdict.value,
            "conjecture": outcome.says,
            "title": _title(outcome),
            "bounds": dict(outcome.bounds),
            "distinct_states": outcome.found.states,
            "interrupted": outcome.is_interrupted,
            "answers": [
                {
                    "question": str(each.question),
                    "verdict": each.verdict.value,
                    "seconds": round(each.seconds, 3),
                }
                for each in outcome.answers
            ],
            "steps": None if outcome.trace is None else len(outcome.trace.steps),
            "counterexample": [*as_text(outcome.induction)] if outcome.induction else None,
            "diagram": diagram,
        }
    )
