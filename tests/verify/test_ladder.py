"""Without bounds, `check` climbs a ladder of searches."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from raft_ref import AppendEntriesRequest, ClientRequest, Message, Node
from raft_ref.bugs import BUGS, QuorumOfHalf
from raft_ref.cli import main
from raft_ref.durability import Pending, Stored, StoredNode, StoredStep
from raft_ref.explorer import ActorError, Step
from raft_ref.features import MAX_CHANGES, MAX_READS, MAX_ROUNDS, REFINING, ExtendedNode, Feature
from raft_ref.features.bugs import FEATURE_BUGS, MEMBERSHIP_BUGS, READ_BUGS
from raft_ref.features.bugs.elections import LeaderGrantsPreVote
from raft_ref.verify import ClusterRequest, LadderCheck, LadderReport, PropertyRequest
from raft_ref.verify.calibration import Searched, calibrated
from raft_ref.verify.ladder import ladder
from raft_ref.verify.ladder.race import Job, Race
from raft_ref.verify.ladder.rungs import FEATURE_RUNGS, RUNGS, Rung, deeper
from raft_ref.verify.vacuity import unreached
from raft_ref.zoo import EXPLORED
from tests import toys
from tests.support import processes

QUICK = (
    "one election",
    "elections that overlap",
    "a snapshot gets through",
    "an even number of servers",
)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave only rungs that take less than a second."""
    monkeypatch.setattr(ladder, "RUNGS", [rung for rung in RUNGS if rung.name in QUICK])
    monkeypatch.setattr(ladder, "deeper", lambda is_raft, features: iter(()))
    monkeypatch.setattr(ladder, "SECONDS", 0.5)


def climbed(node: type[Node] | None = None, **more: object) -> LadderReport:
    return LadderCheck(ClusterRequest(node=node), **more).run()  # type: ignore[arg-type]


@pytest.mark.usefixtures("quick")
def test_a_bug_is_found_on_the_first_rung_that_shows_it() -> None:
    report = climbed(QuorumOfHalf, seconds=60)
    assert report.verdict == "VIOLATED"
    assert [each.rung.name for each in report.rungs] == [
        "one election", "elections that overlap", "an even number of servers",
    ]  # fmt: skip
    # A step that Raft.tla does not allow comes first; what follows from it says more.
    assert report.found is not None
    assert report.found.found is not None
    assert report.found.found.prop == "StepRefinement"
    assert report.consequence is not None
    trace = report.trace("somewhere")
    assert trace is not None
    assert (trace.source, len(trace.steps)) == ("somewhere", 6)
    assert trace.violation is not None
    assert trace.violation.property == "ElectionSafety"


@pytest.mark.usefixtures("quick")
def test_what_is_right_holds_and_says_what_it_is_worth() -> None:
    report = climbed(
        allowed=frozenset(
            {
                "SometimesConflictTruncated",
                "SometimesNextIndexBacksUp",
                "SometimesCommitForgotten",
                "SometimesSnapshotReplacesConflict",
            }
        )
    )
    assert report.verdict == "HOLDS_WITHIN_BOUNDS"
    assert report.is_whole
    assert "quorum-of-half" in report.calibration.shown
    assert "older-term-committed" in report.calibration.others


class Unasked(Node):
    def actions(self, state):  # type: ignore[no-untyped-def]
        return (each for each in super().actions(state) if not isinstance(each, ClientRequest))


@pytest.mark.usefixtures("quick")
def test_what_was_not_reached_is_no_pass() -> None:
    report = climbed(Unasked)
    assert report.verdict == "HOLDS_VACUOUSLY"
    assert {"SometimesCommitted", "ClientRequest"} <= {*report.unreached}


class StartsWithAVote(Node):
    def initial(self, server):  # type: ignore[no-untyped-def]
        return replace(super().initial(server), voted_for=server)


@pytest.mark.usefixtures("quick")
def test_a_node_that_starts_otherwise_is_no_pass() -> None:
    report = climbed(StartsWithAVote)
    assert report.found is not None
    assert report.found.found is not None
    assert (report.found.found.prop, len(report.found.found.trace.steps)) == (
        "InitialRefinement", 0,
    )  # fmt: skip


class Mute(Node):
    def act(self, state, action):  # type: ignore[no-untyped-def]
        step = super().act(state, action)
        return step and step._replace(messages=())


@pytest.mark.usefixtures("quick")
def test_a_mute_node_is_no_pass() -> None:
    properties = PropertyRequest(refine=False)
    report = LadderCheck(ClusterRequest(node=Mute, properties=properties)).run()
    assert report.verdict == "HOLDS_VACUOUSLY"
    assert "Receive" in report.unreached


def test_a_node_of_another_protocol_is_searched_too() -> None:
    ring = ClusterRequest(node=toys.Ring)
    report = LadderCheck(ring, seconds=3).run()
    assert report.cluster.is_raft is False
    assert report.rungs[0].rung.name == "two servers"


@pytest.mark.long
@pytest.mark.usefixtures("quick")
def test_what_time_is_left_is_walked_through() -> None:
    report = climbed(seconds=20)
    assert sum(each.walks or 0 for each in report.rungs) > 1
    assert report.rungs[-1].report is not None
    assert report.rungs[-1].report.transitions > 100


@pytest.mark.usefixtures("quick")
def test_the_time_is_a_budget() -> None:
    began = time.monotonic()
    report = LadderCheck(seconds=0.3).run()
    assert time.monotonic() - began < 10
    assert report.verdict == "INCOMPLETE"
    assert not report.is_whole


def test_without_a_compiler_what_is_large_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is searched as far as there is time; what was not is in what the verdict is worth."""
    large = [rung for rung in RUNGS if rung.is_large]
    rungs = [rung for rung in RUNGS if rung.name in QUICK[:1]] + large
    monkeypatch.setattr(ladder, "RUNGS", rungs)
    monkeypatch.setattr(ladder, "_HAS_NATIVE", False)
    monkeypatch.setattr(ladder, "SECONDS", 0.5)
    report = climbed()
    assert report.planned == 1
    assert report.is_whole
    assert "hint-taken-for-match" in report.calibration.others


class Ends(Node):
    def receive(self, state, message):  # type: ignore[no-untyped-def]
        os._exit(0)


class Exits(Node):
    def receive(self, state, message):  # type: ignore[no-untyped-def]
        raise SystemExit(0)


class Interrupts(Node):
    def receive(self, state, message):  # type: ignore[no-untyped-def]
        raise KeyboardInterrupt


class Sends(Node):
    def receive(self, state, message):  # type: ignore[no-untyped-def]
        return Step(state, super().receive(state, message).messages * 1_000)


@pytest.mark.parametrize(
    ("node", "said"),
    [
        (Ends, r"the process that searches was ended \(exit code 0\)"),
        (Exits, "Exits.receive raises SystemExit: 0"),
        (Interrupts, "Interrupts.receive raises KeyboardInterrupt"),
        (Sends, "Sends.receive sends 1,000 messages in a step"),
    ],
)
def test_a_node_that_ends_the_search_is_named(node: type[Node], said: str) -> None:
    with pytest.raises(ActorError, match=said):
        climbed(node)


def test_a_node_that_tells_servers_apart_is_searched_without_symmetry() -> None:
    class OneForgets(Node):
        def restart(self, state):  # type: ignore[no-untyped-def]
            after = super().restart(state)
            return replace(after, voted_for=None) if state.me == "s2" else after

    report = climbed(OneForgets, seconds=60)
    assert report.consequence is not None
    assert report.consequence.found is not None
    assert report.consequence.found.prop == "ElectionSafety"
    assert "without symmetry: OneForgets.restart tells servers apart" in report.consequence.note


# ---- Several at a time


def jobs(*seconds: float) -> Iterator[Job]:
    def work(number: int, pause: float) -> object:
        def do(tell: object) -> tuple[int, bool]:
            time.sleep(pause)
            return number, number in (1, 2)

        return do

    for number, pause in enumerate(seconds):
        yield Job(number, str(number), work(number, pause), time.monotonic() + 60)  # type: ignore[arg-type]


def test_the_first_in_order_counts_though_a_later_one_is_faster() -> None:
    race = Race(3, lambda found: found[1], lambda now: None)
    race.run(jobs(0.2, 0.6, 0.0, 0.0))
    assert [race.results[number] for number in (0, 1)] == [(0, False), (1, True)]
    assert 3 not in race.results


def test_rungs_get_larger_without_end() -> None:
    rungs: list[Rung] = []
    for rung in deeper():
        rungs.append(rung)
        if len(rungs) == 30:
            break
    assert len({tuple(rung.sizes.items()) for rung in rungs}) == 30


# ---- The command


def test_the_command_tells_the_rung_and_how_to_search_it_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    picture = tmp_path / "bug.svg"
    node = ["--node", "raft_ref.bugs:VoteNotPersisted", "--time", "60s"]
    command = ["check", *node, "--diagram", str(picture)]
    assert main(command) == 1
    out = capsys.readouterr().out
    assert out.startswith("VIOLATED: ElectionSafety, in 7 steps\n")
    assert 'found by the search "one election"' in out
    assert "3. s2 crashes and restarts: it forgets that it voted for s1." in out
    assert "before that, StepRefinement is violated, in 2 steps" in out
    assert picture.is_file()
    [alone] = [line for line in out.splitlines() if line.startswith("  alone: raft-ref ")]
    words = alone.split()[2:]
    assert main([*words[: words.index("--diagram")], *words[words.index("--diagram") + 2 :]]) == 1
    assert capsys.readouterr().out.startswith("VIOLATED: ElectionSafety, in 7 steps\n")


def test_time_and_bounds_do_not_go_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--time", "5s", "--max-term", "2"]) == 2
    assert "--time: of a search without bounds" in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_climb_and_tells_what_was_covered(number: signal.Signals) -> None:
    process = processes.start(
        [*processes.COMMAND, "check"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    time.sleep(8)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (3, "")
    assert out.startswith("INCOMPLETE: stopped by interrupt when ")
    assert "one election" in out


class VotesKept(Node):
    """What was granted in an earlier candidacy counts in the next."""

    def timeout(self, state):  # type: ignore[no-untyped-def]
        step = super().timeout(state)
        if step is None:
            return None
        votes = state.votes_granted | {state.me}
        return step._replace(state=replace(step.state, votes_granted=votes))


def test_with_four_servers_who_stand_twice_more_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three servers one vote more elects, and nothing is left of a candidacy."""
    [rung] = [rung for rung in RUNGS if rung.name == "four servers stand twice"]
    monkeypatch.setattr(ladder, "RUNGS", [rung])
    report = climbed(VotesKept, seconds=60)
    assert report.found is not None
    assert report.found.found is not None
    assert report.found.found.prop == "StepRefinement"
    assert report.consequence is not None
    assert report.consequence.found is not None
    assert report.consequence.found.prop == "ElectionSafety"
    assert len(report.consequence.found.trace.steps) == 20


class WritesTwice(StoredNode):
    """Entries that are there already are cut off, and written again by a write of its own."""

    def receive(self, stored: Stored, message: Message) -> StoredStep:
        before = stored.memory
        step = self.node.receive(before, message)
        is_taken = any(getattr(each, "success", False) for each in step.messages)
        if not isinstance(message, AppendEntriesRequest) or not message.entries or not is_taken:
            return self.taken(stored, step)
        if message.prev_log_index < before.compacted:
            return self.taken(stored, step)
        kept = before.entries(before.compacted + 1, message.prev_log_index)
        half = replace(step.state, log=kept, commit_index=before.commit_index)
        outcomes = Pending(half, frozenset()), Pending(step.state, frozenset(step.messages))
        pending = (*stored.pending, *outcomes)
        return StoredStep(replace(stored, pending=pending), (), step.actions)


FURTHER = [rung for rung in RUNGS if rung.own > 1]


def test_what_waits_behind_what_waits_shows_where_there_is_room_for_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ladder, "RUNGS", FURTHER)
    node = f"{WritesTwice.__module__}:{WritesTwice.__name__}"
    assert main(["check", "--node", node, "--time", "60s"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("VIOLATED: StateMachineSafety")
    [alone] = [line for line in out.splitlines() if line.startswith("  alone: raft-ref ")]
    assert " --bound max_pending=2" in alone
    assert main(alone.split()[2:]) == 1
    assert capsys.readouterr().out.startswith("VIOLATED: StateMachineSafety")
    assert main([*alone.split()[2:-1], "max_pending=1"]) != 1


def test_a_node_without_measures_of_its_own_is_not_searched_for_what_goes_further() -> None:
    assert FURTHER
    names = {each.name for each in FURTHER}
    assert not names & {each.rung.name for each in climbed(QuorumOfHalf, seconds=5).rungs}


def test_every_known_bug_of_a_node_is_one_that_the_rungs_show() -> None:
    """By what is known of it; the next test finds each of them."""
    tied = frozenset(bug.breaks for bug in BUGS.values())
    searched = [Searched(rung.sizes, tied, rung.goal) for rung in RUNGS]
    assert calibrated(searched).others == ()


def test_nothing_is_known_of_snapshots_for_a_node_that_has_none() -> None:
    tied = frozenset(bug.breaks for bug in BUGS.values())
    measures = ("max_term", "max_log_length")
    searched = [Searched(rung.limits(measures), tied, rung.goal) for rung in RUNGS]
    assert calibrated(searched).others == (
        "compacted-entries-appended-again", "heartbeat-instead-of-snapshot",
        "term-of-compacted-entry-unknown", "snapshot-lowers-term", "conflicting-log-kept",
        "older-snapshot-overwrites-newer",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("on", "known"),
    [
        ({Feature.PRE_VOTE}, 9),
        ({Feature.CHECK_QUORUM}, 5),
        ({Feature.LEADERSHIP_TRANSFER}, 5),
        ({Feature.PRE_VOTE, Feature.CHECK_QUORUM}, 15),
        ({Feature.READ_INDEX}, 5),
        ({Feature.READ_INDEX, Feature.LEASES}, 11),
        (REFINING, len(FEATURE_BUGS) + len(READ_BUGS)),
        ({Feature.MEMBERSHIP}, 8),
        ({Feature.MEMBERSHIP, Feature.JOINT_CONSENSUS}, 12),
        ({Feature.MEMBERSHIP, Feature.APPLIED_MEMBERSHIP}, 10),
    ],
)
def test_every_known_bug_of_a_feature_is_one_that_its_rungs_show(
    on: set[Feature], known: int
) -> None:
    bugs = (*FEATURE_BUGS.values(), *READ_BUGS.values(), *MEMBERSHIP_BUGS.values())
    tied = frozenset(bug.breaks for bug in bugs)
    searched = [
        Searched(
            {MAX_READS: rung.own, MAX_ROUNDS: rung.own, MAX_CHANGES: rung.own, **rung.sizes},
            tied,
            rung.goal,
            rung.features or frozenset(on),
        )
        for rung in FEATURE_RUNGS
        if (rung.features or frozenset()) <= on
    ]
    found = calibrated(searched, frozenset(on))
    assert (len(found.shown), found.others) == (known, ())


def test_what_more_features_make_of_a_bug_is_not_known() -> None:
    """It may need a message or a term more than it does alone."""
    bug = FEATURE_BUGS["timeout-now-sent-to-server-behind"]
    sizes = {**bug.bounds, "values": 1}
    alone, all_on = frozenset({Feature.LEADERSHIP_TRANSFER}), REFINING
    tied = frozenset({bug.breaks})
    assert calibrated([Searched(sizes, tied, None, alone)], all_on).shown == (
        "timeout-now-sent-to-server-behind",
    )
    assert calibrated([Searched(sizes, tied, None, all_on)], all_on).shown == ()


class AsksLearners(ExtendedNode):
    def _peers(self, state):  # type: ignore[no-untyped-def]
        return (each for each in self.servers if each in self.members_of(state) - {state.me})


def test_who_asks_learners_for_votes_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    rungs = [rung for rung in FEATURE_RUNGS if rung.name == "a crash with a learner"]
    monkeypatch.setattr(ladder, "FEATURE_RUNGS", rungs)
    monkeypatch.setattr(ladder, "deeper", lambda is_raft, features: iter(()))
    asked = ClusterRequest(node=AsksLearners, features=frozenset({Feature.MEMBERSHIP}))
    report = LadderCheck(asked).run()
    assert report.found is not None
    assert report.found.found is not None
    assert (report.found.found.prop, len(report.found.found.trace.steps)) == ("StepRefinement", 7)


@pytest.fixture
def quick_with_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave only rungs that take less than a second."""
    names = ("two ask at once", "four servers are led")
    monkeypatch.setattr(
        ladder, "FEATURE_RUNGS", [rung for rung in FEATURE_RUNGS if rung.name in names]
    )
    monkeypatch.setattr(ladder, "deeper", lambda is_raft, features: iter(()))
    monkeypatch.setattr(ladder, "SECONDS", 0.5)


@pytest.mark.usefixtures("quick_with_features")
def test_with_features_each_rung_has_those_on_that_it_is_about() -> None:
    def names(features: set[Feature]) -> list[str]:
        request = ClusterRequest(features=frozenset(features))
        return [each.rung.name for each in LadderCheck(request).run().rungs]

    assert names({*Feature}) == ["two ask at once", "four servers are led"]
    assert names({Feature.CHECK_QUORUM}) == ["four servers are led"]
    assert names({Feature.LEADERSHIP_TRANSFER}) == []


@pytest.mark.usefixtures("quick_with_features")
def test_a_node_with_features_is_told_how_to_search_a_rung_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    node = f"{LeaderGrantsPreVote.__module__}:{LeaderGrantsPreVote.__name__}"
    command = ["check", "--node", node, "--with", "all", "--time", "60s"]
    assert main(command) == 1
    out = capsys.readouterr().out
    assert out.startswith("VIOLATED: PreVoteOnlyWithoutLeader, in ")
    [alone] = [line for line in out.splitlines() if line.startswith("  alone: raft-ref ")]
    assert "--with pre-vote " in f"{alone} "
    assert main(alone.split()[2:]) == 1
    assert capsys.readouterr().out.startswith("VIOLATED: PreVoteOnlyWithoutLeader, in ")


@pytest.mark.usefixtures("quick_with_features")
@pytest.mark.parametrize(
    ("given", "whose"), [([], "0.5 s without --time"), (["--time", "1s"], "--time 1s")]
)
def test_where_no_time_is_left_it_is_said_whose_time_that_was(
    given: list[str], whose: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["check", "--with", "transfer", "--quiet", *given])
    said = f"\n  no time was left for deeper searches and walks ({whose})\n"
    assert said in capsys.readouterr().out


@pytest.mark.long
def test_with_how_many_voters_a_rung_began_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    none = dict.fromkeys(("max_snapshot_index", "max_restarts", "max_drops", "max_duplicates"), 0)
    sizes = {"servers": 2, "voters": 1, "values": 1, "max_term": 1, "max_log_length": 2, **none}
    sizes |= {"max_messages": 2, "max_changes": 1}
    rung = Rung("one", "for this test", sizes, features=frozenset({Feature.MEMBERSHIP}))
    monkeypatch.setattr(ladder, "FEATURE_RUNGS", [rung])
    monkeypatch.setattr(ladder, "deeper", lambda is_raft, features: iter(()))
    node = MEMBERSHIP_BUGS["committed-by-old-configuration"].node
    named = f"{node.__module__}:{node.__name__}"
    assert main(["check", "--node", named, "--with", "membership", "--time", "60s"]) == 1
    out = capsys.readouterr().out
    [alone] = [line for line in out.splitlines() if line.startswith("  alone: raft-ref ")]
    assert " --voters 1 " in alone
    assert main([*alone.split()[2:], "--quiet"]) == 1


class NeverAsks(ExtendedNode):
    def request_pre_votes(self, state):  # type: ignore[no-untyped-def]
        return None


@pytest.mark.usefixtures("quick_with_features")
def test_a_node_that_never_asks_is_no_pass() -> None:
    """What other rungs have not on is not taken there, and so not by any."""
    properties = PropertyRequest(refine=False)
    report = LadderCheck(ClusterRequest(node=NeverAsks, properties=properties)).run()
    assert report.verdict == "HOLDS_VACUOUSLY"
    assert {"RequestPreVotes", "SometimesPreVoteGranted"} <= {*report.unreached}


@pytest.mark.long
@pytest.mark.parametrize("features", ["pre-vote", "check-quorum", "transfer", "all"])
def test_the_plain_command_holds_with_features(
    features: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--with", features, "--quiet"]) == 0
    head, *more = capsys.readouterr().out.splitlines()
    assert head == "HOLDS WITHIN BOUNDS"
    assert any("known bugs of a node show within this search" in line for line in more)


@pytest.mark.long
def test_what_changes_can_bring_about_is_reached_by_the_rungs_themselves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not by walks at random, or the verdict would be another with another seed."""
    monkeypatch.setattr(ladder, "deeper", lambda is_raft, features: iter(()))
    request = ClusterRequest(features=frozenset({Feature.MEMBERSHIP}))
    report = LadderCheck(request, seconds=40).run()
    rungs = [each for each in report.rungs if not each.is_deeper]
    assert all(each.is_whole for each in rungs)
    assert unreached([each.report for each in rungs]) == ()


@pytest.mark.long
@pytest.mark.parametrize("name", EXPLORED)
def test_the_plain_command_finds_every_known_bug(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    node = EXPLORED[name].node
    assert main(["check", "--node", f"{node.__module__}:{node.__name__}", "--quiet"]) == 1
    assert capsys.readouterr().out.startswith("VIOLATED: ")
