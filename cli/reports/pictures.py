"""What a command draws, also where there is no Graphviz."""

import sys
from pathlib import Path

from raft_ref.traces import RenderError, render


def drawn(graph: str, path: Path) -> Path:
    """Draw a graph to a file, or say why not and write its text beside it; return the file."""
    try:
        render(graph, path)
    except RenderError as error:
        path = path.with_suffix(".gv")
        render(graph, path)
        print(f"raft-ref: {error}", file=sys.stderr)
    return path
