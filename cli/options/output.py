"""The options that say how a report is told, and where its counterexample is kept."""

import argparse
import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from raft_ref.cli.options.errors import UsageError, demand_writable
from raft_ref.traces import FORMATS


@dataclass(frozen=True, slots=True)
class Output:
    """What is wanted of a report.

    - `trace`, `diagram`: files for the counterexample.
    - `json`: one JSON object and nothing else; `quiet`: the verdict alone.
    - `words`: those of the command line.
    """

    trace: Path | None
    diagram: Path | None
    json: bool
    quiet: bool
    words: tuple[str, ...]

    @property
    def source(self) -> str:
        """The command line, as it was typed."""
        return shlex.join(["raft-ref", *self.words])

    def of(self, name: str) -> "Output":
        """Return what is wanted of one of several: its files have its name, as FILE-NAME.svg."""
        trace, diagram = (
            None if path is None else path.with_stem(f"{path.stem}-{name}")
            for path in (self.trace, self.diagram)
        )
        return replace(self, trace=trace, diagram=diagram)

    @property
    def is_live(self) -> bool:
        """Whether somebody looks on."""
        return sys.stderr.isatty() and not self.quiet


def add_output(group: Any) -> None:
    """Add the options that `output_of` reads."""
    group.add_argument(
        "--trace", metavar="FILE", type=Path, help="write the counterexample as a trace (NDJSON)"
    )
    group.add_argument(
        "--diagram",
        metavar="FILE",
        type=Path,
        help=f"draw the counterexample ({', '.join(FORMATS)})",
    )
    group.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    group.add_argument("--quiet", action="store_true", help="print the verdict alone")


def output_of(options: argparse.Namespace) -> Output:
    """Return what is wanted, once it is known that it can be kept. Raises `UsageError`."""
    for option, path in (("--trace", options.trace), ("--diagram", options.diagram)):
        if path is not None:
            demand_kept(option, path)
    return Output(
        options.trace, options.diagram, options.json, options.quiet, tuple(options.arguments)
    )


def demand_kept(option: str, path: Path) -> None:
    """Find out before a long run whether a file can be written. Raises `UsageError`."""
    (demand_picture if option == "--diagram" else demand_writable)(option, path)


def demand_picture(option: str, path: Path) -> None:
    """Find out before a long search whether its picture can be drawn. Raises `UsageError`."""
    demand_writable(option, path)
    if path.suffix not in FORMATS:
        raise UsageError(f"{option} {path}: expected one of {', '.join(FORMATS)}")
