"""What is told while logs are watched, and in the end, as prose and as JSON."""

from collections.abc import Iterator
from typing import Any

from raft_ref.traces import draw, tell
from raft_ref.traces.validation import Outcome, as_text
from raft_ref.traces.watching import Kind, Told, Watched, WatchReport


def told_as_text(told: Told) -> Iterator[str]:
    """Yield what is told as lines; of what is refused, why."""
    where = "" if told.place is None else f" {told.place[0]}:{told.place[1]}"
    if told.kind is Kind.NOTICE:
        yield f"note:{where} {told.text}"
        return
    yield f"{told.kind.upper()}{where}: {told.text}"
    if told.refusal is not None:
        yield ""
        yield "what the spec allows there, nearest first, and what stands against it:"
        yield from (f"  {line}" for line in as_text(told.refusal.candidates))
        yield ""
        yield "the steps before:"
        yield from (f"  {line}" if line else "" for line in tell(told.refusal.trace))
        yield ""


def told_as_json(told: Told) -> dict[str, Any]:
    """Return what is told as a JSON object."""
    path, line = (None, None) if told.place is None else (str(told.place[0]), told.place[1])
    found: dict[str, Any] = {
        "event": told.kind.value, "path": path, "line": line, "text": told.text
    }  # fmt: skip
    if told.refusal is not None:
        found["why"] = [*as_text(told.refusal.candidates)]
        found["steps_before"] = [*tell(told.refusal.trace)]
    return found


def progress_as_text(progress: Watched) -> str:
    """Return how far it has come, in one line."""
    rate = progress.lines / max(progress.seconds, 1e-9)
    waits = f", {progress.waiting:,} wait" if progress.waiting else ""
    readings = f", {progress.readings} readings" if progress.readings > 1 else ""
    since = f", nothing for {progress.since:,.0f} s" if progress.since >= 2 else ""
    return (
        f"{progress.lines:,} lines accepted so far, {rate:,.0f}/s{waits}{readings}, "
        f"{progress.seconds:,.0f} s{since}"
    )


def progress_as_json(progress: Watched) -> dict[str, Any]:
    """Return how far it has come as a JSON object."""
    return {
        "event": "progress", "lines": progress.lines, "waiting": progress.waiting,
        "readings": progress.readings, "seconds": round(progress.seconds, 1),
    }  # fmt: skip


def end_as_text(report: WatchReport) -> Iterator[str]:
    """Yield what was found of the lines that were judged."""
    files = ", ".join(f"{path} {line:,}" for path, line in report.files.items())
    yield f"{_headline(report)} (read up to line: {files})"
    if report.actions:
        counts = ", ".join(f"{name} {count:,}" for name, count in report.actions.most_common())
        yield f"  actions: {counts}"
    rate = f"{report.seconds:.1f} s, {report.lines / max(report.seconds, 1e-9):,.0f}/s"
    yield f"  {rate}; invariants checked of {report.checked:,} steps"
    if report.waiting:
        yield f"  {report.waiting:,} lines were read and not judged"
    if report.unheard:
        yield f"  of {', '.join(report.unheard)} no line tells"
    for count, what in ((report.refused, "refused"), (report.inconclusive, "inconclusive")):
        if count:
            yield f"  {what}: {count:,}"


def _headline(report: WatchReport) -> str:
    lines = f"{report.lines:,} lines"
    if report.outcome is Outcome.ACCEPTED:
        return f"ACCEPTED SO FAR: {lines}"
    if report.outcome is Outcome.REFUSED:
        return f"REFUSED: {lines} judged"
    if not report.lines and not report.inconclusive:
        return "INCONCLUSIVE: no line was judged"
    if report.is_stopped and not report.inconclusive:
        return f"STOPPED: {lines} accepted, and not all that was written was judged"
    return f"INCONCLUSIVE: {lines} judged"


def end_as_json(report: WatchReport) -> dict[str, Any]:
    """Return what was found as a JSON object."""
    return {
        "event": "end",
        "outcome": report.outcome.value,
        "lines": report.lines,
        "files": report.files,
        "seconds": round(report.seconds, 1),
        "actions": dict(report.actions),
        "steps_checked": report.checked,
        "unheard": [*report.unheard],
        "waiting": report.waiting,
        "refused": report.refused,
        "inconclusive": report.inconclusive,
        "stopped": report.is_stopped,
    }


def graph(report: WatchReport) -> str | None:
    """Return the end of what is refused as a diagram, for Graphviz."""
    told = report.told
    return None if told is None or told.refusal is None else draw(told.refusal.trace).source
