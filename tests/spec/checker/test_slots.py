"""Functions with a column for each argument: what is found is the same, and less is asked.

The twin is the search in Python alone, which knows no columns.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raft_ref.explorer.engines.choice import row_search
from raft_ref.spec import load
from raft_ref.spec.checker.config import load_config
from raft_ref.spec.checker.core import Core
from raft_ref.spec.checker.search import Search
from raft_ref.spec.checker.task import task_of
from raft_ref.spec.checker.verdict import Report, Verdict
from raft_ref.spec.steps.slots.layout import SlotInterner
from raft_ref.spec.steps.slots.reading import Trace
from raft_ref.spec.values.value import ModelValue, Value, domain_of, function, sequence
from tests.spec.checker.test_core import compared

TEXT = r"""---- MODULE Slots ----
EXTENDS Integers, Sequences, FiniteSets, TLC
CONSTANT P, Other
VARIABLES x, y, S
vars == <<x, y, S>>
Few == \A i \in P : i \in DOMAIN x => x[i] < 3 /\ y[i] < 3
Small == Cardinality(S) < 3
Apart == \E i \in P : i \in DOMAIN x /\ x[i] + y[i] < 5
Grows == [][\A i \in P : i \in DOMAIN x /\ i \in DOMAIN x' => x'[i] >= x[i] - 2]_vars
Raised(f, i) == f[i] + 1
At(i) == y[i] > 0 /\ x[i] = y[i]
Init == x = [i \in P |-> 0] /\ y = [i \in P |-> 0] /\ S = {0}
Next ==
ACTIONS
====
"""

CONFIG = """CONSTANTS P = {p, q, r} Other = Other
INIT Init
NEXT Next
CONSTRAINT Few
CONSTRAINT Small
"""

NEW_VALUES = [
    "[x EXCEPT ![i] = @ + 1]",
    "[x EXCEPT ![i] = y[i], ![j] = @ + y[j]]",
    "[x EXCEPT ![i] = 1, ![i] = @ + 1]",
    "[x EXCEPT ![Other] = 1]",
    "[k \\in P |-> IF k = i THEN y[i] + 1 ELSE x[k]]",
    "[k \\in P |-> IF k = i THEN 2 ELSE IF k = j THEN y[k] ELSE x[k]]",
    "[k \\in P |-> IF x[k] = 0 THEN 1 ELSE x[k]]",
    "[k \\in P \\ {i} |-> IF k = j THEN 1 ELSE x[k]]",
    "[k \\in P \\cup {Other} |-> IF k = Other THEN 0 ELSE 1]",
    "IF At(i) THEN x ELSE [x EXCEPT ![j] = Raised(x, j)]",
    "IF y[j] = 0 THEN y ELSE [k \\in P |-> 0]",
    "LET raised == Raised(x, i) IN [x EXCEPT ![j] = raised]",
    "x",
    "y",
    "[k \\in {Other} |-> 0]",
]

TESTS = [
    "TRUE",
    "x[i] < 2",
    "At(i)",
    "y[j] = 0 /\\ x[i] # 1",
    "x[Other] = 0",
    "i # j",
    "\\A k \\in P : x[k] <= y[k] + 2",
    "PrintT(x[i])",
]

OTHERS = [
    "UNCHANGED <<y, S>>",
    "y' = [y EXCEPT ![j] = x'[i]] /\\ UNCHANGED S",
    "y' = [y EXCEPT ![i] = Raised(x', j)] /\\ S' = S \\cup {y[j]}",
    "y' = x' /\\ UNCHANGED S",
    "(y' = [y EXCEPT ![i] = @ + 1] \\/ UNCHANGED y) /\\ S' = {x[i], x[j]}",
    "y' \\in {y, [y EXCEPT ![i] = 2]} /\\ UNCHANGED S",
    "\\E m \\in S : S' = S \\ {m} /\\ y' = [y EXCEPT ![i] = m]",
    "IF x'[i] > 1 THEN y' = [y EXCEPT ![i] = 0] /\\ S' = S ELSE UNCHANGED <<y, S>>",
]

BOUND = [
    "\\E i, j \\in P :",
    "\\E i \\in P : \\E j \\in P \\ {i} :",
    "\\E n \\in S, i \\in P : \\E j \\in {i} :",
    "\\E i \\in P, n \\in {0, 1} : \\E j \\in P : n = y[i] /\\",
]

ACTIONS = st.builds(
    lambda bound, test, new, rest: f"{bound} ({test}) /\\ x' = {new} /\\ {rest}",
    st.sampled_from(BOUND),
    st.sampled_from(TESTS),
    st.sampled_from(NEW_VALUES),
    st.sampled_from(OTHERS),
)


def written(folder: Path, actions: list[str], config: str = "") -> tuple[Path, Path]:
    module, settings_ = folder / "Slots.tla", folder / "Slots.cfg"
    listed = "\n".join(f"    \\/ {each}" for each in actions)
    module.write_text(TEXT.replace("ACTIONS", listed))
    settings_.write_text(CONFIG + config)
    return module, settings_


def searched(module: Path, config: Path) -> tuple[Report, Any]:
    """Return what is found, and the core that found it."""
    made: list[Any] = []
    found = row_search("native")
    assert found is not None
    make, memory = found

    def kept(model: Any, setting: Any) -> Any:
        made.append(make(model, setting))
        return made[0]

    report = Search(task_of(load(module), load_config(config)), core=Core(kept, memory)).run()
    return report, made[0]


@pytest.mark.long
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    actions=st.lists(ACTIONS, min_size=1, max_size=3),
    asked=st.sets(
        st.sampled_from(
            ["INVARIANT Apart", "PROPERTY Grows", "SYMMETRY Symmetry", "CHECK_DEADLOCK FALSE"]
        )
    ),
)
def test_any_actions(tmp_path: Path, actions: list[str], asked: set[str]) -> None:
    module, config = written(tmp_path, actions, "\n".join(sorted(asked)))
    text = module.read_text().replace("Init ==", "Symmetry == Permutations(P)\nInit ==")
    module.write_text(text)
    compared(module, config)


@pytest.mark.parametrize("most_answers", [50, 1 << 20])
def test_a_few_actions(tmp_path: Path, most_answers: int) -> None:
    """With a step to a function that does not fit, however soon all is forgotten."""
    actions = [
        "\\E i, j \\in P : x[i] < 2 /\\ x' = [x EXCEPT ![i] = @ + 1] /\\ UNCHANGED <<y, S>>",
        "\\E i \\in P : At(i) /\\ x' = [k \\in P \\ {i} |-> 1] /\\ UNCHANGED <<y, S>>",
        "\\E i \\in P : y' = [k \\in P |-> IF k = i THEN x[k] ELSE y[k]] /\\ UNCHANGED <<x, S>>",
        "x' = [i \\in P |-> 0] /\\ UNCHANGED <<y, S>>",
    ]
    module, config = written(tmp_path, actions, "CHECK_DEADLOCK FALSE")
    assert compared(module, config, most_answers).verdict is Verdict.ERROR


def test_what_reads_one_slot_is_asked_once_for_each_value_of_it(tmp_path: Path) -> None:
    """Of 64 functions: three servers, of which each counts from 0 to 3 and looks at itself."""
    actions = ["\\E i \\in P : x[i] < 3 /\\ x' = [x EXCEPT ![i] = @ + 1] /\\ UNCHANGED <<y, S>>"]
    module, config = written(tmp_path, actions)
    config.write_text(CONFIG.partition("CONSTRAINT")[0] + "CHECK_DEADLOCK FALSE")
    report, core = searched(module, config)
    assert report.distinct_states == 64
    assert core.asked() == 3 * 4 + 1  # and once what P has


def test_processes_that_are_numbers_have_slots(tmp_path: Path) -> None:
    """A function over 1..3 is a sequence; one that grows is not taken for one over processes."""
    module, config = tmp_path / "Numbers.tla", tmp_path / "Numbers.cfg"
    module.write_text(
        r"""---- MODULE Numbers ----
EXTENDS Integers, Sequences
VARIABLES count, grown
Init == count = [i \in 1..3 |-> 0] /\ grown = <<0, 0>>
Count(i) == count[i] < 3 /\ count' = [count EXCEPT ![i] = @ + 1] /\ UNCHANGED grown
Grow == Len(grown) < 5 /\ grown[1] = 0 /\ grown' = Append(grown, 0) /\ UNCHANGED count
Next == (\E i \in 1..3 : Count(i)) \/ Grow
====
"""
    )
    config.write_text("INIT Init NEXT Next CHECK_DEADLOCK FALSE")
    assert compared(module, config).distinct_states == 64 * 4
    _, core = searched(module, config)
    assert core.asked() == 3 * 4 + 1 + 4


def test_a_row_is_its_state_whether_it_fits_or_not() -> None:
    p, q = ModelValue("p"), ModelValue("q")
    domain = domain_of(frozenset({p, q}))
    interner = SlotInterner(["n", "f"], {1: domain})
    states: list[tuple[Value, Value]] = [
        (1, function({p: 1, q: 2})),
        (1, function({p: 2, q: 2})),
        (2, function({p: 1})),
        (2, sequence([1, 2])),
        (2, 7),
    ]
    rows = [interner.row(each) for each in states]
    assert [interner.state(each) for each in rows] == states
    assert len(set(rows)) == len(rows)
    assert [row[interner.last_columns[0]] == 0 for row in rows] == [False, False, True, True, True]
    assert len({interner.whole(1, row) for row in rows}) == len(rows)


def test_what_is_read_is_noted_in_order() -> None:
    p, q = ModelValue("p"), ModelValue("q")
    interner = SlotInterner(["n", "f"], {1: domain_of(frozenset({p, q}))})
    row = interner.row((5, function({p: 1, q: 2})))
    trace = Trace()
    n, f = (interner.read(place, row, trace) for place in (0, 1))
    assert (f.at(q), f.at(q), list(trace)) == (2, 2, [2])
    assert (n.whole(), list(trace)) == (5, [2, 0])
    assert (f.whole(), list(trace)) == (function({p: 1, q: 2}), [2, 0, 1])
