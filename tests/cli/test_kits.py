"""The kits of `raft-ref new adapter`: each toy Raft is built, traced, driven and refused."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from raft_ref.cli import main
from raft_ref.cli.examples.adapters import KITS
from raft_ref.cli.testing import NotConformingError, conform
from raft_ref.spec.requests import RequestError
from raft_ref.traces.conformance import Conformance, ConformanceReport, FailedError, HuntRequest
from raft_ref.traces.conformance.adapter import AdapterCommand, InProcess
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation.lines.merging import merge
from raft_ref.traces.validation.validate import validate
from raft_ref.traces.validation.verdict import Outcome
from tests.support import processes

TESTED = [language for language, kit in KITS.items() if kit.test]
BUG = "--forgets-vote"
NAMES = ['s"1', "s\\2", "s\n\té"]
"""Servers whose names are escaped in JSON; one is in no ASCII."""
VALUE = 'v"\\\r/é€😀'


@pytest.fixture
def written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], str]:
    """Return what writes the files of a language here, and returns what it says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAFT_TRACE", raising=False)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)

    def write(language: str) -> str:
        assert main(["new", "adapter", "--lang", language]) == 0
        return capsys.readouterr().out

    return write


def built(language: str) -> list[str]:
    """Build the toy of a language, and return what starts it."""
    kit = KITS[language]
    if kit.build:
        subprocess.run(shlex.split(kit.build), check=True)
    return shlex.split(kit.toy)


def hunted(command: AdapterCommand, runs: int = 25) -> ConformanceReport:
    """Hunt, and leave what is found as long as it is."""
    profile = PROFILES["raft-ref"]
    return HuntRequest(command, profile, seed=1, runs=runs, tries=0, sought=0).run()


def traced(toy: list[str], path: Path) -> list[dict[str, Any]]:
    """Let a toy run on its own, and return the lines that it adds to a file."""
    had = len(path.read_text().splitlines()) if path.exists() else 0
    subprocess.run([*toy, "run"], env={**os.environ, "RAFT_TRACE": str(path)}, check=True)
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[had:]]


def asked(toy: list[str], requests: list[dict[str, Any]], *, ascii_only: bool) -> Iterator[Any]:
    """Yield what an adapter answers."""
    lines = "".join(
        json.dumps(each, ensure_ascii=ascii_only, separators=(",", ":")) + "\n" for each in requests
    )
    done = subprocess.run(toy, input=lines, stdout=subprocess.PIPE, encoding="utf-8", check=True)
    yield from map(json.loads, done.stdout.splitlines())


@pytest.mark.parametrize("language", KITS)
def test_it_writes_a_kit_and_says_what_is_next(
    language: str, written: Callable[[str], str], tmp_path: Path
) -> None:
    kit, said = KITS[language], written(language)
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(kit.files)
    assert said.startswith(f"written to {kit.files[0]}\n")
    assert f'raft-ref conform --cmd "{kit.toy}" --random' in said
    assert len((tmp_path / kit.files[0]).read_text(encoding="utf-8").splitlines()) < 150
    with pytest.raises(SystemExit, match="2"):
        main(["new", "adapter", "--lang", "cobol"])
    assert main(["new", "adapter", "--lang", language]) == 2


def test_there_is_a_folder_for_each_language() -> None:
    folder = Path(sys.modules[conform.__module__].__file__ or "").with_name("examples") / "adapters"
    inside = {each.name for each in folder.iterdir() if each.is_dir()} - {"__pycache__"}
    assert inside == KITS.keys()
    for language, kit in KITS.items():
        files = {each.name for each in (folder / language).iterdir() if each.is_file()}
        assert files - {"__init__.py"} == {*kit.files}


@pytest.mark.long
@pytest.mark.parametrize("language", KITS)
def test_a_toy_is_traced_and_driven(
    language: str, written: Callable[[str], str], tmp_path: Path
) -> None:
    """In each language it takes the same steps, and a vote that is forgotten is found."""
    written(language)
    toy = built(language)
    report = hunted(tuple(toy))
    assert report.outcome is Conformance.CONFORMS
    assert (report.steps, report.states, report.actions["Handle"]) == (1_500, 340, 947)
    refused = hunted((*toy, BUG))
    assert refused.outcome is Conformance.REFUSED
    assert refused.findings[0].kind == "Restart: RestartAt differs in votedFor"
    strings_are_told(toy)
    begins = json.dumps({"step": "Init", "servers": NAMES}, separators=(",", ":")) + "\n"
    assert processes.said_when_nobody_reads(toy, begins) == ""
    is_traced(toy, tmp_path)


def strings_are_told(toy: list[str]) -> None:
    """Demand that what is escaped in a request comes back as it was meant."""
    first, other, _ = NAMES
    requests: list[dict[str, Any]] = [
        {"step": "Init", "servers": NAMES},
        {"step": "Timeout", "server": first, "arguments": {}},
        {"step": "Receive", "server": other, "id": 0},
        {"step": "ReceiveDuplicate", "server": first, "id": 2},
        {"step": "ClientRequest", "server": first, "arguments": {"value": VALUE}},
        {"step": "AppendEntries", "server": first, "arguments": {"peer": NAMES[2], "count": 1}},
        {"step": "ClientRequest", "server": other, "arguments": {"value": VALUE}},
        {"step": "CompactLog", "server": first, "arguments": {"index": 1}},
    ]
    for ascii_only in (True, False):
        begun, stands, votes, leads, stores, sends, ignores, lacks = asked(
            toy, requests, ascii_only=ascii_only
        )
        assert begun["lines"][0]["servers"] == NAMES
        assert {*begun["lines"][0]["initial"]} == {*NAMES}
        assert [each["message"]["dest"] for each in stands["sends"]] == NAMES[1:]
        assert votes["lines"][0]["state"]["votedFor"] == first
        assert leads["lines"][0]["state"]["role"] == "Leader"
        assert stores["lines"][0]["state"]["log"] == [{"term": 1, "value": VALUE}]
        assert sends["sends"][0]["message"]["entries"] == [{"term": 1, "value": VALUE}]
        assert ignores["lines"] == ignores["sends"] == []
        assert lacks["unknown"] is True


def is_traced(toy: list[str], tmp_path: Path) -> None:
    """Demand that a run is accepted, and not if a line is changed; that its clock goes on."""
    path = tmp_path / "run.ndjson"
    subprocess.run([*toy, "run"], check=True)
    assert not path.exists()
    header, *lines = traced(toy, path)
    verdict = validate(path, PROFILES["raft-ref"])
    assert verdict.outcome is Outcome.ACCEPTED
    assert {line["server"] for line in lines} == {*header["servers"]}
    assert {"Timeout", "Send", "Receive"} <= {line["step"] for line in lines}
    voted = next(at for at, line in enumerate(lines) if line["step"] == "Timeout")
    forged = [*lines[: voted + 1], {**lines[voted], "step": "Restart"}]
    forged[-1]["state"] = {**forged[-1]["state"], "role": "Follower", "votedFor": None}
    text = "".join(json.dumps(line) + "\n" for line in [header, *forged])
    (tmp_path / "forged.ndjson").write_text(text)
    forgery = validate(tmp_path / "forged.ndjson", PROFILES["raft-ref"])
    assert (forgery.outcome, forgery.line) == (Outcome.REFUSED, len(forged) + 1)
    clocks = [line["clock"] for line in [*lines, *traced(toy, path)]]
    assert clocks == sorted({*clocks})
    is_killed(toy, tmp_path / "killed.ndjson")


def is_killed(toy: list[str], path: Path) -> None:
    """Demand that what was told before a kill is whole lines, and a behaviour of Raft."""
    process = processes.start([*toy, "run"], env={**os.environ, "RAFT_TRACE": str(path)})
    while process.poll() is None and not (path.exists() and path.stat().st_size > 10_000):
        time.sleep(0.002)
    process.kill()
    process.wait()
    assert path.read_text(encoding="utf-8").endswith("}\n")
    assert validate(path, PROFILES["raft-ref"]).outcome is Outcome.ACCEPTED


@pytest.mark.long
@pytest.mark.deep
@pytest.mark.parametrize("language", TESTED)
def test_a_toy_is_driven_by_its_own_test_runner(
    language: str, written: Callable[[str], str]
) -> None:
    written(language)
    subprocess.run(KITS[language].test, shell=True, check=True)


@pytest.mark.long
@pytest.mark.deep
@pytest.mark.parametrize("language", KITS)
def test_a_toy_conforms_at_length(language: str, written: Callable[[str], str]) -> None:
    written(language)
    for servers in (("s1", "s2", "s3"), ("s1", "s2", "s3", "s4", "s5")):
        hunt = HuntRequest(tuple(built(language)), PROFILES["raft-ref"], servers, seed=2, runs=150)
        assert hunt.run().outcome is Conformance.CONFORMS


def python_kit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """Return the kit and the toy for Python, as they are imported from a folder."""
    monkeypatch.syspath_prepend(folder)
    for name in ("raft_kit", "toy_raft"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import raft_kit  # noqa: PLC0415 - written just now
    import toy_raft  # noqa: PLC0415

    return raft_kit, toy_raft


@pytest.mark.long
def test_one_function_drives_it_in_the_same_process(
    written: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written("python")
    kit, toy = python_kit(tmp_path, monkeypatch)
    report = conform(lambda: kit.Cluster(toy.Server), seed=1, runs=8, steps=40)
    assert report.outcome is Conformance.CONFORMS

    class Forgetful(toy.Server):  # type: ignore[name-defined,misc]
        def restart(self) -> list[Any]:
            self.voted_for = None
            return list(super().restart())

    with pytest.raises(NotConformingError, match="RestartAt differs in votedFor") as caught:
        conform(lambda: kit.Cluster(Forgetful), seed=1, runs=20)
    assert caught.value.report.worst is not None
    assert "of seed 1" in str(caught.value)

    class Failing(toy.Server):  # type: ignore[name-defined,misc]
        def receive(self, message: Any) -> list[Any]:
            raise ValueError("what is that?")

    with pytest.raises(NotConformingError, match="ValueError: what is that"):
        conform(lambda: kit.Cluster(Failing), seed=1, runs=1)
    with pytest.raises(NotConformingError, match="INCONCLUSIVE"):
        conform(lambda: kit.Cluster(toy.Server), seed=1, runs=1, steps=1)
    with pytest.raises(RequestError, match="jobs"):
        HuntRequest(lambda: kit.Cluster(toy.Server), PROFILES["raft-ref"], jobs=2)


def test_what_failed_is_made_anew() -> None:
    made: list[int] = []

    class Once:
        def __init__(self) -> None:
            made.append(len(made))

        def answer(self, request: dict[str, Any]) -> dict[str, Any]:
            raise RuntimeError(request["step"])

    with InProcess(Once) as adapter:
        for _ in range(2):
            with pytest.raises(FailedError, match="RuntimeError: Init"):
                adapter.ask({"step": "Init", "servers": ["a", "b"]})
    assert made == [0, 1]


def test_files_of_processes_are_put_in_order_by_their_clocks(
    written: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two servers, each with a trace of its own, as if they were processes."""
    written("python")
    kit, toy = python_kit(tmp_path, monkeypatch)
    names, files = ["a", "b"], [tmp_path / "a.ndjson", tmp_path / "b.ndjson"]
    traces = []
    for file in files:
        monkeypatch.setenv("RAFT_TRACE", str(file))
        traces.append(kit.Trace(names))
    a, b = (toy.Server(name, names) for name in names)
    for _ in range(2):
        [ask] = a.timeout()
        traces[0].line("Timeout", "a", state=a.state())
    id = traces[0].line("Send", "a", message=a.fields(ask))
    [vote] = b.receive(ask)
    traces[1].line("Receive", "b", message={"id": id}, state=b.state())
    id = traces[1].line("Send", "b", message=b.fields(vote))
    a.receive(vote)
    traces[0].line("Receive", "a", message={"id": id}, state=a.state())
    a.client_request("v")
    traces[0].line(None, "a", state=a.state())
    traces[0].flush()
    merge(files[::-1], tmp_path / "merged.ndjson")
    _, *lines = map(json.loads, (tmp_path / "merged.ndjson").read_text().splitlines())
    assert [line["server"] for line in lines] == ["a", "a", "a", "b", "b", "a", "a"]
    assert validate(tmp_path / "merged.ndjson", PROFILES["raft-ref"]).outcome is Outcome.ACCEPTED
    assert lines[-2]["state"]["role"] == "Leader"
