"""What a command draws and writes, also where there is no Graphviz."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from raft_ref.cli.options.output import PAGE, Output
from raft_ref.traces import RenderError, Trace, draw, render
from raft_ref.traces.drawing.page import Annotations, page
from raft_ref.traces.sources.conversion import write_any
from raft_ref.verify import ClusterRequest, NotTakenError, annotated, asked_annotations


@dataclass(frozen=True, slots=True)
class Written:
    """Where a counterexample was written to, if it was."""

    trace: Path | None = None
    diagram: Path | None = None

    def as_text(self) -> list[str]:
        """Return lines that say where."""
        kinds = (("trace", self.trace), ("diagram", self.diagram))
        return [f"{kind} written to {path}" for kind, path in kinds if path is not None]

    def as_json(self) -> dict[str, str | None]:
        """Return the paths by kind."""
        return {
            "trace": None if self.trace is None else str(self.trace),
            "diagram": None if self.diagram is None else str(self.diagram),
        }


def written(trace: Trace | None, output: Output, known: Callable[[Trace], Annotations]) -> Written:
    """Write a counterexample, if there is one, as trace and diagram, as far as it is wanted.

    `known` says what a page shows beside it.
    """
    if trace is None:
        return Written()
    if output.trace is not None:
        write_any(trace, output.trace)
    diagram = output.diagram
    if diagram is not None and diagram.suffix == PAGE:
        diagram = _page(trace, diagram, known(trace))
    elif diagram is not None:
        diagram = drawn(draw(trace).source, diagram)
    return Written(output.trace, diagram)


def drawn_page(trace: Trace, path: Path) -> Path:
    """Draw a trace of the reference node as a page, with its code; return the file."""
    return _page(trace, path, of_cluster(ClusterRequest(), trace))


def of_cluster(cluster: ClusterRequest, trace: Trace) -> Annotations:
    """Return what is known of a trace of a cluster, with its code."""
    try:
        return annotated(cluster, trace)
    except NotTakenError:
        return asked_annotations(cluster.properties, trace)


def _page(trace: Trace, path: Path, known: Annotations) -> Path:
    try:
        text = page(trace, known)
    except RenderError:
        return drawn(draw(trace).source, path)
    path.write_text(text, encoding="utf-8")
    return path


def drawn(graph: str, path: Path) -> Path:
    """Draw a graph to a file, or say why not and write its text beside it; return the file."""
    try:
        render(graph, path)
    except RenderError as error:
        path = path.with_suffix(".gv")
        render(graph, path)
        print(f"raft-ref: {error}", file=sys.stderr)
    return path
