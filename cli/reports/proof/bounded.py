"""Whether a property can be false within so many steps, as prose and as JSON."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from raft_ref.spec.proof import BoundedReport, BoundedVerdict
from raft_ref.spec.proof.bounded.local_steps import Way
from raft_ref.spec.values.value import show


@dataclass(frozen=True)
class DescribedBounded:
    """A search within so many steps, as people and programs read it."""

    report: BoundedReport

    @property
    def exit_code(self) -> int:
        """0 none within so many steps, 1 violated, 3 stopped early."""
        return {BoundedVerdict.HOLDS: 0, BoundedVerdict.VIOLATED: 1}.get(self.report.verdict, 3)

    def as_text(self, quiet: bool) -> Iterator[str]:
        """Yield it as lines, the verdict first."""
        found = self.report.found
        match self.report.verdict:
            case BoundedVerdict.VIOLATED:
                yield f"VIOLATED: {found.violated}, in {found.depth} steps and in none fewer"
            case BoundedVerdict.INCOMPLETE:
                yield f"INCOMPLETE: interrupted; no violation within {found.depth} steps"
            case BoundedVerdict.HOLDS:
                yield f"HOLDS FOR {found.depth} STEPS"
        if quiet:
            return
        sizes = self.report.sizes.as_dict()
        yield f"  {', '.join(f'{name} {number}' for name, number in sizes.items())}"
        yield f"  {found.ways:,} ways through actions; {self.report.seconds:.1f} s"
        if found.steps:
            yield ""
            width = len(str(found.depth))
            for number, way in enumerate(found.steps, start=1):
                yield f"{number:>{width}}. {as_text(way)}"

    def as_json(self, diagram: str | None) -> str:
        """Return it as one JSON object."""
        report = self.report
        return json.dumps(
            {
                "verdict": report.verdict.value,
                "property": report.found.violated,
                "steps": report.found.depth,
                "ways": report.found.ways,
                "bounds": report.sizes.as_dict(),
                "seconds": round(report.seconds, 3),
                "behavior": [as_text(way) for way in report.found.steps],
            }
        )

    def graph(self) -> str | None:
        """Return None: it is not drawn."""
        return None


def as_text(way: Way) -> str:
    """Return a step in words: the action, and what it changes."""
    given = ", ".join(show(each) for each in way.instance.arguments)
    changes = [
        f"{name}[{server}]' = {show(value)}" if server else f"{name}' = {show(value)}"
        for (name, server), value in way.changes.items()
    ]
    return f"{way.instance.action}({given})" + "".join(f"\n      {each}" for each in changes)
