"""`raft-ref check --conjuncts`: the proof held to what is explored."""

import argparse
import json
import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from typing import Any

from raft_ref import Node
from raft_ref.cli.options.errors import UsageError
from raft_ref.cli.reports.terminal import live_progress, setting, table, wrapped
from raft_ref.explorer import System, Verdict
from raft_ref.spec.link.conjuncts import ConjunctsReport, ConjunctsSearch
from raft_ref.spec.link.simulation_relation import SimulationRelation
from raft_ref.spec.proof.invariant import CONJUNCTS, PROPERTIES
from raft_ref.traces import Trace, tell
from raft_ref.traces.format.record import trace_of
from raft_ref.verify.cluster import Cluster, build

BOUNDS: Mapping[str, int] = {
    "servers": 2,
    "max_log_length": 2,
    "max_drops": 0,
    "max_duplicates": 0,
}
"""Where they differ from other searches: the proof remembers how a state was reached."""

_REFUSED = (
    "random", "bisimulation", "por", "symmetry", "checkpoint", "resume", "depth", "spec",
    "progress", "invariant", "refine",
)  # fmt: skip


class Outcome:
    """What became of a search. Arguments: the cluster; what was found; whether it was stopped."""

    def __init__(
        self, cluster: Cluster, found: ConjunctsReport, seconds: float, is_interrupted: bool
    ) -> None:
        self.cluster, self.found = cluster, found
        self.seconds, self.is_interrupted = seconds, is_interrupted

    @property
    def verdict(self) -> Verdict:
        """How the search ended."""
        if self.found.counterexample is not None:
            return Verdict.VIOLATED
        return Verdict.INCOMPLETE if self.is_interrupted else Verdict.HOLDS_WITHIN_BOUNDS

    @property
    def trace(self) -> Trace | None:
        """The counterexample, if there is one."""
        if self.found.counterexample is None:
            return None
        command = shlex.join(["raft-ref", *sys.argv[1:]])
        return trace_of(
            self.found.counterexample, self.cluster.system, command, self.cluster.project
        )


def run(options: argparse.Namespace) -> Outcome:
    """Explore, and return the outcome. Raises UsageError."""
    for name in _REFUSED:
        if getattr(options, name):
            raise UsageError(f"--{name}: not with --conjuncts")
    options.refine = False
    cluster = build(options, BOUNDS if options.bug is None else None)
    system = cluster.system
    if not isinstance(system.guard.actor, Node):
        raise UsageError(f"--conjuncts: {options.node or options.bug} is no raft_ref.Node")
    limits = system.bounds.measures
    relation = SimulationRelation(
        system.servers,
        cluster.values or ["v1"],
        limits["max_term"],
        limits["max_log_length"],
    )
    search = ConjunctsSearch(_without_history(cluster), relation)
    live = sys.stderr.isatty() and not options.quiet
    started, is_interrupted = time.monotonic(), False
    with live_progress(how_far) if live else nullcontext(lambda found: None) as on_progress:
        try:
            search.run(on_progress)
        except KeyboardInterrupt:
            is_interrupted = True
    return Outcome(cluster, search.found, time.monotonic() - started, is_interrupted)


def _without_history(cluster: Cluster) -> System:
    """Return the system without `committed`, which the proof's ghosts stand for."""
    system = cluster.system
    return System(system.guard.actor, system.servers, system.bounds, system.network_kind)


def how_far(found: ConjunctsReport) -> str:
    """Return how far a search has come, in one line."""
    return f"{found.states:,} states, {found.places:,} with what the proof remembers"


def describe(outcome: Outcome, quiet: bool) -> Iterator[str]:
    """Yield an outcome as lines: the verdict with its bounds first, then what was covered."""
    found = outcome.found
    title = "INCOMPLETE: interrupted" if outcome.is_interrupted else "HOLDS WITHIN BOUNDS"
    if found.counterexample is not None:
        steps = len(found.counterexample.events)
        title = f"VIOLATED: {found.counterexample.prop.name}, in {steps} steps"
    yield title
    yield from setting(outcome.cluster, ())
    yield (
        f"  {found.states:,} distinct states, {found.places:,} with what the proof remembers, "
        f"{found.transitions:,} transitions; {outcome.seconds:.1f} s"
    )
    if quiet or outcome.trace is not None:
        yield from [] if quiet or outcome.trace is None else ["", *tell(outcome.trace)]
        return
    yield ""
    yield "every step of the node is one of the proof's; in every state hold:"
    yield from wrapped("properties", [each.name for each in PROPERTIES])
    yield from wrapped("conjuncts", [each.name for each in CONJUNCTS])
    yield f"(evaluated {found.evaluated:,} times: where what they read had changed)"
    yield from wrapped("NEVER taken", found.never_taken)
    yield ""
    yield from table("actions of the proof taken", dict(found.actions.most_common()))


def as_json(outcome: Outcome, written: Mapping[str, str | None]) -> str:
    """Return an outcome as one JSON object."""
    found = outcome.found
    counterexample = found.counterexample
    rows: dict[str, Any] = {
        "verdict": outcome.verdict.value,
        "property": None if counterexample is None else counterexample.prop.name,
        "distinct_states": found.states,
        "places": found.places,
        "transitions": found.transitions,
        "evaluated": found.evaluated,
        "seconds": round(outcome.seconds, 3),
        "bounds": outcome.cluster.system.bounds.as_dict(),
        "properties": [each.name for each in (*PROPERTIES, *CONJUNCTS)],
        "actions": dict(found.actions),
        "never_taken": found.never_taken,
        "trace": written["trace"],
        "diagram": written["diagram"],
        "steps": None if counterexample is None else len(counterexample.events),
    }
    return json.dumps(rows)
