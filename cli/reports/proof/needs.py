"""Which conjuncts lean on which, as prose, as JSON and as a graph."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from raft_ref.cli.reports.terminal import wrapped
from raft_ref.spec.proof import NeedsReport
from raft_ref.spec.proof.needs import GOALS, closure, without_implied
from raft_ref.spec.proof.questions import EVERY
from raft_ref.traces.drawing.graphs import Leaning, draw_leanings


@dataclass(frozen=True)
class DescribedNeeds:
    """What the proof leans on, as people and programs read it."""

    report: NeedsReport

    @property
    def exit_code(self) -> int:
        """0, or 3 where it is not known."""
        return 3 if self.report.not_known else 0

    def as_text(self, quiet: bool) -> Iterator[str]:
        """Yield it as lines: how much each property needs, then what each conjunct does."""
        if self.report.not_known:
            yield self._not_known()
            return
        direct = self.report.direct
        for each in GOALS:
            yield f"{each.name} needs {len(closure(each.name, direct))} others in all"
        yield ""
        for name, others in direct.items():
            yield from wrapped(name, sorted(others) or ["(nothing but the actions)"])
        leant_on = self.report.leant_on
        goals = {each.name for each in GOALS}
        idle = [name for name in direct if name not in leant_on | goals]
        yield from wrapped("\nnot needed by any property", idle)

    def as_json(self, diagram: str | None) -> str:
        """Return it as one JSON object; where it is not known, as a line that says why."""
        if self.report.not_known:
            return self._not_known()
        needs = {name: sorted(others) for name, others in self.report.direct.items()}
        return json.dumps({"needs": needs, "diagram": diagram})

    def graph(self) -> str | None:
        """Return what the properties need, and what that needs, as a graph."""
        if self.report.not_known:
            return None
        direct = self.report.direct
        needed: dict[str, list[str]] = {}
        for name, other in without_implied(direct):
            needed.setdefault(name, []).append(other)
        goals = [each.name for each in GOALS]
        rows = [
            Leaning(name, EVERY[name].says, needed.get(name, []), name in goals)
            for name in ordered(goals, needed)
        ]
        title = "What the proof leans on: what others imply is left out"
        return str(draw_leanings(title, rows).source)

    def _not_known(self) -> str:
        return f"NOT KNOWN: {self.report.not_known}"


def ordered(first: Sequence[str], needed: Mapping[str, Sequence[str]]) -> list[str]:
    """Return these and all that they need, each before what it needs, but for circles."""
    seen: set[str] = set()
    found: list[str] = []

    def visit(name: str) -> None:
        if name not in seen:
            seen.add(name)
            for other in needed.get(name, ()):
                visit(other)
            found.append(name)

    for name in reversed(first):
        visit(name)
    return found[::-1]
