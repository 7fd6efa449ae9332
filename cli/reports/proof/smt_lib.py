"""What is said of the questions that were written in SMT-LIB."""

from collections.abc import Iterator
from dataclasses import dataclass

from raft_ref.spec.proof import SmtLibReport


@dataclass(frozen=True)
class DescribedSmtLib:
    """A report as people read it; there is nothing in it for programs, or to be drawn."""

    report: SmtLibReport
    exit_code: int = 0

    def as_text(self, quiet: bool) -> Iterator[str]:
        """Yield it as a line."""
        yield self._line()

    def as_json(self, diagram: str | None) -> str:
        """Return the same line."""
        return self._line()

    def graph(self) -> str | None:
        """Return None."""
        return None

    def _line(self) -> str:
        report = self.report
        return (
            f"{len(report.questions)} questions written to {report.folder}: "
            f"{report.proved_by_unsat} are proved by unsat, the others (whether an action can be "
            "taken) by sat"
        )
