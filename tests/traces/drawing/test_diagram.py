"""The diagram: what it shows of each step, that nothing overlaps, and that it can be rendered."""

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raft_ref.features.bugs import MEMBERSHIP_BUGS
from raft_ref.traces import (
    JsonObject,
    RenderError,
    Trace,
    TraceError,
    TraceStep,
    Violation,
    draw,
    read,
    render,
)
from raft_ref.traces.drawing import frames
from raft_ref.traces.drawing.layout import Layout, Point, lay_out
from raft_ref.traces.drawing.metrics import Box
from raft_ref.traces.drawing.render import FORMATS
from raft_ref.traces.drawing.style import LIGHT
from raft_ref.traces.format.trace import Specification
from raft_ref.traces.story.words import printable
from tests.support.files import GALLERY, TRACES

OF_CHANGES = [GALLERY / f"{name}.ndjson" for name in MEMBERSHIP_BUGS]
GOLDEN = [*sorted(TRACES.glob("*.ndjson")), *OF_CHANGES]
SVG = "{http://www.w3.org/2000/svg}"
each_golden = pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)


def golden(name: str) -> Trace:
    return read(TRACES / f"{name}.ndjson")


def shown_text(svg: Path) -> list[str]:
    """Return the lines of text in an SVG file."""
    texts = ElementTree.parse(svg).iter(f"{SVG}text")
    return ["".join(text.itertext()).replace("\N{NO-BREAK SPACE}", " ") for text in texts]


@each_golden
def test_each_step_has_its_number_and_its_event(path: Path) -> None:
    trace = read(path)
    text = draw(trace).source
    for number, _ in enumerate(trace.steps, start=1):
        assert re.search(rf'^\t"number{number} text" \[label="{number}\\r"', text, re.MULTILINE)
        assert re.search(rf"^\tstep{number} \[", text, re.MULTILINE)


def arrows(text: str) -> dict[tuple[str, str], str]:
    """Return from which step to which each arrow leads, along its bends, and how it is drawn."""
    end = r'"?((?:step|arrow)[\w ]*?)"?'
    edges = re.findall(rf"^\t{end} -> {end} \[(.*)\]", text, re.MULTILINE)
    begun = {end: start for start, end, _ in edges}
    found = {}
    for start, end, style in edges:
        if re.fullmatch(r"step\d+", end):
            first = start
            while "bend" in first:
                first = begun[first]
            found[first, end] = style
    return found


def crossed(layout: Layout) -> Iterator[tuple[int, int]]:
    """Yield the steps from which and to which arrows lead that cross a mark or a note."""
    rows = layout.rows
    for arrow, bends in layout.arrows:
        if not arrow.ended:
            continue
        heads = [*layout.heads.values()]
        start = rows[arrow.sent - 1].mark if arrow.sent else heads[arrow.sender]
        end = rows[arrow.ended - 1].mark
        way = [(start.x, start.y), *bends, (end.x, end.y)]
        assert all(above[1] <= below[1] for above, below in pairwise(way))  # time flows downwards
        boxes = [row.mark for row in rows] + [
            box for row in rows for note in row.notes for _, box in note.lines
        ]
        others = [box for box in boxes if box not in (start, end)]
        if any(crosses(*line, box) for line in pairwise(way) for box in others):
            yield arrow.sent, arrow.ended


def crosses(start: Point, end: Point, box: Box) -> bool:
    """Say whether a line comes into a box, by points along it."""
    points = [
        (start[0] + part / 200 * (end[0] - start[0]), start[1] + part / 200 * (end[1] - start[1]))
        for part in range(201)
    ]
    inside = 0.5
    return any(
        abs(x - box.x) < box.width / 2 - inside and abs(y - box.y) < box.height / 2 - inside
        for x, y in points
    )


GALLERY_TRACES = sorted(GALLERY.glob("*.ndjson"))


@pytest.mark.parametrize("path", GALLERY_TRACES, ids=lambda path: path.stem)
def test_no_arrow_crosses_a_mark_or_a_note(path: Path) -> None:
    assert [*crossed(lay_out(read(path)))] == []


def test_an_arrow_that_is_not_bent_would() -> None:
    layout = lay_out(read(TRACES / "crowded" / "older-term-committed.ndjson"))
    straight = tuple((arrow, ()) for arrow, _ in layout.arrows)
    assert [*crossed(replace(layout, arrows=straight))] == [(1, 3), (9, 11), (12, 15)]


def test_a_vote_that_is_forgotten() -> None:
    """Each message that is received has an arrow, what is in flight a stub; the crash is marked."""
    text = draw(golden("vote-not-persisted")).source
    assert [*arrows(text)] == [
        ("step1", "step3"),
        ("step2", "step6"),
        ("step3", "step4"),
        ("step6", "step7"),
    ]
    assert text.count("in flight") == 2
    for shown in ("RequestVote t1", "vote granted t1", "× restart", "forgets votedFor = s1"):
        assert shown in text
    assert text.count('label="leader t1"') == 2


def test_losses_and_duplicates() -> None:
    text = draw(golden("figure-8")).source
    assert text.count(' cross" [label="×"') == 2  # one for each DropMessage
    drawn = arrows(text)
    assert "dashed" not in drawn["step9", "step10"]
    assert "dashed" in drawn["step9", "step18"]
    assert "duplicate" in text
    assert "a copy stays in flight" in text


def test_logs_are_cells_coloured_by_term_and_marked_as_committed(tmp_path: Path) -> None:
    trace = golden("figure-8")
    render(draw(trace).source, tmp_path / "figure-8.svg")
    texts = shown_text(tmp_path / "figure-8.svg")
    assert texts.count("t1 v1") == 4  # steps 5, 23 and 24 change a log so, and the last state
    text = draw(trace).source
    assert text.count(' committed" [') == 4  # steps 24, 34; last state


def test_what_breaks_is_framed_with_its_formula(tmp_path: Path) -> None:
    trace = golden("vote-not-persisted")
    render(draw(trace).source, tmp_path / "vote.svg")
    texts = shown_text(tmp_path / "vote.svg")
    assert trace.violation is not None
    for line in trace.violation.formula.splitlines():
        assert line in texts
    assert "After step 7: ElectionSafety is violated" in texts
    assert "falsified by i = s1, j = s3" in texts
    assert texts.count("Leader") == 2
    assert "\tframe [" in draw(trace).source
    assert "\tbanner [" not in draw(replace(trace, violation=None)).source


@pytest.mark.parametrize("bad", ['"><b>\\N&\x00</td>', "\\", "<>", "", " ", "\ud800", "\u2028"])
def test_hostile_names_and_values_stay_text(bad: str, tmp_path: Path) -> None:
    message: JsonObject = {"type": bad, "source": bad, "dest": "b", bad: bad}
    trace = Trace(
        servers=(bad, "b"),
        initial={bad: {bad: bad, "role": bad, "currentTerm": 1}, "b": {}},
        steps=(
            TraceStep(bad, bad, sends=(message,), changes={"currentTerm": 2, bad: [bad]}),
            TraceStep("DropMessage", message=message),
        ),
        source=bad,
        bounds={bad: bad},
        violation=Violation(bad, bad, (bad,)),
    )
    render(draw(trace).source, tmp_path / "bad.svg")
    assert f"falsified by {printable(bad)}" in shown_text(tmp_path / "bad.svg")


def test_a_trace_without_steps_and_one_that_makes_no_sense() -> None:
    assert "A trace of 0 steps" in draw(Trace(("s1",), {"s1": {}})).source
    message = {"type": "Ping", "source": "s1", "dest": "s1"}
    lost = Trace(("s1",), {"s1": {}}, (TraceStep("DropMessage", message=message),))
    with pytest.raises(TraceError, match=r"^Ping from s1 to s1 is not in flight$"):
        draw(lost)


def boxes(layout: Layout) -> Iterator[Box]:
    """Yield the boxes of all that may not overlap: heads, marks, crosses and notes."""
    yield from layout.heads.values()
    for placed in layout.rows:
        yield placed.mark
        if placed.configuration is not None:
            yield placed.configuration
        yield from (note.box for note in placed.notes)


def check_that_nothing_overlaps(layout: Layout) -> None:
    for one, other in combinations(boxes(layout), 2):
        assert not one.overlaps(other)
    lifelines = [Box(x, layout.bottom / 2, 8, layout.bottom) for x in layout.lanes.values()]
    for placed in layout.rows:
        for note in placed.notes:
            assert not any(note.box.overlaps(lifeline) for lifeline in lifelines)
            assert note.box.x - note.box.width / 2 >= 0
            assert note.box.x + note.box.width / 2 <= layout.width
        if placed.configuration is not None:
            others = (x for server, x in layout.lanes.items() if server != placed.row.server)
            assert not any(
                placed.configuration.overlaps(Box(x, layout.bottom / 2, 8, layout.bottom))
                for x in others
            )


@each_golden
def test_nothing_overlaps(path: Path) -> None:
    check_that_nothing_overlaps(lay_out(read(path)))


@given(
    st.integers(1, 5),
    st.lists(
        st.tuples(
            st.integers(0, 4),
            st.text("abc ", max_size=30),
            st.lists(st.integers(0, 4), max_size=3),
            st.sampled_from(["keep", "Receive", "ReceiveDuplicate", "DropMessage"]),
        ),
        max_size=8,
    ),
)
@settings(deadline=None, max_examples=100)
def test_nothing_overlaps_in_any_trace(
    count: int, plan: list[tuple[int, str, list[int], str]]
) -> None:
    servers = tuple(f"s{number}" for number in range(count))
    steps: list[TraceStep] = []
    for actor, text, dests, fate in plan:
        server = servers[actor % count]
        sends = [
            {"type": text, "source": server, "dest": servers[dest % count], "step": len(steps)}
            for dest in dests
        ]
        changes = {"x": text, "role": text, "currentTerm": len(steps)}
        steps.append(TraceStep("Work", server, sends=tuple(sends), changes=changes))
        if sends and fate != "keep":
            receiver = None if fate == "DropMessage" else sends[0]["dest"]
            steps.append(TraceStep(fate, str(receiver) if receiver else None, message=sends[0]))
    trace = Trace(servers, {server: {"x": "", "role": ""} for server in servers}, tuple(steps))
    check_that_nothing_overlaps(lay_out(trace))


@given(
    st.integers(2, 4),
    st.lists(
        st.tuples(
            st.integers(0, 4),
            st.text("abc ", min_size=1, max_size=30),
            st.lists(st.integers(0, 4), max_size=3),
            st.lists(st.integers(0, 4), max_size=3),
            st.sampled_from(["keep", "take", "lose", "drop"]),
        ),
        max_size=6,
    ),
)
@settings(deadline=None, max_examples=50)
def test_nothing_overlaps_in_a_trace_of_any_specification(
    count: int, plan: list[tuple[int, str, list[int], list[int], str]]
) -> None:
    processes = tuple(f"p{number}" for number in range(count))
    columns = (*processes, "Spec")
    steps: list[TraceStep] = []
    for actor, text, dests, beside, fate in plan:
        server = processes[actor % count]
        sends = tuple(
            {"type": text, "source": server, "dest": processes[dest % count], "number": number}
            for number, dest in enumerate(dests)
        )
        changed = {columns[each % len(columns)] for each in beside} - {server}
        others = {each: {"x": text, "n": len(steps)} for each in sorted(changed)}
        sent = TraceStep("Send", server, sends=sends, changes={"x": text}, others=others)
        steps.append(sent)
        if sends and fate == "take":
            taken = TraceStep("Take", str(sends[0]["dest"]), message=sends[0], takes=sends[1:])
            steps.append(replace(taken, others={"Spec": {"x": text}}))
        elif sends and fate == "lose":
            more = {"Spec": {"x": text}}
            steps += [TraceStep("Lose", None, message=each, others=more) for each in sends]
        elif sends and fate == "drop":
            steps.append(TraceStep("Clear", "Spec", drops=sends))
    initial: dict[str, JsonObject] = {column: {"x": ""} for column in columns}
    trace = Trace(columns, initial, tuple(steps), network="bag", of=Specification("Spec", "Spec"))
    check_that_nothing_overlaps(lay_out(trace))


def changing(count: int) -> Trace:
    """Return a trace in which each server goes from all servers to one, by way of both."""
    servers = tuple(f"s{number}" for number in range(1, count + 1))
    everybody = {"voters": [*servers], "outgoingVoters": [], "learners": []}
    initial: JsonObject = {"role": "Leader", "currentTerm": 1, "log": [], "bootstrap": everybody}
    joint = {"voters": ["s1"], "outgoingVoters": [*servers], "learners": [servers[-1]]}
    steps = tuple(
        TraceStep("EnterJoint", server, changes={"log": [{"term": 1, "value": joint}]})
        for server in servers
    )
    features = ("Membership", "JointConsensus")
    return Trace(servers, dict.fromkeys(servers, initial), steps, features=features)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7])
def test_configurations_have_room(count: int) -> None:
    check_that_nothing_overlaps(lay_out(changing(count)))


def test_each_lifeline_tells_its_configuration_where_that_changes() -> None:
    layout = lay_out(changing(2))
    assert [(each.row.server, each.row.configuration) for each in layout.rows] == [
        ("s1", "{s1 s2}→{s1}+s2"),
        ("s2", "{s1 s2}→{s1}+s2"),
    ]
    text = draw(changing(2)).source
    assert text.count('label="{s1 s2}→{s1}+s2"') == 2 + 2  # and in the last state
    assert text.count('label="{s1 s2}"') == 2  # what they begin with, in their heads
    assert text.count(' configuration" [') == 2


def test_with_a_configuration_used_as_applied_it_changes_when_it_is_applied() -> None:
    found = lay_out(read(GALLERY / "commits-forgotten-by-restart.ndjson"))
    told = {each.row.name: each.row.configuration for each in found.rows if each.row.configuration}
    assert told == {"ApplyConfiguration": "{s1 s2}"}


def test_the_key_says_where_a_configuration_counts_once_it_is_applied() -> None:
    said = "configuration, once applied"
    assert said in draw(read(GALLERY / "commits-forgotten-by-restart.ndjson")).source
    assert said not in draw(changing(2)).source


def test_a_long_name_of_a_variable_is_told_in_full() -> None:
    text = draw(read(GALLERY / "commits-forgotten-by-restart.ndjson")).source
    assert r'label="configurationIndex\l"' in text


def test_no_configuration_is_broken_in_two() -> None:
    trace = changing(7)
    reason = "s1 goes by what is no more in force, and the others by {s1 s2 s3 s4 s5 s6 s7}."
    for padding in range(40):
        wrong = Violation("P", "", is_refusal=True, reason="x" * padding + reason)
        assert "{s1 s2 s3 s4 s5 s6 s7}." in draw(replace(trace, violation=wrong)).source


@each_golden
def test_the_key_is_no_wider_than_the_picture(path: Path) -> None:
    trace = read(path)
    keys = re.findall(r'\tkey\d+ \[.*?pos="([-.\d]+),([-.\d]+)!"', draw(trace).source, re.DOTALL)
    texts = [key.width - frames.SIGN_WIDTH for key in frames.legend(trace, LIGHT)]
    assert len(keys) == len(texts)
    for (x, _), width in zip(keys, texts, strict=True):
        assert float(x) + width / 2 <= lay_out(trace).width
    tops = {float(y) for _, y in keys}
    assert all(abs(one - other) >= 20 for one in tops for other in tops - {one})


def test_where_the_membership_cannot_change_no_configuration_is_told() -> None:
    trace = replace(changing(2), features=("PreVote",))
    assert not any(each.row.configuration for each in lay_out(trace).rows)
    assert 'label="{s1 s2}"' not in draw(trace).source


_SIZE = re.compile(r'(height|width)="?([.\d]+)')


def too_large(text: str, capfd: pytest.CaptureFixture[str]) -> Iterator[str]:
    """Yield the nodes whose labels are larger, in the fonts of this machine, than their boxes."""
    pygraphviz = pytest.importorskip("pygraphviz")
    nodes = [each for each in text.splitlines() if "fixedsize=true" in each and "×" not in each]
    free = _SIZE.sub(r"\1=0", text.replace("fixedsize=true", "fixedsize=false"))
    drawn = pygraphviz.AGraph(free).draw(format="plain", prog="neato").decode()
    capfd.readouterr()
    found = re.findall(r'^node ("[^"]*"|\w+) \S+ \S+ (\S+) (\S+)', drawn, re.MULTILINE)
    sizes = {name: (float(wide), float(high)) for name, wide, high in found}
    for line in nodes:
        name = line.strip().split(" [")[0]
        box = {side: float(size) for side, size in _SIZE.findall(line)}
        width, height = sizes[name]
        if height > box["height"] + 1 / 72 or width > box["width"] + 1 / 72:
            yield name


@each_golden
def test_graphviz_keeps_to_the_layout(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """No label is larger than the box that was planned for it."""
    assert [*too_large(draw(read(path)).source, capfd)] == []


def test_a_label_that_is_too_large_is_found(capfd: pytest.CaptureFixture[str]) -> None:
    text = draw(golden("vote-not-persisted")).source
    text = text.replace('label="leader t1"', f'label="{"leader" * 9}"')
    assert [*too_large(text, capfd)] == ["step4", "step7"]


@pytest.mark.long
@each_golden
def test_text_is_anchored_where_it_is_flush(path: Path, tmp_path: Path) -> None:
    """In the middle of its box or at an end of it: none is placed by how wide it was measured."""
    render(draw(read(path)).source, tmp_path / "drawn.svg")
    root = ElementTree.parse(tmp_path / "drawn.svg").getroot()
    lines = ("title", "violation")  # which begin at the left
    for group in root.iter(f"{SVG}g"):
        texts = group.findall(f"{SVG}text")
        polygons = group.findall(f"{SVG}polygon")
        if not texts or len(polygons) != 1:
            continue
        xs = [float(corner.split(",")[0]) for corner in polygons[0].attrib["points"].split()]
        at = {"start": min(xs), "middle": (min(xs) + max(xs)) / 2, "end": max(xs)}
        for text in texts:
            if group.get("id") not in lines:
                assert abs(float(text.attrib["x"]) - at[text.attrib["text-anchor"]]) < 0.1


@pytest.mark.parametrize(
    ("suffix", "magic"),
    [(".svg", b"<?xml"), (".png", b"\x89PNG\r\n"), (".pdf", b"%PDF-"), (".gv", b"digraph trace {")],
)
def test_render(
    suffix: str, magic: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"trace{suffix}"
    render(draw(golden("vote-not-persisted")).source, path)
    assert path.read_bytes().startswith(magic)
    assert [other.name for other in tmp_path.iterdir()] == [path.name]
    assert capfd.readouterr() == ("", "")


def test_every_format_is_tested() -> None:
    assert set(FORMATS) == {".svg", ".png", ".pdf", ".gv"}


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"a\.jpeg: the name must end in one of .svg, .png, .pdf"):
        render("digraph {}", tmp_path / "a.jpeg")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    for name in ("a.svg", "a.gv"):
        with pytest.raises(RenderError, match=rf"{name}: No such file or directory$"):
            render("digraph {}", tmp_path / "absent" / name)


def test_without_graphviz_text_is_still_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(RenderError, match="no Graphviz found: install the system's package"):
        render("digraph {}", tmp_path / "a.svg")
    render("digraph {}", tmp_path / "a.gv")
    assert (tmp_path / "a.gv").read_text() == "digraph {}"


def test_the_system_s_graphviz_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its complaint, and nothing else of what it prints, reaches the user."""
    neato = tmp_path / "neato"
    neato.write_text("#!/bin/sh\necho 'Fontconfig warning' >&2\necho \"asked $*\" >&2\nexit 1\n")
    neato.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        RenderError, match=r"^Graphviz failed: asked -Tsvg -Gdpi=72 -o \S+/picture$"
    ):
        render("digraph {}", tmp_path / "a.svg")


def test_what_falsifies_it_stays_in_its_box(tmp_path: Path) -> None:
    """A difference between two sets of messages is longer than a picture is wide."""
    trace = golden("vote-not-persisted")
    assert trace.violation is not None
    long = "messages: the node has " + ", ".join(
        f"[term |-> {n}, source |-> s1]" for n in range(40)
    )
    violation = replace(trace.violation, instances=(long, "i = s1"))
    render(draw(replace(trace, violation=violation)).source, tmp_path / "long.svg")
    texts = shown_text(tmp_path / "long.svg")
    [first] = [n for n, text in enumerate(texts) if text.startswith("falsified by messages: ")]
    assert texts[first + 3].endswith(" ...")
    assert texts[first + 4] == "falsified by i = s1"
    assert max(map(len, texts[first : first + 4])) < 120


def marked(trace: Trace) -> dict[str, set[str]]:
    """Return the variables whose last values are red, with the servers of which they are."""
    rows = lay_out(trace).last
    red = rf'^\t"last(\d+) of (\d+)(?: cell \d+)?" \[.*{LIGHT.lost}'
    found: dict[str, set[str]] = {}
    for row, server in re.findall(red, draw(trace).source, re.MULTILINE):
        found.setdefault(rows[int(row)].name, set()).add(trace.servers[int(server)])
    return found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vote-not-persisted", {"role": {"s1", "s3"}, "currentTerm": {"s1", "s3"}}),
        ("older-term-committed", {"role": {"s2"}}),
        ("prev-log-term-ignored", {"log": {"s1", "s2"}}),
        ("match-index-moved-back", {"role": {"s1"}, "currentTerm": {"s1"}, "matchIndex": {"s1"}}),
        ("higher-term-in-response-ignored", {"currentTerm": {"s1"}, "votedFor": {"s1"}}),
    ],
)
def test_what_falsifies_a_property_is_red(name: str, expected: dict[str, set[str]]) -> None:
    found = marked(read(GALLERY / f"{name}.ndjson"))
    assert {each: found.get(each) for each in expected} == expected
    assert "votesGranted" not in found


def test_what_the_last_step_changed_of_it_is_told_as_it_was() -> None:
    text = draw(read(GALLERY / "match-index-moved-back.ndjson")).source
    assert 'label="[0, 1] → [0, 0]"' in text


@pytest.mark.long
@pytest.mark.parametrize("path", GALLERY_TRACES, ids=lambda path: path.stem)
def test_all_that_a_property_reads_is_in_its_box(path: Path) -> None:
    trace = read(path)
    assert trace.violation is not None
    told = {row.name for row in lay_out(trace).last}
    text = draw(trace).source
    variables = {*trace.initial[trace.servers[0]], *(h for s in trace.steps for h in s.history)}
    for name in {*re.findall(r"\w+", trace.violation.formula)} & variables - {"snapshot"}:
        assert name in told or f">{name} = " in text


def test_messages_that_a_property_reads_are_told() -> None:
    text = draw(read(GALLERY / "pre-vote-taken-for-leader.ndjson")).source
    assert (
        "messages = s1 to s2: PreVoteRequest(term 1) → s2 to s1: PreVoteResponse(term 1, granted)"
    ) in text


def test_what_was_committed_elsewhere_leads_to_a_stale_read() -> None:
    rows = lay_out(read(GALLERY / "leader-reads-alone.ndjson")).rows
    assert all(placed.row.leads for placed in rows[15:])


@pytest.mark.parametrize("path", GALLERY_TRACES[::9], ids=lambda path: path.stem)
def test_lifelines_are_at_equal_distances(path: Path) -> None:
    places = [*lay_out(read(path)).lanes.values()]
    between = [right - left for left, right in pairwise(places)]
    assert max(between) - min(between) < 0.01


def test_one_that_needs_far_more_room_than_all_others_widens_itself_alone() -> None:
    long = {f"v{number}": "x" * 60 for number in range(3)}
    servers = tuple(f"s{number}" for number in range(1, 7))
    step = TraceStep("Work", "s3", changes=long)
    trace = Trace(servers, {each: dict.fromkeys(long, "") for each in servers}, (step,))
    places = [*lay_out(trace).lanes.values()]
    between = [right - left for left, right in pairwise(places)]
    assert max(between) > 1.2 * min(between)
