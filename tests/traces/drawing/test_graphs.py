"""What leans on what, as a list with lines."""

import re

from raft_ref.cli.reports.proof.needs import ordered
from raft_ref.traces.drawing.graphs import Leaning, draw_leanings

ROWS = [
    Leaning(
        "Safe", "nothing bad happens, and that whatever anybody does" * 3, ["One", "Two"], True
    ),
    Leaning("One", "there is one", ["Two"]),
    Leaning("Two", "there are two", []),
]


def test_each_has_its_sentence_and_what_it_needs() -> None:
    text = draw_leanings("what for", ROWS).source
    for said in ("there is one", "needs One, Two", "needs Two", "needs nothing but the actions"):
        assert f'label="{said}\\l"' in text


def test_a_line_leads_from_each_to_what_it_needs() -> None:
    text = draw_leanings("what for", ROWS).source
    heads = re.findall(r'^\t"(to \w+) corner" -> "\1 end"', text, re.MULTILINE)
    assert sorted(heads) == ["to One", "to Two"]
    assert len(re.findall(r'^\t"to \w+ from \d"', text, re.MULTILINE)) == 2 * 3  # node and edge


def test_lines_to_two_of_them_lie_apart() -> None:
    text = draw_leanings("what for", ROWS).source
    places = re.findall(r'^\t"to \w+ corner" .*pos="([\d.]+),', text, re.MULTILINE)
    assert len({*places}) == 2


def test_each_comes_before_what_it_needs() -> None:
    needed = {"a": ["c", "b"], "b": ["d"], "c": ["b"], "d": ["b"], "z": []}
    assert ordered(["z", "a"], needed) == ["z", "a", "c", "b", "d"]
