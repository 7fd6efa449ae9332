"""`mpirun -n N raft-ref check`: one search, one report, whatever becomes of the processes."""

import json
import os
import shlex
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.nemesis.network import Network, is_allowed
from tests.support.processes import COMMAND, start

MPIRUN = str(Path(sysconfig.get_path("scripts")) / "mpirun")
MEDIUM = ["check", "--json", "--max-snapshot", "0", "--max-restarts", "0", "--max-drops", "0"]
LONG = ["check", "--max-messages", "4", "--max-restarts", "1", "--quiet"]


def mpirun(ranks: int, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [MPIRUN, "-n", str(ranks), *COMMAND, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def report(printed: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(printed)
    for each in ("seconds", "engine"):
        del found[each]
    return found


@pytest.mark.parametrize("ranks", [2, pytest.param(4, marks=pytest.mark.long)])
def test_the_report_is_that_of_one_process(ranks: int) -> None:
    """Each process hashes strings by a seed of its own."""
    arguments = ["check", "--bug", "prev-log-term-ignored", "--json"]
    alone = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)
    together = mpirun(ranks, *arguments)
    assert together.returncode == alone.returncode == 1, together.stderr
    assert report(together.stdout) == report(alone.stdout)


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check"], "bounds are needed"),
        (["check", "--max-term", "1", "--progress"], "--progress: not under mpirun"),
        (["check", "--random", "--runs", "1", "--seed", "1"], "--shard K/N"),
        (["check", "--max-term", "1", "--engine", "plain"], "--engine plain"),
    ],
)
def test_what_several_processes_cannot_do_is_said_once(arguments: list[str], said: str) -> None:
    run = mpirun(2, *arguments)
    assert run.returncode == 2
    assert run.stderr.count(said) == 1
    assert "Traceback" not in run.stderr


def ranks_at_work() -> list[int]:
    """Return the processes that mpirun has started for us, each of which has a rank."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        is_ours = f"LAUNCHED_BY={os.getpid()}".encode() in environment
        if is_ours and any(each.startswith(b"PMI_RANK=") for each in environment):
            found.append(int(process.name))
    return found


def seconds_of_work(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="looks for the processes in /proc")
@pytest.mark.parametrize(
    ("sent", "to_launcher", "code", "printed"),
    [
        (signal.SIGKILL, False, None, ""),
        (signal.SIGINT, False, 3, "INCOMPLETE: stopped by interrupt"),
        (signal.SIGINT, True, None, ""),
    ],
    ids=["a rank killed", "a rank interrupted", "mpirun interrupted"],
)
def test_what_ends_one_ends_all(
    sent: signal.Signals, to_launcher: bool, code: int | None, printed: str
) -> None:
    launcher = start(
        [MPIRUN, "-n", "3", *COMMAND, *LONG],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "LAUNCHED_BY": str(os.getpid())},
    )
    while len(ranks := ranks_at_work()) < 3 or min(map(seconds_of_work, ranks)) < 2:
        assert launcher.poll() is None
        time.sleep(0.1)
    os.kill(launcher.pid if to_launcher else ranks[1], sent)
    out, _ = launcher.communicate(timeout=60)
    assert launcher.returncode == code if code is not None else launcher.returncode != 0
    assert printed in out
    assert not ranks_at_work()


def has_kept(folder: Path, ranks: int) -> bool:
    """Whether each of so many ranks has kept something."""
    found = list(folder.glob(f"run-*-of-{ranks}/manifest.json"))
    return len(found) == ranks and all("point-" in path.read_text() for path in found)


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="looks for the processes in /proc")
def test_a_rank_is_killed_and_another_number_of_them_goes_on(tmp_path: Path) -> None:
    """Between two levels, again and again; nothing is lost but what was at hand."""
    folder = tmp_path / "states"
    for ranks in (3, 2):
        keep = "--resume" if folder.exists() else "--checkpoint"
        launcher = start(
            [MPIRUN, "-n", str(ranks), *COMMAND, *MEDIUM, keep, folder, "--checkpoint-every", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "LAUNCHED_BY": str(os.getpid())},
        )
        while not has_kept(folder, ranks):
            assert launcher.poll() is None, launcher.communicate()
            time.sleep(0.01)
        time.sleep(0.1)  # perhaps a level more
        os.kill(ranks_at_work()[1], signal.SIGKILL)
        out, _ = launcher.communicate(timeout=60)
        assert launcher.returncode != 0
        assert "verdict" not in out
        assert not ranks_at_work()
    last = mpirun(4, *MEDIUM, "--resume", str(folder))
    alone = subprocess.run([*COMMAND, *MEDIUM], capture_output=True, text=True, check=False)
    assert last.returncode == alone.returncode == 0, last.stderr
    found = report(last.stdout)
    assert found.pop("bytes_on_disk") > 0
    assert found == {k: v for k, v in report(alone.stdout).items() if k != "bytes_on_disk"}


@pytest.mark.long
def test_the_counterexample_on_disk_is_that_of_one_process(tmp_path: Path) -> None:
    arguments = ["check", "--bug", "prev-log-term-ignored", "--json"]
    alone = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)
    together = mpirun(3, *arguments, "--disk", str(tmp_path / "states"))
    assert together.returncode == alone.returncode == 1, together.stderr
    found = report(together.stdout)
    assert found.pop("bytes_on_disk") > 0
    assert found == {k: v for k, v in report(alone.stdout).items() if k != "bytes_on_disk"}


# ---- Hosts

NAMES = ["one", "other"]


@pytest.fixture
def hosts() -> Iterator[Network]:
    """Return two hosts that have nothing but a network in common: namespaces of this machine."""
    if not is_allowed():
        pytest.skip("no network namespaces may be made here")
    network = Network()
    try:
        for name in NAMES:
            network.add(name)
        yield network
    finally:
        network.close()


def remote_shell(hosts: Network, path: Path) -> Path:
    """Write what mpirun takes for ssh: options, a host, and what is to run there."""
    entered = (f'{name}) exec {shlex.join(hosts.within(name))} sh -c "$*";;' for name in NAMES)
    options = 'while [ "${1#-}" != "$1" ]; do shift; done'
    take = 'host=$1; shift; case "$host" in'
    path.write_text("\n".join(["#!/bin/sh", options, take, *entered, "esac", ""]))
    path.chmod(0o755)
    return path


@pytest.mark.long
@pytest.mark.parametrize(
    ("ranks", "on_disk"),
    [(2, True), *(pytest.param(ranks, False, marks=pytest.mark.deep) for ranks in (2, 4))],
)
def test_hosts_find_what_one_finds(
    ranks: int, on_disk: bool, hosts: Network, tmp_path: Path
) -> None:
    """By TCP: nearly half of the states are found by another host than the one that keeps them."""
    launch = ["-launcher", "ssh", "-launcher-exec", str(remote_shell(hosts, tmp_path / "ssh"))]
    where = ["-hosts", ",".join(NAMES), "-localhost", hosts.outside, "-n", str(ranks)]
    more = ["--disk", str(tmp_path / "states")] if on_disk else []
    before = hosts.sent_by("one")
    together = subprocess.run(
        [MPIRUN, *launch, *where, *COMMAND, *MEDIUM, *more],
        env={**os.environ, "UCX_TLS": "tcp,self"},  # they have the memory of one machine in common
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    alone = subprocess.run([*COMMAND, *MEDIUM], capture_output=True, text=True, check=False)
    assert together.returncode == alone.returncode == 0, together.stderr
    found, expected = report(together.stdout), report(alone.stdout)
    assert (found.pop("bytes_on_disk") or 0) > 0 if on_disk else found.pop("bytes_on_disk") is None
    assert found == {k: v for k, v in expected.items() if k != "bytes_on_disk"}
    assert hosts.sent_by("one") - before > 2 * found["distinct_states"]
