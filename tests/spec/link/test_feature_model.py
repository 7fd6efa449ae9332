"""Raft with features, as TLC is given it: its properties, what breaks each, and its counts."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from raft_ref.features import Feature
from raft_ref.features.bugs import FEATURE_BUGS, MEMBERSHIP_BUGS, READ_BUGS
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
    (
        "MembershipTypeOK",
        "Membership",
        "EXCEPT ![i] = LatestUpTo(i, commitIndex[i])]",
        "EXCEPT ![i] = commitIndex[i] + 1]",
    ),
    (
        "ConfigurationsAreSound",
        "Membership",
        "!.voters = @ \\cup {j}, !.learners = @ \\ {j}])",
        "!.voters = @ \\cup {j}])",
    ),
    (
        "ConfigurationsIntersect",
        "Membership",
        "outgoingVoters |-> InForce(i).voters,",
        "outgoingVoters |-> {},",
    ),
    (
        "OldAndNewAgree",
        "Membership",
        "outgoingVoters |-> InForce(i).voters,",
        "outgoingVoters |-> voters,",
    ),
    (
        "ConfigurationMonotonic",
        "Membership",
        "IF IsUsedWhenApplied /\\ brought # {} THEN Max(@, last) ELSE @]",
        "0]",
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
    if invariant in OF_MEMBERSHIP:
        config = with_changes(config, invariant)
    config = config.partition("INVARIANTS")[0]
    path = folder / EXTENDED_MODEL.with_suffix(".cfg").name
    is_of_steps = PROPERTIES[invariant].reads_after
    asked = f"PROPERTY {invariant}Always" if is_of_steps else f"INVARIANT {invariant}"
    path.write_text(f"{config}{asked}\n", encoding="utf-8")
    return folder / EXTENDED_MODEL.name


OF_MEMBERSHIP = {
    "MembershipTypeOK": "AppliedMembership",
    "ConfigurationsAreSound": "JointConsensus",
    "ConfigurationsIntersect": "JointConsensus",
    "OldAndNewAgree": "JointConsensus",
    "ConfigurationMonotonic": "AppliedMembership",
}
"""Which feature is on beside Membership where a property of that is asked."""


def with_changes(config: str, invariant: str) -> str:
    """Return a configuration in which one server is there and another can be added.

    Two configurations that do not meet take a third one, which knows of neither.
    """
    if invariant == "ConfigurationsIntersect":
        config = config.replace("Server = {s1, s2}", "Server = {s1, s2, s3}")
        config = config.replace("MaxMessages = 1", "MaxMessages = 2")
    else:
        config = config.replace("Voters = {s1, s2, s3}", "Voters = {s1}")
    on = f'Features = {{"Membership", "{OF_MEMBERSHIP[invariant]}"}}'
    config = re.sub("Features = {.*}", on, config)
    config = config.replace("MaxChanges = 0", "MaxChanges = 2")
    return config.replace("MaxLogLength = 0", "MaxLogLength = 3")


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
    known = (*FEATURE_BUGS.values(), *READ_BUGS.values(), *MEMBERSHIP_BUGS.values())
    broken = {bug.breaks for bug in known}
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
    found = check(task_of(load(model), config, False, None)).violated
    assert (found or "").removesuffix("Always") == name


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


FROM_ONE = replace(OF_READS, max_term=2, max_log_length=2, max_messages=1, voters=1)
FROM_TWO = replace(FROM_ONE, servers=3, voters=2)


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
        ("membership", FROM_ONE, 137),
        ("joint", FROM_ONE, 631),
        ("as-applied", FROM_ONE, 508),
        ("membership", FROM_TWO, 1_093),
        ("pre-vote,membership", FROM_ONE, 216),
    ],
)
def test_node_embedded_checker_and_tlc_count_the_same(
    features: str, sizes: GivenSizes, distinct: int
) -> None:
    report = Comparison(sizes, features=Feature.of_option(features), tlc=True).run()
    assert report.holds
    assert [each.distinct for each in report.results] == [distinct] * 3
