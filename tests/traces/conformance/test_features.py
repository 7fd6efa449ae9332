"""Conformance with features: they are asked for, followed, and mutants told from ours."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from raft_ref import Node
from raft_ref.features import ExtendedNode, Feature
from raft_ref.features.bugs import MEMBERSHIP_BUGS, READ_BUGS
from raft_ref.traces.conformance import reference, schedule
from raft_ref.traces.conformance.adapter import Adapter, Reply, Sent
from raft_ref.traces.conformance.clusters import ScenariosReport, ScenariosRequest
from raft_ref.traces.conformance.hunting.departures import kind
from raft_ref.traces.conformance.hunting.draws import Likely
from raft_ref.traces.conformance.hunting.hunt import Hunt, Hunted
from raft_ref.traces.conformance.report import ConformanceReport
from raft_ref.traces.conformance.run import Run, Runner, following
from raft_ref.traces.conformance.scenarios import Cover
from raft_ref.traces.conformance.schedule import Schedule
from raft_ref.traces.format.features import CHANGES, REFINING, STEPS, known
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation.refusals.refusal import explained
from raft_ref.traces.validation.rules.changes import DEMOTION, OF_THE_LEADER, kinds
from raft_ref.traces.validation.rules.configurations import PARTS
from raft_ref.traces.validation.verdict import Outcome
from tests.support.extended_mutants import EXTENDED_MUTANTS, SAID
from tests.support.extended_schedules import CHANGING, JUDGED

THREE = ("s1", "s2", "s3")
ALL = frozenset(REFINING)
READS = frozenset({"ReadIndex", "Leases"})


class InProcess(Adapter):
    """The reference adapter without a process."""

    def __init__(self, node: type[ExtendedNode] = ExtendedNode) -> None:
        super().__init__([])
        self.features = ALL
        self.cluster = reference.Cluster(Node, node)

    def ask(self, request: Mapping[str, Any]) -> Reply:
        answer = self.cluster.answer(self.as_sent(request))
        sends = [Sent(each["id"], each["message"]) for each in answer.get("sends", ())]
        return Reply(tuple(answer["lines"]), tuple(sends), bool(answer.get("unknown")))


@pytest.fixture(scope="module")
def report() -> ScenariosReport:
    return ScenariosRequest(Cover.ACTIONS, features=frozenset(JUDGED)).run()


def read(report: ScenariosReport, folder: Path) -> list[Schedule]:
    report.write(folder)
    return [schedule.read(path) for path in sorted(folder.glob("*.ndjson"))]


def followed(adapter: Adapter, schedules: list[Schedule]) -> list[Run]:
    runner = Runner(adapter, PROFILES["raft-ref"])
    runs = []
    for each in schedules:
        adapter.features = each.features
        runs.append(runner.run(each.servers, following(each.commands)))
    return runs


def test_scenarios_take_the_steps_of_features(report: ScenariosReport, tmp_path: Path) -> None:
    nodes: list[Any] = [each.system.guard.actor for each in report.found]
    names = [name for node in nodes for name in node.action_names]
    covered = {name for trace in report.traces() for s in trace.steps for name in s.actions}
    assert {*names} - covered <= {
        "InstallSnapshot", "HandleInstallSnapshotRequest", "HandleInstallSnapshotResponse",
    }  # fmt: skip
    schedules = read(report, tmp_path)
    # Reads and leases have scenarios of their own.
    assert {each.features for each in schedules} == {ALL - READS, READS}
    runs = followed(InProcess(), schedules)
    assert all(run.is_good and not run.departed and not run.idle for run in runs)
    verdicts = [run.verdict for run in runs if run.verdict is not None]
    assert {each.outcome for each in verdicts} == {Outcome.ACCEPTED}
    taken = {action for each in verdicts for action in each.actions}
    assert {*known(STEPS, ALL)} - {"ForgetPreVotes"} <= taken


def test_the_adapter_has_on_what_it_is_asked_for() -> None:
    cluster = reference.Cluster(features=[Feature.CHECK_QUORUM])
    asked = {"step": "Init", "servers": ["a", "b"]}
    (header,) = cluster.answer(asked)["lines"]
    assert header["features"] == ["CheckQuorum"]
    (header,) = cluster.answer({**asked, "features": ["PreVote"]})["lines"]
    assert header["features"] == ["PreVote"]
    (header,) = reference.Cluster().answer(asked)["lines"]
    assert "features" not in header


def test_without_features_their_steps_are_not_known() -> None:
    cluster = reference.Cluster()
    cluster.answer({"step": "Init", "servers": ["a", "b"]})
    asked = {"step": "RequestPreVotes", "server": "a", "arguments": {}}
    assert cluster.answer(asked) == {"lines": [], "unknown": True}


def hunt(
    node: type[ExtendedNode], runs: int, on: frozenset[str] = ALL, steps: int = 60
) -> Run | None:
    likely, adapter = Likely(features=on), InProcess(node)
    adapter.features = on
    return Hunt(adapter, PROFILES["raft-ref"], THREE, 1, runs, steps, likely=likely).run().found


def test_by_chance_nothing_stands_against_the_node() -> None:
    assert hunt(ExtendedNode, 40) is None


@pytest.mark.parametrize("node", EXTENDED_MUTANTS, ids=lambda each: each.__name__)
def test_a_mutant_is_refused(
    node: type[ExtendedNode], report: ScenariosReport, tmp_path: Path
) -> None:
    found = [run for run in followed(InProcess(node), read(report, tmp_path)) if not run.is_good]
    run = found[0] if found else hunt(node, 200, frozenset(REFINING[:3]))
    assert run is not None
    assert run.verdict is not None
    assert SAID[node].split(",")[0] in explained(run.verdict).why


SHOWN_BY_SCENARIOS = ("leader-reads-alone", "lease-outlives-transfer")
SHOWN_BY_CHANCE = ("read-before-first-commit", "follower-reads-alone", "clock-drifts-beyond-bound")
RARELY_MET = tuple(sorted({*READ_BUGS} - {*SHOWN_BY_SCENARIOS, *SHOWN_BY_CHANCE}))


@pytest.mark.parametrize("name", SHOWN_BY_SCENARIOS)
def test_a_bug_of_reads_is_met_by_a_scenario(
    name: str, report: ScenariosReport, tmp_path: Path
) -> None:
    node = READ_BUGS[name].node
    assert not all(run.is_good for run in followed(InProcess(node), read(report, tmp_path)))


@pytest.mark.parametrize(
    "name", [*SHOWN_BY_CHANCE, *(pytest.param(n, marks=pytest.mark.long) for n in RARELY_MET)]
)
def test_a_bug_of_reads_is_met_by_chance(name: str) -> None:
    node: Any = READ_BUGS[name].node
    run = hunt(node, 1_000, frozenset(each.value for each in node.on), 80)
    assert run is not None
    assert run.verdict is not None
    assert run.verdict.outcome is Outcome.REFUSED


def test_a_promise_in_which_a_leader_trusts_does_not_end() -> None:
    """The clocks of the reference's cluster agree."""
    cluster = reference.Cluster(features=[Feature.READ_INDEX, Feature.LEASES])
    cluster.answer({"step": "Init", "servers": ["a", "b"]})
    for step in ("Timeout", 0, 1, "BeginRound", "Heartbeat", 2):
        asked: dict[str, Any] = {"step": step, "server": "a", "arguments": {}}
        if step == "Heartbeat":
            asked["arguments"] = {"peer": "b"}
        if isinstance(step, int):
            asked = {"step": "Receive", "server": "a" if step == 1 else "b", "id": step}
        assert cluster.answer(asked)["lines"]
    asked = {"step": "EndPromise", "server": "b", "arguments": {}}
    assert cluster.answer(asked)["lines"] == []
    assert cluster.answer({"step": "EndLease", "server": "a", "arguments": {}})["lines"]
    assert cluster.answer(asked)["lines"]


# ---- Where the membership changes


@pytest.mark.parametrize("features", CHANGING, ids="-".join)
def test_changes_by_chance_stand_against_nothing(features: tuple[Feature, ...]) -> None:
    on = frozenset(each.value for each in features)
    adapter = InProcess(ExtendedNode)
    adapter.features = on
    likely = Likely(features=on)
    hunted = Hunt(adapter, PROFILES["raft-ref"], THREE, 1, 60, 60, likely=likely).run()
    assert hunted.found is None
    changes = {each for each in CHANGES if each in known(STEPS, on)}
    assert {*hunted.actions} & changes >= {"AddServer", "RemoveServer"}
    assert ("EnterJoint" in hunted.actions) == ("JointConsensus" in on)
    assert ("ApplyConfiguration" in hunted.actions) == ("AppliedMembership" in on)
    assert hunted.of_features >= changes | {"StepDown"}
    assert hunted.changes.keys() >= {"AddServer", "RemoveServer"}
    for each in changes:  # whatever it is called, it is counted as what it is
        assert hunted.changes[each] == hunted.actions[each]


def test_a_verdict_names_what_of_a_feature_was_never_exercised() -> None:
    on = {"AddServer", "RemoveServer", "StepDown"}
    told = Counter({"AddServer": 1, "RemoveServer": 1})  # the latter was asked for in vain
    hunted = Hunted(told=told, of_features=on, changes=Counter({"AddServer": 1}))
    report = ConformanceReport(hunted=hunted)
    assert [*report.not_exercised_but_optional()][-2:] == ["RemoveServer", "StepDown"]
    assert "a change of the membership" not in report.not_exercised()
    hunted.changes.clear()
    assert "a change of the membership" in report.not_exercised()
    hunted.of_features = {"MissLeader"}
    assert "a change of the membership" not in report.not_exercised()


def configured(voters: str, outgoing: str = "", learners: str = "") -> dict[str, list[str]]:
    parts = zip(PARTS, (voters, outgoing, learners), strict=True)
    return {name: [*servers] for name, servers in parts}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (configured("ab"), configured("abc"), ["AddServer"]),
        (configured("ab", learners="c"), configured("abc"), ["PromoteLearner"]),
        (configured("ab"), configured("a"), ["RemoveServer"]),
        (configured("ab"), configured("b"), ["RemoveServer", OF_THE_LEADER]),
        (configured("ab"), configured("b", learners="a"), [DEMOTION, OF_THE_LEADER]),
        (configured("ab"), configured("ab", learners="c"), ["AddLearner"]),
        (configured("ab", learners="c"), configured("ab"), ["RemoveServer"]),
        (configured("ab"), configured("ac", "ab"), ["EnterJoint"]),
        (configured("ac", "ab"), configured("ac"), ["LeaveJoint"]),
    ],
)
def test_what_a_change_is(
    before: dict[str, list[str]], after: dict[str, list[str]], found: list[str]
) -> None:
    assert kinds("a", before, after) == found


CHANGED_BY_CHANCE = {
    "single-server-change-without-barrier": "has committed no entry of its term",
    "change-before-last-is-committed": "begins a change, and the one at index",
    "removed-leader-counts-itself": "alone, in the configuration",
    "learners-counted": "known to be on s1 and s",
}


@pytest.mark.parametrize("name", CHANGED_BY_CHANCE)
def test_a_bug_of_membership_is_met_by_chance(name: str) -> None:
    node = MEMBERSHIP_BUGS[name].node
    run = hunt(node, 300, frozenset(each.value for each in node.on))
    assert run is not None
    assert run.verdict is not None
    assert CHANGED_BY_CHANCE[name] in explained(run.verdict).why
    assert "not enabled: it is not enabled" not in kind(run)
