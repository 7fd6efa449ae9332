r"""Small specifications, each for one construct or fault: what the embedded checker finds in them.

TLC finds the same in those for which `tlc` is true; of the others its version of the extra [tlc]
knows nothing, or it fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from raft_ref.spec.checker.behavior import as_table, as_tlc, under_alias
from raft_ref.spec.checker.config import load_config
from raft_ref.spec.checker.search import Task, check
from raft_ref.spec.checker.task import task_of
from raft_ref.spec.checker.verdict import Report, Verdict
from raft_ref.spec.module import load
from raft_ref.spec.syntax.errors import Context, SpecError
from raft_ref.spec.tlc.run import is_installed, run_tlc

Counts = tuple[int, int, int]

COUNT = "VARIABLE n\nInit == n = 0\nNext == n < 3 /\\ n' = n + 1\n"
OTHERS = {
    "Steps": f"EXTENDS Naturals\n{COUNT}Spec == Init /\\ [][Next]_n\n",
    "Chosen": "Free == CHOOSE v : v \\notin {1}\nNone == Free\n",
}
"""Modules that stand beside each."""


@dataclass(frozen=True)
class Small:
    """A module, its configuration, and what is found."""

    name: str
    text: str
    config: str = "INIT Init NEXT Next"
    verdict: Verdict = Verdict.HOLDS
    counts: Counts | None = (4, 4, 4)
    violated: str | None = None
    deadlock: bool = False
    tlc: bool = True

    def __str__(self) -> str:
        return self.name

    def write(self, folder: Path) -> tuple[Path, Path]:
        for name, text in {**OTHERS, self.name: self.text}.items():
            (folder / f"{name}.tla").write_text(f"---- MODULE {name} ----\n{text}\n====\n")
        config = folder / f"{self.name}.cfg"
        config.write_text(self.config)
        return folder / f"{self.name}.tla", config

    def task(self, folder: Path) -> Task:
        module, config = self.write(folder)
        return task_of(load(module), load_config(config), self.deadlock)

    def check(self, folder: Path) -> Report:
        return check(self.task(folder))


ASKED = "INIT Init NEXT Next INVARIANT Low"
LOW = "Low == n < 9\n"
E = "EXTENDS Naturals\n"
T = "EXTENDS Naturals, TLC\n"
PICKS = """EXTENDS TLC, Naturals
CONSTANT P
VARIABLES {order}
Names == Permutations(P)
Init == at = [p \\in P |-> 0] /\\ last \\in P
Next == \\E p \\in P : at[p] < 2 /\\ at' = [at EXCEPT ![p] = @ + 1] /\\ last' = p
Places == at
"""
PICKED = "CONSTANT P = {a, b} INIT Init NEXT Next SYMMETRY Names VIEW Places"

LOADED = [
    Small("Earlier", f"{E}Twice(n) == n + n\n{COUNT}{LOW}", ASKED),
    Small("Named", f"{E}CONSTANT N\nASSUME Some == N > 0\n{COUNT}Low == n < 9 /\\ Some",
          f"{ASKED} CONSTANT N = 3"),
    Small("Theorem", f"{E}{COUNT}THEOREM Small == n < 9\nLow == Small", ASKED, tlc=False),
    Small("InLet", f"{E}{COUNT}Low == LET S == INSTANCE Steps IN S!Init \\/ n > 0", ASKED),
    Small("InLetWith", f"{E}{COUNT}Low == \\A k \\in {{0}} : LET S == INSTANCE Steps WITH n <- k "
          "IN S!Init", ASKED),
    Small("Nested", f"{E}---- MODULE Part ----\nTop == 3\n====\nP == INSTANCE Part\n{COUNT}"
          "Low == n <= P!Top", ASKED),
    Small("Parametrized", f"{E}VARIABLE y\nS(n) == INSTANCE Steps\nSpec == S(y)!Spec\nLow == y < 9",
          "SPECIFICATION Spec INVARIANT Low", tlc=False),
    Small("Infix", f"{E}a ++ b == a + 2 * b\na & b == a * b\n{COUNT}Low == n & 1 < 1 ++ 4", ASKED),
    Small("Assigns", "x := e == x = e\nVARIABLE n\nInit == n := 1\nNext == n' := 1",
          deadlock=True, counts=(1, 2, 1)),
    Small("Part", f"{E}{COUNT}Both == /\\ n \\in Nat\n        /\\ n < 9\nLow == Both!2", ASKED),
    Small("PartOfAll", f"{E}{COUNT}All == \\A k \\in 1..2 : n < 9 + k\nLow == All!(1)", ASKED),
    Small("Recursive", f"{E}VARIABLE n\nRECURSIVE Down(_)\n"
          "Down(k) == IF k = 0 THEN n' = n + 1 ELSE Down(k - 1)\n"
          f"Init == n = 0\nNext == n < 3 /\\ Down(2)\n{LOW}", ASKED),
    Small("RecursiveBetween", f"{E}VARIABLES n, m\nRECURSIVE Each(_)\n"
          "Each(S) == IF S = {} THEN n' \\in {n, n + 1} ELSE LET e == CHOOSE e \\in S : TRUE\n"
          "           IN e > 0 /\\ Each(S \\ {e})\n"
          "Init == n = 0 /\\ m = 0\nNext == n < 3 /\\ m' = 0 /\\ Each({1, 2}) /\\ n' > m\n"
          f"{LOW}", ASKED, counts=(4, 6, 4)),
    Small("Possible", f"{E}{COUNT}Low == (n < 3) = ENABLED Next", ASKED),
    Small("PossibleOfParameter", f"{E}{COUNT}Add(k) == n' = n + k /\\ n' < 4\n"
          "Low == \\A k \\in 1..4 : (n + k < 4) = ENABLED Add(k)", ASKED),
    Small("Mine", "VARIABLE x\nCONSTANT Free\nI == INSTANCE Chosen\nTwo == \"two\"\n"
          "Init == x = Free\nNext == UNCHANGED x\nLow == I!None # x",
          f"{ASKED} CONSTANT Free = Free Free <- [Chosen] Two", counts=(1, 2, 1)),
    Small("Bracketed", "VARIABLE x\nI == INSTANCE Chosen\nInit == x = I!None\nNext == UNCHANGED x\n"
          "Low == x = I!Free", f"{ASKED} CONSTANT Free = [Chosen]f", counts=(1, 2, 1), tlc=False),
    Small("Assumes", f"{E}ASSUME 1 + 1 = 2", "", counts=(0, 0, 0), tlc=False),
    Small("Records", f"{E}VARIABLE n\nM == [t : Nat] \\cup [u : Nat, v : BOOLEAN]\n"
          "Init == n = {}\nNext == \\E k \\in 1..2 : n' = n \\cup {[t |-> k]}\n"
          "Low == n \\subseteq M", ASKED, counts=(4, 9, 3)),
    Small("Level", T + f"{COUNT.replace('n < 3', 'TRUE')}"
          f"{LOW}Few == TLCGet(\"level\") < 3", f"{ASKED} CONSTRAINT Few", counts=(3, 4, 3)),
    Small("LocalFunction", f"{E}VARIABLE n\n"
          "Some(m) == LET f[k \\in 0..3] == k = 0 \\/ \\E j \\in 1..4 : j >= k IN f[m]\n"
          f"Init == n = 0\nNext == Some(n) /\\ n' = (n + 1) % 4\n{LOW}", ASKED, counts=(4, 15, 4)),
    Small("KnownFunction", f"{E}VARIABLE n\nf[k \\in 0..3] == k = 0 \\/ \\E j \\in 1..4 : j >= k\n"
          f"Init == n = 0\nNext == f[n] /\\ n' = (n + 1) % 4\n{LOW}", ASKED, counts=(4, 5, 4)),
    Small("Seen", PICKS.format(order="at, last"), PICKED, counts=(6, 10, 5),
          verdict=Verdict.NOTHING_ASKED),
    # Here TLC counts 9 states: which of two variables is declared first matters to it.
    Small("SeenToo", PICKS.format(order="last, at"), PICKED, counts=(6, 10, 5),
          verdict=Verdict.NOTHING_ASKED, tlc=False),
    Small("Silent", f"{E}{COUNT}{LOW}", verdict=Verdict.NOTHING_ASKED),
    Small("Partly", "EXTENDS Naturals, TLCExt\n" + COUNT + LOW +
          "Odd == Trace = <<>>", f"{ASKED} Odd", verdict=Verdict.HOLDS_IN_PART, tlc=False),
    Small("After", T + f"{COUNT}"
          "All == TLCGet(\"distinct\") = 4", "INIT Init NEXT Next POSTCONDITION All", tlc=False),
    Small("AfterAll", T + f"{COUNT}"
          "All == TLCGet(\"stats\").distinct = 5", "INIT Init NEXT Next POSTCONDITION All",
          verdict=Verdict.VIOLATED, violated="All", tlc=False),
]  # fmt: skip

FAIR = (
    f"{E}VARIABLE n\nInit == n = 0\nUp == n < 3 /\\ n' = n + 1\nZero == n = 3 /\\ n' = 0\n"
    "Next == Up \\/ Zero\nEver == Init /\\ [][Next]_n\n"
)
LOOP = (4, 5, 4)


def live(name: str, text: str, holds: bool, spec: str = "", tlc: bool = True) -> Small:
    return Small(
        name,
        f"{FAIR}Spec == Ever {spec}\nLive == {text}",
        "SPECIFICATION Spec PROPERTY Live",
        Verdict.HOLDS if holds else Verdict.VIOLATED,
        LOOP,
        None if holds else "Live",
        tlc=tlc,
    )


OF_BEHAVIORS = [
    live("Stutters", "<>(n = 1)", False),
    live("Weak", "<>(n = 1)", True, "/\\ WF_n(Next)"),
    live("Again", "[]<>(n = 1)", True, "/\\ WF_n(Next)"),
    live("AtLast", "<>[](n = 3)", False, "/\\ WF_n(Next)"),
    live("AtLastThere", "<>[](n = 3)", True, "/\\ WF_n(Up)" + " /\\ [](n = 3 => [](n = 3))"),
    live("Leads", "n = 1 ~> n = 3", True, "/\\ WF_n(Up)"),
    live("LeadsBack", "n = 3 ~> n = 0", False, "/\\ WF_n(Up)"),
    live("LeadsBackFairly", "n = 3 ~> n = 0", True, "/\\ SF_n(Zero)"),
    live("OfEach", "\\A k \\in 0..2 : n = k ~> n = k + 1", True, "/\\ WF_n(Up)"),
    live("OfSome", "\\E k \\in {7, 3} : []<>(n = k)", True, "/\\ WF_n(Next)"),
    live("Takes", "[]<><<Zero>>_n", True, "/\\ WF_n(Next)"),
    live("TakesNot", "[]<><<Zero>>_n", False),
    live("Fairly", "WF_n(Up)", True, "/\\ WF_n(Next)"),
    live("Unfairly", "SF_n(Up)", False),
    live("Twice", "[](n = 1 => [](n # 1 => []~(n = 1)))", False),
    live("Negated", "~<>[](n = 0)", True, "/\\ WF_n(Next)"),
    live("Implied", "[]<>(n = 3) => []<>(n = 0)", True, "/\\ WF_n(Zero)"),
    live("Chosen2", "IF n = 0 THEN <>(n = 1) ELSE TRUE", True, "/\\ WF_n(Next)", tlc=False),
    live("Local", "LET one == n = 1 IN []<>one", True, "/\\ WF_n(Next)", tlc=False),
]


def outcome(report: Report) -> tuple[Verdict, str | None, Counts]:
    counts = report.distinct_states, report.generated_states, report.depth
    return report.verdict, report.violated, counts


@pytest.mark.parametrize("small", [*LOADED, *OF_BEHAVIORS], ids=str)
def test_what_is_found(tmp_path: Path, small: Small) -> None:
    assert outcome(small.check(tmp_path)) == (small.verdict, small.violated, small.counts)


@pytest.mark.long
@pytest.mark.deep
@pytest.mark.skipif(not is_installed(), reason="the extra [tlc] is not installed")
@pytest.mark.parametrize("small", [e for e in (*LOADED, *OF_BEHAVIORS) if e.tlc], ids=str)
def test_tlc_finds_the_same(tmp_path: Path, small: Small) -> None:
    result = run_tlc(*small.write(tmp_path), deadlock=small.deadlock)
    is_good = small.verdict in (Verdict.HOLDS, Verdict.NOTHING_ASKED)
    assert result.ok == is_good, result.output
    if not is_good:
        assert "Temporal properties were violated" in result.output
    assert small.counts is not None
    assert (result.distinct_states, result.generated_states) == small.counts[:2]
    assert result.depth == (small.counts[2] if is_good else None)


def test_an_error_tells_what_was_being_evaluated(tmp_path: Path) -> None:
    text = """EXTENDS Naturals, Sequences
VARIABLE q
Init == q = <<>>
Second(s) == Head(Tail(s))
Take(k) == LET top == k + 1 IN q' = <<Second(q) + top>>
Next == \\E k \\in 1..2 : q' = Append(q, k) \\/ (q = <<2>> /\\ Take(k))"""
    report = Small("Faulty", text).check(tmp_path)
    assert report.verdict is Verdict.ERROR
    assert report.error is not None
    assert report.error.context == Context(
        ("Second", "Next"), (("k", "1"), ("top", "2"), ("s", "<<2>>"))
    )


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("A == Append(<<>>, 1)", ["unknown operator Append: it is in Sequences"]),
        ("A == SetToSeq({1})", ["unknown operator SetToSeq: it is in SequencesExt"]),
        ("Total == 1\nA == Totl + 1", ["unknown name Totl; did you mean Total?"]),
        (
            "A == b\nC(x) == x\nD == C(1, 2)\nE == f",
            ["unknown name b", "C takes 1 argument, not 2", "unknown name f"],
        ),
        ("S == INSTANCE Steps WITH n <- 1\nA == S!Nxt", ["did you mean S!Next?"]),
        ("A == INSTANCE Stps", ["there is no module Stps"]),
        (
            "(* --algorithm count\nvariables x = 0;\nbegin\n A: x := 1;\nend algorithm; *)\nB == 1",
            [],
        ),
    ],
)
def test_what_is_wrong_with_names(tmp_path: Path, text: str, reasons: list[str]) -> None:
    small = Small("Wrong", f"EXTENDS Integers\n{text}")
    if not reasons:
        reasons = ["Wrong has no operator Init: the PlusCal algorithm count is not translated"]
    with pytest.raises(SpecError) as error:
        small.task(tmp_path)
    told = [error.value, *error.value.others]
    assert len(told) == len(reasons)
    for each, reason in zip(told, reasons, strict=True):
        assert reason in each.reason


def test_a_lasso_is_shown_with_where_it_goes_back_to(tmp_path: Path) -> None:
    (small,) = [each for each in OF_BEHAVIORS if each.name == "AtLast"]
    report = small.check(tmp_path)
    assert report.counterexample is not None
    assert report.counterexample.back_to == 0
    assert as_table(report.counterexample)[-2:] == ["Back to 1, and round again forever.", ""]
    again = report.counterexample.again
    assert again is not None
    assert again.state == report.counterexample.steps[0].state
    (small,) = [each for each in OF_BEHAVIORS if each.name == "Stutters"]
    stuck = small.check(tmp_path).counterexample
    assert stuck is not None
    assert as_tlc(stuck)[-2:] == ["Stuttering: from State 1 on nothing happens.", ""]


def test_an_alias_is_what_is_shown(tmp_path: Path) -> None:
    text = f"{E}{COUNT}Low == n < 2\nShown == [twice |-> 2 * n, next |-> n']"
    task = Small("Shows", text, f"{ASKED} ALIAS Shown").task(tmp_path)
    behavior = check(task).counterexample
    assert behavior is not None
    shown = under_alias(behavior, task)
    assert shown.variables == ("next", "twice")
    assert [each.state for each in shown.steps] == [(1, 0), (2, 2), (2, 4)]


def test_behaviors_are_not_checked_where_states_count_as_one(tmp_path: Path) -> None:
    text = PICKS.format(order="at, last") + "Ends == <>(at # [p \\in P |-> 0])"
    report = Small("Unsound", text, f"{PICKED} PROPERTY Ends").check(tmp_path)
    assert report.verdict is Verdict.HOLDS_IN_PART
    assert report.unchecked == (
        "Ends: it is not sound where states count as one, by SYMMETRY or VIEW",
    )


def test_an_action_is_no_property(tmp_path: Path) -> None:
    small = Small("Action", f"{E}{COUNT}Grows == n' > n", "INIT Init NEXT Next PROPERTY Grows")
    with pytest.raises(SpecError, match=r"this is of steps, which no property is: write"):
        small.check(tmp_path)
