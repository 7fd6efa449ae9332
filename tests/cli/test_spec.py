"""`raft-ref spec check` and `raft-ref spec compare`, as a user meets them."""

import json
import os
import pty
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from raft_ref.cli import main
from raft_ref.spec.files import MODEL, RAFT
from raft_ref.spec.tlc.run import is_installed
from raft_ref.verify import Comparison, ComparisonProgress, GivenSizes
from tests.support import processes
from tests.support.files import SPECS

MCRAFT = MODEL
SMALL = ["--servers", "2", "--max-term", "1", "--max-drops", "0", "--max-duplicates", "0"]

with_tlc = pytest.mark.skipif(not is_installed(), reason="the extra [tlc] is not installed")


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    """Return a folder with Walk.tla, and Walk.cfg beside it."""
    shutil.copy(SPECS / "Walk.tla", tmp_path)
    configure(tmp_path / "Walk.tla", "INVARIANT TypeOK PROPERTY Forward")
    return tmp_path / "Walk.tla"


def configure(module: Path, text: str) -> None:
    rest = "SPECIFICATION Spec CONSTANTS Last = 5 Start <- Zero"
    module.with_suffix(".cfg").write_text(f"{text} {rest}")


def run(
    capsys: pytest.CaptureFixture[str], *arguments: str | Path
) -> tuple[int, list[str], list[str]]:
    code = main(["spec", *map(str, arguments)])
    out, err = capsys.readouterr()
    return code, out.splitlines(), err.splitlines()


def as_json(
    capsys: pytest.CaptureFixture[str], *arguments: str | Path
) -> tuple[int, dict[str, Any]]:
    code, out, err = run(capsys, *arguments, "--json")
    assert (len(out), err) == (1, [])
    return code, json.loads(out[0])


def test_a_specification_that_holds(capsys: pytest.CaptureFixture[str], walk: Path) -> None:
    code, out, err = run(capsys, "check", walk, "--no-deadlock")
    assert (code, err) == (0, [])
    assert out[0] == "HOLDS"
    assert out[1].startswith("  6 distinct states, 10 generated, depth 4; ")
    assert out[2:] == [
        "",
        "hold: TypeOK, Forward",
        "actions:successors    new states",
        "  One            5             1",
        "  Two            4             4",
    ]


def test_a_deadlock_is_a_violation_unless_it_is_not_checked(
    capsys: pytest.CaptureFixture[str], walk: Path
) -> None:
    assert as_json(capsys, "check", walk)[1]["violated"] == "Deadlock"
    assert as_json(capsys, "check", walk, "--no-deadlock")[0] == 0
    configure(walk, "CHECK_DEADLOCK FALSE INVARIANT TypeOK")
    assert as_json(capsys, "check", walk)[0] == 0
    assert as_json(capsys, "check", walk, "--deadlock")[0] == 1


def test_a_violation_is_shown_step_by_step(
    capsys: pytest.CaptureFixture[str], walk: Path, tmp_path: Path
) -> None:
    configure(walk, "INVARIANT Small")
    trace = tmp_path / "small.ndjson"
    code, out, err = run(capsys, "check", walk, "--trace", trace)
    assert (code, err) == (1, [])
    assert out[0] == "VIOLATED: Small, in 2 steps"
    assert out[3:] == [
        "1. Init",
        "     at      0",
        "     parity  0",
        "2. One",
        "     at      0 -> 1",
        "     parity  0 -> 1",
        "3. Two",
        "     at  1 -> 3",
        "",
        "Small is violated:",
        "    at < 3",
        "",
        f"trace written to {trace}",
    ]
    lines = trace.read_text().splitlines()
    assert [json.loads(line).get("step") for line in lines] == [None, "One", "Two"]


def test_states_in_full(capsys: pytest.CaptureFixture[str], walk: Path) -> None:
    configure(walk, "INVARIANT Small")
    out = run(capsys, "check", walk, "--full")[1]
    assert "State 1: <Initial predicate>" in out
    assert out.count("/\\ parity = 1") == 2


def test_what_falsifies_a_quantified_invariant(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    module = tmp_path / "Fill.tla"
    module.write_text(
        "---- MODULE Fill ----\nEXTENDS Integers\nVARIABLE cups\nInit == cups = [i \\in 1..2 |-> 0]"
        "\nNext == \\E i \\in 1..2 : cups' = [cups EXCEPT ![i] = cups[i] + 1]"
        "\nLow == \\A i \\in 1..2 : cups[i] < 2\n====\n"
    )
    module.with_suffix(".cfg").write_text("INIT Init NEXT Next INVARIANT Low")
    out = run(capsys, "check", module)[1]
    assert out[-1] == "    falsified by i = 1"


def test_one_operator_alone(capsys: pytest.CaptureFixture[str], walk: Path) -> None:
    """An invariant, or a property; whatever the configuration asks, deadlock as well."""
    configure(walk, "INVARIANT Small")
    assert run(capsys, "check", walk, "--only", "TypeOK")[1][3] == "hold: TypeOK"
    assert run(capsys, "check", walk, "--only", "Forward")[1][3] == "hold: Forward"
    assert as_json(capsys, "check", walk, "--only", "Small")[1]["violated"] == "Small"
    assert run(capsys, "check", walk, "--only", "Smal")[::2] == (
        2,
        ["raft-ref: --only: Walk has no operator Smal without parameters; did you mean Small?"],
    )
    assert run(capsys, "check", walk, "--only", "Small", "--tlc")[0] == 2


def test_quiet_prints_the_verdict(capsys: pytest.CaptureFixture[str], walk: Path) -> None:
    assert run(capsys, "check", walk, "--no-deadlock", "--quiet")[1] == ["HOLDS"]


def test_a_bound_on_the_depth(capsys: pytest.CaptureFixture[str], walk: Path) -> None:
    code, out, _ = run(capsys, "check", walk, "--depth", "2", "--quiet")
    assert (code, out) == (0, ["HOLDS WITHIN BOUNDS: depth 2, 2 states were not expanded"])


def test_an_error_in_a_state_is_located_and_led_to(
    capsys: pytest.CaptureFixture[str], walk: Path
) -> None:
    configure(walk, "INVARIANT Undefined")
    code, out, err = run(capsys, "check", walk)
    assert (code, out[0]) == (2, "ERROR, in 2 steps")
    assert len(err) == 1
    assert err[0].startswith(f"raft-ref: {walk}:29:24: ")
    code, report = as_json(capsys, "check", walk)
    assert (code, report["verdict"], report["states"]) == (2, "ERROR", 3)
    assert report["error"].startswith(f"{walk}:29:24: ")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("INVARIANT Nothing", "Walk.cfg:1:11: Walk has no operator Nothing"),
        ("INVARIANT (", "Walk.cfg:1:11: unexpected character '('"),
    ],
)
def test_bad_input(
    capsys: pytest.CaptureFixture[str], walk: Path, config: str, message: str
) -> None:
    configure(walk, config)
    code, out, err = run(capsys, "check", walk)
    assert (code, out, len(err)) == (2, [], 1)
    assert message in err[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "/no/such.tla"], "raft-ref: /no/such.tla: No such file or directory"),
        (["check", str(SPECS / "Walk.tla")], "Walk.cfg: No such file or directory"),
        (["check", "x.tla", "--tlc", "--depth", "3"], "--depth: TLC has no such bound"),
        (["check", "x.tla", "--trace", "/no/such/x"], "--trace /no/such/x: there is no folder"),
        (["check", "x.tla", "--trace", "/"], "--trace /: is a folder"),
        (["compare", "--servers", "1"], "--servers 1: expected 2 or more"),
    ],
)
def test_bad_arguments(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out, len(err)) == (2, [], 1)
    assert message in err[0]


@pytest.mark.parametrize("arguments", [[], ["check"], ["check", "x.tla", "--depth", "0"]])
def test_bad_usage(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["spec", *arguments])
    assert stopped.value.code == 2
    assert "usage: raft-ref spec" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "compare"])
def test_help_has_examples(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit):
        main(["spec", command, "--help"])
    out = capsys.readouterr().out
    assert f"  raft-ref spec {command} " in out
    assert "exit codes:" in out


# Beside TLC


@with_tlc
def test_the_same_in_tlc(capsys: pytest.CaptureFixture[str], walk: Path) -> None:
    configure(walk, "CHECK_DEADLOCK FALSE INVARIANT TypeOK")
    code, out, err = run(capsys, "check", walk, "--tlc")
    assert (code, err) == (0, [])
    table = [line.split() for line in out]
    assert ["embedded", "TLC"] in table
    assert ["generated", "states", "10", "10"] in table
    assert out[-1] == "the same in TLC"
    assert run(capsys, "check", walk, "--tlc", "--quiet")[1] == ["HOLDS", "the same in TLC"]


@with_tlc
def test_the_same_violation_in_tlc(capsys: pytest.CaptureFixture[str], walk: Path) -> None:
    configure(walk, "PROPERTY Unsafe")
    code, report = as_json(capsys, "check", walk, "--tlc")
    assert (code, report["differences"]) == (1, [])
    assert (report["violated"], report["tlc"]["violated"]) == ("Unsafe", "Unsafe")
    assert (report["states"], report["tlc"]["counterexample"]) == (2, 2)


# The node, the spec and TLC


def test_node_and_spec_have_the_same_states_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    code, report = as_json(capsys, "compare", *SMALL, "--no-symmetry", "--states")
    assert (code, report["same"], report["differences"]) == (0, True, [])
    columns = report["columns"]
    assert columns.keys() >= {"node", "embedded"}
    assert [each["number"] for each in report["states"]] == [0] * len(columns) * (len(columns) - 1)
    del columns["node"]["seconds"], columns["embedded"]["seconds"]
    assert columns["node"] == columns["embedded"]


@pytest.mark.long
def test_the_default_bounds_without_faults(capsys: pytest.CaptureFixture[str]) -> None:
    none = ("--max-restarts", "0", "--max-drops", "0", "--max-duplicates", "0")
    code, report = as_json(capsys, "compare", *none)
    assert (code, report["same"], report["states"]) == (0, True, None)
    for figures in report["columns"].values():
        assert figures["verdict"] == "HOLDS"
        assert figures["distinct_states"] == 16_165
        assert figures["generated_states"] == 59_190
        assert figures["depth"] == 33


def test_up_to_symmetry_too(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "compare", *SMALL, "--states")
    assert (code, out[0]) == (0, "THE SAME")
    assert out[1] == "  reference node, 2 servers, network set, up to a renaming of the servers"
    assert out[-1].startswith("states, one by one: the same in node and embedded")


@pytest.mark.parametrize(
    ("symmetry", "states"),
    [
        pytest.param("servers", 1_651, marks=pytest.mark.long),
        pytest.param("values", 1_727, marks=pytest.mark.long),
        ("both", 867),
    ],
)
def test_up_to_symmetry_over_values_too(
    capsys: pytest.CaptureFixture[str], symmetry: str, states: int
) -> None:
    sizes = ["--servers", "2", "--values", "2", "--symmetry", symmetry, "--states"]
    faults = ["--max-restarts", "0", "--max-drops", "0", "--max-duplicates", "0"]
    code, report = as_json(capsys, "compare", *sizes, *faults)
    assert (code, report["same"], report["differences"]) == (0, True, [])
    assert {each["distinct_states"] for each in report["columns"].values()} == {states}


def test_a_difference_is_shown_and_is_an_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A spec in which a leader may not send heartbeats has fewer states than the node."""
    shutil.copy(RAFT, tmp_path)
    broken = MCRAFT.read_text().replace("count \\in 0..MaxLogLength", "count \\in 1..MaxLogLength")
    (tmp_path / "MCRaft.tla").write_text(broken)
    code, out, _ = run(capsys, "compare", *SMALL, "--states", "--raft", tmp_path)
    assert (code, out[0]) == (1, "DIFFERENT")
    assert any(line.endswith("<- differs") for line in out)
    assert any(line.startswith("states that node has and embedded has not: ") for line in out)


def test_a_protocol_of_ones_own(tmp_path: Path) -> None:
    """Raft.tla alone need stand in the folder; in this one a candidate stands but once."""
    text = RAFT.read_text(encoding="utf-8")
    either = 'role[i] \\in {"Follower", "Candidate"}'
    assert either in text
    (tmp_path / "Raft.tla").write_text(text.replace(either, 'role[i] = "Follower"'))
    sizes = GivenSizes(2, 1, 2, 0, 0, max_restarts=0, max_drops=0, max_duplicates=0)
    report = Comparison(sizes, tlc=False, raft=tmp_path).run()
    assert not report.are_same
    assert "distinct states" in report.differences


def test_what_is_wrong_in_it_is_told_where_it_stands(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(capsys, "compare", *SMALL, "--raft", tmp_path)[::2] == (
        2, [f"raft-ref: --raft {tmp_path}: there is no Raft.tla"]
    )  # fmt: skip
    text = RAFT.read_text(encoding="utf-8")
    (tmp_path / "Raft.tla").write_text(text.replace("UNCHANGED serverVars", "UNCHANGED serverVar"))
    code, _, [line, *others] = run(capsys, "compare", *SMALL, "--raft", tmp_path)
    assert code == 2
    assert line.startswith(f"raft-ref: {tmp_path}/Raft.tla:")
    assert line.endswith(": unknown name serverVar; did you mean serverVars?")
    assert others  # all of them are told in one go
    assert all("unknown name serverVar" in each for each in others)


@pytest.mark.parametrize("stage", ["node", "embedded", "states", "original"])
def test_an_interrupt_tells_what_was_covered(stage: str) -> None:
    """What came to its end is compared, and is no verdict on the rest."""

    def on_progress(progress: ComparisonProgress) -> None:
        if progress.at == stage:
            raise KeyboardInterrupt

    sizes = GivenSizes(2, 1, 1, 0, 0, max_restarts=0, max_drops=0, max_duplicates=0)
    report = Comparison(sizes, states=True, tlc=False).run(on_progress)
    assert (report.stopped_in, report.are_same, report.holds) == (stage, None, False)
    whole = {"node": [], "embedded": ["node"]}.get(stage, ["node", "embedded"])
    assert [each.checker for each in report.whole] == whole
    assert (report.states is None) == (stage != "original")


# A process of its own: signals


@pytest.mark.parametrize("command", [["check", str(MCRAFT)], ["compare"]])
def test_a_terminal_shows_progress_and_an_interrupt_ends_cleanly(command: list[str]) -> None:
    ours, theirs = pty.openpty()
    process = processes.start(
        [*processes.COMMAND, "spec", *command], stdout=subprocess.PIPE, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    while b" states, " not in shown:
        shown += os.read(ours, 1000)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    os.close(ours)
    assert process.returncode == 3
    assert b"Traceback" not in shown
    assert "INCOMPLETE" in out
