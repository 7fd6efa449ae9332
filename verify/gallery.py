"""The gallery: each known bug with its trace, its picture and a paragraph, and a page of them all.

The rule: the same bugs make the same files, but for what Graphviz makes of a diagram; the picture
tells of which one it is.
"""

import hashlib
import html
import shutil
from collections.abc import Iterable
from pathlib import Path

from raft_ref.bugs import Bug
from raft_ref.server.simulation.bugs import SERVER_BUGS, ServerBug
from raft_ref.traces import read, render, write
from raft_ref.traces.story.what_went_wrong import what_went_wrong
from raft_ref.verify.bug_search import BugReport
from raft_ref.zoo import EXPLORED, WAITING

INDEX = "README.md"
KEPT = Path(__file__).parents[1] / "traces" / "gallery"
"""The gallery as it was made for this version."""

_HEAD = """\
# Known Raft bugs, found and drawn

Made by `raft-ref bugs --gallery traces/gallery`. Each bug is a mutant of the reference node, or of
what runs it, that changes one rule; each picture is a shortest way to the harm it does, within the
smallest bounds in which it shows, and without the steps that few messages in flight asked for
alone. What does not lead there is faded. `raft-ref bugs NAME` tells the
story with the lines of the mutant, and `raft-ref draw NAME.ndjson -o page.html` steps through it.
"""

FRONT = "single-server-change-without-barrier"
"""The bug that the page begins with: it was in Raft as it was published, not in somebody's code."""

_FRONT = f"""\
The first was in Raft as it was published, and not in an implementation: changes of one server at a
time lacked a rule, which was found in 2015 ([more](#{FRONT})). Two
leaders remove a server each, and majorities of what they go by have no server in common.

![Two leaders of four servers remove one each, by configurations that need not meet]({FRONT}.svg)
"""


_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Known Raft bugs, found and drawn</title>
<style>
body { font: 16px/1.5 Helvetica, Arial, sans-serif; margin: 2em auto; max-width: 960px;
  padding: 0 16px; color: #222; background: #fff; }
img { max-width: 100%; border: 1px solid #ececec; }
</style>
<h1>Known Raft bugs, found and drawn</h1>
<p>Each is a mutant of the reference node, or of what runs it, that changes one rule; each picture
is a shortest way to the harm it does. <code>raft-ref draw NAME.ndjson -o page.html</code> steps
through it, with the code of the mutant.</p>
"""


def add(report: BugReport, folder: Path) -> None:
    """Write the trace and the picture of a bug, if it has any."""
    diagram = report.diagram()
    if diagram is None:
        return
    if report.trace is not None:
        write(report.trace, folder / f"{report.name}.ndjson")
    picture = folder / f"{report.name}.svg"
    render(diagram, picture)
    drawn = picture.read_text(encoding="utf-8")
    picture.write_text(f"{drawn.rstrip()}\n<!-- {as_text(diagram)} -->\n", encoding="utf-8")


def as_text(diagram: str) -> str:
    """Return what a picture says of the diagram that it was drawn from."""
    return f"drawn from a diagram with the SHA-256 {hashlib.sha256(diagram.encode()).hexdigest()}"


def index(reports: Iterable[BugReport]) -> str:
    """Return the page that shows them all."""
    every = [*reports]
    lines = [
        _HEAD,
        _FRONT,
        "| bug | seen in | breaks | found by | steps |",
        "|---|---|---|---|---|",
    ]
    for each in every:
        name, bug = each.name, each.bug
        cells = (f"[{name}](#{name})", bug.seen_in, bug.breaks, bug.found_by, each.shown)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    lines += ["", "Waiting for what the node does not have:", ""]
    lines += [
        f"- {lacking}: {', '.join(f'{name} ({seen})' for name, seen in bugs.items())}"
        for lacking, bugs in WAITING.items()
    ]
    return "\n".join(lines) + "\n" + "".join(map(section, every))


def section(report: BugReport) -> str:
    """Return what the page says of one bug."""
    name, bug = report.name, report.bug
    lines = ["", f"## {name}", "", f"{bug.rule} Seen in: {bug.seen_in}.", ""]
    if isinstance(bug, Bug):
        within = {**bug.within}
        if report.trace is not None and report.trace.bounds["max_messages"]:
            within["max_messages"] = report.trace.bounds["max_messages"]
        bounds = ", ".join(f"{bound} {limit}" for bound, limit in within.items())
        lines[-1:] = [f"Breaks {bug.breaks} in {report.shown} steps, within {bounds}.", ""]
    else:
        lines[-1:] = [
            f"Breaks {bug.breaks}: it takes {report.steps} operations of clients to see that.", ""
        ]  # fmt: skip
    wrong = what_went_wrong(report.trace) if report.trace is not None else ""
    alternative = wrong or f"{name} breaks {bug.breaks}"
    lines += [wrong, ""] if wrong else []
    lines += [f"![{alternative}]({name}.svg)", ""]
    if report.trace is not None:
        lines += [f"[The trace]({name}.ndjson)", ""]
    return "\n".join(lines)


def unpack(folder: Path) -> Path:
    """Write the gallery that ships to a new folder; return the page of HTML that shows it.

    Raises OSError where the folder is there already, or cannot be written.
    """
    shutil.copytree(KEPT, folder)
    shown = folder / "index.html"
    bugs: dict[str, Bug | ServerBug] = {**EXPLORED, **SERVER_BUGS}
    sections = [_shown(*each) for each in bugs.items()]
    shown.write_text(_PAGE + "".join(sections), encoding="utf-8")
    return shown


def _shown(name: str, bug: Bug | ServerBug) -> str:
    trace = KEPT / f"{name}.ndjson"
    wrong = what_went_wrong(read(trace)) if trace.exists() else ""
    lines = [f"{bug.rule} Seen in: {bug.seen_in}.", f"Breaks {bug.breaks}. {wrong}"]
    told = "".join(f"<p>{html.escape(line)}</p>\n" for line in lines)
    picture = f'<img src="{name}.svg" alt="{html.escape(wrong or name)}" loading="lazy">'
    return f'<h2 id="{name}">{name}</h2>\n{told}{picture}\n'
