"""Bounded model checking by z3: the same verdicts, in as many steps, as by exploring."""

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from raft_ref.cli import main
from raft_ref.spec.files import RAFT
from raft_ref.spec.proof.bounded import Found, Unrolled
from raft_ref.spec.proof.bounded.local_steps import PROPERTIES, Bounds, LocalSteps
from tests.support import processes
from tests.support.files import DATA
from tests.support.models import Model
from tests.support.spec_mutants import MOST, SHORT, SPEC_MUTANTS, SpecMutant


def unrolled(model: Model, path: Path, depth: int) -> tuple[LocalSteps, Found]:
    bounds = Bounds(
        model.term, model.log, model.snapshot, model.messages, model.restarts, model.drops,
        model.duplicates,
    )  # fmt: skip
    steps = LocalSteps(model.servers, model.values, bounds, path)
    return steps, Unrolled(steps, PROPERTIES).run(depth)


@pytest.mark.parametrize(
    "mutant",
    [
        pytest.param(each, marks=[pytest.mark.long] if SHORT[each.name] > 6 else [], id=each.name)
        for each in SPEC_MUTANTS
        if each.name in SHORT
    ],
)
def test_a_mutant_is_found_in_as_many_steps(mutant: SpecMutant, tmp_path: Path) -> None:
    mutant.write(tmp_path)
    steps, found = unrolled(mutant.model, tmp_path / "Raft.tla", MOST)
    assert (found.violated, found.depth) == (mutant.breaks, SHORT[mutant.name])
    assert found.depth == len(found.steps)
    state, messages = steps.initial(), set[Any]()
    for way in found.steps:  # each is enabled where it is taken
        assert way.seen.items() <= state.items()
        assert way.instance.message is None or way.instance.message in messages
        state |= way.changes
        messages -= {way.instance.message} if way.is_taken else set()
        messages |= way.sends
    is_false = way.broken or any(
        seen.items() <= state.items()
        for seen in steps.false(mutant.breaks, {slot: [value] for slot, value in state.items()})
    )
    assert is_false


@pytest.mark.long
@pytest.mark.parametrize(
    "mutant",
    [each for each in SPEC_MUTANTS if each.name not in SHORT and each.model.log < 2],
    ids=lambda each: each.name,
)
def test_no_mutant_is_found_too_soon(mutant: SpecMutant, tmp_path: Path) -> None:
    mutant.write(tmp_path)
    _, found = unrolled(mutant.model, tmp_path / "Raft.tla", 7)
    assert (found.violated, found.depth) == (None, 7)


def test_nothing_is_wrong_with_raft() -> None:
    _, found = unrolled(Model(term=2, log=1, restarts=1), RAFT, 6)
    assert (found.violated, found.depth) == (None, 6)


def test_an_action_without_a_value_is_told(tmp_path: Path) -> None:
    broken = SpecMutant(
        "a term of nothing", "role[i] = \"Leader\"\n    /\\ log' =",
        "role[i] = \"Leader\"\n    /\\ log[i][1].term = 1\n    /\\ log' =",
        Model(servers=2, log=1), "",
    )  # fmt: skip
    broken.write(tmp_path)
    _, found = unrolled(broken.model, tmp_path / "Raft.tla", 5)
    assert found.violated is not None
    assert "1 is not in the domain of <<>>" in found.violated
    assert [way.instance.action for way in found.steps][-1] == "ClientRequest"


SMALL = ["--servers", "2", "--max-term", "1", "--max-log", "0", "--max-snapshot", "0"]


def test_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["prove", "--bounded", "3", *SMALL]) == 0
    assert capsys.readouterr().out.startswith("HOLDS FOR 3 STEPS\n  servers 2, values 1, ")
    (mutant,) = (each for each in SPEC_MUTANTS if each.name.startswith("the term is lost"))
    mutant.write(tmp_path)
    raft = str(tmp_path / "Raft.tla")
    assert main(["prove", "--bounded", "5", *SMALL, "--spec", raft]) == 1
    title, *_, last = capsys.readouterr().out.splitlines()
    assert title == "VIOLATED: CurrentTermMonotonic, in 2 steps and in none fewer"
    assert last == "      restarts' = 1"
    assert main(["prove", "--bounded", "5", *SMALL, "--spec", raft, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["property"], found["steps"]) == ("CurrentTermMonotonic", 2)


def test_an_interrupt_ends_it_cleanly() -> None:
    process = processes.start(
        [*processes.COMMAND, "prove", "--bounded", "100", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    processes.let_work(process, 5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (3, "")
    found = json.loads(out)
    assert found["verdict"] == "INCOMPLETE"
    assert found["steps"] > 0


WALK = DATA / "specs" / "Walk.tla"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--bounded", "-1"], "--bounded: expected 0 steps or more"),
        (["--bounded", "1", "--servers", "1"], "raft-ref: --servers: 1 is too few"),
        (["--bounded", "1", "--spec", str(WALK)], "Walk.tla: is no Raft: it has no constant"),
        (["--bounded", "1", "--spec", "/no/such/Raft.tla"], "/no/such/Raft.tla"),
        (["--spec", "Raft.tla"], "--spec: only with --bounded"),
    ],
)
def test_bad_usage(arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", *arguments]) == 2
    assert error in capsys.readouterr().err
