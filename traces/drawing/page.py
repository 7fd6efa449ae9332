"""A trace as one page of HTML, to be stepped through: no server, no network.

The rule: the page shows what it is given. Which properties hold after each step, and the text of an
action in the spec and in the node, are found by the caller.
"""

from __future__ import annotations

import html
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from raft_ref.traces.drawing.cells import log_cells
from raft_ref.traces.drawing.diagram import draw
from raft_ref.traces.drawing.render import render
from raft_ref.traces.drawing.style import LIGHT, Theme
from raft_ref.traces.format.flights import InFlight
from raft_ref.traces.format.parts import without_channels
from raft_ref.traces.format.trace import JsonObject, Trace, states
from raft_ref.traces.story.sentences import describe, tell
from raft_ref.traces.story.what_went_wrong import what_went_wrong
from raft_ref.traces.story.words import is_snapshot, plain

_COLOURS = (
    "scheme", "paper", "ink", "quiet", "faded", "guide", "lost", "cell_border", "changed", "head",
)  # fmt: skip
_TEMPLATE = Path(__file__).with_name("page.html")


class Code(NamedTuple):
    """The text of an action in the spec and in the node."""

    tla: str
    python: str


@dataclass(frozen=True)
class Annotations:
    """What is known of a trace besides itself.

    `properties` are the formulas of the properties by their names, `broken` which of them do not
    hold: in the first state, and after each step. `code` is the text of actions, by their names.
    Where it is known which code `ran` in each step, these are the names of its functions, of which
    `functions` has the text. `leaves` is the number of the first step that is none of the protocol
    (0: all are, or nobody knows), and `left` says how it differs.
    """

    properties: Mapping[str, str] = field(default_factory=dict)
    broken: Sequence[Sequence[str]] = ()
    code: Mapping[str, Code] = field(default_factory=dict)
    ran: Sequence[Sequence[str]] = ()
    functions: Mapping[str, str] = field(default_factory=dict)
    leaves: int = 0
    left: str = ""


def page(trace: Trace, annotations: Annotations, theme: Theme = LIGHT) -> str:
    """Return the page of a trace.

    Raises TraceError where a step takes a message that is not in flight, RenderError where there is
    no Graphviz.
    """
    trace = without_channels(trace)
    data = json.dumps(_data(trace, annotations, theme), separators=(",", ":"))
    parts = {
        "title": html.escape(_title(trace, annotations)),
        "diagram": _svg(trace, theme),
        "data": data.replace("<", "\\u003c"),  # so that nothing in it ends the element
        **{name: getattr(theme, name) for name in _COLOURS},
    }
    text = _TEMPLATE.read_text(encoding="utf-8")
    before, *pieces = text.split("{{")
    for piece in pieces:
        name, _, after = piece.partition("}}")
        before += parts[name] + after
    return before


def _title(trace: Trace, annotations: Annotations) -> str:
    """Return what is broken, and what is broken first, if that is something else."""
    count = f"{len(trace.steps)} steps"
    if trace.violation is None:
        return count
    said = f"{trace.violation} in {count}"
    others = _first_broken(trace, annotations)
    if not others or trace.violation.is_refusal:
        return said
    name, number = min(others.items(), key=lambda each: each[1])
    return f"{name} is violated in step {number}, and {said}"


def _svg(trace: Trace, theme: Theme) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "diagram.svg"
        render(draw(trace, theme).source, path)
        text = path.read_text(encoding="utf-8")
    return text[text.index("<svg") :]


def _data(trace: Trace, annotations: Annotations, theme: Theme) -> dict[str, Any]:
    reached = states(trace)
    stories = tell(trace)
    is_raft = trace.of is None
    return {
        "columns": "Servers" if is_raft else "State",
        "start": "The cluster starts." if is_raft else "The initial state.",
        "where": "Raft.tla and raft_ref/node.py" if trace.of is None else f"{trace.of.name}.tla",
        "servers": trace.servers,
        "variables": [*{name: 0 for at in reached for state in at.values() for name in state}],
        "terms": theme.terms,
        "wrong": " ".join(
            filter(None, [_verdict(trace), what_went_wrong(trace), _others(trace, annotations)])
        ),
        "states": [{server: shown(state) for server, state in at.items()} for at in reached],
        "flight": _in_flight(trace),
        "steps": [
            {"story": story.strip(), "actions": step.actions or (step.step,)}
            for story, step in zip(stories, trace.steps, strict=False)
        ],
        "properties": [{"name": n, "formula": text} for n, text in annotations.properties.items()],
        "broken": [*annotations.broken],
        "code": {name: code._asdict() for name, code in annotations.code.items()},
        "ran": [*annotations.ran],
        "functions": annotations.functions,
        "leaves": annotations.leaves,
        "left": f"Here it leaves the specification: {annotations.left}.",
    }


def _verdict(trace: Trace) -> str:
    return "" if trace.violation is None else f"{trace.violation}."


def _others(trace: Trace, annotations: Annotations) -> str:
    """Return what else is violated, and by which step first; "" for nothing."""
    told = [
        f"{name} in step {number}" for name, number in _first_broken(trace, annotations).items()
    ]
    return f"Violated on the way, too: {', '.join(told)}." if told else ""


def _first_broken(trace: Trace, annotations: Annotations) -> dict[str, int]:
    """Return the properties that are broken besides the one that the trace is of, by their step."""
    said = None if trace.violation is None else trace.violation.property
    first: dict[str, int] = {}
    for number, names in enumerate(annotations.broken):
        for name in names:
            if name != said:
                first.setdefault(name, number)
    return first


def shown(state: JsonObject) -> dict[str, Any]:
    """Return the variables of a server as text, and its log as cells."""
    cells = log_cells(state)
    found: dict[str, Any] = {}
    for name, value in state.items():
        if name == "log" and cells is not None:
            found[name] = [
                {"cell": text, "term": term, "committed": place < cells.committed}
                for place, (text, term) in enumerate(zip(cells.texts, cells.terms, strict=True))
            ]
        elif name == "snapshot" and is_snapshot(value):
            last, term = value["lastIncludedIndex"], value["lastIncludedTerm"]
            found[name] = f"up to {last}:t{term}" if last else "none"
        else:
            found[name] = plain(value)
    return found


def _in_flight(trace: Trace) -> list[list[str]]:
    network = InFlight(trace.network, trace.in_flight)
    found = [[_flying(each) for each in network.pending]]
    for number, step in enumerate(trace.steps, start=1):
        network.apply(number, step)
        found.append([_flying(each) for each in network.pending])
    return found


def _flying(message: JsonObject) -> str:
    return f"{message['source']} to {message['dest']}: {describe(message).removesuffix('()')}"
