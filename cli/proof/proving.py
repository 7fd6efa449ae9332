"""What `raft-ref prove` does, where there is z3."""

import argparse
import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import z3
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

from raft_ref.cli.options.errors import UsageError, demand_writable
from raft_ref.cli.proof import bounded, conjectures, dependencies
from raft_ref.cli.proof.inductions import as_text, trace_of
from raft_ref.cli.reports.pictures import drawn
from raft_ref.cli.reports.terminal import bar, wrapped
from raft_ref.spec.proof.induction import Induction, smallest
from raft_ref.spec.proof.invariant import CONJUNCTS, PROPERTIES, Conjunct
from raft_ref.spec.proof.protocol import ASSUMPTIONS, BUGS, NOT_COVERED, protocol
from raft_ref.spec.proof.prover import (
    EVERY,
    Answer,
    Kind,
    Question,
    Verdict,
    prove,
    questions,
    smt_lib,
)
from raft_ref.traces import Trace, draw
from raft_ref.traces.drawing.graphs import draw_graph

EXIT = {Verdict.PROVED: 0, Verdict.REFUTED: 1, Verdict.UNKNOWN: 3}


@dataclass
class Proof:
    """What became of a proof."""

    bug: str | None
    processes: int
    answers: list[Answer] = field(default_factory=list)
    seconds: float = 0.0
    is_interrupted: bool = False

    @property
    def asked(self) -> int:
        """How many questions there are."""
        return sum(1 for _ in questions(self.bug))

    def of(self, verdict: Verdict) -> list[Answer]:
        """Return the answers of one kind, those of what breaks first first."""
        kinds = (Kind.LEMMA, *(kind for kind in Kind if kind is not Kind.LEMMA))
        found = [each for each in self.answers if each.verdict is verdict]
        return sorted(found, key=lambda each: -kinds.index(each.question.kind))

    @property
    def verdict(self) -> Verdict:
        """Proved only if each question is."""
        if self.of(Verdict.REFUTED):
            return Verdict.REFUTED
        is_whole = len(self.of(Verdict.PROVED)) == self.asked
        return Verdict.PROVED if is_whole else Verdict.UNKNOWN


def run(options: argparse.Namespace) -> int:
    """Prove, or what else was asked for; return the exit code."""
    if options.bug == "list":
        print("\n".join(BUGS))
        return 0
    _demand_sense(options)
    for name, answer in {
        "needs": _needs, "conjecture": _conjecture, "bounded": _bounded, "smt_lib": _export,
    }.items():  # fmt: skip
        if getattr(options, name) is not None:
            return answer(options)
    return _prove(options)


def _demand_sense(options: argparse.Namespace) -> None:
    if options.bug is not None and options.bug not in BUGS:
        raise UsageError(f"--bug {options.bug}: the proof knows {', '.join(BUGS)}")
    if options.processes is not None and options.processes < 1:
        raise UsageError("--processes: expected 1 or more")
    if options.spec is not None and options.bounded is None:
        raise UsageError("--spec: only with --bounded")
    for name in ("needs", "conjecture", "bounded"):
        if options.bug is not None and getattr(options, name) is not None:
            raise UsageError(f"--bug: not with --{name}")
    for name in ("needs", "bounded", "smt_lib"):
        if options.diagram is not None and getattr(options, name) is not None:
            raise UsageError(f"--diagram: not with --{name.replace('_', '-')}")
    for name in ("diagram", "needs"):
        if getattr(options, name) is not None:
            demand_writable(f"--{name}", getattr(options, name))


def _prove(options: argparse.Namespace) -> int:
    if options.timeout is None:
        options.timeout = 60.0 if options.bug is None else 10.0
    proof = _proved(options)
    found = _counterexample(proof, 60.0)
    if not options.json:
        print("\n".join(_as_text(proof, found, options.quiet)))
    written = _drawn(None if found is None else trace_of(found), options)
    if options.json:
        print(json.dumps(_as_json(proof, found, written)))
    return EXIT[proof.verdict]


def _drawn(trace: Trace | None, options: argparse.Namespace) -> str | None:
    """Draw a counterexample, if there is one and a diagram was asked for; return the file."""
    if trace is None or options.diagram is None:
        return None
    written = str(drawn(draw(trace).source, options.diagram))
    if not options.json:
        print(f"diagram written to {written}")
    return written


def _bounded(options: argparse.Namespace) -> int:
    outcome = bounded.run(options)
    lines = bounded.describe(outcome, options.quiet)
    print(bounded.as_json(outcome) if options.json else "\n".join(lines))
    return outcome.exit_code


def _needs(options: argparse.Namespace) -> int:
    try:
        direct = dependencies.found(options)
    except ValueError as error:
        print(f"NOT KNOWN: {error}")
        return 3
    path = drawn(draw_graph(dependencies.drawing(direct)).source, options.needs)
    if options.json:
        told_so = {name: sorted(others) for name, others in direct.items()}
        print(json.dumps({"needs": told_so, "diagram": str(path)}))
        return 0
    print("\n".join(dependencies.as_text(direct)))
    print(f"diagram written to {path}")
    return 0


def _conjecture(options: argparse.Namespace) -> int:
    outcome = conjectures.run(options)
    if not options.json:
        print("\n".join(conjectures.describe(outcome, options.quiet)))
    written = _drawn(conjectures.counterexample(outcome), options)
    if options.json:
        print(conjectures.as_json(outcome, written))
    return EXIT[outcome.verdict]


def _proved(options: argparse.Namespace) -> Proof:
    proof = Proof(options.bug, options.processes or os.cpu_count() or 1)
    started = time.monotonic()
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    is_shown = not options.quiet and not options.json
    shown = bar(TextColumn("{task.description}"), *columns, is_shown=is_shown)
    with shown:
        task = shown.add_task("questions", total=proof.asked)

        def on_answer(answer: Answer) -> None:
            proof.answers.append(answer)
            shown.advance(task)

        try:
            prove(options.bug, options.timeout, proof.processes, on_answer)
        except KeyboardInterrupt:
            proof.is_interrupted = True
    proof.seconds = time.monotonic() - started
    return proof


def _counterexample(proof: Proof, seconds: float) -> Induction | None:
    """Return the smallest counterexample to the first question that is refuted."""
    for answer in () if proof.is_interrupted else proof.of(Verdict.REFUTED):
        found = smallest(answer.question, seconds)
        if found is not None:
            return found
    return None


# ---- What is printed


def _as_text(proof: Proof, found: Induction | None, quiet: bool) -> Iterator[str]:
    yield _title(proof)
    if quiet:
        return
    yield f"  {_size(proof)}"
    yield ""
    for each in proof.of(Verdict.REFUTED):
        yield f"refuted: {_denied(each.question)}{_says(each.question)}"
    for each in proof.of(Verdict.UNKNOWN):
        yield f"not known after {each.seconds:.0f} s: {each.question}"
    if found is not None:
        yield ""
        yield from as_text(found)
        return
    if proof.verdict is Verdict.PROVED:
        yield from _table(proof)
        yield ""
        yield "assumed: what z3 is given differs from Raft.tla, and allows more:"
        yield from (f"  - {each}" for each in ASSUMPTIONS)
        yield "not covered:"
        yield from (f"  - {each}" for each in NOT_COVERED)


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
        f"conjuncts, {len(protocol().actions)} actions; {proof.seconds:.1f} s with "
        f"{proof.processes} processes, z3 {z3.get_version_string()}{longest}"
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
    actions = [each.question.action for each in proof.answers if each.question.kind is Kind.TAKEN]
    yield from wrapped("actions, each of which can be taken", sorted(actions))


def _rows(proof: Proof, several: Sequence[Conjunct]) -> Iterator[str]:
    width = max(map(len, EVERY))
    for each in several:
        seconds = sum(a.seconds for a in proof.answers if a.question.name == each.name)
        yield f"  {each.name:<{width}}  {seconds:5.1f}  {each.says} ({each.source})"


def _as_json(proof: Proof, found: Induction | None, diagram: str | None) -> dict[str, Any]:
    return {
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
        "properties": [each.name for each in PROPERTIES],
        "conjuncts": {each.name: each.says for each in CONJUNCTS},
        "assumptions": ASSUMPTIONS,
        "not_covered": NOT_COVERED,
        "refuted": str(found.question) if found else None,
        "counterexample": [*as_text(found)] if found else None,
        "diagram": diagram,
    }


def _export(options: argparse.Namespace) -> int:
    folder, bug = options.smt_lib, options.bug
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise UsageError(f"--smt-lib {folder}: is no folder") from None
    asked = [*questions(bug)]
    for number, question in enumerate(asked, start=1):
        name = re.sub(r"[^A-Za-z0-9]+", "-", str(question)).strip("-")
        path = folder / f"{number:03}-{name}.smt2"
        path.write_text(smt_lib(question), encoding="utf-8")
    unsat = sum(question.kind is not Kind.TAKEN for question in asked)
    print(
        f"{len(asked)} questions written to {folder}: {unsat} are proved by unsat, the others "
        "(whether an action can be taken) by sat"
    )
    return 0
