"""A formula of one's own: whether it holds wherever a small cluster comes, and inductively.

In: a `ConjectureRequest`. Out: a `ConjectureReport`: a trace to a state in which it is false, or
what z3 says of it given the conjuncts of the proof. z3 must be installed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from raft_ref import Node
from raft_ref.explorer import Bounds, System
from raft_ref.spec.link.proof_search import ConjunctsReport, ConjunctsSearch
from raft_ref.spec.link.simulation_relation import SimulationRelation
from raft_ref.spec.proof.conjecture import conjecture
from raft_ref.spec.proof.counterexamples import Induction, smallest
from raft_ref.spec.proof.invariant import Conjunct
from raft_ref.spec.proof.protocol import protocol
from raft_ref.spec.proof.questions import (
    OLD,
    Answer,
    Kind,
    Question,
    Verdict,
    ask,
)
from raft_ref.spec.proof.request import Asked
from raft_ref.spec.requests import Sizes
from raft_ref.traces import Trace
from raft_ref.traces.sources import induction as inductions
from raft_ref.traces.sources.explored import trace_of

SIZES = replace(Sizes(), servers=2, max_snapshot_index=0, max_drops=0, max_duplicates=0)
"""Where it is looked for first, if nothing else is said: some seconds' worth."""
SECONDS = 10.0
"""How long to wait for each answer of z3 if nothing is said."""
SECONDS_FOR_THE_SMALLEST = 60.0

Progress = ConjunctsReport | Asked
"""How far it has come: in exploring a cluster, and then in asking z3."""


@dataclass
class ConjectureReport:
    """What became of a conjecture.

    `says` is its text; `explored` tells what a cluster of these sizes came to; `trace` leads to a
    state of it in which it is false. `answers` are those of z3, `induction` is the smallest
    counterexample to the first action that does not keep it.
    """

    says: str
    sizes: Sizes
    explored: ConjunctsReport = field(default_factory=ConjunctsReport)
    trace: Trace | None = None
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

    @property
    def counterexample(self) -> Trace | None:
        """The trace that shows what stands against it, if there is one."""
        if self.trace is not None or self.induction is None:
            return self.trace
        return inductions.trace_of(self.induction)


@dataclass(frozen=True)
class ConjectureRequest:
    """Ask whether a formula of TLA+, in the words of the proof, holds and is inductive.

    `seconds` is how long to wait for each answer of z3; `source` says where a trace comes from.
    """

    formula: str
    sizes: Sizes = SIZES
    seconds: float = SECONDS
    source: str = ""

    def run(
        self, on_progress: Callable[[Progress], None] = lambda progress: None
    ) -> ConjectureReport:
        """Explore, and ask z3 unless it is false; until it is done or on Ctrl-C.

        Raises `SpecError` for a formula that makes no sense.
        """
        formula = conjecture(self.formula)
        report = ConjectureReport(formula.says, self.sizes)
        try:
            self._explore(formula, report, on_progress)
            if report.trace is None:
                self._ask(formula, report, on_progress)
        except KeyboardInterrupt:
            report.is_interrupted = True
        return report

    def _explore(
        self, formula: Conjunct, report: ConjectureReport, on_progress: Callable[[Progress], None]
    ) -> None:
        sizes, servers, values = self.sizes, self.sizes.server_names, self.sizes.value_names
        limits = Bounds(
            sizes.max_messages,
            sizes.max_restarts,
            sizes.max_drops,
            sizes.max_duplicates,
            measures={
                "max_term": sizes.max_term,
                "max_log_length": sizes.max_log_length,
                "max_snapshot_index": sizes.max_snapshot_index,
            },
        )
        system = System(Node(servers, values), servers, limits)
        relation = SimulationRelation(servers, values, sizes.max_term, sizes.max_log_length)
        search = ConjunctsSearch(system, relation, [formula])
        report.explored = search.found
        search.run(on_progress)
        if search.found.counterexample is not None:
            report.trace = trace_of(search.found.counterexample, system, self.source)

    def _ask(
        self, formula: Conjunct, report: ConjectureReport, on_progress: Callable[[Progress], None]
    ) -> None:
        asked = [
            Question(Kind.FOLLOWS, formula.name),
            Question(Kind.INITIAL, formula.name),
            *(
                Question(Kind.KEPT, formula.name, title, lemmas=len(action.lemmas_given(OLD)))
                for title, action in protocol().actions.items()
            ),
        ]
        on_progress(Asked(0, len(asked)))
        for question in asked:
            report.answers.append(ask(question, self.seconds, formula))
            on_progress(Asked(len(report.answers), len(asked)))
            if report.follows:
                return
        refuted = [
            each.question
            for each in report.answers
            if each.question.kind is Kind.KEPT and each.verdict is Verdict.REFUTED
        ]
        if refuted:
            report.induction = smallest(refuted[0], SECONDS_FOR_THE_SMALLEST, formula)
