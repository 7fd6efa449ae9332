"""The text of a diagram as a picture, by whichever Graphviz there is.

The system's Graphviz comes first, then the one inside the wheel of pygraphviz. Both run as a
process of their own, so that a warning about fonts, say, does not reach the user's terminal.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FORMATS = (".svg", ".png", ".pdf", ".gv")
_RESOLUTION = "72"
_BITMAP_RESOLUTION = "144"

_BUNDLED = """
import sys, pygraphviz
graph = pygraphviz.AGraph(sys.stdin.buffer.read().decode())
graph.graph_attr["dpi"] = sys.argv[3]
graph.draw(sys.argv[1], format=sys.argv[2], prog=graph.graph_attr["layout"])
"""


class RenderError(Exception):
    """A diagram that cannot be rendered; the text says what would help."""


def render(graph_text: str, path: str | Path) -> None:
    """Write a diagram to a file in the format that its suffix names: .svg, .png, .pdf or .gv.

    Raises RenderError for another suffix, where there is no Graphviz (.gv needs none), and where
    Graphviz fails or the file cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise RenderError(f"{path}: the name must end in one of {', '.join(FORMATS)}")
    try:
        if suffix == ".gv":
            path.write_text(graph_text, encoding="utf-8")
        else:
            # Beside the target and renamed at the end: no half picture is left behind.
            with tempfile.TemporaryDirectory(dir=path.parent) as folder:
                picture = Path(folder) / "picture"
                _run(graph_text, suffix[1:], picture)
                if suffix == ".svg":
                    _without_names(picture)
                picture.replace(path)
    except OSError as error:
        raise RenderError(f"{path}: {error.strerror}") from None


def _run(graph_text: str, kind: str, picture: Path) -> None:
    finished = subprocess.run(
        [*_command(picture, kind)],
        input=graph_text.encode(),
        capture_output=True,
        check=False,
    )
    if finished.returncode != 0 or not picture.exists():
        complaint = finished.stderr.decode(errors="replace").strip().splitlines()
        raise RenderError(f"Graphviz failed: {complaint[-1] if complaint else 'no reason given'}")


def _without_names(picture: Path) -> None:
    """Take the names of nodes and edges out of an SVG: browsers show them under the pointer."""
    text = picture.read_text(encoding="utf-8")
    picture.write_text(re.sub(r"<title>[^<]*</title>\n", "", text), encoding="utf-8")


def _command(picture: Path, kind: str) -> list[str]:
    """Return the command that reads the text of a graph and writes the picture."""
    resolution = _BITMAP_RESOLUTION if kind == "png" else _RESOLUTION
    system = shutil.which("neato")
    if system is not None:
        return [system, f"-T{kind}", f"-Gdpi={resolution}", "-o", str(picture)]
    if importlib.util.find_spec("pygraphviz") is not None:
        return [sys.executable, "-c", _BUNDLED, str(picture), kind, resolution]
    raise RenderError(
        "no Graphviz found: install the system's package graphviz, or the extra raft-ref[draw], "
        "which carries one; a diagram as text, in a file that ends in .gv, needs neither"
    )
