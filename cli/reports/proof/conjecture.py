"""What became of a conjecture, as prose and as JSON."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from raft_ref.cli.reports.proof.counterexamples import as_text
from raft_ref.spec.proof import Answer, Kind, Verdict
from raft_ref.traces import draw, tell
from raft_ref.verify.conjecture import ConjectureReport


@dataclass(frozen=True)
class DescribedConjecture:
    """A conjecture, as people and programs read what became of it."""

    report: ConjectureReport

    @property
    def exit_code(self) -> int:
        """0 proved, 1 false or not inductive, 3 not known."""
        return {Verdict.PROVED: 0, Verdict.REFUTED: 1}.get(self.report.verdict, 3)

    def as_text(self, quiet: bool) -> Iterator[str]:
        """Yield it as lines, the verdict first."""
        report = self.report
        yield self._title()
        if quiet:
            return
        if report.trace is not None:
            yield ""
            yield from tell(report.trace)
            return
        bounds = ", ".join(f"{name} {limit}" for name, limit in report.sizes.as_dict().items())
        explored = report.explored
        yield (
            f"  true in {explored.states:,} states explored, {explored.places:,} with what the "
            f"proof remembers ({bounds})"
        )
        for each in report.answers:
            if each.verdict is not Verdict.PROVED:
                yield f"  {_denied(each)}"
        if report.induction is not None:
            yield ""
            yield from as_text(report.induction)

    def as_json(self, diagram: str | None) -> str:
        """Return it as one JSON object."""
        report = self.report
        return json.dumps(
            {
                "verdict": report.verdict.value,
                "conjecture": report.says,
                "title": self._title(),
                "bounds": report.sizes.as_dict(),
                "distinct_states": report.explored.states,
                "interrupted": report.is_interrupted,
                "answers": [
                    {
                        "question": str(each.question),
                        "verdict": each.verdict.value,
                        "seconds": round(each.seconds, 3),
                    }
                    for each in report.answers
                ],
                "steps": None if report.trace is None else len(report.trace.steps),
                "counterexample": [*as_text(report.induction)] if report.induction else None,
                "diagram": diagram,
            }
        )

    def graph(self) -> str | None:
        """Return the counterexample as a diagram."""
        trace = self.report.counterexample
        return None if trace is None else draw(trace).source

    def _title(self) -> str:
        report = self.report
        if report.trace is not None:
            return f"FALSE: in a state that is reached in {len(report.trace.steps)} steps"
        match report.verdict:
            case Verdict.PROVED if report.follows:
                return "PROVED: it follows from the conjuncts"
            case Verdict.PROVED:
                return "PROVED: it is inductive, given the conjuncts"
            case Verdict.REFUTED:
                return "NOT INDUCTIVE"
        return "NOT KNOWN" + ("; interrupted" if report.is_interrupted else "")


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
