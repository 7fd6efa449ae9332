"""What clients saw, drawn in time."""

import re
from itertools import pairwise
from math import inf

import pytest

from raft_ref.traces.drawing.history import Lifetime, Operation, Stretch, draw_history
from raft_ref.traces.drawing.style import DARK, LIGHT

HISTORY = [
    Operation("put x 1: done", 0.0, 2.0),
    Operation("get x: it is 1", 1.0, 1.5),
    Operation("put x 2: no answer", 1.5, None),
    Operation('get "<x>\\N": nothing is there', 3.0, 4.0),
]


def bars(text: str) -> list[tuple[float, float]]:
    """Return where each operation's bar begins and ends, in points."""
    found = []
    for number in range(len(HISTORY)):
        [line] = re.findall(rf"^\toperation{number} \[.*", text, re.MULTILINE)
        [(x, width)] = re.findall(r'pos="([\d.]+),.*width="?([\d.]+)', line)
        found.append((float(x) - 36 * float(width), float(x) + 36 * float(width)))
    return found


def test_a_bar_is_as_long_as_its_operation() -> None:
    text = draw_history("broken", "why", "where from", HISTORY).source
    (start, end), (later, sooner), (asked, never), (_, last) = bars(text)
    assert later - start == pytest.approx((end - start) / 2, abs=0.2)
    assert sooner == pytest.approx(asked, abs=0.2)
    assert never == pytest.approx(last, abs=0.2)  # who was never answered waits to the end
    assert text.count("dashed") == 1
    assert "3.000 s" not in text
    assert "4.000 s" in text


def test_what_is_out_of_place_is_red() -> None:
    wrong = HISTORY[1]._replace(is_out_of_place=True)
    text = draw_history("broken", "why", "where from", [wrong, HISTORY[0]]).source
    marked = [line for line in text.splitlines() if LIGHT.lost in line]
    assert any(line.startswith("\toperation0 ") for line in marked)
    assert any(line.startswith("\ttext0 ") for line in marked)
    assert not any(line.startswith(("\toperation1 ", "\ttext1 ")) for line in marked)


SERVERS = (
    Lifetime(
        "s1",
        (
            Stretch(-1.0, 0.5, True, None, ""),
            Stretch(0.5, 2.0, True, 1, "not heard by s2"),
            Stretch(2.0, 3.0, False, None, ""),
            Stretch(3.0, 3.001, True, 2, "cut off"),
            Stretch(3.001, inf, True, None, ""),
        ),
    ),
    Lifetime("s2", (Stretch(-1.0, inf, True, None, ""),)),
)


def test_each_server_is_seen_to_lead_to_be_down_and_to_be_cut_off() -> None:
    text = draw_history("broken", "why", "where from", HISTORY, SERVERS).source
    for said in ("leads term 1", "not heard by s2", "down"):
        assert text.count(f'label="{said}"') + text.count(f"label={said} ") == 1
    assert "term 2" not in text  # for that moment there is no room
    places = re.findall(r'^\t"server0 part (\d)" .*pos="([\d.]+),.*width="?([\d.]+)', text, re.M)
    ends = [(float(x) - 36 * float(w), float(x) + 36 * float(w)) for _, x, w in places]
    assert [int(number) for number, _, _ in places] == [0, 1, 2, 4]
    (_, led), (begun, _), (_, _), (up, last) = ends
    assert led == pytest.approx(begun, abs=0.2)
    assert last == pytest.approx(bars(text)[2][1], abs=0.2)
    assert up < last


def test_rows_do_not_meet() -> None:
    text = draw_history("broken", "why", "where from", HISTORY).source
    rows = sorted(
        float(y) for y in re.findall(r"^\toperation.*pos=\"[\d.]+,-([\d.]+)!", text, re.M)
    )
    assert all(below - above >= 20 for above, below in pairwise(rows))


def test_hostile_text_stays_text_and_colours_are_the_theme_s() -> None:
    text = draw_history("broken", "why", "where from", HISTORY, (), DARK).source
    assert r"get \"<x>\\N\"" in text
    assert DARK.paper in text
