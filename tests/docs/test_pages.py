"""What README.md and the documents show is what a user gets."""

import os
import re
import shlex
import shutil
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
from tests.support import processes
from tests.support.files import ROOT
from tests.support.sockets import free_ports

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXTS = {each.relative_to(ROOT).as_posix(): each.read_text(encoding="utf-8") for each in PAGES}
EVERY_TEXT = "\n".join(TEXTS.values())
BLOCK = re.compile(r"^```console\n\$ (\S+) (.*?)\n(.*?)^```", re.S | re.M)
BLOCKS = [(page, *found) for page, text in TEXTS.items() for found in BLOCK.findall(text)]
OF_RAFT_REF = [
    (page, command, output) for page, program, command, output in BLOCKS if program == "raft-ref"
]
NEXT = "\n$ raft-ref "
# What two pages show alike is run once.
SHOWN = list(dict.fromkeys(each[1:] for each in OF_RAFT_REF if NEXT not in each[2]))
SESSIONS = [f"{command}\n{output}" for _, command, output in OF_RAFT_REF if NEXT in output]
"""Blocks of several commands, one after the other."""

EXAMPLES = ROOT / "examples"

SLOW = (
    "check --bug older-term-committed --random",
    "check --node early:Early",
    "check --node forgetful:Forgetful --quiet",
    "check --node my_raft:MyRaft",
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


def test_every_block_is_run() -> None:
    """Below: each command of raft-ref, one session, and one run of pytest."""
    assert sum(text.count("```console\n") for text in TEXTS.values()) == len(BLOCKS)
    assert {program for _, program, *_ in BLOCKS} == {"raft-ref", "pytest"}
    assert len(SESSIONS) == 1
    assert len([program for _, program, *_ in BLOCKS if program == "pytest"]) == 1


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
            command,
            output,
            marks=[pytest.mark.long] if command.startswith(SLOW) or command == LADDER else [],
            id=" ".join(command.split()),
        )
        for command, output in SHOWN
    ],
)
def test_what_a_page_shows(
    command: str,
    output: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for example in EXAMPLES.iterdir():
        shutil.copy(example, tmp_path)
    if command != "new node":
        shutil.copy(ROOT / "cli/examples/my_raft.py", tmp_path)
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
    [join] = re.findall(r"^raft-ref (serve .* --join .*) &$", EVERY_TEXT, re.M)
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
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(EXAMPLES)
    [command] = re.findall(r"`raft-ref (check --node hasty:Hasty [^`]*)` says so", EVERY_TEXT)
    none = "--max-snapshot 0 --max-drops 0 --max-duplicates 0 --max-restarts 0"
    within = f"--servers 2 --max-term 1 --max-log 1 --max-messages 1 {none} --refine"
    assert main(shlex.split(f"{command} {within}")) == 1
    assert "no next states for RemoveServer(s1, s1) here" in capsys.readouterr().out


@pytest.mark.long
def test_what_hypothesis_shows(tmp_path: Path) -> None:
    [(command, output)] = [each[2:] for each in BLOCKS if each[1] == "pytest"]
    for name in ("ring.py", "test_ring.py"):
        shutil.copy(EXAMPLES / name, tmp_path)
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


@pytest.mark.parametrize("page", PAGES, ids=TEXTS)
def test_every_link_leads_somewhere(page: Path) -> None:
    made = {ROOT / "docs/reference/commands.md", ROOT / "docs/reference/properties.md"}
    for target in re.findall(r"\]\((?!https:|#)([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        place = (page.parent / target).resolve()
        assert place.exists() or place in made, target


def test_the_picture_is_what_the_command_draws(tmp_path: Path) -> None:
    drawn = tmp_path / "drawn.gv"
    main(["check", "--bug", "vote-not-persisted", "--diagram", str(drawn)])
    shown = (ROOT / "traces/gallery/vote-not-persisted.svg").read_text(encoding="utf-8")
    labels = re.findall(r"(?:candidate|leader|follower) t\d|restart", drawn.read_text())
    assert labels
    for label in labels:
        assert label in shown
