"""Raft with features, as TLC is given it: its properties, what breaks each, and its counts."""

from pathlib import Path

import pytest

from raft_ref.features import Feature
from raft_ref.features.bugs import FEATURE_BUGS, READ_BUGS
from raft_ref.spec.checker.config import load_config
from raft_ref.spec.checker.search import check
from raft_ref.spec.checker.task import task_of
from raft_ref.spec.files import EXTENDED_MODEL, FEATURES, RAFT
from raft_ref.spec.link.features import REFINES_RAFT, extended_properties
from raft_ref.spec.module import load
from raft_ref.spec.tlc.run import is_installed
from raft_ref.verify import Comparison, GivenSizes

PROPERTIES = {
    prop.name: prop
    for prop in extended_properties(["s1", "s2"], ["v1"], Feature)
    if not prop.is_sometimes and prop.name not in ("CommittedRecorded", "AskedRecorded")
}

SPEC_MUTANTS = [
    # What no node can break, which has no such variables and no such messages: the property, and
    # in which module which text is replaced by which.
    (
        "PreVoteTypeOK",
        "PreVote",
        "preVotesGranted' = [preVotesGranted EXCEPT ![i] = {i}]",
        "preVotesGranted' = [preVotesGranted EXCEPT ![i] = {i, Nil}]",
    ),
    (
        "PreVoteMessageTypeOK",
        "PreVote",
        "term |-> currentTerm[i] + 1,",
        "term |-> currentTerm[i],",
    ),
    (
        "CheckQuorumTypeOK",
        "CheckQuorum",
        "IF answers THEN @ \\cup {m.source} ELSE @]",
        "IF answers THEN @ \\cup {m.term} ELSE @]",
    ),
    (
        "TransferTypeOK",
        "LeadershipTransfer",
        "transferTarget' = [transferTarget EXCEPT ![i] = j]",
        "transferTarget' = [transferTarget EXCEPT ![i] = currentTerm[i]]",
    ),
    (
        "TransferMessageTypeOK",
        "LeadershipTransfer",
        "dest |-> transferTarget[i],\n                                   term |-> currentTerm[i]]}",
        "dest |-> transferTarget[i],\n                                   term |-> 0]}",
    ),
    (
        "ForcedRequestsAreInFlight",
        "ExtendedRaft",
        "forcedRequests' = forcedRequests \\ {m}",
        "UNCHANGED forcedRequests",
    ),
    ("RaftMessageTypeOK", "Raft", "lastLogTerm |-> LastTerm(i)", "lastLogTerm |-> Nil"),
    (
        "ReadsTypeOK",
        "ReadIndex",
        "ELSE IF acknowledges THEN @ \\cup {m.source} ELSE @]",
        "ELSE IF acknowledges THEN @ \\cup {m.round} ELSE @]",
    ),
    ("ReadsMessageTypeOK", "ReadIndex", "round |-> readRound[i]]}", "round |-> 0]}"),
    (
        "OnlyLeadersNoteReads",
        "ReadIndex",
        "roundAcks' = [roundAcks EXCEPT ![i] = IF ~leads THEN {}",
        "roundAcks' = [roundAcks EXCEPT ![i] = IF FALSE THEN {}",
    ),
    (
        "LeasesTypeOK",
        "Leases",
        "term |-> m.term, round |-> m.round] ELSE @]",
        "term |-> m.term, round |-> 0] ELSE @]",
    ),
    (
        "OnlyLeadersTrust",
        "Leases",
        "isTrusting' = [isTrusting EXCEPT ![i] = leads /\\ @]",
        "isTrusting' = [isTrusting EXCEPT ![i] = @]",
    ),
]  # fmt: skip


def written(folder: Path, invariant: str) -> Path:
    """Write all modules, and a configuration that asks for one invariant; return the model's path.

    There is room for one message, and for a loss where what is lost is what it is about.
    """
    for path in (*RAFT.parent.glob("*.tla"), *FEATURES.glob("*.tla")):
        (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    config = EXTENDED_MODEL.with_suffix(".cfg").read_text(encoding="utf-8")
    config = config.replace("Server = {s1, s2, s3}", "Server = {s1, s2}")
    config = config.replace("MaxMessages = 2", "MaxMessages = 1")
    if invariant == "ForcedRequestsAreInFlight":
        config = config.replace("MaxTerm = 1", "MaxTerm = 2").replace(
            "MaxDrops = 0", "MaxDrops = 1"
        )
    if "Read" in invariant or invariant in ("LeasesTypeOK", "OnlyLeadersTrust"):
        config = config.replace("MaxRounds = 0", "MaxRounds = 1")
    config = config.partition("INVARIANTS")[0]
    path = folder / EXTENDED_MODEL.with_suffix(".cfg").name
    path.write_text(f"{config}INVARIANT {invariant}\n", encoding="utf-8")
    return folder / EXTENDED_MODEL.name


def test_each_property_is_asked_of_tlc() -> None:
    config, module = load_config(EXTENDED_MODEL.with_suffix(".cfg")), load(EXTENDED_MODEL)
    of_steps = [name for name, prop in PROPERTIES.items() if prop.reads_after]
    asked = [each.name for each in (*config.invariants, *config.properties)]
    assert {*asked} == {
        *(PROPERTIES.keys() - of_steps),
        *(f"{name}Always" for name in of_steps),
        f"{REFINES_RAFT}Always",
    }
    assert len(asked) == len({*asked})
    for name in of_steps:
        assert module.operators[f"{name}Always"].text == f"[][{name}]_vars"


def test_each_property_of_a_feature_has_a_mutant_that_breaks_it() -> None:
    of_raft = {prop.name for prop in extended_properties(["s1", "s2"], ["v1"], [])}
    broken = {bug.breaks for bug in (*FEATURE_BUGS.values(), *READ_BUGS.values())}
    broken |= {row[0] for row in SPEC_MUTANTS}
    assert PROPERTIES.keys() - of_raft <= broken


@pytest.mark.parametrize("row", SPEC_MUTANTS, ids=lambda row: row[0])
def test_the_embedded_checker_finds_what_a_mutant_breaks(
    row: tuple[str, str, str, str], tmp_path: Path
) -> None:
    name, module, rule, instead = row
    model = written(tmp_path, name)
    path = tmp_path / f"{module}.tla"
    text = path.read_text(encoding="utf-8")
    assert text.count(rule) == 1
    path.write_text(text.replace(rule, instead), encoding="utf-8")
    config = load_config(model.with_suffix(".cfg"))
    assert check(task_of(load(model), config, False, None)).violated == name


SIZES = GivenSizes(
    servers=3, max_term=1, max_log_length=0, max_snapshot_index=0, max_messages=2,
    max_restarts=0, max_drops=0, max_duplicates=0,
)  # fmt: skip
OF_TWO = GivenSizes(
    servers=2, max_term=2, max_log_length=1, max_snapshot_index=0, max_messages=1,
    max_restarts=1, max_drops=1, max_duplicates=0,
)  # fmt: skip


OF_READS = GivenSizes(
    servers=2, max_term=1, max_log_length=1, max_snapshot_index=0, max_messages=2,
    max_restarts=0, max_drops=0, max_duplicates=0,
)  # fmt: skip


@pytest.mark.long
@pytest.mark.skipif(not is_installed(), reason="the extra [tlc] is not installed")
@pytest.mark.parametrize(
    ("features", "sizes", "distinct"),
    [
        ("pre-vote", SIZES, 406),
        ("check-quorum", SIZES, 347),
        ("transfer", SIZES, 344),
        ("pre-vote,check-quorum", OF_TWO, 5_751),
        ("check-quorum,transfer", OF_TWO, 6_254),
        ("pre-vote,check-quorum,transfer", OF_TWO, 14_654),
        ("pre-vote,check-quorum,transfer", SIZES, 30_119),
        ("reads", OF_READS, 715),
        ("leases", OF_READS, 3_965),
    ],
)
def test_node_embedded_checker_and_tlc_count_the_same(
    features: str, sizes: GivenSizes, distinct: int
) -> None:
    report = Comparison(sizes, features=Feature.of_option(features), tlc=True).run()
    assert report.holds
    assert [each.distinct for each in report.results] == [distinct] * 3
