"""`raft-ref conform`: drives an implementation, and holds what it does against the spec."""

import argparse
import json
import random
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from raft_ref.cli.commands.validate import profile_of
from raft_ref.cli.options.errors import UsageError, demand_writable
from raft_ref.cli.reports.conformity import Outcomes, as_json, described, refusal_of
from raft_ref.cli.reports.pictures import drawn
from raft_ref.cli.reports.terminal import bar
from raft_ref.traces import draw
from raft_ref.traces.conformance import schedule
from raft_ref.traces.conformance.adapter import Adapter
from raft_ref.traces.conformance.hunt import Hunt, Hunted
from raft_ref.traces.conformance.run import Run, Runner
from raft_ref.traces.conformance.schedule import Schedule
from raft_ref.traces.conformance.shrinking import following, shrunk
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation.refusal import Refusal
from raft_ref.traces.validation.validate import Outcome

EXIT_CODES = (
    "exit codes: 0 nothing stands against it; 1 it does what the spec does not allow, or fails; "
    "2 bad input or usage; 3 stopped early"
)

EXAMPLES = """\
examples:
  raft-ref conform --cmd "python -m raft_ref.traces.conformance.reference" scenarios
  raft-ref conform --cmd ./my-adapter --random --runs 10000 --schedule found.ndjson
  raft-ref conform --cmd ./my-adapter found.ndjson --diagram found.svg
"""

RUNS, STEPS, SERVERS = 1_000, 60, 3


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Drive an implementation through scenarios, or with --random through schedules "
        "drawn by chance, by an adapter that reads requests from its standard input and answers on "
        "its standard output (traces/ADAPTER.md). What it does is held against the spec as by "
        "raft-ref validate. What is found by chance is shrunk to a schedule from which no step can "
        "be left out."
    )
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    parser.add_argument(
        "scenarios", nargs="*", type=Path, metavar="SCENARIO",
        help="traces to follow, or directories of them (raft-ref generate)",
    )  # fmt: skip
    parser.add_argument("--cmd", required=True, metavar="COMMAND", help="starts the adapter")
    parser.add_argument(
        "--profile",
        default="raft-ref",
        metavar="NAME",
        help=f"what reads its lines: {', '.join(PROFILES)}, a mapping file (.toml) or "
        "module:function (default: %(default)s)",
    )
    hunting = parser.add_argument_group("random schedules")
    hunting.add_argument(
        "--random", action="store_true",
        help="draw schedules by chance, towards states of the spec that were not seen before",
    )  # fmt: skip
    hunting.add_argument(
        "--servers", metavar="N|NAMES",
        help=f"how many (s1, s2, ...), or their names with commas (default: {SERVERS})",
    )  # fmt: skip
    hunting.add_argument(
        "--network", choices=("set", "fifo"),
        help="set: messages come in any order, some twice; fifo: those between two servers come in "
        "the order in which they were sent, once (default: set). Some are lost in both",
    )  # fmt: skip
    hunting.add_argument("--seed", type=int, metavar="S", help="(default: a new one)")
    for name, default in (("runs", RUNS), ("steps", STEPS)):
        what = "schedules" if name == "runs" else "steps of each"
        hunting.add_argument(
            f"--{name}", type=int, metavar="N", help=f"how many {what} (default: {default:,})"
        )
    output = parser.add_argument_group("output")
    for name, what in (
        ("diagram", "draw the end of what is found"),
        ("schedule", "write the schedule of what is found, to be followed again"),
        ("trace", "write the lines that the implementation wrote, for raft-ref validate"),
    ):
        output.add_argument(f"--{name}", type=Path, metavar="FILE", help=what)
    output.add_argument(
        "--record", type=Path, metavar="DIR", help="write the trace of every run into it"
    )
    output.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    output.add_argument("--quiet", action="store_true", help="show no progress")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Drive the implementation; return the exit code."""
    _demand_sense(options)
    for option in ("diagram", "schedule", "trace"):
        if getattr(options, option) is not None:
            demand_writable(f"--{option}", getattr(options, option))
    if options.record is not None:
        options.record.mkdir(parents=True, exist_ok=True)
    command = shlex.split(options.cmd)
    if not command:
        raise UsageError("--cmd: there is no command")
    with Adapter(command) as adapter:
        outcomes = _hunted(options, adapter) if options.random else _followed(options, adapter)
    refusal = refusal_of(outcomes.found)
    written = _written(outcomes, refusal, options)
    if options.json:
        print(json.dumps(as_json(outcomes, refusal)))
    else:
        print("\n".join([*described(outcomes, refusal), *written]))
    if outcomes.found is not None:
        return 1
    return 3 if outcomes.interrupted or outcomes.inconclusive else 0


def _demand_sense(options: argparse.Namespace) -> None:
    if options.random == bool(options.scenarios):
        raise UsageError("expected scenarios (raft-ref generate writes them), or --random")
    for name in ("servers", "network", "seed", "runs", "steps"):
        value = getattr(options, name)
        if value is not None and not options.random:
            raise UsageError(f"--{name}: only with --random")
        least = 0 if name == "seed" else 1
        if isinstance(value, int) and value < least:
            raise UsageError(f"--{name}: expected {least} or more")


def _bar(options: argparse.Namespace, what: str) -> Progress:
    return bar(
        TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("{task.description}"), is_shown=not options.quiet and not options.json,
    )  # fmt: skip


# ---- Scenarios


def _followed(options: argparse.Namespace, adapter: Adapter) -> Outcomes:
    paths = [*_files(options.scenarios)]
    outcomes = Outcomes(of_runs=len(paths))
    profile = profile_of(options.profile)
    runners = {kind: Runner(adapter, profile, is_fifo=kind == "fifo") for kind in ("set", "fifo")}
    with _bar(options, "scenarios") as shown:
        task = shown.add_task("", total=len(paths))
        try:
            for path in paths:
                scenario = schedule.read(path)
                run = _follow(runners[scenario.network], scenario, outcomes)
                _record(run, outcomes.runs, options)
                shown.advance(task)
                if outcomes.found is not None:
                    break
        except KeyboardInterrupt:
            outcomes.interrupted = True
    return outcomes


def _files(given: Sequence[Path]) -> Iterator[Path]:
    for path in given:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(path.glob("*.ndjson"))
        if not inside:
            raise UsageError(f"{path}: there are no scenarios in it (*.ndjson)")
        yield from inside


def _follow(runner: Runner, scenario: Schedule, outcomes: Outcomes) -> Run:
    run = runner.run(scenario.servers, following([*scenario.commands]), scenario.name)
    assert run.verdict is not None
    outcomes.runs += 1
    outcomes.steps += len(run.commands)
    outcomes.departed += len(run.departed)
    outcomes.departing_runs += bool(run.departed)
    outcomes.actions += run.verdict.actions
    outcomes.inconclusive += run.verdict.outcome is Outcome.INCONCLUSIVE
    if not run.is_good:
        outcomes.found, outcomes.name, outcomes.network = run, scenario.name, scenario.network
    return run


def _record(run: Run, number: int, options: argparse.Namespace) -> None:
    if options.record is not None:
        _write_trace(run, options.record / f"{number:04}.ndjson")


def _write_trace(run: Run, path: Path) -> None:
    lines = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in run.lines)
    path.write_text(lines, encoding="utf-8")


# ---- Random schedules


def _hunted(options: argparse.Namespace, adapter: Adapter) -> Outcomes:
    runs = RUNS if options.runs is None else options.runs
    steps = STEPS if options.steps is None else options.steps
    seed = random.randrange(1 << 32) if options.seed is None else options.seed
    with _bar(options, "schedules") as live:
        task = live.add_task("", total=runs)

        def progress(hunted: Hunted, run: Run) -> None:
            _record(run, hunted.runs, options)
            shown = f"{hunted.steps:,} steps, {len(hunted.seen):,} states of the spec"
            live.update(task, completed=hunted.runs, description=shown)

        hunt = Hunt(
            adapter, profile_of(options.profile), _servers(options.servers), seed, runs, steps,
            progress, is_fifo=options.network == "fifo",
        )  # fmt: skip
        hunted = hunt.run()
    outcomes = Outcomes(
        runs=hunted.runs, of_runs=runs, steps=hunted.steps, inconclusive=hunted.inconclusive,
        actions=hunted.actions, hunted=hunted, seed=seed, network=options.network or "set",
    )  # fmt: skip
    outcomes.interrupted = hunted.found is None and hunted.runs < runs
    if hunted.found is not None:
        outcomes.shrunk_from = len(hunted.found.commands)
        outcomes.found = shrunk(hunt.runner, hunted.found)
        outcomes.name = f"schedule {hunted.runs} of seed {seed}"
    return outcomes


def _servers(given: str | None) -> tuple[str, ...]:
    text = str(SERVERS) if given is None else given
    names = tuple(name.strip() for name in text.split(","))
    if len(names) == 1 and text.strip().isdecimal():
        names = tuple(f"s{number + 1}" for number in range(min(int(text), 1_000)))
    if len(set(names)) < max(2, len(names)) or not all(names):
        raise UsageError(f"--servers: expected two or more, all different, not {text}")
    return names


def _written(outcomes: Outcomes, refusal: Refusal | None, options: argparse.Namespace) -> list[str]:
    found = outcomes.found
    if found is None:
        return []
    done = []
    if options.schedule is not None:
        source = shlex.join(["raft-ref", *options.arguments])
        shown = Schedule(found.servers, tuple(found.commands), outcomes.network)
        schedule.write(shown, options.schedule, source)
        done.append(f"schedule written to {options.schedule}")
    if options.trace is not None:
        _write_trace(found, options.trace)
        done.append(f"trace written to {options.trace}")
    if options.diagram is not None and refusal is not None:
        path = drawn(draw(refusal.trace).source, options.diagram)
        done.append(f"diagram written to {path}")
    return done
