"""Which conjuncts lean on which, as prose, as JSON and as a graph."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from raft_ref.cli.reports.terminal import wrapped
from raft_ref.spec.proof import NeedsReport
from raft_ref.spec.proof.needs import GOALS, closure, without_implied
from raft_ref.traces.drawing.graphs import Drawing, Node, draw_graph


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
        properties = [each.name for each in GOALS]
        shown = {*properties, *self.report.leant_on}
        direct = {name: others for name, others in self.report.direct.items() if name in shown}
        drawing = Drawing(
            "what the proof leans on: from each to what it needs (what others imply is left out)",
            {name: Node([name], is_initial=name in properties) for name in direct},
            {edge: {} for edge in without_implied(direct)},
            are_counted=False,
        )
        return str(draw_graph(drawing).source)

    def _not_known(self) -> str:
        return f"NOT KNOWN: {self.report.not_known}"
