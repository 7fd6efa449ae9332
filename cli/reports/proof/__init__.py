"""Reports of the proof: prose, JSON and what can be drawn, for each kind of request one module.

In: a report of `spec.proof` or `verify.conjecture`: `proved`, `conjecture`, `bounded`, `needs`,
`smt_lib`. Out: a `Description`, which has one face whatever was asked; `counterexamples` to
induction are told for two of them. `progress` is for while z3 thinks. z3 must be installed.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from raft_ref.cli.reports.proof.bounded import DescribedBounded
from raft_ref.cli.reports.proof.conjecture import DescribedConjecture
from raft_ref.cli.reports.proof.needs import DescribedNeeds
from raft_ref.cli.reports.proof.proved import DescribedProof
from raft_ref.cli.reports.proof.smt_lib import DescribedSmtLib
from raft_ref.spec.proof import BoundedReport, NeedsReport, Proof, SmtLibReport
from raft_ref.verify.conjecture import ConjectureReport

__all__ = ["Description", "described"]


class Description(Protocol):
    """A report as people and programs read it."""

    @property
    def exit_code(self) -> int:
        """0 proved, 1 refuted, 3 not known."""

    def as_text(self, quiet: bool) -> Iterator[str]:
        """Yield it as lines, the verdict first, and the verdict alone if `quiet`."""

    def as_json(self, diagram: str | None) -> str:
        """Return it as one JSON object; `diagram` is the file that was drawn."""

    def graph(self) -> str | None:
        """Return what can be drawn of it, for Graphviz; None where there is nothing."""


_DESCRIPTIONS: Mapping[type, Callable[[Any], Description]] = {
    Proof: DescribedProof,
    ConjectureReport: DescribedConjecture,
    BoundedReport: DescribedBounded,
    NeedsReport: DescribedNeeds,
    SmtLibReport: DescribedSmtLib,
}


def described(report: Any) -> Description:
    """Return the description of a report."""
    return _DESCRIPTIONS[type(report)](report)
