"""`raft-ref prove --bounded`: whether a property can be false within so many steps, asked of z3."""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass

from raft_ref.cli.options.errors import UsageError
from raft_ref.cli.options.sizes import sizes_of
from raft_ref.cli.reports.terminal import live_progress
from raft_ref.spec.files import RAFT
from raft_ref.spec.proof.bounded import Found, Unrolled
from raft_ref.spec.proof.local_steps import PROPERTIES, Bounds, LocalSteps, Way
from raft_ref.spec.values.value import show
from raft_ref.verify.cluster import DEFAULTS

SIZES: Mapping[str, int] = {**DEFAULTS, "max_drops": 0, "max_duplicates": 0}


@dataclass
class Outcome:
    """What became of it: what was found down to `found.depth` steps."""

    sizes: Mapping[str, int]
    found: Found
    seconds: float
    is_interrupted: bool

    @property
    def exit_code(self) -> int:
        """0 none within so many steps, 1 violated, 3 stopped early."""
        if self.found.violated is not None:
            return 1
        return 3 if self.is_interrupted else 0


def run(options: argparse.Namespace) -> Outcome:
    """Look for a property that is false. Raises UsageError and SpecError."""
    if options.bounded < 0:
        raise UsageError("--bounded: expected 0 steps or more")
    sizes = sizes_of(options, SIZES)
    bounds = Bounds(**{name: sizes[name] for name in Bounds._fields})
    steps = LocalSteps(sizes["servers"], sizes["values"], bounds, options.spec or RAFT)
    search = Unrolled(steps, PROPERTIES)
    started, reached = time.monotonic(), Found(0, 0)
    is_shown = sys.stderr.isatty() and not (options.quiet or options.json)
    with live_progress(str) if is_shown else nullcontext(lambda text: None) as show_text:

        def on_depth(depth: int, ways: int) -> None:
            nonlocal reached
            reached = Found(max(depth - 1, 0), ways)
            show_text(f"{depth} of {options.bounded} steps, {ways:,} ways through actions")

        try:
            found, is_interrupted = search.run(options.bounded, on_depth), False
        except KeyboardInterrupt:
            found, is_interrupted = reached, True
    return Outcome(sizes, found, time.monotonic() - started, is_interrupted)


def describe(outcome: Outcome, quiet: bool) -> Iterator[str]:
    """Yield an outcome as lines, the verdict first."""
    found = outcome.found
    if found.violated is not None:
        yield f"VIOLATED: {found.violated}, in {found.depth} steps and in none fewer"
    elif outcome.is_interrupted:
        yield f"INCOMPLETE: interrupted; no violation within {found.depth} steps"
    else:
        yield f"HOLDS FOR {found.depth} STEPS"
    if quiet:
        return
    sizes = ", ".join(f"{name} {number}" for name, number in outcome.sizes.items())
    yield f"  {sizes}"
    yield f"  {found.ways:,} ways through actions; {outcome.seconds:.1f} s"
    if found.steps:
        yield ""
        width = len(str(found.depth))
        for number, way in enumerate(found.steps, start=1):
            yield f"{number:>{width}}. {as_text(way)}"


def as_text(way: Way) -> str:
    """Return a step in words: the action, and what it changes."""
    given = ", ".join(show(each) for each in way.instance.arguments)
    changes = [
        f"{name}[{server}]' = {show(value)}" if server else f"{name}' = {show(value)}"
        for (name, server), value in way.changes.items()
    ]
    return f"{way.instance.action}({given})" + "".join(f"\n      {each}" for each in changes)


def as_json(outcome: Outcome) -> str:
    """Return an outcome as one JSON object."""
    found = outcome.found
    verdicts = {0: "HOLDS", 1: "VIOLATED", 3: "INCOMPLETE"}
    return json.dumps(
        {
            "verdict": verdicts[outcome.exit_code],
            "property": found.violated,
            "steps": found.depth,
            "ways": found.ways,
            "bounds": dict(outcome.sizes),
            "seconds": round(outcome.seconds, 3),
            "behavior": [as_text(way) for way in found.steps],
        }
    )
