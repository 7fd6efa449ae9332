"""`raft-ref demo`, and what `serve` and `kv` refuse."""

import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import pytest
import trustme

from raft_ref.cli import main
from raft_ref.server import VOTES, Client, Member, Result
from raft_ref.traces import read, tell
from tests.support import processes
from tests.support.sockets import free_ports


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
        (["serve", "--id", "3", "--peers", PEERS], "--id: 3 is not among --peers 1, 2"),
        (["serve", "--id", "3", "--peers", "1=a:1", "--join"], "--id: 3 is not among --peers 1"),
        (["serve", "--id", "1", "--peers", "1=a:1", "--join"], "--peers: expected some servers of"),
        (["serve", "--id", "1", "--peers", "1=a:1"], "--peers: a cluster has two servers or more"),
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
        (
            ["serve", "--bootstrap", "--id", "1", "--peers", PEERS, "--data", "FILE"],
            "FILE: File exists",
        ),
        (
            ["serve", "--id", "1", "--peers", PEERS, "--data", "NEW"],
            "NEW: no server was started here before: if this is the first start of 1, say",
        ),
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


def test_an_event_loop_that_is_not_installed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    arguments = ["serve", "--uvloop", "--id", "1", "--peers", PEERS, "--data", str(tmp_path)]
    assert main(arguments) == 2
    told = "--uvloop: it is not installed: pip install 'raft-ref[fast]'"
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["serve", "--id", "1", "--data", "x", "--peers", "1=a:1,1=b:1"], "1 is named twice"),
        (["serve", "--id", "1", "--data", "x", "--peers", "1=a:1,2=a:1"], "have one address"),
        (["serve", "--id", "1", "--data", "x", "--peers", "a:1,b:1"], "expected NAME=host:port"),
        (["serve", "--id", "1", "--data", "x", "--peers", "1=a,2=b:1"], "a: expected host:port"),
        (["kv", "get", "key", "--cluster", "nowhere"], "nowhere: expected host:port"),
        (["member", "add", "4", "--cluster", "a:1"], "4: expected NAME=host:port"),
        (["member", "add", "4=x", "--cluster", "a:1"], "x: expected host:port"),
        (["member", "add", "a b=a:1", "--cluster", "a:1"], "'a b' is no name of a server"),
        (["member", "add", "a,b=a:1", "--cluster", "a:1"], "'a,b' is no name of a server"),
        (["member", "add", "a\u00a0b=a:1", "--cluster", "a:1"], "is no name of a server"),
        (["member", "add", "a\x07=a:1", "--cluster", "a:1"], "is no name of a server"),
        (["member", "add", "n" * 65 + "=a:1", "--cluster", "a:1"], "more than 64 characters"),
        (["serve", "--id", "1", "--data", "x", "--peers", "1=a:1,2 3=b:1"], "is no name of a serv"),
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


def answering(monkeypatch: pytest.MonkeyPatch, result: Result) -> None:
    """Let a cluster answer whatever it is asked."""

    async def do(client: Client, wanted: object, seconds: float) -> Result:
        return result

    monkeypatch.setattr(Client, "do", do)


def test_the_members_are_told_in_the_order_of_their_numbers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["10", "3", "9a", "9b", "b"]
    told = [Member(name, f"h:{name}", name != "9b", 1, name == "3", name != "b") for name in names]
    answering(monkeypatch, Result(value=msgspec.json.encode(told).decode()))
    assert main(["member", "list", "--cluster", "a:1"]) == 0
    assert capsys.readouterr().out == (
        "3   h:3   leads   up\n"
        "9a  h:9a  votes   up\n"
        "9b  h:9b  learns  up\n"
        "10  h:10  votes   up\n"
        "b   h:b   votes   down\n"
    )
    assert main(["member", "list", "--cluster", "a:1", "--json"]) == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)] == [
        *("3", "9a", "9b", "10", "b"),
    ]


def test_who_is_added_and_votes_already_is_no_learner(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add = ["member", "add", "2=b:1", "--cluster", "a:1"]
    for result, said in ((Result(value=VOTES), "2 votes already"), (Result(), "2 is a learner")):
        answering(monkeypatch, result)
        assert main(add) == 0
        assert capsys.readouterr().out == f"{said}, at b:1\n"
        assert main([*add, "--json"]) == 0
        told = {"succeeded": True, "is_voter": result.value == VOTES}
        assert json.loads(capsys.readouterr().out) == told


@pytest.mark.parametrize(
    ("arguments", "is_there", "said"),
    [
        (["member", "remove", "1"], True, "it may have been done, or may still be"),
        (["member", "remove", "1"], False, "nothing was done"),
        (["kv", "put", "x", "y"], True, "nothing was done"),  # there is no session yet
    ],
)
def test_who_interrupts_is_told_whether_it_may_have_been_done(
    arguments: list[str], is_there: bool, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if is_there:
            server.listen()  # it takes what is asked, and answers nothing
        host, port = server.getsockname()
        timer = threading.Timer(0.35, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        assert main([*arguments, "--cluster", f"{host}:{port}"]) == 3
        timer.join()
    assert capsys.readouterr() == ("", f"raft-ref: interrupted; {said}\n")


@pytest.mark.parametrize("what", ["add", "promote", "remove", "list"])
def test_each_change_has_examples_and_exit_codes(
    what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["member", what, "--help"])
    out = capsys.readouterr().out
    assert f"\n  raft-ref member {what} " in out
    assert "\nexit codes: 0 done; 2 bad input or usage; 3 not done" in out


@pytest.mark.parametrize(
    ("command", "shown", "not_shown"),
    [
        ("check", "raft-ref check --with membership ", "\t"),
        ("generate", "raft-ref generate --with membership ", "--max-changes"),
        ("conform", "--with membership,joint", "\t"),
        ("serve", "all, which is pre-vote,check-quorum,transfer; or none", "refine Raft"),
        ("demo", "all, which is all of these; or none", "membership"),
        ("prove", "--max-term", "--max-changes"),
    ],
)
def test_help_has_what_there_is_of_membership(
    command: str,
    shown: str,
    not_shown: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    with pytest.raises(SystemExit):
        main([command, "--help"])
    words = " ".join(capsys.readouterr().out.split())
    assert shown in words
    assert not_shown not in words


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
                *(*processes.COMMAND, "serve", "--bootstrap", "--id", str(number)),
                *("--peers", peers),
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
