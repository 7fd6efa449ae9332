"""Traces of any specification: who acts, what is sent, what is shared; as NDJSON and as ITF."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from raft_ref.cli import main
from raft_ref.traces import Trace, TraceError, TraceStep, draw, read, states, tell, write
from raft_ref.traces.drawing.page import Annotations, page
from raft_ref.traces.format.parts import part, without_channels
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.sources.behaviors import (
    Behavior,
    Taken,
    states_of_trace,
    trace_of_behavior,
)
from raft_ref.traces.sources.conversion import read_any, write_any
from raft_ref.traces.sources.itf import read_itf
from raft_ref.traces.validation.validate import validate
from tests.support.files import SPECS, TRACES

TALLY = TRACES / "tally.ndjson"


def by(**values: Any) -> dict[str, Any]:
    """Return a function of processes."""
    return {"#map": [[name, value] for name, value in values.items()]}


def among(*elements: Any) -> dict[str, Any]:
    return {"#set": [*elements]}


def ask(source: str = "a", dest: str = "b", **more: Any) -> dict[str, Any]:
    return {"type": "ask", "source": source, "dest": dest, **more}


def traced(
    *reached: dict[str, Any], action: str = "Act", processes: tuple[Any, ...] = (), **given: Any
) -> Trace:
    """Return the trace of some states; the steps between them are all alike."""
    taken = [Taken(action, given) for _ in reached[1:]]
    return trace_of_behavior(Behavior("Spec", reached, taken), processes)


def step(before: dict[str, Any], after: dict[str, Any], action: str = "Act", **given: Any) -> Any:
    """Return the only step between two states in which processes a and b have an `x`."""
    rest = {"x": by(a=0, b=0)}
    trace = traced({**rest, **before}, {**rest, **after}, action=action, **given)
    return trace.steps[0]


def test_the_processes_are_what_most_variables_are_functions_of() -> None:
    trace = traced({"x": by(a=0, b=0), "y": by(a=1, b=1, c=1), "n": 1, "r": {"k": 1}})
    assert trace.servers == ("a", "b", "c", "Spec")
    assert trace.initial["a"] == {"x": 0, "y": 1}
    assert trace.initial["c"] == {"y": 1}
    assert trace.initial["Spec"] == {"n": 1, "r": {"k": 1}}


def test_numbers_are_processes_where_two_variables_say_so() -> None:
    assert traced({"pc": ["one", "two"], "log": [0, 0]}).servers == ("1", "2")
    assert traced({"pc": ["one", "two"]}).servers == ("Spec",)
    assert traced({"pc": ["one", "two"]}, processes=(1, 2)).servers == ("1", "2")


def test_what_changes_its_arguments_is_of_no_processes() -> None:
    trace = traced({"x": by(a=0), "s": [1, 2]}, {"x": by(a=0, b=0), "s": [1]})
    assert trace.servers == ("Spec",)
    assert trace.steps[0].changes == {"x": by(a=0, b=0), "s": [1]}


def test_where_there_are_no_such_processes_that_is_said() -> None:
    with pytest.raises(TraceError, match="no variable is a function of p, q"):
        traced({"x": by(a=0)}, processes=("p", "q"))


def test_a_column_for_what_is_shared_has_a_name_of_its_own() -> None:
    trace = trace_of_behavior(Behavior("a", [{"x": by(a=0, b=0), "n": 1}], []))
    assert trace.servers == ("a", "b", "a'")


def test_who_changes_acts_and_others_change_with_it() -> None:
    found = step({"n": 0}, {"x": by(a=1, b=2), "n": 1}, who="b")
    assert (found.server, found.changes) == ("b", {"x": 2})
    assert found.others == {"a": {"x": 1}, "Spec": {"n": 1}}
    assert step({"n": 0}, {"n": 1}, who="b").server == "b"
    assert step({"n": 0}, {"n": 1}, v="c").server == "Spec"


@pytest.mark.parametrize(
    "hold",
    [
        among,
        lambda *messages: [*messages],
        lambda *messages: {"#map": [[each, 1] for each in messages]},
        lambda *messages: by(a=[], b=[*messages]),
        lambda *messages: by(a=by(b=[]), b=by(a=[*messages])),
    ],
    ids=["set", "sequence", "bag", "inboxes", "channels"],
)
def test_messages_are_told_however_they_are_held(hold: Any) -> None:
    sent = step({"net": hold()}, {"net": hold(ask(n=1))}, "Send", who="a")
    assert (sent.server, sent.sends) == ("a", (ask(n=1),))
    rest = {"x": by(a=0, b=0)}
    trace = traced({**rest, "net": hold(ask())}, {"x": by(a=0, b=1), "net": hold()})
    assert trace.in_flight == (ask(),)
    assert trace.of is not None
    assert trace.of.channels == ("net",)
    assert (trace.steps[0].server, trace.steps[0].message) == ("b", ask())


def test_a_bag_holds_several_that_are_equal() -> None:
    two, none = ({"#map": [[ask(), n]]} for n in (2, 0))
    sent = step({"net": none}, {"net": two})
    assert sent.sends == (ask(), ask())
    assert traced({"x": by(a=0, b=0), "net": two}).in_flight == (ask(), ask())


def test_fields_of_messages_may_be_called_otherwise() -> None:
    message = {"mtype": "vote", "msource": "a", "mdest": "b", "mterm": 1}
    sent = step({"net": among()}, {"net": among(message)}).sends
    assert sent == ({"type": "vote", "source": "a", "dest": "b", "mterm": 1},)
    sent = step({"net": among()}, {"net": among({"from": "b", "to": "a"})}).sends
    assert sent == ({"type": "message", "source": "b", "dest": "a"},)


def test_a_record_from_or_to_nobody_is_none() -> None:
    found = step({"net": among()}, {"net": among(ask(dest="c"))})
    assert found.sends == ()
    assert found.server == "Spec"


def test_what_stays_in_flight_is_received_if_it_is_among_the_arguments() -> None:
    net = {"net": among(ask())}
    found = step(net, {**net, "x": by(a=0, b=1)}, m=ask())
    assert (found.server, found.message, found.keeps) == ("b", ask(), True)
    again = step({"net": [ask()]}, {"net": [ask(), ask()]}, "Copy", m=ask())
    assert (again.message, again.sends) == (None, (ask(),))


def test_what_nobody_takes_is_gone_or_lost() -> None:
    lost = step({"net": among(ask())}, {"net": among()}, "DropMessage")
    assert (lost.server, lost.message) == (None, ask())
    taken = step({"net": among(ask())}, {"net": among()}, "Ignore")
    assert (taken.server, taken.message, taken.changes) == ("b", ask(), {})
    other = ask("b", "a")
    gone = step({"net": among(ask(), other)}, {"net": among(), "x": by(a=1, b=0)}, "Reset")
    assert (gone.server, gone.message, gone.drops) == ("a", other, (ask(),))
    all_lost = step({"net": among(ask(), other)}, {"net": among()}, "LoseAll")
    assert (all_lost.server, all_lost.drops) == ("Spec", (ask(), other))


def test_several_messages_may_be_taken_at_once() -> None:
    first, second = ask("a", "b", n=1), ask("a", "b", n=2)
    found = step({"net": among(first, second)}, {"net": among(), "x": by(a=0, b=1)})
    assert (found.message, found.takes, found.drops) == (first, (second,), ())


def lossy() -> Trace:
    """Return a trace with all that a step of a specification may have."""
    rest = {"x": by(a=0, b=0), "n": 0}
    first, second = ask(n=1), ask(n=2)
    reached = [
        {**rest, "net": among(first)},
        {**rest, "net": among(first, second)},
        {"x": by(a=1, b=1), "n": 1, "net": among(first, second)},
        {"x": by(a=1, b=2), "n": 2, "net": among()},
        {"x": by(a=1, b=2), "n": 2, "net": among(first)},
        {"x": by(a=1, b=2), "n": 2, "net": among()},
    ]
    taken = [
        Taken("Send", {"p": "a"}), Taken("Look", {"m": first}), Taken("TakeAll", {}),
        Taken("Send", {"p": "a"}), Taken("Lose", {"m": first}),
    ]  # fmt: skip
    return trace_of_behavior(Behavior("Lossy", reached, taken, loop=5))


@pytest.mark.parametrize("trace", [lossy(), read(TALLY)], ids=["lossy", "tally"])
def test_what_is_written_is_read_again(trace: Trace, tmp_path: Path) -> None:
    write(trace, tmp_path / "x.ndjson")
    assert read(tmp_path / "x.ndjson") == trace
    write_any(trace, tmp_path / "x.itf.json")
    again = read_any(tmp_path / "x.itf.json")
    assert (again.servers, again.steps, again.loop) == (trace.servers, trace.steps, trace.loop)
    assert (again.initial, again.in_flight, again.of) == (trace.initial, trace.in_flight, trace.of)


def test_states_of_numbered_processes_are_told_again() -> None:
    for first in ({"x": [1, 2], "y": [1, 2]}, {"x": {"#map": [[0, "p"], [-1, "q"]]}}):
        trace = traced(first)
        assert states_of_trace(trace, states(trace)) == [first]


def test_what_apalache_and_quint_write_is_read(tmp_path: Path) -> None:
    whole = {
        "vars": ["x", "mbt::actionTaken"],
        "loop": 0,
        "states": [
            {"x": by(p={"#bigint": "0"}, q={"#tup": [1]}), "mbt::actionTaken": "init"},
            {
                "x": by(p={"#bigint": "7"}, q={"#tup": [1]}),
                "mbt::actionTaken": "count",
                "mbt::nondetPicks": {"who": {"tag": "Some", "value": "p"}},
            },
        ],
    }
    path = tmp_path / "counter.itf.json"
    path.write_text(json.dumps(whole))
    trace = read_itf(path)
    assert (trace.servers, trace.loop) == (("p", "q"), 0)
    assert trace.initial == {"p": {"x": 0}, "q": {"x": [1]}}
    assert [(each.step, each.server, each.changes) for each in trace.steps] == [
        ("count", "p", {"x": 7}),
        ("step", "p", {"x": 0}),
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"server": "z"}, 'unknown server "z"'),
        ({"others": {"z": {}}}, 'unknown server "z"'),
        ({"others": {"a": 1}}, '"a" must be an object'),
        ({"drops": [ask("b", "a")]}, "ask from b to a is not in flight"),
        ({"sends": [ask("z", "a")]}, 'unknown server "z"'),
    ],
)
def test_a_line_that_makes_no_sense(changes: dict[str, Any], reason: str, tmp_path: Path) -> None:
    header, first, *_ = TALLY.read_text().splitlines()
    line = {**json.loads(first), **changes}
    path = tmp_path / "x.ndjson"
    path.write_text(f"{header}\n{json.dumps(line)}\n")
    with pytest.raises(TraceError, match=f"{path}:[12]: .*{reason}"):
        read(path)


def test_a_part_begins_with_what_is_in_flight() -> None:
    cut = part(read(TALLY), 3, 5)
    assert cut.in_flight == (ask("a", "c"), {**ask("b", "a"), "type": "yes"})
    assert "gone in" in draw(part(read(TALLY), 1, 5)).source


# ---- What is shown


def test_a_column_in_which_nothing_stands_is_not_drawn() -> None:
    rest = {"x": by(a=0, b=0)}
    trace = traced({**rest, "net": among()}, {**rest, "net": among(ask())})
    assert trace.servers == ("a", "b", "Spec")
    assert without_channels(trace).servers == ("a", "b")
    assert "label=Spec " not in draw(trace).source
    assert "label=a " in draw(trace).source
    assert without_channels(read(TALLY)).servers == ("a", "b", "c", "Tally")


def test_a_picture_tells_of_all_columns_that_change() -> None:
    source = draw(lossy()).source
    for told in ("x = 1", "n = 2", "ask n 1", "lost", "duplicate"):
        assert re.search(rf'label="?{told}(\\[lr])?[" ]', source)


def test_the_story_of_all_that_may_be() -> None:
    assert tell(lossy())[:5] == [
        "1. a takes Send: sends ask(n 2) to b.",
        "2. b takes Look: receives ask(n 1) from a, x = 1, a: x = 1, n = 1.",
        "3. b takes TakeAll: receives ask(n 1) from a, receives ask(n 2) from a, x = 2, n = 2.",
        "4. a takes Send: sends ask(n 1) to b.",
        "5. Lose: loses ask(n 1) from a.",
    ]


@pytest.mark.long
def test_a_page_has_columns_and_the_text_of_actions() -> None:
    pytest.importorskip("graphviz")
    text = page(read(TALLY), Annotations())
    assert '"columns":"State"' in text
    assert '"where":"Tally.tla"' in text
    assert '"messages"' not in text.partition('"states"')[2].partition('"steps"')[0]


# ---- The commands


@pytest.fixture
def tally(tmp_path: Path) -> Path:
    """Return a folder with Tally.tla, and Tally.cfg beside it."""
    module = tmp_path / "Tally.tla"
    module.write_text((SPECS / "Tally.tla").read_text())
    module.with_suffix(".cfg").write_text(
        "SPECIFICATION Spec CONSTANTS Voter = {a, b, c} Nobody = Nobody PROPERTY AtRest "
        "CHECK_DEADLOCK FALSE"
    )
    return module


@pytest.mark.long
def test_a_counterexample_is_written_and_drawn(
    tally: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace, picture = tmp_path / "t.ndjson", tmp_path / "t.html"
    given = ["spec", "check", str(tally), "--trace", str(trace), "--diagram", str(picture)]
    assert main([*given, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["trace"], told["diagram"]) == (str(trace), str(picture))
    found, golden = read(trace), read(TALLY)
    assert (found.steps, found.loop, found.initial) == (golden.steps, golden.loop, golden.initial)
    assert "Ask(v) ==" in picture.read_text()
    itf, again = tmp_path / "t.itf.json", tmp_path / "again.ndjson"
    assert main(["convert", str(trace), str(itf)]) == 0
    assert main(["convert", str(itf), str(again)]) == 0
    assert read(again).steps == found.steps
    assert main(["draw", str(itf), "-o", str(tmp_path / "t.gv")]) == 0
    assert main(["draw", str(trace), "-o", str(tmp_path / "t.gv"), "--steps", "2-3"]) == 0


@pytest.mark.long
def test_itf_is_written_at_once_and_invariants_are_told_step_by_step(
    tally: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tally.with_suffix(".cfg")
    config.write_text(config.read_text().replace("PROPERTY AtRest", "INVARIANT NothingIsLeft"))
    itf, picture = tmp_path / "t.itf.json", tmp_path / "t.html"
    given = ["spec", "check", str(tally), "--trace", str(itf), "--diagram", str(picture)]
    assert main([*given, "--quiet"]) == 1
    assert [each.step for each in read_itf(itf).steps] == ["Ask", "Answer", "Count", "Decide"]
    assert '"broken":[[],[],[],[],["NothingIsLeft"]]' in picture.read_text()
    assert f"diagram written to {picture}" in capsys.readouterr().out


@pytest.mark.long
@pytest.mark.parametrize(
    ("processes", "reason"),
    [
        ("{1, 2}", "--processes: no variable is a function of 1, 2"),
        ("Nobody", "Nobody is not a set"),
        ("Voters", "unknown name Voters; did you mean Voter?"),
        ("messages", "messages is a variable, and no state is given"),
    ],
)
def test_processes_that_are_none(
    tally: Path, tmp_path: Path, processes: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["spec", "check", str(tally), "--trace", str(tmp_path / "t.ndjson")]
    assert main([*given, "--processes", processes]) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.long
def test_processes_may_be_more_than_those_of_the_variables(tally: Path, tmp_path: Path) -> None:
    given = ["spec", "check", str(tally), "--trace", str(tmp_path / "t.ndjson"), "--quiet"]
    assert main([*given, "--processes", 'Voter \\cup {"d"}']) == 1
    assert read(tmp_path / "t.ndjson").servers == ("d", "a", "b", "c", "Tally")


def test_such_a_trace_is_not_one_of_raft() -> None:
    with pytest.raises(TraceError, match="a trace of Tally, which is not Raft"):
        validate(TALLY, PROFILES["raft-ref"])


@pytest.mark.long
def test_a_deadlock_is_told_as_one(tally: Path, tmp_path: Path) -> None:
    config = tally.with_suffix(".cfg")
    text = config.read_text().replace("PROPERTY AtRest CHECK_DEADLOCK FALSE", "")
    config.write_text(text.replace("{a, b, c}", "{a, b, c, d, e}"))
    trace = tmp_path / "t.ndjson"
    assert main(["spec", "check", str(tally), "--trace", str(trace), "--quiet"]) == 1
    found = read(trace)
    assert found.violation is not None
    assert (found.violation.property, found.violation.formula) == (
        "DeadlockFreedom",
        "every state has a successor",
    )
    assert isinstance(found.steps[-1], TraceStep)
