"""What was found of an implementation that was driven, as prose and as JSON."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from raft_ref.cli.reports.ci import annotation
from raft_ref.traces import draw, tell
from raft_ref.traces.conformance import Conformance, ConformanceReport, Finding, Pair, schedule
from raft_ref.traces.validation import as_text as candidates_as_text

MOST_MISSING = 12
"""How many pairs that were never met are named."""


def as_text(report: ConformanceReport, *, every_pair: bool = False) -> Iterator[str]:
    """Yield what was done and found, line by line, the verdict first.

    With `every_pair`, each pair of the spec that was never met is named.
    """
    yield headline(report)
    yield from _done(report)
    for each in report.replayed:
        what = "fails still" if each.fails else "no longer fails, and is removed"
        yield f"  followed first: {each.path} {what}"
    if report.hunted is not None:
        yield from _covered(report, every_pair=every_pair)
    yield from (f"  known, met in {count:,} runs: {name}" for name, count in report.known.items())
    worst = report.worst
    for number, found in enumerate(report.findings, start=1):
        if len(report.findings) > 1:
            yield ""
            yield f"{number} of {len(report.findings)}: {_of_finding(found)}"
        yield from _finding(found, is_whole=found is worst)


def _done(report: ConformanceReport) -> Iterator[str]:
    of_runs = f"{report.runs:,} of {report.of_runs:,}"
    if report.states is None:
        yield f"  {of_runs} scenarios, {report.steps:,} steps"
    else:
        rate = f"{report.seconds:.1f} s, {report.steps / max(report.seconds, 1e-9):,.0f}/s"
        yield f"  {of_runs} schedules of seed {report.seed}, {report.steps:,} steps, {rate}"
        yield f"  states of the spec, told apart by their shape: {report.states:,}"
    counts = ", ".join(f"{name} {count:,}" for name, count in report.actions.most_common())
    yield f"  actions: {counts or 'none'}"
    if report.departed:
        yield (
            f"  {report.departed:,} of {report.of_steps:,} steps could not be taken: the message "
            "was not sent"
        )
    if report.idle:
        idle = ", ".join(f"{name} {count:,}" for name, count in report.idle.most_common())
        of_steps = f"{report.idle.total():,} of {report.of_steps:,} steps"
        yield f"  {of_steps} were answered with nothing: {idle}"
    if report.inconclusive:
        yield f"  inconclusive: {report.inconclusive:,}"


def _covered(report: ConformanceReport, *, every_pair: bool) -> Iterator[str]:
    hunted = report.hunted
    assert hunted is not None
    idle = {name: hunted.asked[name] - hunted.told[name] for name in hunted.asked}
    said = ", ".join(f"{name} {n:,} of {hunted.asked[name]:,}" for name, n in idle.items() if n)
    if said:
        yield f"  answered with nothing: {said}"
    if hunted.unknown:
        yield f"  the adapter does not know: {', '.join(sorted(hunted.unknown))}"
    if report.asks_for_changes:
        changes = ", ".join(f"{name} {count:,}" for name, count in hunted.changes.most_common())
        yield f"  changes of the membership: {changes or 'none'}"
    covered, missing = hunted.coverage, report.never_met()
    total = len(covered.met) + len(missing)
    yield (
        f"  branches of the spec: {len(covered.met)} of {total}, the last new one at step "
        f"{covered.last_new:,}: {'enough' if report.is_enough else 'not yet enough'}"
    )
    expected = covered.expected_new(report.runs)
    how_many = f"one in {expected:,.0f}" if expected >= 1.5 else "each"
    yield (
        f"    by estimate {how_many} of the schedules to come meets a new one: "
        f"{covered.once} were met in one schedule alone"
    )
    curve = ", ".join(f"{met} in {steps:,}" for steps, met in covered.curve(report.steps, 6))
    yield f"    met: {curve} steps"
    if missing and report.worst is None:
        lines = _together(missing)
        shown = lines if every_pair else lines[:MOST_MISSING]
        yield "    never met:"
        yield from (f"      {line}" for line in shown)
        if len(shown) < len(lines):
            yield f"      and {len(lines) - len(shown)} more lines of them (--coverage)"


def _together(missing: list[Pair]) -> list[str]:
    """Return pairs as lines, with all outcomes of one action in one."""
    outcomes: dict[Pair, list[str]] = {}
    for pair in missing:
        outcomes.setdefault(pair._replace(outcome=""), []).append(pair.outcome)
    return [str(pair._replace(outcome=", ".join(some))) for pair, some in outcomes.items()]


def _finding(found: Finding, *, is_whole: bool) -> Iterator[str]:
    yield ""
    yield f"kind: {found.kind}{f' ({found.times:,} runs)' if found.times > 1 else ''}"
    if found.replays is None:
        yield "  it was met once, and an interrupt came before it was followed again"
    elif not found.replays:
        yield (
            "  it was met once, and not when the schedule was followed again by a fresh process: "
            "the adapter does not do the same twice, or Init does not forget everything"
        )
    if found.sought:
        yield f"  {_consequence(found)}"
    elif found.is_interrupted and found.fatal is None and not found.run.failure:
        yield "  an interrupt came before a consequence was looked for"
    shrunk_from = "" if found.shrunk_from is None else f", shrunk from {found.shrunk_from} steps"
    yield f"the schedule{shrunk_from}:"
    departs = len(found.run.commands) if found.fatal is None else found.fatal.refused_at
    for number, each in enumerate(schedule.as_text(found.shown.commands), start=1):
        mark = "  <- departs from the spec" if found.fatal and number == departs else ""
        yield f"{number:4}. {each}{mark}"
    if found.is_cut_short:
        why = "an interrupt" if found.is_interrupted else "--shrink"
        yield f"  shrinking was cut short after {found.tries:,} tries ({why}): it may be longer"
    refusal = found.refusal
    if refusal is None or not is_whole:
        return
    yield ""
    yield "what the spec allows at the last step, and what stands against it:"
    yield from (f"  {line}" for line in candidates_as_text(refusal.candidates))
    yield ""
    yield "the steps before:"
    yield from (f"  {line}" if line else "" for line in tell(refusal.trace))


def _consequence(found: Finding) -> str:
    if found.fatal is None or found.fatal.consequence is None:
        return f"no consequence found in {found.sought:,} steps from there"
    return f"{found.fatal.consequence.kind}, {found.sought:,} steps from there"


def headline(report: ConformanceReport) -> str:
    """Return the verdict in one line."""
    missing = [*report.not_exercised()]
    worst = report.worst
    if worst is not None:
        return f"{report.outcome.upper()} {_of_finding(worst)}"
    match report.outcome:
        case Conformance.CONFORMS:
            optional = [*report.not_exercised_but_optional()]
            never = f"; never exercised: {', '.join(optional)}" if optional else ""
            return f"CONFORMS: nothing stands against it{never}"
        case Conformance.STOPPED:
            return "STOPPED: nothing stands against it so far"
    if missing:
        what = "not taken" if report.hunted is None else "never exercised"
        return f"INCONCLUSIVE: nothing stands against it, but {what}: {', '.join(missing)}"
    return f"INCONCLUSIVE: {report.inconclusive:,} of {report.runs:,} runs came to no verdict"


def _of_finding(found: Finding) -> str:
    return f"{found.name}: {found.reason}{_ONCE[found.replays]}"


_ONCE = {True: "", False: " (it does not replay)", None: " (interrupted before it was replayed)"}


def annotations(report: ConformanceReport, written: Path | None) -> Iterator[str]:
    """Yield what stands against the implementation as annotations of its schedule.

    That is in a file if it was `written`, of what is worst, or is kept.
    """
    for each in report.findings:
        path = written if written and each is report.worst else each.kept
        line = 1 + len(each.shown.commands)
        seed = "" if report.seed is None else f" (seed {report.seed})"
        title = f"raft-ref: {each.kind}"
        why = _of_finding(each) if each.refusal is None else f"{each.name}: {each.refusal.why}"
        yield annotation(title, f"{why}{seed}", path, line if path else None)


def graph(report: ConformanceReport) -> str | None:
    """Return the end of a run that is refused as a diagram, for Graphviz."""
    return None if report.refusal is None else draw(report.refusal.trace).source


def as_json(report: ConformanceReport) -> dict[str, Any]:
    """Return what was done and found as a JSON object."""
    worst = report.worst
    return {
        "verdict": report.outcome.value,
        "runs": report.runs,
        "steps": report.steps,
        "seconds": report.seconds,
        "steps_not_taken": report.departed,
        "steps_answered_with_nothing": dict(report.idle),
        "not_exercised": [*report.not_exercised(), *report.not_exercised_but_optional()],
        "inconclusive": report.inconclusive,
        "interrupted": report.is_interrupted,
        "actions": dict(report.actions),
        "seed": report.seed,
        "replayed": [{"path": str(each.path), "fails": each.fails} for each in report.replayed],
        "states": report.states,
        "changes": {} if report.hunted is None else dict(report.hunted.changes),
        "coverage": None if report.hunted is None else _coverage(report),
        "known": dict(report.known),
        "found": None if worst is None else _as_json(worst, headline(report)),
        "findings": [_as_json(each, _of_finding(each)) for each in report.findings],
    }


def _coverage(report: ConformanceReport) -> dict[str, Any]:
    assert report.hunted is not None
    covered = report.hunted.coverage
    expected = covered.expected_new(report.runs)
    return {
        "met": {str(pair): count for pair, count in sorted(covered.met.items())},
        "never": [str(pair) for pair in report.never_met()],
        "last_new": covered.last_new,
        "curve": covered.curve(report.steps),
        "met_once": covered.once,
        "schedules_to_a_new_one": expected,
        "enough": report.is_enough,
    }


def _as_json(found: Finding, reason: str) -> dict[str, Any]:
    return {
        "name": found.name,
        "kind": found.kind,
        "times": found.times,
        "reason": reason,
        "replays": found.replays,
        "shrunk_from": found.shrunk_from,
        "cut_short": found.is_cut_short,
        "interrupted": found.is_interrupted,
        "consequence": found.fatal and found.fatal.consequence and found.fatal.consequence.kind,
        "sought": found.sought,
        "kept": None if found.kept is None else str(found.kept),
        "schedule": schedule.as_text(found.shown.commands),
        "why": [] if found.refusal is None else [*candidates_as_text(found.refusal.candidates)],
    }


def as_junit(report: ConformanceReport) -> bytes:
    """Return what was found as a JUnit file: what stands against it fails, no verdict is an error.

    Each kind is a test; there is one for the whole where there is none.
    """
    outcome = report.outcome
    is_error = outcome in (Conformance.INCONCLUSIVE, Conformance.STOPPED)
    bad = len(report.findings)
    suite = ElementTree.Element(
        "testsuite", name="raft-ref conform", tests=str(max(bad, 1)),
        failures=str(0 if is_error else bad), errors=str(max(bad, 1) if is_error else 0),
        time=f"{report.seconds:.3f}",
    )  # fmt: skip
    for name, text in [
        (each.kind, [*_finding(each, is_whole=True)]) for each in report.findings
    ] or [("conforms", [])]:
        case = ElementTree.SubElement(suite, "testcase", classname="conform", name=name)
        if outcome is not Conformance.CONFORMS:
            problem = ElementTree.SubElement(
                case, "error" if is_error else "failure", message=headline(report)
            )
            problem.text = "\n".join(text)
    return bytes(ElementTree.tostring(suite, "utf-8", xml_declaration=True))
