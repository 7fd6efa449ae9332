"""What stands above and below the lifelines: the title, the key, the property that breaks.

What returns a label returns the room (points) that it takes, too.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace

from raft_ref.traces.drawing.markup import BARE, escaped, font
from raft_ref.traces.drawing.metrics import SMALLEST, monospace_width, text_width, wrapped
from raft_ref.traces.drawing.refused import histories
from raft_ref.traces.drawing.scene import role_of
from raft_ref.traces.drawing.style import MONOSPACE, Theme
from raft_ref.traces.format.flights import flights
from raft_ref.traces.format.trace import Trace, Violation, states
from raft_ref.traces.story.causal_slice import causal_slice
from raft_ref.traces.story.membership import goes_by
from raft_ref.traces.story.what_went_wrong import what_went_wrong
from raft_ref.traces.story.words import apart, entries, plain, shortened

_NO_BREAK = "\N{NO-BREAK SPACE}"
KEY_SIZE = 9.0
SIGN_WIDTH = 34.0
_FORMULA_SIZE = 9.5
_FACTS_SIZE = 9.0
_WRONG_SIZE = 11.0
_LINE = 15.0
_INSTANCES_SHOWN = 4
_DIFFERENCES_SHOWN = 8
_LINES_OF_AN_INSTANCE = 4


def title(trace: Trace, width: float, theme: Theme) -> tuple[str, float]:
    """Return the label of this width above the lifelines, and its height."""
    steps = _count(len(trace.steps), "step")
    broken = trace.violation
    heading = f"A trace of {steps}"
    if broken is not None:
        heading = str(broken) if broken.is_refusal else f"{broken} in {steps}"
    facts = [_count(len(trace.servers), "server"), f"network: {trace.network}"]
    if trace.of is not None:
        facts = [trace.of.name]
    facts += [f"{name} = {plain(value)}" for name, value in trace.bounds.items()]
    lines = [f"<b>{font(heading, 16, theme.ink)}</b>"]
    wrong = _in_lines(what_went_wrong(trace), int(width / text_width("o", _WRONG_SIZE)))
    lines += [font(line, _WRONG_SIZE, theme.lost) for line in wrong]
    lines += [font(line, 10, theme.quiet) for line in wrapped(trace.source.split(), 10, width)]
    told = wrapped([*(f"{fact} ·" for fact in facts[:-1]), facts[-1]], _FACTS_SIZE, width)
    lines += [font(line, _FACTS_SIZE, theme.quiet) for line in told]
    rows = "".join(_row(line, width, _LINE) for line in lines)
    return f"<<table {BARE}>{rows}</table>>", 24 + _LINE * (len(lines) - 1)


def _in_lines(text: str, columns: int) -> list[str]:
    """Break a sentence into lines, and no configuration in two."""
    kept = re.sub(r"{[\w ]*}", lambda found: found[0].replace(" ", _NO_BREAK), text)
    return [line.replace(_NO_BREAK, " ") for line in textwrap.wrap(kept, columns)]


@dataclass(frozen=True, slots=True)
class Key:
    """What a colour or a mark means: the sign (a box, or a text, or both), and the words."""

    text: str
    sign: str = ""
    size: float = SMALLEST
    colour: str = ""
    is_bold: bool = False
    fill: str = ""
    border: str = ""
    sign_width: float = SIGN_WIDTH
    sign_height: float = 14.0

    @property
    def width(self) -> float:
        """Return the width of the whole in points."""
        return SIGN_WIDTH + text_width(self.text, KEY_SIZE)


def legend(trace: Trace, theme: Theme) -> list[Key]:
    """Return the key to the colours and marks that occur in this trace."""
    reached = [state for at in states(trace) for state in at.values()]
    names = {step.step for step in trace.steps}
    roles = {role_of(state) for state in reached}
    ink = theme.ink
    keys = [
        Key(role.lower(), fill=colour, sign_width=18, sign_height=8)
        for role, colour in theme.role_lines.items()
        if role and role in roles
    ]
    if any(step.server is None for step in trace.steps):
        keys.append(Key("lost", "×", 14, theme.lost, is_bold=True))
    if "ReceiveDuplicate" in names or _is_received_again(trace):
        keys.append(Key("duplicate", "- - -", KEY_SIZE, ink))
    if any(entries(state.get("log")) for state in reached):
        key = Key("log entry: term, value", "t1 v", colour=ink, sign_width=28)
        keys.append(replace(key, fill=theme.term(1), border=theme.cell_border))
    if any(goes_by(state, trace.features) for state in reached):
        is_late = "AppliedMembership" in trace.features
        text = "configuration, once applied" if is_late else "configuration"
        key = Key(text, "{s}", colour=ink, is_bold=True, sign_width=24)
        keys.append(replace(key, fill=theme.paper, border=ink))
    if any(state.get("commitIndex") for state in reached):
        keys.append(Key("committed", fill=ink, sign_width=20, sign_height=3))
    if len(causal_slice(trace)) < len(trace.steps):
        keys.append(Key("does not lead there", "●", 9, theme.faded))
    return keys


def _is_received_again(trace: Trace) -> bool:
    return trace.of is not None and any(len(each.delivered) > 1 for each in flights(trace))


def violation(trace: Trace, width: float, theme: Theme) -> tuple[str, float]:
    """Return the label with the property that the trace breaks, and its height ("" and 0: none)."""
    broken = trace.violation
    if broken is None:
        return "", 0.0
    if broken.differences:
        return _compared(broken, width, theme)
    formula = _formula_lines(broken.formula, width)
    look = f'point-size="{_FORMULA_SIZE}" color="{theme.ink}"'
    lines = [(f'<font face="{MONOSPACE}" {look}>{line}</font>', 12.0) for line in formula]
    if formula and broken.instances:
        lines.append(("", 8.0))
    hidden = len(broken.instances) - _INSTANCES_SHOWN
    told = [f"falsified by {instance}" for instance in broken.instances[:_INSTANCES_SHOWN]]
    told += [f"and by {hidden} more"] if hidden > 0 else []
    told += [f"{name} = {value}" for name, value in histories(trace).items()]
    columns = int(width / text_width("o", 10))
    lines += [(font(line, 10, theme.lost), _LINE) for each in told for line in _cut(each, columns)]
    rows = "".join(_row(content, width, height) for content, height in lines)
    label = f"<<table {BARE}>{rows}</table>>" if rows else ""
    return label, sum(height for _, height in lines)


def _compared(refused: Violation, width: float, theme: Theme) -> tuple[str, float]:
    """Return a table of what was logged and what was expected, and its height."""
    columns = int(width * 0.35 / text_width("o", _FACTS_SIZE))
    nearest = shortened(f"nearest: {refused.nearest}", int(width / text_width("o", _FACTS_SIZE)))
    head = f'<td align="left" colspan="3">{font(nearest, _FACTS_SIZE, theme.quiet)}</td>'
    rows = f"<tr>{head}</tr>" + _three(
        [font(each, _FACTS_SIZE, theme.quiet) for each in ("", "logged", "expected")], width
    )
    shown = refused.differences[:_DIFFERENCES_SHOWN]
    for each in shown:
        one, other = apart(each.logged, each.expected, columns)
        cells = [
            f"<b>{font(each.name, 10, theme.lost)}</b>",
            font(one, 10, theme.lost),
            font(other, 10, theme.ink),
        ]
        rows += _three(cells, width)
    return f"<<table {BARE}>{rows}</table>>", _LINE * (2 + len(shown))


def _three(cells: Sequence[str], width: float) -> str:
    """Return a row of three cells: a narrow one and two wide ones."""
    parts = (0.3, 0.35, 0.35)
    made = (
        f'<td align="left" width="{width * part:.0f}" height="{_LINE:.0f}">{cell}</td>'
        for cell, part in zip(cells, parts, strict=True)
    )
    return f"<tr>{''.join(made)}</tr>"


def _cut(text: str, columns: int) -> list[str]:
    if len(text) <= columns:
        return [text]
    return textwrap.wrap(text, columns, max_lines=_LINES_OF_AN_INSTANCE, placeholder=" ...")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")


def _row(content: str, width: float, height: float) -> str:
    size = f'width="{width:.0f}" height="{height:.0f}"'
    return f'<tr><td align="left" {size}>{content}</td></tr>'


def _formula_lines(formula: str, width: float) -> list[str]:
    """Return the formula in escaped lines of at most this width, its indentation kept."""
    columns = int(width / monospace_width("x", _FORMULA_SIZE))
    lines: list[str] = []
    for line in formula.expandtabs().splitlines():
        indent = " " * (len(line) - len(line.lstrip()))
        lines += textwrap.wrap(line, columns, subsequent_indent=indent + "    ") or [""]
    return [escaped(line).replace(" ", "&#160;") for line in lines]
