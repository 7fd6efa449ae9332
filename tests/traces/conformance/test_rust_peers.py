"""Libraries in Rust, driven by adapters: what they do, and what they do wrong."""

from pathlib import Path
from typing import Any

import pytest

from raft_ref.cli import main
from raft_ref.features import Feature
from raft_ref.traces.conformance.adapter import Adapter
from raft_ref.traces.conformance.hunting.departures import kind, read_known
from raft_ref.traces.conformance.hunting.draws import Likely
from raft_ref.traces.conformance.run import Runner, following
from raft_ref.traces.conformance.schedule import Command
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation.validate import validate
from raft_ref.traces.validation.verdict import Outcome
from tests.support.rust import WORKSPACE, built
from tests.traces.conformance.test_conformance import THREE, hunt
from tests.traces.conformance.test_peers import FOUND, Driven, changing_hunt, stale_read

FOUR = (*THREE, "s4")
FIVE = (*FOUR, "s5")


def little_raft(servers: tuple[str, ...], *options: str) -> tuple[Adapter, Driven]:
    adapter = Adapter([str(built("little_raft")), *options])
    return adapter, Driven(adapter, servers)


def deposed(cluster: Driven, leader: str, by: str) -> None:
    """Let a leader hear of a later term, from somebody who answers it."""
    cluster.ask("AppendEntries", server=leader)
    cluster.receive("AppendEntriesRequest", leader, by)
    state = cluster.receive("AppendEntriesResponse", by, leader)
    assert state["role"] == "Follower"


@pytest.mark.long
def test_votes_of_an_earlier_term_elect_a_second_leader() -> None:
    adapter, cluster = little_raft(THREE)
    with adapter:
        cluster.ask("Timeout", server="s1")
        cluster.receive("RequestVoteRequest", "s1", "s2")
        cluster.ask("Timeout", server="s1")
        first = cluster.receive("RequestVoteResponse", "s2", "s1")
        second = cluster.elect("s2", ("s3",))
    assert first["role"] == second["role"] == "Leader"
    assert first["currentTerm"] == second["currentTerm"] == 2


@pytest.mark.long
def test_two_of_four_elect_a_leader() -> None:
    adapter, cluster = little_raft(FOUR)
    with adapter:
        first = cluster.elect("s1", ("s2",))
        second = cluster.elect("s3", ("s4",))
    assert first["currentTerm"] == second["currentTerm"] == 1


@pytest.mark.long
def test_a_vote_is_forgotten() -> None:
    adapter, cluster = little_raft(THREE)
    with adapter:
        first = cluster.elect("s1", ("s2",))
        cluster.ask("Restart", server="s2")
        second = cluster.elect("s3", ("s2",))
    assert first["currentTerm"] == second["currentTerm"] == 1


@pytest.mark.long
def test_who_takes_entries_of_a_later_term_and_does_not_adopt_it() -> None:
    adapter, cluster = little_raft(FIVE)
    with adapter:
        cluster.elect("s1", ("s3", "s4"))
        cluster.ask("Timeout", server="s2")
        cluster.elect("s2", ("s4", "s5"))
        for follower in ("s3", "s5"):
            first = cluster.replicate("s2", follower)
        cluster.ask("AppendEntries", server="s1")
        lost = cluster.receive("AppendEntriesRequest", "s1", "s3")
        deposed(cluster, "s1", "s4")
        cluster.ask("Timeout", server="s3")
        cluster.elect("s3", ("s1", "s4"))
        for follower in ("s1", "s4"):
            for _ in range(2):
                second = cluster.replicate("s3", follower)
    assert (first["commitIndex"], first["log"][0]["term"]) == (1, 2)
    assert lost["log"][0]["term"] == 1
    assert (second["commitIndex"], second["log"][0]["term"]) == (2, 1)


@pytest.mark.long
def test_an_answer_of_an_earlier_term_is_counted() -> None:
    adapter, cluster = little_raft(FIVE)
    with adapter:
        cluster.elect("s1", ("s4", "s5"))
        cluster.ask("ClientRequest", server="s1", arguments={"value": "a"})
        cluster.receive("RequestVoteRequest", "s1", "s3")
        cluster.receive("AppendEntriesRequest", "s1", "s3")
        cluster.ask("Timeout", server="s2")
        cluster.elect("s2", ("s4", "s5"))
        deposed(cluster, "s1", "s4")
        cluster.ask("AppendEntries", server="s2")
        cluster.receive("AppendEntriesRequest", "s2", "s1")
        cluster.ask("ClientRequest", server="s2", arguments={"value": "b"})
        cluster.elect("s1", ("s4", "s5"))
        deposed(cluster, "s2", "s5")
        cluster.receive("AppendEntriesResponse", "s3", "s1")
        for _ in range(2):
            first = cluster.replicate("s1", "s4")
        cluster.elect("s2", ("s3", "s5"))
        for follower in ("s3", "s5"):
            for _ in range(3):
                second = cluster.replicate("s2", follower)
    assert first["commitIndex"] == 2
    assert second["commitIndex"] == 3
    assert [first["log"][1]["term"], second["log"][1]["term"]] == [3, 2]


@pytest.mark.long
def test_behind_a_snapshot_a_conflict_stays_and_is_acknowledged() -> None:
    adapter, cluster = little_raft(THREE, "--delta", "2")
    with adapter:
        cluster.elect("s2", ("s3", "s1"))
        for follower in ("s3", "s1", "s1"):
            cluster.replicate("s2", follower)
        cluster.ask("ClientRequest", server="s2", arguments={"value": "a"})
        cluster.elect("s1", ("s3",))
        deposed(cluster, "s2", "s3")
        first = cluster.replicate("s1", "s2")
        elected = cluster.elect("s2", ("s3",))
        for _ in range(2):
            second = cluster.replicate("s2", "s3")
    assert [first["commitIndex"], second["commitIndex"]] == [2, 3]
    assert first["log"] == [{"term": 2, "value": ""}]
    assert [entry["value"] for entry in elected["log"]] == ["a", ""]


@pytest.mark.long
def test_a_snapshot_takes_a_server_back_to_an_earlier_term() -> None:
    adapter, cluster = little_raft(THREE, "--delta", "2")
    with adapter:
        cluster.elect("s1", ("s2",))
        for _ in range(2):
            cluster.replicate("s1", "s2")
        first = cluster.elect("s2", ("s3",))
        deposed(cluster, "s1", "s3")
        cluster.replicate("s2", "s3")
        cluster.ask("AppendEntries", server="s2")
        state = cluster.receive("InstallSnapshotRequest", "s2", "s3")
        second = cluster.elect("s3", ("s1",))
    assert state["currentTerm"] == 1
    assert first["currentTerm"] == second["currentTerm"] == 2


@pytest.mark.long
@pytest.mark.deep
def test_who_led_before_sends_entries_of_a_later_leader_as_its_own() -> None:
    """A task that replicates outlives the leadership, and reads a log that is another by then.

    s3 has leave to send s1 its entry at 3, behind v4, when it is deposed; it sends what a later
    leader has put there. s1 then has an entry of term 2 behind one of term 1, and is elected.
    """
    adapter = Adapter([str(built("openraft"))])
    with adapter:
        cluster = Driven(adapter, FIVE)
        cluster.elect("s3", ("s1", "s2"))
        for follower in ("s1", "s2", "s4", "s5", "s1"):
            answered(cluster, "s3", follower)
        cluster.ask("ClientRequest", server="s3", arguments={"value": "v4"})
        answered(cluster, "s3", "s1")
        cluster.ask("Timeout", server="s2")
        cluster.ask("AppendEntries", server="s3")
        cluster.ask("ClientRequest", server="s3", arguments={"value": "v5"})
        for voter in ("s4", "s5"):
            cluster.receive("RequestVoteRequest", "s2", voter)
            cluster.receive("RequestVoteResponse", voter, "s2")
        for follower in ("s4", "s5"):
            first = answered(cluster, "s2", follower)
        cluster.ask("ClientRequest", server="s2", arguments={"value": "x"})
        for _ in range(3):
            answered(cluster, "s2", "s3")
        cluster.ask("Timeout", server="s5")
        mixed = cluster.receive("AppendEntriesRequest", "s3", "s1")
        for _ in range(2):
            cluster.ask("Timeout", server="s1")
        cluster.elect("s1", ("s4", "s5"))
        for follower in ("s4", "s5"):
            second = answered(cluster, "s1", follower)
    assert [entry["term"] for entry in mixed["log"]] == [1, 1, 2]
    assert [first["commitIndex"], second["commitIndex"]] == [2, 4]
    assert [entry["term"] for entry in first["log"]] == [1, 2]
    assert [entry["term"] for entry in second["log"]] == [1, 1, 2, 4]


def answered(cluster: Driven, leader: str, follower: str) -> dict[str, Any]:
    """Let what a leader has sent arrive, and the answer; return its state then."""
    cluster.receive("AppendEntriesRequest", leader, follower)
    return cluster.receive("AppendEntriesResponse", follower, leader)


@pytest.mark.long
@pytest.mark.deep
def test_what_is_merged_to_be_stored_is_another_log() -> None:
    """Noraft merges what two steps ask for, and the second begins before the first.

    s1 leads once more, which is to store an entry at 3, and takes the entries at 1 and 2 of a later
    leader before it has: only what is behind 2 is stored. It has acknowledged both.
    """
    with Adapter([str(built("noraft")), "--pipelined"]) as adapter:
        cluster = Driven(adapter, THREE)
        voted(cluster, "s1", "s3")
        taken(cluster, "RequestVoteResponse", "s3", "s1")
        voted(cluster, "s3", "s1")
        voted(cluster, "s1", "s3")
        taken(cluster, "RequestVoteResponse", "s3", "s1")
        voted(cluster, "s3", "s1")
        voted(cluster, "s1", "s3")
        voted(cluster, "s3", "s2")
        cluster.receive("RequestVoteResponse", "s2", "s3")
        cluster.ask("ClientRequest", server="s3", arguments={"value": "v"})
        cluster.receive("RequestVoteResponse", "s3", "s1")
        cluster.receive("AppendEntriesRequest", "s3", "s1")
        first = cluster.receive("AppendEntriesResponse", "s1", "s3")
        stored = cluster.ask("Restart", server="s1")
        done(cluster, "s1")
        voted(cluster, "s1", "s2")
        second = cluster.receive("RequestVoteResponse", "s2", "s1")
    assert (first["commitIndex"], first["log"][1]) == (2, {"term": 6, "value": "v"})
    assert [entry["term"] for entry in stored["log"]] == [6, 3]
    assert (second["role"], second["currentTerm"]) == ("Leader", 7)
    assert [entry["term"] for entry in second["log"]] == [6, 3, 7]


def done(cluster: Driven, server: str) -> None:
    """Take a second step of a server, with which is done what it asks for."""
    reply = cluster.adapter.ask({"step": "CompactLog", "server": server, "arguments": {"index": 0}})
    cluster.in_flight += reply.sends


def stands(cluster: Driven, server: str) -> None:
    cluster.ask("Timeout", server=server)
    done(cluster, server)


def taken(cluster: Driven, message: str, source: str, dest: str) -> None:
    cluster.receive(message, source, dest)
    done(cluster, dest)


def voted(cluster: Driven, candidate: str, voter: str) -> None:
    """Let a server stand, and another hear of it, whose vote, if it gives one, is on its way."""
    stands(cluster, candidate)
    taken(cluster, "RequestVoteRequest", candidate, voter)


# ---- What was found

LITTLE_RAFT = {
    "vote-of-an-earlier-term-counted": "s1 and s2 both lead term 2",
    "two-of-four-elect": "s1 and s3 both lead term 1",
    "nothing-stored": "s1 and s3 both lead term 1",
    "term-of-entries-not-adopted": "s3 leads term 3 and has another entry at index 1",
    "answer-of-an-earlier-term-counted": "s2 leads term 4 and has another entry at index 2",
    "conflict-kept-behind-snapshot": "s2 leads term 3 and has another entry at index 2",
    "term-lowered-by-snapshot": "s2 and s3 both lead term 2",
}


@pytest.mark.parametrize("path", sorted(FOUND.glob("*.md")), ids=lambda path: path.stem)
def test_what_was_found_is_refused_where_it_stands(path: Path) -> None:
    profile = "etcd" if path.stem.startswith("etcd-") else "raft-ref"
    verdict = validate(path.with_suffix(".ndjson"), PROFILES[profile])
    assert verdict.outcome is Outcome.REFUSED
    text = path.read_text()
    assert path.with_suffix(".svg").name in text
    # What was recorded of threads has a program that does it in the place of a schedule.
    assert path.with_suffix(".schedule.ndjson").name in text or "-scenario " in text


def fatal(library: str, options: str, name: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the verdict of a schedule that was found."""
    schedule = FOUND / f"{library}-{name}.schedule.ndjson"
    command = f"{built(library)} {options}"
    assert main(["conform", "--cmd", command, str(schedule), "--quiet"]) == 1
    return capsys.readouterr().out.splitlines()[0]


@pytest.mark.long
@pytest.mark.parametrize("name", LITTLE_RAFT)
def test_what_was_found_in_little_raft_is_fatal(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict = fatal("little_raft", "--delta 2" * ("snapshot" in name), name, capsys)
    assert verdict.startswith("FATAL ")
    assert LITTLE_RAFT[name] in verdict


@pytest.mark.long
@pytest.mark.deep
@pytest.mark.parametrize(
    ("library", "options", "name", "consequence"),
    [
        ("noraft", "--pipelined", "merged-to-another-log", "s1 leads term 7"),
        ("openraft", "", "entries-of-a-later-leader-sent", "s1 leads term 4"),
    ],
)
def test_what_was_found_is_fatal(
    library: str, options: str, name: str, consequence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict = fatal(library, options, name, capsys)
    assert verdict.startswith("FATAL ")
    assert f"{consequence} and has another entry at index 2" in verdict


# ---- Hunts


@pytest.mark.long
def test_a_hunt_finds_what_little_raft_does() -> None:
    with Adapter([str(built("little_raft"))]) as adapter:
        found = hunt(adapter, 60, is_fifo=True).run().found
    assert found is not None
    assert kind(found).startswith("Receive ")


def known_of(library: str) -> frozenset[str]:
    path = WORKSPACE / library / "known.txt"
    return read_known(path) if path.exists() else frozenset()


@pytest.mark.long
@pytest.mark.deep
@pytest.mark.parametrize(
    ("library", "features", "is_fifo"),
    [
        ("raft-rs", "none", False),
        ("raft-rs", "pre-vote,check-quorum,transfer", False),
        ("rafter", "none", False),
        ("rafter", "pre-vote,check-quorum,transfer", False),
        ("noraft", "none", False),
        ("openraft", "none", True),
    ],
)
def test_a_short_hunt_finds_nothing(library: str, features: str, is_fifo: bool) -> None:
    on = frozenset(each.value for each in Feature.of_option(features))
    with Adapter([str(built(library))]) as adapter:
        adapter.features = on
        chase = hunt(
            adapter, 60, is_fifo=is_fifo, known=known_of(library), likely=Likely(features=on)
        )
        hunted = chase.run()
    assert hunted.found is None
    assert hunted.runs == 60
    assert hunted.actions["ClientRequest"] > 60


CHANGED = "membership,joint,as-applied"


@pytest.mark.long
@pytest.mark.deep
@pytest.mark.parametrize("options", ["", "--later --explicit"])
@pytest.mark.parametrize("features", [CHANGED, f"reads,pre-vote,{CHANGED}"])
def test_raft_rs_changes_its_members(features: str, options: str) -> None:
    with Adapter([str(built("raft-rs")), *options.split()]) as adapter:
        chase = changing_hunt(adapter, features, FOUR, known=known_of("raft-rs"))
        hunted = chase.run()
    assert hunted.found is None
    assert {*hunted.changes} >= {"AddServer", "RemoveServer", "EnterJoint"}


@pytest.mark.long
@pytest.mark.deep
def test_noraft_changes_its_members() -> None:
    with Adapter([str(built("noraft"))]) as adapter:
        left_out = ("AddLearner", "PromoteLearner")
        chase = changing_hunt(
            adapter, "membership,joint", FOUR, known=known_of("noraft"), without=left_out
        )
        hunted = chase.run()
    assert hunted.found is None
    assert {*hunted.changes} >= {"EnterJoint", "LeaveJoint"}


@pytest.mark.long
@pytest.mark.deep
def test_openraft_changes_its_members() -> None:
    with Adapter([str(built("openraft"))]) as adapter:
        chase = changing_hunt(
            adapter, "membership,joint", FOUR, known=known_of("openraft"), is_fifo=True
        )
        hunted = chase.run()
    assert hunted.found is None
    assert {*hunted.changes} >= {"EnterJoint", "LeaveJoint"}


@pytest.mark.long
@pytest.mark.deep
def test_rafter_changes_its_members() -> None:
    with Adapter([str(built("rafter"))]) as adapter:
        chase = changing_hunt(adapter, "membership,joint", FOUR, known=known_of("rafter"))
        hunted = chase.run()
    assert hunted.found is None
    assert {*hunted.changes} >= {"EnterJoint", "LeaveJoint"}


@pytest.mark.long
@pytest.mark.deep
@pytest.mark.parametrize("options", ["--ahead", "--ahead --later"])
def test_a_snapshot_with_members_that_are_ahead_of_it_is_refused(options: str) -> None:
    with Adapter([str(built("raft-rs")), *options.split()]) as adapter:
        found = changing_hunt(adapter, "membership,as-applied", THREE).run().found
    assert found is not None
    assert "configuration" in kind(found) or "ApplyConfiguration" in kind(found)


@pytest.mark.long
@pytest.mark.deep
def test_what_a_leader_that_was_made_a_learner_reads_in_raft_rs() -> None:
    """It answers where it has committed, and another leader has committed more before."""
    with Adapter([str(built("raft-rs"))]) as adapter:
        path = FOUND / "raft-rs-demoted-leader-reads-alone.schedule.ndjson"
        lines = stale_read(adapter, "raft-ref", path)
    states = [line["state"] for line in lines if line.get("server") == "s1" and "state" in line]
    answer = lines[-1]
    assert (answer["step"], answer["server"]) == ("AnswerReads", "s2")
    assert answer["arguments"]["index"] == 3
    assert max(each["commitIndex"] for each in states if "commitIndex" in each) == 5


def delivered(kind: str, source: str, dest: str) -> Command:
    return Command("Receive", dest, message={"type": kind, "source": source, "dest": dest})


def led(leader: str, voter: str, rounds: int = 1) -> list[Command]:
    """Return what makes a leader, which commits its first entry after so many rounds."""
    commands = [Command("Timeout", leader)]
    for asked in ("RequestVote", *["AppendEntries"] * rounds):
        commands.append(delivered(f"{asked}Request", leader, voter))
        commands.append(delivered(f"{asked}Response", voter, leader))
    return commands


@pytest.mark.long
@pytest.mark.deep
def test_a_lease_of_raft_rs_that_a_clock_was_wrong_about_is_told() -> None:
    """A leader reads by its clock when another has committed more, which no behaviour has."""
    schedule = [*led("s1", "s2"), *led("s2", "s3", 2), Command("Read", "s1")]
    with Adapter([str(built("raft-rs")), "--leases"]) as adapter:
        adapter.features = frozenset({"CheckQuorum", "ReadIndex"})
        runner = Runner(adapter, PROFILES["raft-ref"])
        good = runner.run(THREE, following([*led("s1", "s2"), Command("Read", "s1")]))
        stale = runner.run(THREE, following(schedule))
    assert good.verdict is not None
    assert good.verdict.actions["TrustClock"] == 1
    assert good.is_good
    assert stale.verdict is not None
    assert stale.verdict.outcome is Outcome.REFUSED
    assert stale.lines[-1]["step"] == "AnswerReads"


def test_where_cargo_is_missing_or_old_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AssertionError, match=r"cargo is missing: install Rust 1\.88"):
        built.__wrapped__("little_raft")
    cargo = tmp_path / "cargo"
    cargo.write_text("#!/bin/sh\necho cargo 1.65.0\n")
    cargo.chmod(0o755)
    with pytest.raises(AssertionError, match=r"1\.65\.0 is too old: install Rust 1\.88"):
        built.__wrapped__("little_raft")
