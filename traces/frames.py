"""What stands above and below the lifelines: the title, and the last state with what it breaks."""

from __future__ import annotations

import textwrap

from traces.markup import cells_table, escaped, font
from traces.metrics import monospace_width
from traces.scene import log_cells, role_of
from traces.style import (
    FRAME_FILL,
    INK,
    LOST,
    MONOSPACE,
    QUIET,
    ROLE_LINES,
    term_colour,
)
from traces.trace import JsonObject, Trace, states
from traces.words import entries, plain, shortened

_FORMULA_SIZE = 9.5
_STATE_SIZE = 9.0
_LINE = 15.0
_BARE = 'border="0" cellborder="0" cellspacing="0"'


def title(trace: Trace, width: float) -> tuple[str, float]:
    """Return the label above the lifelines, and its height in points."""
    if trace.violation is None:
        heading = f"A trace of {_count(len(trace.steps), 'step')}"
    else:
        heading = f"{trace.violation.property} is violated in {_count(len(trace.steps), 'step')}"
    lines = [f"<b>{font(heading, 16)}</b>"]
    facts = [_count(len(trace.servers), "server"), f"network: {trace.network}"]
    facts += [f"{name} = {plain(value)}" for name, value in trace.bounds.items()]
    lines += [font(trace.source, 10, QUIET)] if trace.source else []
    lines += [font(line, 9, QUIET) for line in textwrap.wrap(" · ".join(facts), int(width / 5.8))]
    lines.append(_legend(trace))
    rows = "".join(f'<tr><td align="left">{line}</td></tr>' for line in lines)
    height = 24 + _LINE * (len(lines) - 1) + 6
    return (
        f'<<table {_BARE} cellpadding="1" width="{width:.0f}" height="{height:.0f}">{rows}</table>>',
        height,
    )


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")


def _legend(trace: Trace) -> str:
    """Return the key to the colours and marks that this trace needs."""
    cells = []
    reached = [state for at in states(trace) for state in at.values()]
    roles = {role_of(state) for state in reached}
    for role in [role for role in ROLE_LINES if role and role in roles]:
        cells.append(f'<td bgcolor="{ROLE_LINES[role]}" width="18"></td>')
        cells.append(f"<td>{font(' ' + role.lower() + '  ', 9)}</td>")
    if any(step.step == "DropMessage" for step in trace.steps):
        cells.append(f"<td><b>{font('×', 13, LOST)}</b></td><td>{font(' lost  ', 9)}</td>")
    if any(step.step == "ReceiveDuplicate" for step in trace.steps):
        cells.append(f"<td>{font('- - -', 9)}</td><td>{font(' duplicate  ', 9)}</td>")
    if any(entries(state.get("log")) for state in reached):
        cells.append(
            f'<td border="1" color="#777777" bgcolor="{term_colour(1)}">{font(" t1 v ", 8)}</td>'
            f"<td>{font(' entry of a log: term, value; underlined: committed', 9)}</td>"
        )
    if not cells:
        return font("time runs downwards", 9, QUIET)
    return f'<table {_BARE} cellpadding="2"><tr>{"".join(cells)}</tr></table>'


def last_state(trace: Trace, width: float) -> tuple[str, float]:
    """Return the label below the lifelines, framed if it breaks a property, and its height."""
    rows, height = [], 12.0
    if trace.violation is not None:
        rows, height = _violation_rows(trace, width)
    table, table_height = _state_table(trace)
    rows.append(f'<td align="left" cellpadding="8">{table}</td>')
    height += table_height
    content = "".join(f"<tr>{row}</tr>" for row in rows)
    frame = (
        f'border="3" color="{LOST}" bgcolor="{FRAME_FILL}"'
        if trace.violation
        else 'border="1" color="#999999"'
    )
    return (
        f'<<table {frame} cellborder="0" cellspacing="0" width="{width:.0f}" '
        f'height="{height:.0f}">{content}</table>>',
        height,
    )


def _violation_rows(trace: Trace, width: float) -> tuple[list[str], float]:
    violation = trace.violation
    assert violation is not None
    heading = f"After step {len(trace.steps)}: {violation.property} is violated"
    rows = [
        f'<td align="left" bgcolor="{LOST}" cellpadding="6"><b>{font(heading, 12, "white")}</b></td>'
    ]
    formula = _formula_lines(violation.formula, width - 20)
    text = "".join(f'{line}<br align="left"/>' for line in formula)
    if formula:
        rows.append(
            f'<td align="left" balign="left" cellpadding="8"><font face="{MONOSPACE}" '
            f'point-size="{_FORMULA_SIZE}" color="{INK}">{text}</font></td>'
        )
    instances = "".join(
        f'{font("falsified by " + instance, 10, LOST)}<br align="left"/>'
        for instance in violation.instances
    )
    if instances:
        rows.append(f'<td align="left" balign="left" cellpadding="8">{instances}</td>')
    return rows, 60 + _LINE * (len(formula) + len(violation.instances))


def _formula_lines(formula: str, width: float) -> list[str]:
    """Return the formula in escaped lines of at most this width, its indentation kept."""
    columns = int(width / monospace_width("x", _FORMULA_SIZE))
    lines: list[str] = []
    for line in formula.expandtabs().splitlines():
        indent = " " * (len(line) - len(line.lstrip()))
        lines += textwrap.wrap(line, columns, subsequent_indent=indent + "    ") or [""]
    return [escaped(line).replace(" ", "&#160;") for line in lines]


def _state_table(trace: Trace) -> tuple[str, float]:
    """Return the last state of each server as a table with a column for each, and its height."""
    last = states(trace)[-1]
    names = list(dict.fromkeys(name for state in last.values() for name in state))
    head = "".join(f"<td><b>{font(server, 10)}</b></td>" for server in trace.servers)
    rows = [f"<tr><td></td>{head}</tr>"]
    height = 2 * _LINE
    for name in names:
        cells = "".join(f"<td>{_value(last[server], name)}</td>" for server in trace.servers)
        rows.append(f'<tr><td align="left">{font(name, _STATE_SIZE, QUIET)}</td>{cells}</tr>')
        height += 40 if name == "log" else _LINE
    table = f'<table border="0" cellborder="0" cellspacing="0" cellpadding="2">{"".join(rows)}</table>'
    return table, height


def _value(state: JsonObject, name: str) -> str:
    cells = log_cells(state) if name == "log" else None
    if cells is not None:
        return cells_table(cells)
    return font(shortened(plain(state[name]), 24) if name in state else "–", _STATE_SIZE)
