"""What happened as a schedule was played, as prose and as JSON."""

from collections.abc import Iterator
from typing import Any

from raft_ref.traces import tell
from raft_ref.traces.playing import PlayReport


def as_text(report: PlayReport, quiet: bool) -> Iterator[str]:
    """Yield what happened under the headings of the schedule, and the verdict last."""
    if not quiet:
        headings = list(report.headings)
        for number, sentence in enumerate(tell(report.trace), start=1):
            while headings and headings[0][0] <= number:
                yield from ("", headings.pop(0)[1])
            yield f"  {sentence}"
        for _, heading in headings:
            yield from ("", heading)
        yield ""
    yield _verdict(report)


def _verdict(report: PlayReport) -> str:
    if report.not_so:
        return f"NOT SO {report.not_so}"
    held = f"; all {report.expected} expectations hold" if report.expected else ""
    return f"PLAYED {report.path}: {len(report.trace.steps)} steps{held}"


def as_json(report: PlayReport) -> dict[str, Any]:
    """Return what happened as a JSON object."""
    return {
        "path": str(report.path),
        "steps": len(report.trace.steps),
        "expectations_held": report.expected,
        "not_so": report.not_so,
        "headings": [{"before_step": number, "text": text} for number, text in report.headings],
        "story": tell(report.trace),
    }
