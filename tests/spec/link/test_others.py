"""The node held to another's specification: each of its steps is some of the other's."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from raft_ref.cli.examples.my_raft import MyRaft
from raft_ref.explorer import Verdict
from raft_ref.spec.link import INITIAL_REFINEMENT
from raft_ref.spec.link.others import REFINES_ANOTHER, shipped
from raft_ref.spec.requests import RequestError
from raft_ref.verify import ClusterRequest, ExhaustiveCheck, ExhaustiveReport, GivenSizes
from raft_ref.verify.cluster.properties import PropertyRequest
from tests.support.files import ROOT, SPECS

OTHER, MAPPING = SPECS / "Ballots.tla", SPECS / "Ballots.toml"
SIZES = GivenSizes(
    servers=2, max_term=1, max_log_length=0, max_snapshot_index=0, max_drops=0, max_duplicates=1
)


def check(
    mapping: Path = MAPPING,
    bug: str | None = None,
    sizes: GivenSizes = SIZES,
    invariant: str = REFINES_ANOTHER,
) -> ExhaustiveReport:
    asked = PropertyRequest(
        refines=OTHER, mapping=mapping, refine=False, invariants=(invariant,), beside_bug=True
    )
    report = ExhaustiveCheck(ClusterRequest(bug=bug, sizes=sizes, properties=asked)).run()
    assert isinstance(report, ExhaustiveReport)
    return report


def why(report: ExhaustiveReport) -> list[str]:
    trace = report.trace("")
    assert trace is not None
    assert trace.violation is not None
    return [*trace.violation.instances]


def changed(folder: Path, old: str, new: str) -> Path:
    """Return the mapping with something else in one place."""
    text = MAPPING.read_text()
    assert text.count(old) == 1
    path = folder / "changed.toml"
    path.write_text(text.replace(old, new))
    return path


def test_every_step_is_some_of_another_specification() -> None:
    report = check()
    assert report.verdict is not Verdict.VIOLATED
    assert "every step of a server is some steps of Ballots" in report.cluster.description


@pytest.mark.long
def test_with_three_servers_and_two_terms() -> None:
    sizes = GivenSizes(3, 1, 2, 0, 0, max_messages=2, max_drops=0, max_duplicates=0)
    assert check(sizes=sizes).verdict is not Verdict.VIOLATED


@pytest.mark.long
@pytest.mark.parametrize(
    ("bug", "sentence"),
    [
        ("vote-not-persisted", "vote[s1]: the node has Nil, the spec has s1"),
        ("quorum-of-half", 'mode[s1]: the node has "ruling", the spec has "standing"'),
        ("older-vote-counted", "mode[s1]: the node has "),
    ],
)
def test_a_mutant_is_caught_and_the_cause_is_told(bug: str, sentence: str) -> None:
    report = check(bug=bug, sizes=GivenSizes(max_log_length=0, max_snapshot_index=0))
    assert report.verdict is Verdict.VIOLATED
    told = why(report)
    assert re.match(r"\w+ is no 7 steps of Ballots, or less; the nearest is ", told[0])
    assert any(sentence in each for each in told[1:])


def test_of_less_steps_some_are_too_few(tmp_path: Path) -> None:
    told = why(check(changed(tmp_path, "within = 7", "within = 1")))
    assert told[0] == "Timeout is no 1 steps of Ballots, or less; the nearest is Stand(s1)"
    assert told[1].startswith("the node sends [from |-> s1, is |-> TRUE, kind |-> ")


@pytest.mark.long
def test_what_is_hidden_matters_where_it_is_not(tmp_path: Path) -> None:
    told = why(check(changed(tmp_path, 'asked = "TRUE"', "")))
    assert "asked[s1]: the node has {}, the spec has {s1, s2}" in told


@pytest.mark.long
def test_what_agrees_is_taken_for_equal(tmp_path: Path) -> None:
    agrees = '[agrees]\nasked = "before = ours /\\\\ ours \\\\subseteq theirs"\n[rest]'
    mapping = changed(tmp_path, 'asked = "TRUE"', "")
    mapping.write_text(mapping.read_text().replace("[rest]", agrees))
    assert check(mapping).verdict is not Verdict.VIOLATED


@pytest.mark.long
def test_a_known_difference_is_left_aside_and_told(tmp_path: Path) -> None:
    wrong = changed(tmp_path, 'kind |-> "call", from', 'kind |-> "shout", from')
    assert why(check(wrong))[0].startswith("AppendEntries is no 7 steps")
    for step, when in (("AppendEntries", "TRUE"), ("Receive", 'm.type = "AppendEntriesRequest"')):
        known = f"[[differences]]\nstep = '{step}'\nwhen = '{when}'\nwhy = 'it shouts'\n"
        wrong.write_text(f"{wrong.read_text()}\n{known}")
    sizes = GivenSizes(2, 1, 1, 0, 0, max_duplicates=0, max_drops=0)
    report = check(wrong, sizes=sizes)
    assert report.verdict is not Verdict.VIOLATED
    assert report.cluster.description.endswith("but where it is known to be none: it shouts")


@pytest.mark.long
def test_servers_that_begin_otherwise(tmp_path: Path) -> None:
    later = changed(tmp_path, "currentTerm[i] + 1", "currentTerm[i]")
    told = why(check(later, invariant=INITIAL_REFINEMENT))
    assert told == [
        "round[s1]: the node has 0, the spec has 1",
        "round[s2]: the node has 0, the spec has 1",
    ]


@pytest.mark.long
@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("within = 7", "within = '7'", "within must be a number"),
        ("within = 7", "without = 7", "unknown without; a mapping has within, "),
        ("within = 7", "within = ", "Invalid value"),
        ('"votedFor[i]"', '"votedFor["', "[variables] vote: "),
        ('"votedFor[i]"', '"voted"', "[variables] vote: unknown name voted; did you mean voted"),
        ('"votedFor[i]"', "1", "[variables] vote must be text: an expression of TLA+"),
        ('None = "Nil"', 'Nobody = "Nil"', "[constants] Nobody: Ballots has no such constant"),
        ('moves = "0"', "", "moves of Ballots is told 0 times"),
        ('["moves"]', '["move"]', "unset: move is none of [rest]"),
        ('asked = "{}"', "", "asked of Ballots is told 0 times"),
        ('asked = "{}"', 'asked = "{}"\nstate = "1"', "Ballots has no variable state"),
        ("ballots = 'role", "moves = 'role", "[hidden] moves is none of [variables]"),
        ('kind = "set"', 'kind = "heap"', "[network] kind must be one of set, bag"),
        ('Rule = ["i"]', "Rule = []", "[actions] Rule: expected a list of its arguments: n"),
        ('Rule = ["i"]', 'Win = ["i"]', "[actions] Win: Ballots has no such operator"),
        ('["Stand", "Ask"]', '["Sit"]', "[steps] Timeout: Sit is none of [actions]"),
        ("RequestVoteRequest =", "VoteRequest =", "[messages] has no RequestVoteRequest"),
        ("[steps]", "[[differences]]\nstep = 'x'\n[steps]", "has step, when and why"),
    ],
)
def test_a_mapping_that_makes_no_sense(tmp_path: Path, old: str, new: str, reason: str) -> None:
    with pytest.raises(RequestError, match=re.escape(reason)):
        check(changed(tmp_path, old, new))


def test_a_mapping_that_is_not_there() -> None:
    with pytest.raises(RequestError, match=r"mapping nothing\.toml: No such file"):
        check(Path("nothing.toml"))


@pytest.mark.long
def test_one_is_asked_for_with_the_other() -> None:
    for properties, reason in (
        (PropertyRequest(refines=OTHER), "a mapping says how a server is a state of that"),
        (PropertyRequest(mapping=MAPPING), "--refines names the specification"),
    ):
        with pytest.raises(RequestError, match=reason):
            ExhaustiveCheck(ClusterRequest(properties=properties)).run()


@pytest.mark.long
def test_a_node_of_ones_own_is_told_in_raft_s_words(tmp_path: Path) -> None:
    asked = PropertyRequest(refines=OTHER, mapping=MAPPING, invariants=(REFINES_ANOTHER,))
    sizes = GivenSizes(servers=2, max_term=1, max_log_length=0, max_drops=0)
    cluster = ClusterRequest(node=MyRaft, sizes=sizes, properties=asked)
    assert ExhaustiveCheck(cluster).run().verdict is not Verdict.VIOLATED
    wrong = changed(tmp_path, 'Timeout = ["Stand", "Ask"]', 'Timeout = ["Stand"]')
    report = ExhaustiveCheck(replace(cluster, properties=replace(asked, mapping=wrong))).run()
    assert report.verdict is Verdict.VIOLATED
    assert why(report)[0].startswith("Timeout is no 7 steps of Ballots, or less; the nearest is S")


@pytest.mark.long
def test_actions_may_look_for_their_message_themselves(tmp_path: Path) -> None:
    alone = changed(tmp_path, 'dest = "to"', 'dest = "to"\nalone = true')
    assert check(alone).verdict is not Verdict.VIOLATED


def test_mappings_ship() -> None:
    """Their specifications do not: it is the form alone that can be told here."""
    assert shipped() == ["ongardie", "vanlightly"]
    for name in shipped():
        given = tomllib.loads((ROOT / "spec" / "mappings" / f"{name}.toml").read_text())
        assert {name for names in given["steps"].values() for name in names} <= {*given["actions"]}
        assert {*given["hidden"], *given["agrees"]} <= {*given["variables"]}
        assert all(each.keys() == {"step", "when", "why"} for each in given["differences"])
