"""Real implementations, driven by adapters: what they do, and what they do wrong."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from raft_ref.features import Feature
from raft_ref.traces.conformance.adapter import Adapter, Sent
from raft_ref.traces.conformance.hunting.draws import Likely
from raft_ref.traces.conformance.hunting.hunt import Hunt
from raft_ref.traces.conformance.run import Run, Runner, following
from raft_ref.traces.conformance.scenarios import Cover
from raft_ref.traces.conformance.schedule import read
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation.refusals.refusal import as_text, explained
from raft_ref.traces.validation.validate import validate
from raft_ref.traces.validation.verdict import Outcome
from tests.support.extended_schedules import CHANGING
from tests.support.files import RECORDED, ROOT
from tests.traces.conformance.test_conformance import THREE, ends, hunt, shrunk, suite

FOUND = ROOT / "traces" / "found"
PYSYNCOBJ = f"{shlex.quote(sys.executable)} -m tests.peers.pysyncobj_adapter"
C_RAFT = f"{shlex.quote(sys.executable)} -m tests.peers.c_raft"


def test_pysyncobj_conforms_but_for_answers_of_earlier_terms() -> None:
    with Adapter(shlex.split(PYSYNCOBJ)) as adapter:
        found = hunt(adapter, 1_000, is_fifo=True).run().found
    assert found is not None
    assert found.commands[-1].message is not None
    assert found.commands[-1].message["type"] == "AppendEntriesResponse"
    with Adapter([*shlex.split(PYSYNCOBJ), "--answers-in-term"]) as adapter:
        hunted = hunt(adapter, 40, is_fifo=True).run()
    assert hunted.found is None
    assert hunted.actions["ClientRequest"] > 40


class Driven:
    """A cluster of PySyncObj, step by step."""

    def __init__(self, adapter: Adapter, servers: Sequence[str]) -> None:
        self.adapter = adapter
        self.in_flight: list[Sent] = []
        self.ask("Init", servers=servers)

    def ask(self, step: str, **more: Any) -> dict[str, Any]:
        """Take a step, and return the state after it."""
        reply = self.adapter.ask({"step": step, "arguments": {}, **more})
        self.in_flight += reply.sends
        return dict(reply.lines[0].get("state", {}))

    def receive(self, message: str, source: str, dest: str, place: int = -1) -> dict[str, Any]:
        channel = (message, source, dest)
        sent = [each for each in self.in_flight if channel == ends(each.message)][place]
        self.in_flight.remove(sent)
        return self.ask("Receive", server=dest, id=sent.id)

    def elect(self, candidate: str, voters: Sequence[str]) -> dict[str, Any]:
        self.ask("Timeout", server=candidate)
        for voter in voters:
            self.receive("RequestVoteRequest", candidate, voter)
            state = self.receive("RequestVoteResponse", voter, candidate)
        assert state["role"] == "Leader"
        return state

    def replicate(self, leader: str, follower: str) -> dict[str, Any]:
        self.ask("AppendEntries", server=leader)
        self.receive("AppendEntriesRequest", leader, follower)
        return self.receive("AppendEntriesResponse", follower, leader)


def test_what_an_answer_of_an_earlier_term_does_to_pysyncobj() -> None:
    """Two entries are committed at one index: the answers of PySyncObj 0.3.17 carry no term.

    s3 acknowledges two entries of term 1, which s1 hears of as the leader of term 3 only, when both
    have other logs. No message overtakes another, and no server restarts.
    """
    with Adapter(shlex.split(PYSYNCOBJ)) as adapter:
        cluster = Driven(adapter, ("s1", "s2", "s3", "s4", "s5"))
        cluster.elect("s1", ("s4", "s5"))
        cluster.ask("ClientRequest", server="s1", arguments={"value": "a"})
        cluster.ask("AppendEntries", server="s1")
        for _ in range(2):
            cluster.receive("AppendEntriesRequest", "s1", "s3", 0)
        cluster.ask("Timeout", server="s2")
        cluster.elect("s2", ("s4", "s5"))
        cluster.receive("AppendEntriesRequest", "s2", "s1")
        cluster.elect("s1", ("s4", "s5"))
        assert cluster.receive("AppendEntriesResponse", "s3", "s1")["matchIndex"]["s3"] == 2
        for _ in range(2):
            first = cluster.replicate("s1", "s4")
        cluster.receive("RequestVoteRequest", "s1", "s2")
        cluster.elect("s2", ("s3", "s5"))
        for follower in ("s3", "s5"):
            for _ in range(3):
                second = cluster.replicate("s2", follower)
    assert first["commitIndex"] == second["commitIndex"] == 2
    assert [entry["term"] for entry in first["log"]] == [2, 3]
    assert [entry["term"] for entry in second["log"]] == [2, 4]


@pytest.mark.long
def test_what_an_acknowledgement_of_more_than_matches_does_to_c_raft() -> None:
    """Two entries are committed at one index: C raft 0.15 answers with where its own log ends.

    s2 has an entry of term 2 which nobody else has, and answers a heartbeat of term 3; so s1
    takes its own entry at that index for stored. No message overtakes another, and none is lost
    that matters.
    """
    with Adapter(shlex.split(C_RAFT)) as adapter:
        cluster = Driven(adapter, THREE)
        cluster.elect("s2", ("s3",))
        cluster.ask("ClientRequest", server="s2", arguments={"value": "a"})
        cluster.receive("RequestVoteRequest", "s2", "s1")
        cluster.elect("s1", ("s3",))
        cluster.receive("AppendEntriesRequest", "s1", "s2", 0)
        cluster.ask("ClientRequest", server="s1", arguments={"value": "b"})
        first = cluster.receive("AppendEntriesResponse", "s2", "s1", 0)
        cluster.elect("s2", ("s3",))
        for _ in range(2):
            second = cluster.replicate("s2", "s3")
    assert first["commitIndex"] == second["commitIndex"] == 2
    assert [first["log"][1]["value"], second["log"][1]["value"]] == ["b", "a"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("is_fifo", "seed", "refused"),
    [
        (True, 1, "message matchIndex"),  # it acknowledges more than matches
        (False, 1, "commitIndex"),  # it commits entries of older terms (canonical/raft#220)
    ],
)
def test_c_raft_is_driven_afresh_and_refused(is_fifo: bool, seed: int, refused: str) -> None:
    with Adapter(shlex.split(C_RAFT)) as adapter:
        chase = Hunt(adapter, PROFILES["raft-ref"], THREE, seed, 60, 60, is_fifo=is_fifo)
        found = chase.run().found
        assert found is not None
        best = shrunk(chase.runner, found)
    assert best.verdict is not None
    assert any(refused in line for line in as_text(explained(best.verdict).candidates))


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("pysyncobj/run-1", Outcome.ACCEPTED),
        ("pysyncobj/run-2", Outcome.ACCEPTED),
        ("pysyncobj/run-3", Outcome.ACCEPTED),
        ("pysyncobj/answer-of-an-earlier-term", Outcome.REFUSED),
        ("pysyncobj/truncated-without-conflict", Outcome.REFUSED),
        ("c_raft/run-4", Outcome.ACCEPTED),
        ("c_raft/run-13", Outcome.ACCEPTED),
        ("c_raft/run-19", Outcome.ACCEPTED),
        ("c_raft/acknowledged-more-than-matches", Outcome.REFUSED),
        ("c_raft/older-term-committed", Outcome.REFUSED),
    ],
)
def test_what_was_recorded(name: str, outcome: Outcome) -> None:
    path = RECORDED / f"{name}.ndjson"
    verdict = validate(path, PROFILES["raft-ref"])
    assert verdict.outcome is outcome
    if outcome is Outcome.REFUSED:
        assert verdict.line is not None
        assert verdict.line >= len(path.read_text().splitlines()) - 1


ETCD = ROOT / "tests" / "peers" / "etcd"


def built_etcd(folder: Path) -> Path:
    """Build the adapter of etcd's library, and return its path."""
    go = shutil.which("go") or str(Path(sys.executable).with_name("go"))
    peer = folder / "etcd"
    subprocess.run([go, "build", "-tags", "with_tla", "-o", peer, "."], cwd=ETCD, check=True)
    return peer


@pytest.mark.long
def test_etcd_is_recorded_afresh_and_conforms(tmp_path: Path) -> None:
    peer = built_etcd(tmp_path)
    for seed in (4, 7):
        path = tmp_path / f"{seed}.ndjson"
        with path.open("wb") as file:
            recording = [str(peer), "-seed", str(seed), "-steps", "500", "-snapshots"]
            subprocess.run(recording, stdout=file, check=True)
        assert validate(path, PROFILES["etcd"]).outcome is Outcome.ACCEPTED
    with Adapter([str(peer), "-adapter"]) as adapter:
        chase = Hunt(adapter, PROFILES["etcd"], THREE, seed=1, runs=40, steps=50)
        chase.probe()  # it ends at a step that it does not know
        hunted = chase.run()
        runner = Runner(adapter, PROFILES["etcd"])
        runs = [runner.run(s.servers, following([*s.commands])) for s in suite(Cover.BRANCHES)[0]]
    assert hunted.found is None
    assert hunted.runs == 40
    assert all(run.is_good for run in runs)
    for features in (
        "pre-vote",
        "check-quorum,transfer",
        "pre-vote,check-quorum,transfer",
        "reads",
    ):
        path = tmp_path / f"{features}.ndjson"
        with path.open("wb") as file:
            recording = [str(peer), "-seed", "2", "-steps", "500", "-with", features]
            subprocess.run(recording, stdout=file, check=True)
        assert validate(path, PROFILES["etcd"]).outcome is Outcome.ACCEPTED
        with Adapter([str(peer), "-adapter", "-with", features]) as adapter:
            on = frozenset(each.value for each in Feature.of_option(features))
            likely = Likely(features=on)
            chase = Hunt(adapter, PROFILES["etcd"], THREE, seed=3, runs=40, steps=60, likely=likely)
            assert chase.run().found is None
    path = tmp_path / "leases.ndjson"
    with path.open("wb") as file:
        recording = [str(peer), "-seed", "2", "-steps", "500", "-with", "leases"]
        subprocess.run(recording, stdout=file, check=True)
    assert validate(path, PROFILES["etcd"]).outcome is Outcome.ACCEPTED
    for name, changing in (("membership", CHANGING[2]), ("joint", CHANGING[3])):
        path = tmp_path / f"{name}.ndjson"
        with path.open("wb") as file:
            recording = [str(peer), "-seed", "5", "-servers", "4", "-voters", "3", "-with", name]
            subprocess.run([*recording, "-snapshots"], stdout=file, check=True)
        assert validate(path, PROFILES["etcd"]).outcome is Outcome.ACCEPTED
        with Adapter([str(peer), "-adapter", "-with", name]) as adapter:
            likely = Likely(features=frozenset(each.value for each in changing))
            adapter.features = likely.features
            chase = Hunt(adapter, PROFILES["etcd"], THREE, seed=3, runs=40, steps=60, likely=likely)
            hunted = chase.run()
            assert hunted.found is None
            assert {"ChangeTo", "ApplyUpTo"} <= {*hunted.actions}


def changing_hunt(
    adapter: Adapter,
    options: str,
    servers: Sequence[str],
    profile: str = "raft-ref",
    without: Sequence[str] = (),
    **more: Any,
) -> Hunt:
    """Return a hunt of so many schedules in which members come and go more often than by chance."""
    on = frozenset(each.value for each in Feature.of_option(options, [*Feature]))
    adapter.features = on
    often = {"AddServer": 4, "RemoveServer": 3, "EnterJoint": 4, "CompactLog": 4, "Restart": 4}
    likely = Likely(frozenset(without), often, on)
    return Hunt(
        adapter, PROFILES[profile], tuple(servers), seed=2, runs=12, steps=80, likely=likely, **more
    )


def stale_read(adapter: Adapter, profile: str, path: Path) -> list[Any]:
    """Follow a schedule in which a leader that votes no more reads; return the lines of that."""
    found = read(path)
    adapter.features = found.features
    run = Runner(adapter, PROFILES[profile]).run(found.servers, following(found.commands))
    assert run.verdict is not None
    assert run.verdict.outcome is Outcome.REFUSED
    assert "nobody has acknowledged a round" in explained(run.verdict).why
    return [*run.lines]


@pytest.mark.long
def test_etcd_changes_its_members(tmp_path: Path) -> None:
    peer, options = str(built_etcd(tmp_path)), "membership,joint,as-applied"
    with Adapter([peer, "-adapter", "-with", "explicit"]) as adapter:
        hunted = changing_hunt(adapter, options, (*THREE, "s4"), "etcd").run()
    assert hunted.found is None
    assert {*hunted.changes} >= {"AddServer", "EnterJoint", "LeaveJoint"}
    with Adapter([peer, "-adapter", "-stale", "-with", "membership"]) as adapter:
        found = changing_hunt(adapter, "membership,as-applied", (*THREE, "s4"), "etcd").run().found
    assert found is not None


def followed_by_the_only_voter(adapter: Adapter) -> Run:
    """Follow the same, but that the leader removes the other one: it may read alone."""
    found = read(FOUND / "etcd-removed-leader-reads-alone.schedule.ndjson")
    commands = [
        replace(each, arguments={"peer": "s1"}) if each.step == "RemoveServer" else each
        for each in found.commands
        if (each.step, each.server) not in (("Timeout", "s1"), ("ClientRequest", "s1"))
    ]
    return Runner(adapter, PROFILES["etcd"]).run(found.servers, following(commands))


@pytest.mark.long
def test_what_a_leader_that_was_removed_reads_in_etcd(tmp_path: Path) -> None:
    """It answers where it has committed, and another leader has committed more before."""
    with Adapter([str(built_etcd(tmp_path)), "-adapter", "-with", "reads,membership"]) as adapter:
        lines = stale_read(
            adapter, "etcd", FOUND / "etcd-removed-leader-reads-alone.schedule.ndjson"
        )
        alone = followed_by_the_only_voter(adapter)
    assert alone.is_good
    told = [line["event"] for line in lines if line["tag"] == "trace"]
    committed = max(each["state"]["commit"] for each in told if each["nid"] == "s1")
    assert (told[-1]["name"], told[-1]["nid"]) == ("ReadState", "s2")
    assert (told[-1]["prop"]["readIndex"], committed) == (4, 6)
