"""`raft-ref demo`, and what `serve` and `kv` refuse."""

import os
import pty
import select
import subprocess
import time
from pathlib import Path

import pytest
import trustme

from raft_ref.cli import main
from raft_ref.traces import read, tell
from tests.raft_ref.server.test_sockets import free_ports
from tests.support import processes


def test_a_demo_is_told_and_kept(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    kept = tmp_path / "demo.ndjson"
    arguments = ["demo", "--seconds", "4", "--crash", "1", "--partition", "1", "--loss", "0.1"]
    told = []
    for _ in range(2):
        assert main([*arguments, "--duplication", "0.2", "--trace", str(kept)]) == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]  # the same seed, the same run
    lines = told[0].splitlines()
    assert any("crashes" in line for line in lines)
    assert any("is cut off from the others" in line for line in lines)
    assert lines[-1].startswith("4.000 s: s")
    story = tell(read(kept))
    assert any("(the network keeps a copy)" in line for line in story)
    assert any("crashes and restarts" in line for line in story)
    assert any("becomes leader of term 1" in line for line in story)


# Each key that is pressed, and what a terminal shows before the next one is.
KEYS = [
    (b"", b"s1 leads"),
    (b"l", b"is cut off"),
    (b"h", b"all servers reach each other"),
    (b"t", b"is asked to let another server lead"),
    (b"1", b"crashed"),
    (b"x", b"loss 0.2"),
    (b"d", b"duplication 0.2"),
    (b"1", b"starts again"),
    (b"q", b"\x1b[?1049l"),
]


def test_keys_in_a_terminal() -> None:
    """Crash a server, lose messages, cut the leader off, and leave."""
    ours, theirs = pty.openpty()
    command = [*processes.COMMAND, "demo", "--speed", "5"]
    process = processes.start(
        command, text=False, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE
    )
    os.close(theirs)
    end = time.monotonic() + 60
    for key, expected in KEYS:
        os.write(ours, key)
        shown = b""
        while expected not in shown:
            assert select.select([ours], [], [], max(0.0, end - time.monotonic()))[0], expected
            shown += os.read(ours, 65536)
    assert process.wait(10) == 0
    assert process.stderr is not None
    assert process.stderr.read() == b""


PEERS = "1=127.0.0.1:7001,2=127.0.0.1:7002"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["demo", "--servers", "1"], "--servers 1: expected 2 to 9"),
        (["demo", "--with", "nonsense"], "--with 'nonsense': expected pre-vote, "),
        (["demo", "--with", "leases"], "--with 'leases': expected pre-vote, check-quorum, tran"),
        (["serve", "--id", "1", "--peers", PEERS, "--with", "x"], "--with 'x': expected pre-vote"),
        (["demo", "--crash", "-1"], "--crash -1: expected 0 or more"),
        (["demo", "--trace", "NEW/trace"], "there is no folder NEW"),
        (["serve", "--id", "3", "--peers", PEERS], "--id 3: none of the peers 1, 2"),
        (
            ["serve", "--id", "2", "--peers", PEERS, "--join", "--with", "pre-vote"],
            "--join: only with membership",
        ),
        (
            ["serve", "--id", "1", "--peers", "1=10.0.0.1:7001,2=10.0.0.2:7001"],
            "10.0.0.1:7001 can be reached from other machines: give --tls-cert, --tls-key and "
            "--tls-ca, or say --without-tls",
        ),
        (
            ["serve", "--id", "1", "--peers", PEERS, "--listen", "0.0.0.0:7001"],
            "0.0.0.0:7001 can be reached from other machines",
        ),
        (
            ["serve", "--id", "1", "--peers", PEERS, "--tls-ca", "ca.pem"],
            "--tls-cert, --tls-key, --tls-ca: one of them needs the other two",
        ),
        (
            ["serve", "--id", "1", "--peers", PEERS, "--tls-cert", "NEW/c", "--tls-key", "NEW/k",
             "--tls-ca", "NEW/ca"],
            "NEW/c: there is no such file",
        ),
        (["serve", "--id", "1", "--peers", PEERS, "--data", "FILE"], "FILE: File exists"),
        (
            ["serve", "--id", "1", "--peers", PEERS, "--reads", "any", "--clock-drift", "0.1"],
            "--clock-drift: only with --reads lease",
        ),
    ],
)  # fmt: skip
def test_bad_input(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    names = {"NEW": str(tmp_path / "new"), "FILE": str(tmp_path / "file")}

    def named(text: str) -> str:
        for name, path in names.items():
            text = text.replace(name, path)
        return text

    arguments = [named(each) for each in arguments]
    if arguments[0] == "serve" and "--data" not in arguments:
        arguments += ["--data", str(tmp_path / "data")]
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert named(message) in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["serve", "--id", "1", "--data", "x", "--peers", "1=a:1"], "two servers or more"),
        (["serve", "--id", "1", "--data", "x", "--peers", "1=a:1,1=b:1"], "1 is named twice"),
        (["serve", "--id", "1", "--data", "x", "--peers", "1=a:1,2=a:1"], "have one address"),
        (["serve", "--id", "1", "--data", "x", "--peers", "a:1,b:1"], "expected NAME=host:port"),
        (["serve", "--id", "1", "--data", "x", "--peers", "1=a,2=b:1"], "a: expected host:port"),
        (["kv", "get", "key", "--cluster", "nowhere"], "nowhere: expected host:port"),
        (["member", "add", "4", "--cluster", "a:1"], "4: expected NAME=host:port"),
        (["member", "add", "4=x", "--cluster", "a:1"], "x: expected host:port"),
        (["member", "promote", "--cluster", "a:1"], "arguments are required: NAME"),
        (["member", "enlist"], "no 'enlist'; did you mean list?"),
        (["kv", "get", "key", "--cluster", "a:1", "--timeout", "0"], "expected more than 0"),
        (
            ["serve", "--id", "1", "--data", "x", "--peers", "1=a:1,2=b:1", "--clock-drift", "0"],
            "0: expected more than 0",
        ),
        (["demo", "--loss", "1"], "1: expected 0 or more, and less than 1"),
    ],
)
def test_usage(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2
    assert message in capsys.readouterr().err


def test_a_cluster_with_certificates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who has none of the cluster's CA is not let in."""
    ours, other = trustme.CA(), trustme.CA()
    for name, authority in (("ours", ours), ("other", other)):
        issued = authority.issue_cert("127.0.0.1")
        issued.private_key_pem.write_to_path(tmp_path / f"{name}.key")
        issued.cert_chain_pems[0].write_to_path(tmp_path / f"{name}.pem")
    ours.cert_pem.write_to_path(tmp_path / "ca.pem")

    def files(name: str) -> list[str]:
        return [
            *("--tls-cert", str(tmp_path / f"{name}.pem")),
            *("--tls-key", str(tmp_path / f"{name}.key")),
            *("--tls-ca", str(tmp_path / "ca.pem")),
        ]

    addresses = free_ports(3)
    peers = ",".join(f"{number}={each}" for number, each in enumerate(addresses, start=1))
    servers = [
        processes.start(
            [
                *(*processes.COMMAND, "serve", "--id", str(number), "--peers", peers),
                *("--data", str(tmp_path / str(number)), *files("ours")),
            ],
            stderr=subprocess.DEVNULL,
        )
        for number in (1, 2, 3)
    ]
    where = ["--cluster", ",".join(map(str, addresses))]
    assert main(["kv", "put", "a", "b", *where, "--timeout", "20", *files("ours")]) == 0
    assert main(["kv", "get", "a", *where, "--timeout", "20", *files("ours")]) == 0
    assert capsys.readouterr().out == "b\n"
    for stranger in (files("other"), []):
        assert main(["kv", "get", "a", *where, "--timeout", "1", *stranger]) == 3
        assert capsys.readouterr().out == ""
    assert all(server.poll() is None for server in servers)
