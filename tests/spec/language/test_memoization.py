"""What is memoized of actions is what they do: the same steps, errors and effects, in order.

The relation without a memory is the twin with which the one that has it is compared, state by
state, and twice, so that everything is once computed and once looked up.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from raft_ref import spec
from raft_ref.spec import SpecError, load
from raft_ref.spec.checker.config import load_config
from raft_ref.spec.checker.task import task_of
from raft_ref.spec.link import MODEL
from raft_ref.spec.steps import memoization
from raft_ref.spec.steps.interning import Interner, Row
from raft_ref.spec.steps.memoization import MemoizedActions
from raft_ref.spec.steps.transitions import Transitions
from tests.support.files import CORPUS
from tests.support.models import Model

STATES = 200
"""How many states of a model are looked at."""


class Twins:
    """A relation without and with a memory, on the same rows; each has effects of its own."""

    def __init__(self, plain: Transitions, twin: Transitions) -> None:
        self.plain, self.twin = plain, twin
        self.interner = Interner(plain.variables)
        self.memoized: MemoizedActions = twin.memoized(self.interner)
        names = {id(each): place for place, each in enumerate(plain.actions)}
        names |= {id(each): place for place, each in enumerate(twin.actions)}
        self._place = names

    def compare(self, row: Row) -> list[Row]:
        """Compare all that becomes of a state; return what follows it."""
        expected = self._of_plain(row)
        assert self._of_twin(row) == expected
        assert self._of_twin(row) == expected
        return [] if isinstance(expected[0], str) else [after for _, _, after in expected[0]]

    def _of_plain(self, row: Row) -> tuple[Any, ...]:
        self.plain.printed.clear()
        try:
            found: Any = [
                (self._place[id(each.action)], each.arguments, self.interner.row(each.state))
                for each in self.plain.successors(self.interner.state(row))
            ]
        except SpecError as error:
            found = str(error)
        return found, list(self.plain.printed), list(self.plain.warnings)

    def _of_twin(self, row: Row) -> tuple[Any, ...]:
        self.twin.printed.clear()
        try:
            found: Any = [
                (self._place[id(action)], arguments, after)
                for action, arguments, after in self.memoized.successors(row)
            ]
        except SpecError as error:
            found = str(error)
        return found, list(self.twin.printed), list(self.twin.warnings)

    def compare_all(self) -> int:
        """Compare the first states that are found, breadth first; return how many."""
        rows = dict.fromkeys(self.interner.row(each) for each in self.plain.initial())
        waiting = list(rows)
        for row in waiting:
            for after in self.compare(row):
                if after not in rows and len(rows) < STATES:
                    rows[after] = None
                    waiting.append(after)
        return len(rows)


def twins_of(path: Path, config: Path) -> Twins:
    models = [task_of(load(path), load_config(config)).model for _ in range(2)]
    plain, twin = models
    assert isinstance(plain, Transitions)
    assert isinstance(twin, Transitions)
    return Twins(plain, twin)


def twins(folder: Path, text: str, variables: str = "S, f, n") -> Twins:
    path = folder / "Case.tla"
    head = "---- MODULE Case ----\nEXTENDS Integers, Sequences, FiniteSets, TLC\n"
    path.write_text(f"{head}VARIABLES {variables}\n{text}\n====\n")
    return Twins(spec.load(path).transitions(), spec.load(path).transitions())


@pytest.mark.parametrize("config", sorted(CORPUS.glob("*.cfg")), ids=lambda path: path.stem)
def test_all_of_the_corpus(config: Path) -> None:
    try:
        both = twins_of(CORPUS / f"{config.stem.partition('.')[0]}.tla", config)
        both.plain.initial()
    except SpecError:
        return  # tests/spec/checker/test_corpus.py says why
    both.compare_all()


def test_our_model_of_raft(tmp_path: Path) -> None:
    config = tmp_path / "MCRaft.cfg"
    config.write_text(Model(term=2, log=1, restarts=1, drops=1, duplicates=1).config())
    assert twins_of(MODEL, config).compare_all() == STATES


@pytest.mark.parametrize(("name", "number"), [("MOST_ENTRIES", 50), ("TRIAL", 3)])
def test_what_is_forgotten_is_computed_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    """However little is memoized, and whether the use of it is decided early or late."""
    monkeypatch.setattr(memoization, name, number)
    test_our_model_of_raft(tmp_path)


# A dynamic set S, a function f and a number n. Each line is Next; in each, what happens depends on
# more than is seen at first sight.
CASES = {
    "another slot of a function": r"""
        \E m \in S : f' = [f EXCEPT ![m] = f[3 - m]] /\ n' = n /\ S' = S""",
    "the set beyond the element": r"\E m \in S : n' = Cardinality(S) /\ UNCHANGED <<S, f>>",
    "the set in a test": r"\E m \in S : 3 - m \in S /\ n' = m /\ UNCHANGED <<S, f>>",
    "the set in a choice": r"\E m \in S : n' = (IF 2 \in S THEN m ELSE 0) /\ UNCHANGED <<S, f>>",
    "the set in a branch": r"""
        \E m \in S : (IF S = {1, 2} THEN n' = m ELSE n' = 0) /\ UNCHANGED <<S, f>>""",
    "the set in an argument": r"\E m \in S : Becomes(S, m) /\ UNCHANGED f",
    "the set in a LET": r"""
        \E m \in S : LET rest == S \ {m} IN n' = Cardinality(rest) /\ S' = rest /\ f' = f""",
    "the next set in a test": r"\E m \in S : S' = S \ {m} /\ n' = m /\ S' # {} /\ UNCHANGED f",
    "the next set in a value": r"\E m \in S : S' = S \ {m} /\ n' = Cardinality(S') /\ UNCHANGED f",
    "a value that reads such a value": r"""
        \E m \in S : n' = Cardinality(S) /\ f' = [f EXCEPT ![m] = n'] /\ S' = {n'} \ {0}""",
    "elements of two sets": r"\E a, b \in S : n' = 10 * a + b /\ UNCHANGED <<S, f>>",
    "tuples as elements": r"\E <<a, b>> \in S \X S : n' = a + b /\ UNCHANGED <<S, f>>",
    "an element of what it depends on": r"""
        \E m \in S : \E i \in 1..m : n' = 10 * m + i /\ UNCHANGED <<S, f>>""",
    "part of a set": r"\E m \in {e \in S : f[e] > 0} : n' = m /\ UNCHANGED <<S, f>>",
    "a set after a guard": r"n < 9 /\ (\E m \in S : n' = n + m /\ S' = S) /\ UNCHANGED f",
    "a guard that fails, before an empty set": r"""
        \/ \E m \in S : S' = S \ {m} /\ UNCHANGED <<n, f>>
        \/ f[2 + Cardinality(S)] = 0 /\ (\E m \in S : UNCHANGED <<S, f, n>>)
        \/ (f[n] = 7) /\ (\E m \in S : UNCHANGED <<S, f, n>>)""",
    "an error before a test that fails": r"""
        \/ \E m \in S : S' = S \ {m} /\ UNCHANGED <<n, f>>
        \/ n' = (CHOOSE e \in S : TRUE) /\ f[1] = 7 /\ (\E m \in {1} : UNCHANGED <<S, f>>)""",
    "an error before an empty set": r"""
        \/ \E m \in S : S' = S \ {m} /\ UNCHANGED <<n, f>>
        \/ n' = (CHOOSE e \in S : TRUE) /\ UNCHANGED S /\ f' \in {}""",
    "an error before a choice of nothing": r"""
        \/ \E m \in S : S' = S \ {m} /\ UNCHANGED <<n, f>>
        \/ n' = (CHOOSE e \in S : TRUE) /\ (\E i \in 2..f[1] : f' = <<i, i>>) /\ UNCHANGED S""",
    "an error that is not evaluated": r"""
        \E m \in S : Cardinality(S) = 2 /\ S' = S \ {m} /\ UNCHANGED <<n, f>>
            /\ f[CHOOSE e \in S \ {m} : TRUE] = 0""",
    "as many paths as there are": r"""
        \E m \in S : (m = 1 \/ 2 \in S) /\ (\E i \in S : i > 0) /\ UNCHANGED <<S, f, n>>""",
    "a conjunct for each": r"\E m \in S : n' = m /\ (\A i \in S : S' = S /\ i > 0) /\ UNCHANGED f",
    "what is printed": r"\E m \in S : PrintT(m) /\ n' = n + m /\ n < 5 /\ UNCHANGED <<S, f>>",
    "what is warned of": r"\E m \in S : f' = [f EXCEPT ![m + n] = 5] /\ n' = 1 - n /\ UNCHANGED S",
    "a bag as the set": r"""
        \E m \in DOMAIN f : f[m] > 0 /\ f' = [f EXCEPT ![m] = @ - 1] /\ n' = m /\ UNCHANGED S""",
    "an operator that is handed on": r"""
        \E m \in S : Holds(In, m) /\ UNCHANGED <<S, f, n>>""",
}
HEAD = r"""
Becomes(set, e) == S' = set \ {e} /\ n' = Cardinality(set)
Holds(P(_), e) == P(e)
In(e) == e \in S
Init == S \in SUBSET {1, 2} /\ f = <<1, 2>> /\ n \in {0, 1}
"""


@pytest.mark.parametrize("next_", CASES.values(), ids=CASES)
def test_all_that_an_action_depends_on(tmp_path: Path, next_: str) -> None:
    assert twins(tmp_path, f"{HEAD}Next ==\n    {next_}").compare_all() >= 8


def test_what_differs_in_the_dynamic_set_alone_is_computed_once(tmp_path: Path) -> None:
    """And it is memoized at all: the function of the action is called once for each element."""
    both = twins(tmp_path, HEAD + r"Next == \E m \in S : S' = S \ {m} /\ n' = n /\ f' = f")
    assert both.compare_all() == 8
    (action,) = both.memoized.actions
    assert (action.computed, action.asked) == (2, 16)


DISTRIBUTED = r"""
Some ==
    \/ \E m \in S : S' = S \ {m} /\ UNCHANGED n
    \/ n' = 1 - n /\ (S' = {n} \/ (PrintT(n) /\ S' = {2}) \/ UNCHANGED S)
Next == Some /\ f' = [f EXCEPT ![2] = n']"""
"""Next begins with a choice, what follows it reads what the choices give."""


def test_an_action_that_begins_with_a_choice_is_memoized_choice_by_choice(tmp_path: Path) -> None:
    """In the order of the whole, and by its one name."""
    both = twins(tmp_path, HEAD + DISTRIBUTED)
    assert both.compare_all() >= 8
    picks, _ = both.memoized.actions
    assert picks.computed < picks.asked / 2
    assert [len(relation.actions) for relation in (both.plain, both.twin)] == [1, 1]


CONJUNCTS = [
    r"n < 3",
    r"f[m] < 2",
    r"f[n] > 0",
    r"Cardinality(S) < 3",
    r"(m \in S \/ n = 0)",
    r"(\A j \in DOMAIN f : f[j] < 3)",
    r"(CHOOSE e \in S : e > 1) = 2",
    r"(\E e \in S : e # m)",
    r"(LET q == Cardinality(S) IN q > 0 /\ f[1] # q)",
    r"(n = 2 => 2 \in S)",
    r"PrintT(m)",
]
LATER = [
    r"Cardinality(S') <= 2",
    r"S' # {}",
    r"n' \in S'",
    r"f'[1] <= Cardinality(S')",
    r"(\A j \in DOMAIN f : f'[j] < 3)",
    r"f'[n'] < 5",
]
VALUES = {
    "S": [
        r"UNCHANGED S",
        r"S' = S \cup {m}",
        r"S' = S \cup {f[1], n}",
        r"S' = S \ {m}",
        r"S' = {e \in S : e > n}",
        r"S' = {f[e] : e \in S}",
        r"(IF m > 1 THEN S' = {} ELSE UNCHANGED S)",
        r"(IF 2 \in S THEN S' = S \ {2} ELSE S' = S \cup {2})",
    ],
    "f": [
        r"UNCHANGED f",
        r"f' = [f EXCEPT ![1] = (@ + 1) % 3]",
        r"f' = [f EXCEPT ![m] = Cardinality(S)]",
        r"f' = [f EXCEPT ![m + 1] = 0]",
        r"(f' = <<n, n>> \/ f' = <<m, n>>)",
    ],
    "n": [
        r"UNCHANGED n",
        r"n' = (n + 1) % 3",
        r"n' = Cardinality(S)",
        r"n' \in {0, m}",
        r"n' \in S",
        r"(LET q == f[1] IN n' = q)",
    ],
}


@st.composite
def actions(draw: st.DrawFn) -> str:
    """Draw a conjunction that gives S, f and n values in some order, with tests in between."""
    lines = [draw(st.sampled_from(values)) for values in VALUES.values()]
    lines += draw(st.lists(st.sampled_from(CONJUNCTS), max_size=3, unique=True))
    lines = draw(st.permutations(lines))
    lines += draw(st.lists(st.sampled_from(LATER), max_size=2, unique=True))
    body = "".join(f" /\\ {each}" for each in lines)
    form = draw(
        st.sampled_from(
            [
                r"\E m \in S :{}",
                r"n < 2 /\ f[n + 1] < 2 /\ (\E m \in S :{})",
                r"\E m \in {{1, 2}} : \E k \in S :{} /\ k >= m",
                r"LET m == 1 IN{}",
                r"((\E m \in S :{}) \/ (n = 1 /\ UNCHANGED <<S, f>>)) /\ n' = n",
            ]
        )
    )
    return form.format(body)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(actions(), min_size=1, max_size=3))
@example([r"\E m \in S : (f' = <<n, n>> \/ f' = <<m, n>>) /\ UNCHANGED <<S, n>>"])
def test_any_actions(tmp_path: Path, disjuncts: list[str]) -> None:
    pick = r"\E m \in S : S' = S \ {m} /\ UNCHANGED <<f, n>>"
    listed = "\n".join(f"    \\/ {each}" for each in [*disjuncts, pick])
    twins(tmp_path, f"{HEAD}Next ==\n{listed}").compare_all()
