"""`raft-ref explore`: what it says, what it refuses, how it ends."""

import contextlib
import importlib.util
import re
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from raft_ref.cli import main
from tests.support import processes
from tests.support.files import GALLERY


def started(*arguments: str, cwd: Path | None = None) -> tuple["subprocess.Popen[Any]", str, str]:
    """Start the command; return it, what it explores, and its address."""
    command = [*processes.COMMAND, "explore", "--no-browser", *arguments]
    process = processes.start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd)
    assert process.stdout is not None
    first, second = process.stdout.readline(), process.stdout.readline()
    assert second == "Ctrl-C ends it\n"
    found = re.fullmatch(r"exploring (.*) at (http://127\.0\.0\.1:\d+/[\w-]{20,}/.*)\n", first)
    assert found
    return process, found[1], found[2]


@pytest.mark.long
@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.deep)]
)
def test_it_serves_until_it_is_interrupted(number: signal.Signals) -> None:
    process, what, address = started("--bug", "quorum-of-half")
    assert what == "quorum-of-half"
    with urllib.request.urlopen(address) as reply:
        assert b"raft-ref explore" in reply.read()
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(address.rpartition("/")[0][:-3] + "/")
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (0, "", "")


@pytest.mark.long
@pytest.mark.deep
def test_it_begins_at_the_end_of_a_trace_and_a_search_does_not_keep_it() -> None:
    trace = GALLERY / "quorum-of-half.ndjson"
    process, _, address = started(str(trace), "--bug", "quorum-of-half")
    base, _, at = address.partition("#")
    assert at.startswith("s1.Timeout/")
    large = b'{"formula": "currentTerm = 1", "bounds": {"max_term": 5}}'
    question = b'{"property": "LogMatching", "bounds": {"max_term": 5, "max_log_length": 4}}'
    for each in (large, question):
        with urllib.request.urlopen(f"{base}api/search", each) as reply:
            assert b"search" in reply.read()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")


SLOW = """
import time
from raft_ref import Node


class Slow(Node):
    def handle_request_vote_request(self, state, m):
        print("asked", flush=True)
        time.sleep(100)
"""


@pytest.mark.long
@pytest.mark.deep
def test_it_ends_while_a_node_is_slow(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    process, _, address = started("--node", "slow:Slow", cwd=tmp_path)
    asked = b'{"at": ["s1.Timeout"]}'

    def ask() -> None:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"{address}api/place", asked)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    assert process.stdout is not None
    assert process.stdout.readline() == "asked\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    asking.join(timeout=20)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["explore", "--no-browser", *arguments]) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.count("\n") == 1
    return errors.removeprefix("raft-ref: ").rstrip()


@pytest.mark.long
def test_a_port_that_is_taken_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert told(capsys, "--port", str(port)) == f"--port {port}: Address already in use"
    assert told(capsys, "--port", "70000") == "--port 70000: expected 0 to 65535"


def test_without_the_extra_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    expected = "explore needs a small web server: pip install 'raft-ref[explore]'"
    assert told(capsys) == expected


def test_what_makes_no_sense_is_told_before_anything_is_served(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert told(capsys, "--bug", "quorum-of-hlaf").startswith("--bug quorum-of-hlaf: no such bug;")
    assert told(capsys, "nothing.ndjson").startswith("nothing.ndjson: ")
    trace = str(GALLERY / "quorum-of-half.ndjson")
    expected = "the trace is of s1, s2, s3, s4, and the cluster of s1, s2, s3"
    assert told(capsys, trace, "--servers", "3") == expected
