"""The embedded checker: its counts and verdicts are TLC's, and its errors say where.

The specifications are Walk.tla, Pace.tla and Seats.tla in tests/data/specs/.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from raft_ref.spec.checker.behavior import as_itf, as_table, as_tlc
from raft_ref.spec.checker.config import parse_config
from raft_ref.spec.checker.search import Search, Task, check
from raft_ref.spec.checker.symmetry import renamed, renamings_of
from raft_ref.spec.checker.task import task_of
from raft_ref.spec.checker.verdict import Progress, Verdict
from raft_ref.spec.link import MODEL
from raft_ref.spec.module import load
from raft_ref.spec.syntax.errors import NoValueError, SpecError
from raft_ref.spec.tlc.run import is_installed, run_tlc
from raft_ref.spec.values.value import from_python, function, model_value, sequence
from tests.support.files import SPECS
from tests.support.models import Model

Counts = tuple[int, int, int]
"""Distinct states, generated states, depth."""


@dataclass(frozen=True)
class Case:
    """A configuration of a module, and what is found.

    That is `counts` where it holds, and otherwise what is violated after how many states.
    """

    module: str
    config: str
    counts: Counts | None = None
    violated: tuple[str, int] | None = None

    def __str__(self) -> str:
        return f"{self.module}: {self.config}"

    @property
    def text(self) -> str:
        """The configuration with the constants that it leaves out."""
        if self.module == "Pace":
            return f"INIT Init {self.config}"
        if self.module == "Seats":
            seats = "" if "Seat =" in self.config else "Seat = {a, b}"
            rest = f"INIT Init NEXT Next CONSTANTS {seats} Guest = {{g1, g2, g3}} Nobody = Nobody"
            return f"{self.config} {rest}"
        behavior = "" if "NEXT" in self.config else "SPECIFICATION Spec"
        last = "" if "Last" in self.config else "Last = 5"
        start = "" if "Start" in self.config else "Start <- Zero"
        constants = f"CONSTANTS {last} {start}" if last + start else ""
        return f"{self.config} {behavior} {constants}"

    @property
    def deadlock(self) -> bool:
        return "CHECK_DEADLOCK TRUE" in self.config

    def task(self, depth: int | None = None) -> Task:
        """Return what the checker is to do."""
        config = parse_config(self.text, "test.cfg")
        module = load(SPECS / f"{self.module}.tla")
        return task_of(module, config, self.deadlock, depth)


CASES = [
    Case("Walk", "INVARIANTS TypeOK Parity PROPERTY Forward", (6, 10, 4)),  # 0..5; ten steps
    Case("Walk", "CONSTANT Start <- ZeroOrOne", (6, 11, 3)),  # two initial states
    Case("Walk", "CONSTANT Length <- Fixed", (5, 8, 3)),  # in place of the module's own Length
    Case("Walk", "CONSTANT Length = 4 INVARIANT TypeOK", (5, 8, 3)),  # the same, as a value
    Case("Walk", "INIT Init NEXT NextOrRest CHECK_DEADLOCK TRUE", (6, 11, 4)),
    Case("Walk", "CHECK_DEADLOCK TRUE", violated=("Deadlock", 4)),
    # What a constraint rejects is generated, checked, and no deadlock.
    Case("Walk", "CONSTRAINT Near", (3, 7, 2)),
    Case("Walk", "INIT Init NEXT NextOrRest CONSTRAINT Near CHECK_DEADLOCK TRUE", (3, 7, 2)),
    Case("Walk", "CONSTRAINT Near INVARIANT Small", violated=("Small", 3)),
    Case("Walk", "ACTION_CONSTRAINT Once", (5, 8, 4)),
    Case("Walk", "CONSTRAINT Near ACTION_CONSTRAINT Once", (2, 5, 2)),
    Case("Walk", "ACTION_CONSTRAINT Once PROPERTY Unsafe", violated=("Unsafe", 2)),
    Case("Walk", "VIEW Half", (3, 6, 3)),
    Case("Walk", "CONSTANT Start <- ZeroOrOne VIEW Half", (3, 7, 3)),  # one of two initial states
    Case("Walk", "INVARIANT Small", violated=("Small", 3)),
    Case("Walk", "PROPERTY Safe", (6, 10, 4)),
    Case("Walk", "PROPERTY Unsafe", violated=("Unsafe", 2)),
    Case("Walk", "PROPERTY ByOne", violated=("ByOne", 2)),
    Case("Walk", "CONSTANT Start <- ZeroOrOne PROPERTY Safe", violated=("Safe", 1)),
    # The specification of another module as a property: refinement.
    Case("Pace", "NEXT ByTwo PROPERTY Walks", (4, 4, 4)),
    Case("Pace", "NEXT ByThree PROPERTY Walks", violated=("Walks", 2)),
    Case("Seats", "INVARIANT OneSeatEach", (352, 1_153, 13)),
    Case("Seats", "INVARIANT OneSeatEach SYMMETRY Guests", (76, 273, 13)),
    Case("Seats", "INVARIANT OneSeatEach SYMMETRY Both", (43, 159, 13)),
    Case("Seats", "CONSTANT Seat = {a, b, c} SYMMETRY Both", (208, 1_009, 19)),
    Case("Seats", "INVARIANT NeverFull", violated=("NeverFull", 3)),
    Case("Seats", "INVARIANT NeverAll SYMMETRY Both", violated=("NeverAll", 4)),
]

# Each run of TLC takes a second: three of four are for the long tests.
OF_TLC = [
    case if number % 4 == 0 else pytest.param(case, marks=pytest.mark.long)
    for number, case in enumerate(CASES)
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_found(case: Case) -> None:
    report = check(case.task())
    if case.counts is not None:
        assert report.verdict in (Verdict.HOLDS, Verdict.NOTHING_ASKED)
        assert report.violated is None
        found = (report.distinct_states, report.generated_states, report.depth)
        assert (found, report.covered_depth, report.queue) == (case.counts, report.depth, 0)
    else:
        assert report.verdict is Verdict.VIOLATED
        assert report.counterexample is not None
        assert (report.violated, len(report.counterexample.steps)) == case.violated


@pytest.mark.skipif(not is_installed(), reason="the extra [tlc] is not installed")
@pytest.mark.parametrize("case", OF_TLC, ids=str)
def test_tlc_finds_the_same(tmp_path: Path, case: Case) -> None:
    config = tmp_path / "test.cfg"
    config.write_text(case.text)
    tlc = run_tlc(SPECS / f"{case.module}.tla", config, deadlock=case.deadlock)
    if case.counts is not None:
        assert tlc.ok, tlc.output
        assert (tlc.distinct_states, tlc.generated_states, tlc.depth) == case.counts
    else:
        assert case.violated is not None
        name, states = case.violated
        assert tlc.violated is not None, tlc.output
        assert tlc.steps == states
        assert tlc.violated == name or tlc.violated.startswith("line ")


@pytest.mark.skipif(not is_installed(), reason="the extra [tlc] is not installed")
def test_each_action_gives_as_many_successors_as_in_tlc(tmp_path: Path) -> None:
    """How many of them are new is another matter: that depends on which action comes first."""
    model = Model(servers=2, log=1, snapshot=1, drops=1, duplicates=1)
    config = tmp_path / "MCRaft.cfg"
    config.write_text(model.config())
    tlc = run_tlc(MODEL, config, extra=["-coverage", "1"])
    counted = re.findall(r"^<(\w+) line .* of module MCRaft>: \d+:(\d+)$", tlc.output, re.MULTILINE)
    report = check(task_of(load(MODEL), parse_config(model.config(), "MCRaft.cfg"), False))
    assert (report.distinct_states, report.renamings) == (tlc.distinct_states, 2)
    found = {name: each.generated for name, each in report.actions.items()}
    assert found == {name: int(number) for name, number in counted if name != "Init"}
    assert found["Restart"] == 0


# Errors


ERRORS = [
    ("INVARIANT Nothing", "test.cfg:1:11: Walk has no operator Nothing"),
    ("INVARIANT Zero", "test.cfg:1:11: Walk has no operator Zero without parameters"),
    ("INVARIANT Once", "test.cfg:1:11: Once reads primed variables, of a state"),
    ("VIEW Once", "test.cfg:1:6: Once reads primed variables, of a state"),
    ("SYMMETRY Length", "test.cfg:1:10: 5 is not a set"),
    ("CONSTANT Start <- Nothing", "test.cfg:1:10: Walk has no operator Nothing"),
    ("CONSTANT Nothing <- Length", "test.cfg:1:10: Walk has no operator Nothing"),
    ("CONSTANT Start <- Length", "test.cfg:1:10: Length cannot stand for Start: expected 1 argum"),
    ("INIT Nothing NEXT Next", "test.cfg:1:6: Walk has no operator Nothing"),
]


@pytest.mark.parametrize(("config", "message"), ERRORS)
def test_what_does_not_fit_is_refused(config: str, message: str) -> None:
    with pytest.raises(SpecError) as refused:
        Case("Walk", config).task()
    assert message in str(refused.value)


def test_a_constant_without_a_value_is_refused() -> None:
    config = parse_config("INIT Init NEXT Next CONSTANT Start <- Zero", "test.cfg")
    with pytest.raises(SpecError, match="the constant Last of Walk is given no value"):
        task_of(load(SPECS / "Walk.tla"), config)


@pytest.mark.parametrize(
    ("config", "states", "message"),
    [
        ("INVARIANT Undefined", 3, "Walk.tla:29:24: "),
        ("INVARIANT Nonsense", 1, "Nonsense is no formula: its value is 7"),
        ("INIT Init NEXT Wrong", 4, "Walk.tla:17:8: "),
    ],
)
def test_an_error_comes_with_the_states_that_lead_to_it(
    config: str, states: int, message: str
) -> None:
    report = check(Case("Walk", config).task())
    assert report.verdict is Verdict.ERROR
    assert message in str(report.error)
    assert report.counterexample is not None
    assert len(report.counterexample.steps) == states


# Ending early


def test_a_bound_on_the_depth_is_said() -> None:
    report = check(Case("Walk", "INVARIANT TypeOK").task(depth=2))
    assert report.verdict is Verdict.HOLDS_WITHIN_BOUNDS
    assert (report.distinct_states, report.depth, report.covered_depth) == (3, 2, 1)
    assert report.queue == 2
    assert check(Case("Walk", "INVARIANT TypeOK").task(depth=5)).verdict is Verdict.HOLDS


def test_an_interrupt_ends_with_what_was_covered() -> None:
    def interrupt(progress: Progress) -> None:
        if progress.depth == 3:
            raise KeyboardInterrupt

    report = check(Case("Walk", "").task(), interrupt)
    assert report.verdict is Verdict.INCOMPLETE
    assert (report.depth, report.covered_depth, report.queue) == (3, 2, 2)
    assert report.counterexample is None


# Coverage and behaviors


def test_the_actions_are_counted() -> None:
    report = check(Case("Walk", "INIT Init NEXT NextOrRest").task())
    assert report.actions == {"One": (5, 1), "Two": (4, 4), "Rest": (1, 0)}
    assert sum(each.generated for each in report.actions.values()) + 1 == report.generated_states


def test_all_states_can_be_had() -> None:
    search = Search(Case("Walk", "").task())
    search.run()
    assert sorted(search.states()) == [(at, at % 2) for at in range(6)]


def test_a_behavior_as_text() -> None:
    behavior = check(Case("Walk", "INVARIANT Small").task()).counterexample
    assert behavior is not None
    text = as_tlc(behavior)
    assert text[:4] == ["State 1: <Initial predicate>", "/\\ at = 0", "/\\ parity = 0", ""]
    assert text[4].startswith("State 2: <One line 17, col 8")
    assert as_table(behavior) == [
        "1. Init",
        "     at      0",
        "     parity  0",
        "2. One",
        "     at      0 -> 1",
        "     parity  0 -> 1",
        "3. Two",
        "     at  1 -> 3",
    ]


def test_a_table_shows_what_comes_and_goes() -> None:
    behavior = check(Case("Seats", "INVARIANT NeverAll SYMMETRY Both").task()).counterexample
    assert behavior is not None
    assert as_table(behavior) == [
        "1. Init",
        "     seated[a]  Nobody",
        "     seated[b]  Nobody",
        "     arrivals   {}",
        "2. Sit(guest = g1, seat = a)",
        "     seated[a]  Nobody -> g1",
        "     arrivals   + <<g1, a>>",
        "3. Stand(seat = a)",
        "     seated[a]  g1 -> Nobody",
        "4. Sit(guest = g1, seat = b)",
        "     seated[b]  Nobody -> g1",
        "     arrivals   + <<g1, b>>",
    ]
    assert [as_itf(value) for value in behavior.steps[-1].state] == [
        {"#map": [["a", "Nobody"], ["b", "g1"]]},
        {"#set": [["g1", "a"], ["g1", "b"]]},
    ]


# Renamings

A, B, C = (model_value(name) for name in "ABC")


def test_permutations_generate_a_group() -> None:
    rotation = function({A: B, B: C, C: A})
    swap = function({A: B, B: A})
    assert len(renamings_of(frozenset({rotation}))) == 2
    assert len(renamings_of(frozenset({rotation, swap}))) == 5
    with pytest.raises(NoValueError, match="is not a permutation"):
        renamings_of(frozenset({function({A: B, B: B})}))


def test_a_value_is_renamed_throughout() -> None:
    value = from_python({A: [1, {A, C}], "x": B})
    assert renamed(value, {A: B, B: A}) == from_python({B: [1, {B, C}], "x": A})
    assert renamed(sequence([]), {A: B, B: A}) == sequence([])
