"""What README.md shows is what a user gets."""

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from raft_ref.cli import main
from raft_ref.server import parse_address
from raft_ref.spec.proof.needs import GOALS
from raft_ref.spec.proof.questions import EVERY
from tests.raft_ref.server.test_sockets import free_ports
from tests.support import processes
from tests.support.files import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"^```console\n\$ raft-ref (.*?)\n(.*?)^```", README, re.S | re.M)
SHOWN = [(command, output) for command, output in _BLOCKS if "\n$ raft-ref " not in output]
SESSIONS = [f"{command}\n{output}" for command, output in _BLOCKS if "\n$ raft-ref " in output]
"""Blocks of several commands, one after the other."""

PYTHON = re.findall(r"^```python\n(.*?)^```", README, re.S | re.M)


SLOW = (
    "check --bug older-term-committed --random",
    'conform --cmd "python toy',
    "generate",
    "prove --conjecture",
    "prove --quiet",
    "prove --with membership --quiet",
    "spec compare",
)
LADDER = "check"
"""The command that searches deeper while there is time, and so never twice the same."""


def untimed(text: str) -> str:
    """Leave out what no two runs share."""
    text = re.sub(r"[\d.]+ s, [\d,]+(/s| (states|steps)/s( \(.*engine.*\))?)", "TIME", text)
    text = re.sub(r"distinct states in all; [\d.]+ s, \d+ at a time", "TIME", text)
    text = re.sub(r"transitions; [\d.]+ s$", "transitions; TIME", text, flags=re.M)
    return re.sub(r"^seconds +.*", "seconds TIME", text, flags=re.M).strip()


def test_readme_shows_the_main_job_a_bug_a_foreign_node_and_specs() -> None:
    assert [command for command, _ in SHOWN] == [
        "check",
        "check --max-messages 2 --quiet",
        "check --bug vote-not-persisted",
        "draw traces/gallery/older-term-committed.ndjson -o page.html",
        "draw --graph --bug vote-not-persisted --show role,currentTerm -o graph.svg",
        "check --bug commit-scan-stops-at-older-term",
        "check --live '<>LeaderIsElected' --fair Receive:each --max-term 2 --max-log 0 "
        "--max-snapshot 0 --max-messages 3 --max-restarts 0 --max-duplicates 0",
        "check --live '[]<>(CandidateIsAlone => LeaderIsElected)' --rest Timeout "
        "--fair HandleRequestVoteRequest:each --fair HandleRequestVoteResponse:each "
        "--max-log 0 --max-snapshot 0 --max-drops 0 --quiet",
        r"check --with pre-vote,check-quorum --live '[]<>(LeaderIsElected \/ "
        r"\A i \in Server : currentTerm[i] = 2)' --strongly-fair Timeout:each "
        "--strongly-fair RequestPreVotes:each --strongly-fair HandlePreVoteRequest:each "
        "--strongly-fair HandlePreVoteResponse:each "
        "--strongly-fair HandleRequestVoteRequest:each "
        "--strongly-fair HandleRequestVoteResponse:each --fair MissLeader:each "
        "--fair CheckQuorum:each --servers 2 --max-snapshot 0 --max-restarts 0 --max-drops 0 "
        "--max-duplicates 0 --quiet",
        "check --bug late-timeout-now-breaks-lease --quiet",
        "check --bug single-server-change-without-barrier --quiet",
        "check --with membership --live '[]<>(ChangeIsLed => ChangeIsEnded)' "
        "--strongly-fair 'AppendEntries(each, 1):each' --fair Receive:each --fair Commit:each "
        "--rest Timeout --servers 2 --voters 2 --max-log 3 --max-snapshot 0 --max-changes 1 "
        "--max-messages 1 --max-restarts 0 --max-drops 0 --max-duplicates 0 --quiet",
        "check --with membership,pre-vote --live 'RestIsAsked ~> RestIsServed' --fair Receive:each "
        "--fair Commit:each --rest Timeout --rest CompactLog --servers 2 --voters 2 --max-log 3 "
        "--max-snapshot 0 --max-changes 1 --max-messages 1 --max-restarts 0 --max-drops 0 --quiet",
        "validate --profile etcd traces/recorded/etcd_features/joint.ndjson",
        "check --bug older-term-committed --random --seed 840 --max-snapshot 0 --quiet",
        "new node",
        "check --node ring:Ring",
        "demo --seconds 3 --crash 1",
        "validate --profile etcd traces/recorded/etcd/seed-1.ndjson",
        "validate traces/recorded/vote-not-persisted.ndjson --diagram refused.svg",
        "validate --advice --profile etcd traces/recorded/etcd/seed-1.ndjson",
        "watch --profile etcd --idle 1 traces/recorded/etcd/seed-1.ndjson",
        "play traces/schedules/figure8.txt --quiet --diagram figure8.svg",
        "play traces/schedules/figure8.txt --quiet --bug older-term-committed",
        "generate --cover actions -o scenarios --quiet",
        'conform --cmd "python -m raft_ref.traces.conformance.reference '
        '--bug log-not-compared-before-vote" '
        "--random --seed 2 --runs 100 --diagram found.svg",
        "new adapter --lang python toy",
        'conform --cmd "python toy/toy_raft.py" --random --seed 1 --runs 40 --quiet',
        'conform --cmd "python toy/toy_raft.py --forgets-vote" --random --seed 1 --quiet',
        "spec check Lock.tla",
        "spec compare --servers 2 --no-symmetry --max-restarts 0 --states",
        "prove --quiet",
        "check --conjuncts --max-log 1 --max-snapshot 0 --max-restarts 0 --quiet",
        "prove --with membership --quiet",
        "check --conjuncts --with membership,joint --max-term 1 --max-restarts 0 --quiet",
        r"prove --conjecture '\A s \in Server, i, j \in Index, t \in Term, v \in Value : "
        r"log(s, i, t, v) /\ 0 < j /\ j < i => \E u \in Term, w \in Value : log(s, j, u, w)' "
        "--max-log 2 --max-messages 1 --quiet",
    ]


def undeepened(text: str) -> str:
    """Leave out what depends on how deep the time lets the ladder go."""
    text = re.sub(r"; \d+ search.*", "; TIME", text)
    text = re.sub(r"^  no time was left for .*\n", "", text, flags=re.M)
    text = re.sub(r"^  deeper .*\n.*\n", "", text, flags=re.M)
    text = re.sub(r"^  [\d,]+ TIME$", "TIME", text, flags=re.M)
    text = re.sub(r"( states) +[\d.]+ s$", r"\1", text, flags=re.M)
    return re.sub(r"^(  \w+) +[\d,]+$", r"\1", text, flags=re.M)


@pytest.mark.parametrize(
    ("command", "output"),
    [
        pytest.param(
            *each,
            marks=[pytest.mark.long] if each[0].startswith(SLOW) or each[0] == LADDER else [],
            id=" ".join(each[0].split()),
        )
        for each in SHOWN
    ],
)
def test_what_readme_shows(
    command: str,
    output: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, ring, _ = PYTHON
    (tmp_path / "ring.py").write_text(ring)
    for name in ("Lock.tla", "Lock.cfg"):
        [text] = re.findall(rf"^```{name[-3:]}\n(.*?)^```", README, re.S | re.M)
        (tmp_path / name).write_text(text)
    (tmp_path / "traces").symlink_to(ROOT / "traces")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    if "toy/" in command:
        main(["new", "adapter", "--lang", "python", "toy"])
        capsys.readouterr()
    main(shlex.split(command))
    said = untimed(capsys.readouterr().out)
    if command == LADDER:
        assert undeepened(said) == undeepened(untimed(output))
    else:
        assert said == untimed(output)


def test_the_members_of_a_cluster_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [session] = SESSIONS
    shown = [f"127.0.0.1:700{number}" for number in range(1, 5)]
    real = dict(zip(shown, map(str, free_ports(4)), strict=True))

    def in_place_of(there: Mapping[str, str], text: str) -> str:
        for name, other in there.items():
            text = text.replace(name, other)
        return text

    peers = ",".join(f"{number}={address}" for number, address in enumerate(shown[:3], start=1))
    [join] = re.findall(r"^raft-ref (serve .* --join .*) &$", README, re.M)
    serve = [
        f"serve --bootstrap --id {number} --peers $peers --data /tmp/raft-{number}"
        for number in "123"
    ]
    for line in (*serve, join):
        here = line.replace("$peers", peers).replace("/tmp", str(tmp_path))
        command = [*processes.COMMAND, *shlex.split(in_place_of(real, here))]
        processes.start(command, stderr=subprocess.DEVNULL)
    for address in real.values():  # the last of them is to be there when it is added
        while socket.socket().connect_ex(parse_address(address)) != 0:
            time.sleep(0.05)
    cluster = ",".join(shown[:3])
    for part in session.split("\n$ raft-ref "):
        line, _, output = part.partition("\n")
        line = in_place_of(real, line.replace("$cluster", cluster))
        main([*shlex.split(line), "--timeout", "20"])
        said = "".join(capsys.readouterr())
        back = {there: name for name, there in real.items()}
        assert in_place_of(back, said).strip() == output.strip()


def test_a_changed_rule_of_a_feature_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hasty.py").write_text(PYTHON[0])
    monkeypatch.syspath_prepend(tmp_path)
    [command] = re.findall(r"`raft-ref (check --node hasty:Hasty [^`]*)` says so", README)
    none = "--max-snapshot 0 --max-drops 0 --max-duplicates 0 --max-restarts 0"
    within = f"--servers 2 --max-term 1 --max-log 1 --max-messages 1 {none} --refine"
    assert main(shlex.split(f"{command} {within}")) == 1
    assert "no next states for RemoveServer(s1, s1) here" in capsys.readouterr().out


@pytest.mark.long
def test_what_hypothesis_shows(tmp_path: Path) -> None:
    [(command, output)] = re.findall(
        r"^```console\n\$ pytest (.*?)\n(.*?)^```", README, re.S | re.M
    )
    for name, text in zip(("ring.py", "test_ring.py"), PYTHON[1:], strict=True):
        (tmp_path / name).write_text(text)
    pytest_here = [sys.executable, "-m", "pytest", *shlex.split(command)]
    done = subprocess.run(pytest_here, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    # On a busy machine hypothesis shrinks for a shorter time, and leaves a step or two in.
    found = iter(re.sub(r"^ *\d+\. ", "", done.stdout, flags=re.M).splitlines())
    for line in re.sub(r"^ *\d+\. ", "", output, flags=re.M).splitlines():
        assert line in found, done.stdout


def test_the_picture_of_the_proof_shows_what_there_is() -> None:
    shown = (ROOT / "spec/proof/needs.svg").read_text(encoding="utf-8")
    labels = set(re.findall(r">([A-Z][A-Za-z]+)</text>", shown))
    assert labels <= EVERY.keys()
    assert {each.name for each in GOALS} <= labels
    assert len(labels) >= 40


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\((?!https:)([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_picture_is_what_the_command_draws(tmp_path: Path) -> None:
    drawn = tmp_path / "drawn.gv"
    main(["check", "--bug", "vote-not-persisted", "--diagram", str(drawn)])
    shown = (ROOT / "traces/gallery/vote-not-persisted.svg").read_text(encoding="utf-8")
    labels = re.findall(r"(?:candidate|leader|follower) t\d|restart", drawn.read_text())
    assert labels
    for label in labels:
        assert label in shown
