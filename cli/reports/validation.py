"""What was found of recorded traces, as prose, as JSON and as a JUnit file."""

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from raft_ref.cli.reports.ci import annotation
from raft_ref.traces import draw, tell
from raft_ref.traces.validation import FileReport, Outcome, ValidationReport, as_text


def file_as_text(found: FileReport, quiet: bool) -> Iterator[str]:
    """Yield what was found of a file as lines, the verdict first, and that alone if `quiet`."""
    yield _verdict(found)
    if quiet or found.outcome is Outcome.BAD_INPUT:
        return
    rate = found.lines / max(found.seconds, 1e-9)
    readings = f"{found.readings} reading{'s' if found.readings > 1 else ''} at most"
    checked = f"invariants checked of {found.checked:,} steps"
    yield f"  {found.lines:,} lines, {found.seconds:.1f} s, {rate:,.0f}/s; {checked}; {readings}"
    if found.actions:
        counts = ", ".join(f"{name} {count:,}" for name, count in found.actions.most_common())
        yield f"  actions: {counts}"
    if found.looked_back:
        yield f"  the last {found.looked_back} lines were followed in all readings"
    if why := _why(found):
        yield ""
        yield "what the spec allows there, nearest first, and what stands against it:"
        yield from (f"  {line}" for line in why)
        yield ""
        yield "the steps before:"
        yield from (f"  {line}" if line else "" for line in _steps_before(found))

    yield from _behind(found)


def _behind(found: FileReport) -> Iterator[str]:
    """Yield what is refused behind the first refused line."""
    if found.more:
        yield ""
        yield "refused as well, going on from what a refused line shows (perhaps a consequence):"
        yield from (f"  line {each.line}: {each.why}" for each in found.more)
    if found.given_up:
        yield ""
        yield f"given up at {found.given_up}"


def _verdict(found: FileReport) -> str:
    if found.outcome is Outcome.BAD_INPUT:
        return f"BAD INPUT: {found.reason}"
    where = found.path if found.line is None else f"{found.path}:{found.line}"
    reason = f": {found.reason}" if found.reason else ""
    if found.refusal is not None:
        reason = f": {found.refusal.why}"
    return f"{found.outcome.upper()} {where}{reason}"


def annotations(found: FileReport) -> Iterator[str]:
    """Yield what of a file is not accepted as annotations of its lines."""
    if found.outcome is Outcome.ACCEPTED:
        return
    text = found.reason if found.refusal is None else found.refusal.why
    yield annotation(f"raft-ref: {found.outcome}", text, found.path, found.line)
    for each in found.more:
        yield annotation("raft-ref: refused as well", each.why, found.path, each.line)


def _why(found: FileReport) -> list[str]:
    return [] if found.refusal is None else [*as_text(found.refusal.candidates)]


def _steps_before(found: FileReport) -> list[str]:
    return [] if found.refusal is None else [*tell(found.refusal.trace)]


def summary(report: ValidationReport) -> str:
    """Return how many files were found to be what, in one line."""
    counts = sorted(report.counts.items())
    listed = ", ".join(f"{count} {outcome}" for outcome, count in counts)
    left = report.total - len(report.files)
    stopped = f"; interrupted, {left} not judged" if report.is_interrupted else ""
    return f"{len(report.files)} of {report.total} traces: {listed or 'none'}{stopped}"


def graph(report: ValidationReport) -> str | None:
    """Return the end of the first refused trace as a diagram, for Graphviz."""
    refusals = (each.refusal for each in report.files)
    refusal = next((each for each in refusals if each is not None), None)
    return None if refusal is None else draw(refusal.trace).source


def as_json(report: ValidationReport) -> dict[str, Any]:
    """Return what was found as a JSON object."""
    return {
        "interrupted": report.is_interrupted,
        "traces": [
            {
                "path": str(each.path),
                "outcome": each.outcome.value,
                "lines": each.lines,
                "seconds": round(each.seconds, 3),
                "readings": each.readings,
                "actions": dict(each.actions),
                "steps_checked": each.checked,
                "line": each.line,
                "reason": each.reason,
                "looked_back": each.looked_back,
                "more": [{"line": fault.line, "because": fault.why} for fault in each.more],
                "given_up": each.given_up,
                "because": "" if each.refusal is None else each.refusal.why,
                "why": _why(each),
                "steps_before": _steps_before(each),
            }
            for each in report.files
        ],
    }


def as_junit(report: ValidationReport) -> bytes:
    """Return what was found as a JUnit file: a refusal is a failure, no verdict is an error."""
    errors = report.counts[Outcome.BAD_INPUT] + report.counts[Outcome.INCONCLUSIVE]
    suite = ElementTree.Element(
        "testsuite", name="raft-ref validate", tests=str(len(report.files)),
        failures=str(report.counts[Outcome.REFUSED]), errors=str(errors),
    )  # fmt: skip
    for each in report.files:
        case = ElementTree.SubElement(
            suite, "testcase", classname="trace", name=str(each.path), time=f"{each.seconds:.3f}"
        )
        if each.outcome is not Outcome.ACCEPTED:
            kind = "failure" if each.outcome is Outcome.REFUSED else "error"
            problem = ElementTree.SubElement(case, kind, message=_verdict(each))
            problem.text = "\n".join([*_why(each), *_steps_before(each)])
    return bytes(ElementTree.tostring(suite, "utf-8", xml_declaration=True))
