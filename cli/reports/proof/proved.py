"""What became of a proof, as prose and as JSON."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from raft_ref.cli.reports.proof.counterexamples import as_text
from raft_ref.cli.reports.terminal import wrapped
from raft_ref.spec.proof import Kind, Proof, Question, Verdict
from raft_ref.spec.proof.invariant import CONJUNCTS, PROPERTIES, Conjunct
from raft_ref.spec.proof.protocol import ASSUMPTIONS, CARRIED_OVER, NOT_COVERED, protocol
from raft_ref.spec.proof.questions import EVERY
from raft_ref.spec.proof.reads.invariant import READ_CONJUNCTS, READ_PROPERTIES
from raft_ref.spec.proof.reads.protocol import ASSUMPTIONS as ASSUMPTIONS_OF_READS
from raft_ref.spec.proof.reads.protocol import read_actions
from raft_ref.traces import draw
from raft_ref.traces.sources.induction import trace_of


@dataclass(frozen=True)
class DescribedProof:
    """A proof, as people and programs read it."""

    proof: Proof

    @property
    def exit_code(self) -> int:
        """0 proved, 1 refuted, 3 not known."""
        return {Verdict.PROVED: 0, Verdict.REFUTED: 1}.get(self.proof.verdict, 3)

    def as_text(self, quiet: bool) -> Iterator[str]:
        """Yield it as lines, the verdict first."""
        proof = self.proof
        yield _title(proof)
        if quiet:
            return
        yield f"  {_size(proof)}"
        yield ""
        for each in proof.of(Verdict.REFUTED):
            yield f"refuted: {_denied(each.question)}{_says(each.question)}"
        for each in proof.of(Verdict.UNKNOWN):
            yield f"not known after {each.seconds:.0f} s: {each.question}"
        if proof.induction is not None:
            yield ""
            yield from as_text(proof.induction)
            return
        if proof.verdict is Verdict.PROVED:
            yield from _table(proof)
            yield ""
            yield "assumed: what z3 is given differs from Raft.tla, and allows more:"
            yield from (f"  - {each}" for each in ASSUMPTIONS)
            yield "and of reads, from the thesis:"
            yield from (f"  - {each}" for each in ASSUMPTIONS_OF_READS)
            yield "carried over:"
            yield from (f"  - {each}" for each in CARRIED_OVER)
            yield "not covered:"
            yield from (f"  - {each}" for each in NOT_COVERED)

    def as_json(self, diagram: str | None) -> str:
        """Return it as one JSON object."""
        proof, found = self.proof, self.proof.induction
        return json.dumps(
            {
                "verdict": proof.verdict.value,
                "bug": proof.bug,
                "questions": proof.asked,
                "seconds": round(proof.seconds, 3),
                "interrupted": proof.is_interrupted,
                "answers": [
                    {
                        "question": str(each.question),
                        "kind": each.question.kind.value,
                        "name": each.question.name,
                        "action": each.question.action,
                        "verdict": each.verdict.value,
                        "seconds": round(each.seconds, 3),
                    }
                    for each in proof.answers
                ],
                "properties": [each.name for each in (*PROPERTIES, *READ_PROPERTIES)],
                "conjuncts": {each.name: each.says for each in (*CONJUNCTS, *READ_CONJUNCTS)},
                "assumptions": [*ASSUMPTIONS, *ASSUMPTIONS_OF_READS],
                "carried_over": CARRIED_OVER,
                "not_covered": NOT_COVERED,
                "refuted": str(found.question) if found else None,
                "counterexample": [*as_text(found)] if found else None,
                "diagram": diagram,
            }
        )

    def graph(self) -> str | None:
        """Return the counterexample as a diagram."""
        found = self.proof.induction
        return None if found is None else draw(trace_of(found)).source


def _title(proof: Proof) -> str:
    of_bug = f" (with the bug {proof.bug})" if proof.bug else ""
    match proof.verdict:
        case Verdict.PROVED:
            return f"PROVED for any number of servers, terms and entries{of_bug}"
        case Verdict.REFUTED:
            return f"REFUTED: {_denied(proof.of(Verdict.REFUTED)[0].question)}{of_bug}"
    left = proof.asked - len(proof.answers)
    stopped = f"; interrupted, {left} questions were not answered" if proof.is_interrupted else ""
    return f"NOT KNOWN{of_bug}{stopped}"


def _denied(question: Question) -> str:
    match question.kind:
        case Kind.KEPT:
            return f"{question.action} does not keep {question.name}"
        case Kind.INITIAL:
            return f"{question.name} does not hold at first"
        case Kind.LEMMA:
            return f"lemma {question.name} of {question.action} does not follow"
    return f"{question.name} does not follow"


def _size(proof: Proof) -> str:
    slowest = max(proof.answers, key=lambda each: each.seconds, default=None)
    longest = f"; longest: {slowest.question}, {slowest.seconds:.1f} s" if slowest else ""
    return (
        f"{len(proof.of(Verdict.PROVED))} of {proof.asked} questions proved, {len(CONJUNCTS)} "
        f"conjuncts, {len(protocol().actions)} actions, of reads {len(READ_CONJUNCTS)} and "
        f"{len(read_actions())} more; {proof.seconds:.1f} s with {proof.processes} processes, "
        f"{proof.solver}{longest}"
    )


def _says(question: Question) -> str:
    each = EVERY.get(question.name)
    return f"\n  ({each.says}: {each.source})" if each else ""


def _table(proof: Proof) -> Iterator[str]:
    yield "follow from the conjuncts:"
    yield from _rows(proof, PROPERTIES)
    yield ""
    yield "hold at first and are kept by every action, in seconds all together:"
    yield from _rows(proof, CONJUNCTS)
    yield ""
    yield "reads by ReadIndex: follow from these and from the conjuncts below:"
    yield from _rows(proof, READ_PROPERTIES)
    yield ""
    yield "hold at first and are kept by every action, with those above:"
    yield from _rows(proof, READ_CONJUNCTS)
    yield ""
    actions = [each.question.action for each in proof.answers if each.question.kind is Kind.TAKEN]
    yield from wrapped("actions, each of which can be taken", sorted(actions))


def _rows(proof: Proof, several: Sequence[Conjunct]) -> Iterator[str]:
    width = max(map(len, EVERY))
    for each in several:
        seconds = sum(a.seconds for a in proof.answers if a.question.name == each.name)
        yield f"  {each.name:<{width}}  {seconds:5.1f}  {each.says} ({each.source})"
