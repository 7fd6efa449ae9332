"""The options that say how a report is told, and where its counterexample is kept."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from raft_ref.cli.options.errors import UsageError, demand_writable
from raft_ref.traces import FORMATS

PAGE = ".html"
"""What a trace can be drawn as besides a picture: a page to be stepped through."""


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


def add_output(group: Any, formats: str = "NDJSON") -> None:
    """Add the options that `output_of` reads; a trace can be written in these formats."""
    group.add_argument(
        "--trace", metavar="FILE", type=Path,
        help=f"write the counterexample as a trace ({formats})",
    )  # fmt: skip
    group.add_argument(
        "--diagram",
        metavar="FILE",
        type=Path,
        help=f"draw the counterexample ({', '.join([*FORMATS, PAGE])})",
    )
    group.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    group.add_argument("--quiet", action="store_true", help="print the verdict alone")


def output_of(options: argparse.Namespace) -> Output:
    """Return what is wanted, once it is known that it can be kept. Raises `UsageError`."""
    if options.trace is not None:
        demand_kept("--trace", options.trace)
    if options.diagram is not None:
        demand_picture("--diagram", options.diagram, (*FORMATS, PAGE))
    return Output(
        options.trace, options.diagram, options.json, options.quiet, tuple(options.arguments)
    )


def demand_kept(option: str, path: Path) -> None:
    """Find out before a long run whether a file can be written. Raises `UsageError`."""
    (demand_picture if option == "--diagram" else demand_writable)(option, path)


def demand_picture(option: str, path: Path, kinds: Sequence[str] = FORMATS) -> None:
    """Find out before a long search whether its picture can be drawn. Raises `UsageError`."""
    demand_writable(option, path)
    if path.suffix not in kinds:
        raise UsageError(f"{option} {path}: expected one of {', '.join(kinds)}")
