"""Where everything in a diagram goes: time downwards, one lifeline for each server.

Lengths are points; y grows downwards. Each step has a row of its own, high enough for what it
shows, and each region between two lifelines is wide enough for the widest note in it. So notes
overlap neither each other nor a lifeline, whatever the trace. Arrows bend around what stands in
their way, where they can without going up.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import dist

from raft_ref.traces.drawing.cells import Line, last_values, line_height, line_width
from raft_ref.traces.drawing.metrics import SMALLEST, Box, text_width
from raft_ref.traces.drawing.scene import (
    RIGHT,
    Arrow,
    Note,
    Row,
    arrows,
    role_and_term,
    role_of,
    rows,
)
from raft_ref.traces.format.parts import without_channels
from raft_ref.traces.format.trace import Trace
from raft_ref.traces.story.membership import goes_by

NUMBERS = 96.0  # the column of step numbers and names at the left
MARK_SIZE = SMALLEST
MARK_HEIGHT = 17.0
DOT = 8.0
STUB = 20.0
BANNER_HEIGHT = 24.0
CROSS = 14.0
HEAD_HEIGHT = 34.0
CONFIGURATION_HEIGHT = 15.0
_BELOW = 3.0  # from a mark to the configuration
_BESIDE = 4.0  # from a mark to its note
_CLEAR = 10.0  # from a note to the next lifeline
_ROW_GAP = 16.0
_LEAST_REGION = 96.0
_LEAST_MARGIN = 44.0
_LEAST_WIDTH = 620.0  # for the title and the formula
_MOST_WIDENED = 1.25
_AROUND = 3.0  # from an arrow to what it bends around
_MOST_IN_THE_WAY = 24
"""An arrow that passes more is straight: nobody could follow its bends."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class PlacedNote:
    """A note, its box, and the box of each of its lines."""

    note: Note
    box: Box
    lines: tuple[tuple[Line, Box], ...]


@dataclass(frozen=True, slots=True)
class PlacedRow:
    """A row, the y of its event, the box of its mark (or dot, or cross) and its notes.

    `configuration` is the box of what the server goes by from here on, where that changes.
    """

    row: Row
    y: float
    mark: Box
    notes: tuple[PlacedNote, ...]
    configuration: Box | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a lifeline along which the server keeps its role."""

    server: str
    role: str
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class PlacedValues:
    """The last value of one variable on each server that has it, in a row below the lifelines."""

    name: str
    values: dict[str, Line]
    y: float
    height: float

    @property
    def bottom(self) -> float:
        """Return the y of the lower edge."""
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class Layout:
    """A diagram in coordinates: the x of each lifeline, the heads, the rows, the last state.

    The lifelines end at `bottom`; the rows of `last` follow below. `arrows` has each arrow with the
    points at which it bends.
    """

    width: float
    lanes: dict[str, float]
    heads: dict[str, Box]
    rows: tuple[PlacedRow, ...]
    segments: tuple[Segment, ...]
    bottom: float
    last: tuple[PlacedValues, ...]
    arrows: tuple[tuple[Arrow, tuple[Point, ...]], ...] = ()


def lay_out(trace: Trace) -> Layout:
    """Return the places of all that the diagram of a trace shows, from y = 0 downwards.

    Raises TraceError where a step takes a message that is not in flight.
    """
    trace = without_channels(trace)
    note_width = 120.0 if len(trace.servers) <= 3 else 84.0
    shown = rows(trace, note_width)
    lanes, width = _lanes(trace, shown)
    bottom = _head_height(trace)
    heads = {
        server: Box(x, bottom / 2, _head_width(trace, server), bottom)
        for server, x in lanes.items()
    }
    placed = []
    for row in shown:
        above, below = _extent(row)
        y = bottom + _ROW_GAP + above
        placed.append(_place(row, y, lanes, trace.servers))
        bottom = y + below
    bottom += _ROW_GAP
    segments = _segments(trace, placed, bottom)
    last = _place_last(trace, bottom)
    drawn = tuple((arrow, _bends(arrow, placed, [*heads.values()])) for arrow in arrows(trace))
    return Layout(width, lanes, heads, tuple(placed), tuple(segments), bottom, tuple(last), drawn)


def _place_last(trace: Trace, bottom: float) -> list[PlacedValues]:
    placed = []
    top = bottom + (BANNER_HEIGHT if trace.violation else 0) + 6
    for name, values in last_values(trace).items():
        height = max(map(line_height, values.values())) + 4
        placed.append(PlacedValues(name, values, top + height / 2, height))
        top += height
    return placed


def note_size(note: Note) -> tuple[float, float]:
    """Return width and height of a note in points."""
    return (
        max(line_width(line) for line in note.lines),
        sum(line_height(line) for line in note.lines),
    )


def mark_width(row: Row) -> float:
    """Return the width of the mark on the lifeline (a dot where it has no text) in points."""
    return text_width(row.mark, MARK_SIZE, bold=True) + 12 if row.mark else DOT


def _configuration_width(row: Row) -> float:
    return text_width(row.configuration, MARK_SIZE, bold=True) + 12 if row.configuration else 0.0


def below_name(trace: Trace, server: str) -> list[str]:
    """Return what stands below the name of a server in its head."""
    if trace.of is not None and server == trace.of.shared and len(trace.servers) > 1:
        return ["shared"]
    initial = trace.initial[server]
    return [*filter(None, (role_and_term(initial), goes_by(initial, trace.features)))]


def _head_width(trace: Trace, server: str) -> float:
    below = max((text_width(text, MARK_SIZE) for text in below_name(trace, server)), default=0.0)
    return max(56.0, below + 12, text_width(server, 12, bold=True) + 16)


def _head_height(trace: Trace) -> float:
    """Return how high the heads are: higher where there is a configuration below the role."""
    are_told = any(goes_by(state, trace.features) for state in trace.initial.values())
    return HEAD_HEIGHT + (CONFIGURATION_HEIGHT - 3 if are_told else 0)


def _last_widths(trace: Trace) -> list[float]:
    """Return the width that each server's last state needs."""
    widths = dict.fromkeys(trace.servers, 0.0)
    for values in last_values(trace).values():
        for server, value in values.items():
            widths[server] = max(widths[server], line_width(value))
    return list(widths.values())


def _region(row: Row, note: Note, servers: tuple[str, ...]) -> int:
    """Return the region that a note stands in: region k is left of the k-th lifeline (from 0)."""
    if row.towards is not None and note.at is None:
        source, dest = map(servers.index, row.towards)
        # The last region before the addressee; a message to oneself is lost beside the lifeline.
        return dest if source < dest else dest + 1
    return servers.index(note.at or row.server or servers[0]) + (1 if note.side == RIGHT else 0)


def _lanes(trace: Trace, shown: list[Row]) -> tuple[dict[str, float], float]:
    """Return the x of each lifeline and the width of the whole."""
    count = len(trace.servers)
    regions = [_LEAST_MARGIN, *[_LEAST_REGION] * (count - 1), _LEAST_MARGIN]
    for row in shown:
        for note in row.notes:
            region = _region(row, note, trace.servers)
            needed = note_size(note)[0] + _CLEAR
            needed += 2 * _CLEAR if _is_of_loss(row, note) else _offset(row, note)
            regions[region] = max(regions[region], needed)
        if row.configuration:
            region = trace.servers.index(row.server or trace.servers[0])
            needed = _configuration_width(row) / 2 + _CLEAR
            for beside in (region, region + 1):
                regions[beside] = max(regions[beside], needed)
    heads = [_head_width(trace, server) for server in trace.servers]
    for widths in (heads, _last_widths(trace)):
        between = [(left + right) / 2 + _CLEAR for left, right in pairwise([0.0, *widths, 0.0])]
        regions = [max(pair) for pair in zip(regions, between, strict=True)]
    regions = _evened(regions)
    missing = max(0.0, _LEAST_WIDTH - NUMBERS - sum(regions))
    regions = [region + missing / len(regions) for region in regions]
    x = NUMBERS
    lanes = {}
    for server, before in zip(trace.servers, regions[:-1], strict=True):
        x += before
        lanes[server] = x
    return lanes, x + regions[-1]


def _evened(regions: list[float]) -> list[float]:
    """Return the regions with lifelines at equal distances, unless that makes them far wider."""
    left, *inner, right = regions
    even = [left, *[max(inner, default=0.0)] * len(inner), right]
    return even if sum(even) <= _MOST_WIDENED * sum(regions) else regions


def _offset(row: Row, note: Note) -> float:
    """Return how far from the lifeline a note begins."""
    width = DOT if note.at else max(mark_width(row), _configuration_width(row))
    return width / 2 + (STUB if note.flying else _BESIDE)


def _is_of_loss(row: Row, note: Note) -> bool:
    """Whether a note stands under the cross of a lost message."""
    return row.towards is not None and note.at is None


def _extent(row: Row) -> tuple[float, float]:
    """Return how far a row reaches above and below its event."""
    above = below = MARK_HEIGHT / 2
    if row.configuration:
        below += _BELOW + CONFIGURATION_HEIGHT
    for note in row.notes:
        top, bottom = _reach(row, note)
        above, below = max(above, -top), max(below, bottom)
    return above, below


def _reach(row: Row, note: Note) -> tuple[float, float]:
    """Return top and bottom of a note, from the y of its event."""
    height = note_size(note)[1]
    if _is_of_loss(row, note):
        return CROSS / 2, CROSS / 2 + height
    if note.flying and row.name.startswith("Receive"):
        return -4.0, height - 4.0  # a message may come in above it
    if note.flying:
        return 4.0 - height, 4.0  # another message may leave below it
    return -height / 2, height / 2


def _place(row: Row, y: float, lanes: dict[str, float], servers: tuple[str, ...]) -> PlacedRow:
    if row.towards is not None:
        return _place_lost(row, y, lanes, servers)
    x = lanes[row.server] if row.server else NUMBERS
    notes = [_place_beside(row, note, lanes[note.at] if note.at else x, y) for note in row.notes]
    height = MARK_HEIGHT if row.mark else DOT
    mark = Box(x, y, mark_width(row), height)
    if not row.configuration:
        return PlacedRow(row, y, mark, tuple(notes))
    below = y + height / 2 + _BELOW + CONFIGURATION_HEIGHT / 2
    box = Box(x, below, _configuration_width(row), CONFIGURATION_HEIGHT)
    return PlacedRow(row, y, mark, tuple(notes), box)


def _place_beside(row: Row, note: Note, x: float, y: float) -> PlacedNote:
    """Place a note beside a lifeline."""
    width, height = note_size(note)
    away = (_offset(row, note) + width / 2) * note.side
    top, bottom = _reach(row, note)
    return _place_note(note, Box(x + away, y + (top + bottom) / 2, width, height))


def _place_note(note: Note, box: Box) -> PlacedNote:
    """Place the lines of a note, flush with the side that is next to the lifeline."""
    lines = []
    top: float = box.y - box.height / 2
    for line in note.lines:
        width, height = float(line_width(line)), line_height(line)
        x = box.x - note.side * (box.width - width) / 2
        lines.append((line, Box(x, top + height / 2, width, height)))
        top += height
    return PlacedNote(note, box, tuple(lines))


def _place_lost(row: Row, y: float, lanes: dict[str, float], servers: tuple[str, ...]) -> PlacedRow:
    """Place the cross of a lost message in the middle of the last region that it reached."""
    note, *others = row.notes
    region = _region(row, note, servers)
    width, height = note_size(note)
    needed = width / 2 + _CLEAR
    if region == 0:
        x = lanes[servers[0]] - needed
    elif region == len(servers):
        x = lanes[servers[-1]] + needed
    else:
        x = (lanes[servers[region - 1]] + lanes[servers[region]]) / 2
    placed = _place_note(note, Box(x, y + (CROSS + height) / 2, width, height))
    beside = (_place_beside(row, each, lanes[each.at or servers[0]], y) for each in others)
    return PlacedRow(row, y, Box(x, y, CROSS, CROSS), (placed, *beside))


def _segments(trace: Trace, placed: list[PlacedRow], bottom: float) -> list[Segment]:
    """Cut each lifeline where the role changes."""
    segments = []
    for server in trace.servers:
        role, top = role_of(trace.initial[server]), _head_height(trace)
        for here in placed:
            if here.row.server == server and here.row.role != role:
                segments.append(Segment(server, role, top, here.y))
                role, top = here.row.role, here.y
        segments.append(Segment(server, role, top, bottom))
    return segments


# ---- Arrows


def _bends(arrow: Arrow, placed: Sequence[PlacedRow], heads: Sequence[Box]) -> tuple[Point, ...]:
    """Return where an arrow bends, so that it crosses no mark and no note, if that can be."""
    if not arrow.ended:
        return ()
    source = placed[arrow.sent - 1].mark if arrow.sent else heads[arrow.sender]
    goal = placed[arrow.ended - 1].mark
    passed = placed[max(arrow.sent - 1, 0) : arrow.ended]
    boxes = [box for row in passed for box in _boxes(row) if box not in (source, goal)]
    left, right = sorted((source.x, goal.x))
    near = [
        each for each in boxes if left < each.x + each.width / 2 and each.x - each.width / 2 < right
    ]
    start, end = (source.x, source.y), (goal.x, goal.y)
    if len(near) > _MOST_IN_THE_WAY or _is_free(start, end, near):
        return ()
    return _way_around(start, end, near)


def _boxes(row: PlacedRow) -> Iterator[Box]:
    yield row.mark
    if row.configuration is not None:
        yield row.configuration
    for note in row.notes:
        yield from (box for _, box in note.lines)


def _way_around(start: Point, end: Point, boxes: Sequence[Box]) -> tuple[Point, ...]:
    """Return the corners of the shortest way past some boxes that never goes up, () if none is."""
    corners = [
        (box.x + across * (box.width / 2 + _AROUND), box.y + along * (box.height / 2 + _AROUND))
        for box in boxes for across in (-1, 1) for along in (-1, 1)
    ]  # fmt: skip
    between = [each for each in corners if start[1] <= each[1] <= end[1]]
    queue: list[tuple[float, Point, tuple[Point, ...]]] = [(0.0, start, ())]
    seen: set[Point] = set()
    while queue:
        length, here, way = heapq.heappop(queue)
        if here == end:
            return way[:-1]
        if here in seen:
            continue
        seen.add(here)
        for there in (*between, end):
            if there not in seen and here[1] <= there[1] and _is_free(here, there, boxes):
                # A bend costs a little, so that there are few.
                farther = length + dist(here, there) + _AROUND
                heapq.heappush(queue, (farther, there, (*way, there)))
    return ()


def _is_free(start: Point, end: Point, boxes: Sequence[Box]) -> bool:
    return not any(_crosses(start, end, box) for box in boxes)


def _crosses(start: Point, end: Point, box: Box) -> bool:
    """Say whether a line has more than an edge in common with a box (Liang and Barsky, 1984)."""
    first, last = 0.0, 1.0
    for begin, way, middle, half in (
        (start[0], end[0] - start[0], box.x, box.width / 2),
        (start[1], end[1] - start[1], box.y, box.height / 2),
    ):
        low, high = middle - half - begin, middle + half - begin
        if not way:
            if low >= 0 or high <= 0:
                return False
            continue
        enters, leaves = sorted((low / way, high / way))
        first, last = max(first, enters), min(last, leaves)
    return first < last
