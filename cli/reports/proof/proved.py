"""What became of a proof, as prose and as JSON."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from raft_ref.cli.reports.proof.counterexamples import as_text
from raft_ref.cli.reports.terminal import wrapped
from raft_ref.spec.proof import Kind, Proof, Question, Verdict
from raft_ref.spec.proof.invariant import CONJUNCTS, PROPERTIES, Conjunct
from raft_ref.spec.proof.membership.invariant import MEMBERSHIP_CONJUNCTS, MEMBERSHIP_PROPERTIES
from raft_ref.spec.proof.membership.protocol import ASSUMPTIONS as ASSUMPTIONS_OF_MEMBERSHIP
from raft_ref.spec.proof.membership.protocol import NOT_COVERED as NOT_COVERED_OF_MEMBERSHIP
from raft_ref.spec.proof.membership.protocol import protocol_with_membership
from raft_ref.spec.proof.protocol import ASSUMPTIONS, CARRIED_OVER, NOT_COVERED, protocol
from raft_ref.spec.proof.questions import EVERY, WITH_MEMBERSHIP, action_of, asked_of, state_of
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
            if proof.membership:
                yield "and of membership, from Membership.tla:"
                yield from (f"  - {each}" for each in ASSUMPTIONS_OF_MEMBERSHIP)
            else:
                yield "and of reads, from the thesis:"
                yield from (f"  - {each}" for each in ASSUMPTIONS_OF_READS)
                yield "carried over:"
                yield from (f"  - {each}" for each in CARRIED_OVER)
            yield "not covered:"
            yield from (f"  - {each}" for each in _not_covered(proof))

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
                "membership": proof.membership,
                "properties": [each.name for each in _invariant(proof)[0]],
                "conjuncts": {each.name: each.says for each in _invariant(proof)[1]},
                "assumptions": _assumptions(proof),
                "carried_over": () if proof.membership else CARRIED_OVER,
                "not_covered": _not_covered(proof),
                "refuted": str(found.question) if found else None,
                "counterexample": [*as_text(found)] if found else None,
                "diagram": diagram,
            }
        )

    def graph(self) -> str | None:
        """Return the counterexample as a diagram."""
        found = self.proof.induction
        return None if found is None else draw(trace_of(found)).source


def _invariant(proof: Proof) -> tuple[Sequence[Conjunct], Sequence[Conjunct]]:
    """Return the properties and the conjuncts of what was proved."""
    if proof.membership:
        return MEMBERSHIP_PROPERTIES, MEMBERSHIP_CONJUNCTS
    return (*PROPERTIES, *READ_PROPERTIES), (*CONJUNCTS, *READ_CONJUNCTS)


def _assumptions(proof: Proof) -> list[str]:
    return [
        *ASSUMPTIONS,
        *(ASSUMPTIONS_OF_MEMBERSHIP if proof.membership else ASSUMPTIONS_OF_READS),
    ]


def _not_covered(proof: Proof) -> Sequence[str]:
    return NOT_COVERED_OF_MEMBERSHIP if proof.membership else NOT_COVERED


def _title(proof: Proof) -> str:
    of_bug = f" (with the bug {proof.bug})" if proof.bug else ""
    match proof.verdict:
        case Verdict.PROVED:
            of_what = "servers, terms, entries and changes of membership"
            if not proof.membership:
                of_what = "servers, terms and entries"
            return f"PROVED for any number of {of_what}{of_bug}"
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
            return f"lemma {_lemma(question)} of {question.action} does not follow"
        case Kind.QUORUMS:
            return f"{question.name} is not so of majorities"
    return f"{question.name} does not follow"


def _lemma(question: Question) -> str:
    """Return the name of a lemma, or its number where it has none."""
    lemmas = action_of(question).lemmas_given(state_of(question))
    return lemmas[int(question.name) - 1].name or question.name


def _size(proof: Proof) -> str:
    slowest = max(proof.answers, key=lambda each: each.seconds, default=None)
    longest = f"; longest: {slowest.question}, {slowest.seconds:.1f} s" if slowest else ""
    what = (
        f"{len(CONJUNCTS)} conjuncts, {len(protocol().actions)} actions, of reads "
        f"{len(READ_CONJUNCTS)} and {len(read_actions())} more"
    )
    if proof.membership:
        actions = protocol_with_membership().actions
        what = f"{len(MEMBERSHIP_CONJUNCTS)} conjuncts, {len(actions)} actions"
    return (
        f"{len(proof.of(Verdict.PROVED))} of {proof.asked} questions proved, {what}; "
        f"{proof.seconds:.1f} s with {proof.processes} processes, {proof.solver}{longest}"
    )


def _says(question: Question) -> str:
    each = asked_of(question)
    return f"\n  ({each.says}: {each.source})" if each else ""


_FOLLOW = "follow from the conjuncts:"
_KEPT = "hold at first and are kept by every action, in seconds all together:"
_SECTIONS: Sequence[tuple[str, Sequence[Conjunct]]] = (
    (_FOLLOW, PROPERTIES),
    (_KEPT, CONJUNCTS),
    ("reads by ReadIndex: follow from these and from the conjuncts below:", READ_PROPERTIES),
    ("hold at first and are kept by every action, with those above:", READ_CONJUNCTS),
)
_SECTIONS_OF_MEMBERSHIP: Sequence[tuple[str, Sequence[Conjunct]]] = (
    (_FOLLOW, MEMBERSHIP_PROPERTIES),
    (_KEPT, MEMBERSHIP_CONJUNCTS),
)


def _table(proof: Proof) -> Iterator[str]:
    for title, several in _SECTIONS_OF_MEMBERSHIP if proof.membership else _SECTIONS:
        yield title
        yield from _rows(proof, several)
        yield ""
    if proof.membership:
        quorums = (each.question for each in proof.answers if each.question.kind is Kind.QUORUMS)
        names = sorted(each.name for each in quorums)
        yield from wrapped("taken for granted of quorums, and so of majorities", names)
    actions = [each.question.action for each in proof.answers if each.question.kind is Kind.TAKEN]
    yield from wrapped("actions, each of which can be taken", sorted(actions))


def _rows(proof: Proof, several: Sequence[Conjunct]) -> Iterator[str]:
    width = max(map(len, (*EVERY, *WITH_MEMBERSHIP)))
    for each in several:
        seconds = sum(a.seconds for a in proof.answers if a.question.name == each.name)
        yield f"  {each.name:<{width}}  {seconds:5.1f}  {each.says} ({each.source})"
