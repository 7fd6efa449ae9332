"""Conformance: scenarios cover what they say, and an implementation that errs is told from ours."""

import json
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from raft_ref import Node, traces
from raft_ref.bugs import BUGS
from raft_ref.cli import main
from raft_ref.cli.examples.my_raft import MyRaft, Server
from raft_ref.explorer import ActorError
from raft_ref.spec.requests import RequestError
from raft_ref.traces import TraceError
from raft_ref.traces.conformance import reference, schedule
from raft_ref.traces.conformance.adapter import Adapter, AdapterError, FailedError, Reply, Sent
from raft_ref.traces.conformance.branches import Branches
from raft_ref.traces.conformance.clusters import CLUSTERS, system_of
from raft_ref.traces.conformance.hunting.departures import kind
from raft_ref.traces.conformance.hunting.findings import is_of
from raft_ref.traces.conformance.hunting.hunt import Hunt
from raft_ref.traces.conformance.hunting.shrinking import Shrinker
from raft_ref.traces.conformance.own_node import OwnCluster
from raft_ref.traces.conformance.run import Run, Runner, following
from raft_ref.traces.conformance.scenarios import Cover, Item, Scenarios, scenarios
from raft_ref.traces.conformance.schedule import Command, Schedule
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation.validate import validate
from raft_ref.traces.validation.verdict import Outcome
from tests import toys
from tests.support import processes

THREE = ("s1", "s2", "s3")
REFERENCE = f"{shlex.quote(sys.executable)} -m raft_ref.traces.conformance.reference"


class InProcess(Adapter):
    """The reference adapter without a process."""

    def __init__(self, node: type[Node] = Node, own: type[Any] | None = None) -> None:
        super().__init__([])
        self.cluster = reference.Cluster(node) if own is None else OwnCluster(own, own.__name__)

    def ask(self, request: Mapping[str, Any]) -> Reply:
        try:
            answer = self.cluster.answer(request)
        except (IndexError, ActorError) as error:
            raise FailedError(str(error)) from None
        sends = [Sent(each["id"], each["message"]) for each in answer.get("sends", ())]
        return Reply(tuple(answer["lines"]), tuple(sends), bool(answer.get("unknown")))


def suite(cover: Cover) -> tuple[list[Schedule], list[Scenarios]]:
    known: set[Item] = set()
    found = [scenarios(system_of(sizes), cover, known) for sizes in CLUSTERS[cover]]
    schedules = [
        Schedule(trace.servers, tuple(_commands(trace)))
        for each in found
        for trace in each.traces("")
    ]
    return schedules, found


def _commands(trace: traces.Trace) -> Iterator[Command]:
    for step in trace.steps:
        yield Command(step.step, step.server, step.arguments, step.message)


def followed(adapter: Adapter, schedules: Sequence[Schedule]) -> list[Run]:
    """Follow schedules up to the first that something stands against."""
    runner, runs = Runner(adapter, PROFILES["raft-ref"]), []
    for each in schedules:
        runs.append(runner.run(each.servers, following([*each.commands])))
        if not runs[-1].is_good:
            break
    return runs


def hunt(adapter: Adapter, runs: int, servers: tuple[str, ...] = THREE, **more: Any) -> Hunt:
    return Hunt(adapter, PROFILES["raft-ref"], servers, seed=1, runs=runs, steps=60, **more)


def shrunk(runner: Runner, run: Run) -> Run:
    """Return the shortest run of the same kind."""
    wanted = kind(run)

    def follow(servers: tuple[str, ...], commands: Sequence[Command]) -> Run:
        return runner.run(servers, following(commands))

    return Shrinker(follow, lambda each: is_of(each, wanted), run).run()


def ends(message: Mapping[str, Any]) -> tuple[str, str, str]:
    return message["type"], message["source"], message["dest"]


# ---- Scenarios


@pytest.mark.long
def test_scenarios_for_actions_take_every_one_and_the_reference_passes() -> None:
    schedules, (first, second) = suite(Cover.ACTIONS)
    assert len(schedules) == 12
    assert first.covered == {"actions": 18, "(role, message) pairs": 14}
    assert second.covered == {"(role, message) pairs": 3}  # 17 of 18: see the README
    runs = followed(InProcess(), schedules)
    assert all(run.is_good and not run.departed for run in runs)
    assert len(runs) == 12


def test_every_step_out_of_every_state_is_in_a_scenario() -> None:
    (sizes,) = CLUSTERS[Cover.TRANSITIONS]
    found = scenarios(system_of(sizes), Cover.TRANSITIONS)
    assert (found.states, found.transitions) == (716, 1_978)
    taken = set()
    for way in found.ways:
        before = found.system.initial()
        for step in way:
            taken.add((before, step.names, step.position, id(step.local), step.message))
            before = step.after
    assert len(taken) == 1_978


def test_a_branch_is_each_outcome_of_each_condition() -> None:
    branches = Branches(Watched)
    _, both = branches.watch(Watched().both, True, False)
    assert len(branches.possible) == 4
    for arguments, count in (((False, True), 1), ((True, True), 2), ((True, False), 2)):
        _, taken = branches.watch(Watched().both, *arguments)
        assert len(taken) == count
        both |= taken
    assert both == branches.possible
    assert sys.gettrace() is None or "pydev" in repr(sys.gettrace())


class Watched:
    def both(self, one: bool, other: bool) -> int:
        if one and other:
            return 1
        return 0


TOLD_APART_BY_BRANCHES = {
    "vote-not-persisted", "log-not-compared-before-vote", "quorum-of-half",
    "commit-index-lowered", "truncated-without-conflict", "compacted-entries-appended-again",
    "heartbeat-instead-of-snapshot", "snapshot-lowers-term",
    "vote-forgotten-in-same-term", "older-vote-counted", "term-not-persisted", "server-wiped",
    "higher-term-in-response-ignored", "hint-taken-for-match",
}  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("cover", [Cover.BRANCHES, Cover.PATHS])
def test_mutants_behind_the_adapter_are_told_apart(cover: Cover) -> None:
    schedules, found = suite(cover)
    assert len(schedules) == {Cover.BRANCHES: 23, Cover.PATHS: 949}[cover]
    assert sum(each.covered["branches"] for each in found) == 103
    assert all(run.is_good and not run.departed for run in followed(InProcess(), schedules))
    # What fewer schedules tell apart already more do, too.
    asked = {*BUGS} if cover is Cover.BRANCHES else {*BUGS} - TOLD_APART_BY_BRANCHES
    told_apart = {
        name for name in asked if not followed(InProcess(BUGS[name].node), schedules)[-1].is_good
    }
    assert told_apart == (TOLD_APART_BY_BRANCHES if cover is Cover.BRANCHES else asked)


# ---- Hunts


def test_a_hunt_takes_every_action_of_the_reference_and_finds_nothing() -> None:
    hunted = hunt(InProcess(), runs=60).run()
    assert hunted.found is None
    assert hunted.runs == 60
    assert hunted.inconclusive == 0
    assert set(hunted.actions) == {
        "Timeout", "Handle", "ClientRequest", "AppendEntries", "CompactLog", "InstallSnapshot",
        "RestartAt",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("bug", "servers", "shortest"),
    [
        ("vote-not-persisted", 3, 3),
        ("duplicate-vote-counted", 5, 5),
        ("log-not-compared-before-vote", 3, 8),
        ("quorum-of-half", 5, 3),
        ("older-term-committed", 3, 15),
    ],
)
def test_a_mutant_is_hunted_down_and_no_step_can_be_left_out(
    bug: str, servers: int, shortest: int
) -> None:
    names = tuple(f"s{number + 1}" for number in range(servers))
    adapter = InProcess(BUGS[bug].node)
    chase = hunt(adapter, 400, names)
    found = chase.run().found
    assert found is not None
    best = shrunk(chase.runner, found)
    assert len(best.commands) <= shortest + 4  # the shortest that were seen
    assert kind(best) == kind(found)
    for place in range(len(best.commands)):
        fewer = best.commands[:place] + best.commands[place + 1 :]
        again = chase.runner.run(best.servers, following(fewer))
        assert again.is_good or kind(again) != kind(best)


class Forgets(MyRaft):
    """A Raft of one's own that does not write its vote to disk."""

    def restart(self, server: Server) -> Server:
        return replace(super().restart(server), vote=None)


def test_a_node_of_ones_own_is_driven_and_nothing_is_found() -> None:
    """It takes every action but those of snapshots, which it has none of."""
    hunted = hunt(InProcess(own=MyRaft), 15).run()
    assert (hunted.found, hunted.runs) == (None, 15)
    assert hunted.actions.keys() == {
        "Timeout", "ClientRequest", "AppendEntries", "Handle", "RestartAt",
    }  # fmt: skip


def test_a_node_of_ones_own_that_errs_is_hunted_down() -> None:
    found = hunt(InProcess(own=Forgets), 100).run().found
    assert found is not None
    assert shrunk(hunt(InProcess(own=Forgets), 1).runner, found).commands[-1].step == "Restart"


@pytest.mark.parametrize(
    ("node", "said"),
    [
        (toys.Ring, r"node Ring: it has no method as_raft\(state\)"),
        (type("Mute", (MyRaft,), {"as_raft_message": lambda self, message: None}),
         "Mute sends a AskVote, which stands for nothing in Raft"),
    ],
)  # fmt: skip
def test_what_a_node_lacks_to_be_driven_is_named(node: type[Any], said: str) -> None:
    def driven() -> None:
        adapter = InProcess(own=node)
        adapter.ask({"step": "Init", "servers": [*THREE]})
        adapter.ask({"step": "Timeout", "server": "s1", "arguments": {}})

    with pytest.raises((RequestError, FailedError), match=said):
        driven()


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("raft_ref.cli.examples.my_raft:MyRaft", 0, ""),
        ("tests.toys:Ring", 2, "--node tests.toys:Ring: it has no method as_raft(state)"),
        ("tests.toys:None", 2, "--node tests.toys:None: module tests.toys has no None"),
    ],
)
def test_the_adapter_is_given_a_node_by_its_name(name: str, code: int, said: str) -> None:
    command = [*shlex.split(REFERENCE), "--node", name]
    init = '{"step": "Init", "servers": ["s1", "s2"]}\n'
    done = subprocess.run(command, input=init, capture_output=True, text=True, check=False)
    assert (done.returncode, bool(done.stdout)) == (code, code == 0)
    assert said in done.stderr
    assert done.stderr.count("\n") == (code != 0)


def test_later_schedules_begin_as_one_that_came_to_a_state_that_is_seldom_seen() -> None:
    begun, labels = 0, set[int]()

    def look(_: Any, run: Run) -> None:
        nonlocal begun
        begun += run.commands[0].label in labels
        labels.update(command.label for command in run.commands)

    hunt(InProcess(), 100, on_run=look).run()
    assert 30 < begun < 70


def test_over_connections_messages_keep_their_order() -> None:
    def check(_: Any, run: Run) -> None:
        last: dict[tuple[str, str], tuple[int, int]] = {}
        order = {command.label: place for place, command in enumerate(run.commands)}
        for command in run.commands:
            if command.message is not None and command.origin is not None:
                assert command.step != "ReceiveDuplicate"
                _, source, dest = ends(command.message)
                sent = (order.get(command.origin.command, -1), command.origin.place)
                assert last.get((source, dest), (-1, -1)) < sent
                last[source, dest] = sent

    hunted = hunt(InProcess(), 50, is_fifo=True, on_run=check).run()
    assert hunted.found is None
    assert hunted.actions["Handle"] > 500


# ---- Adapters that make no sense, implementations that fail


def adapter_that(body: str, *, has_answered: bool = True) -> Adapter:
    code = f"import json, os, sys, time\nfor line in sys.stdin:\n    r = json.loads(line)\n{body}"
    return Adapter([sys.executable, "-c", code], has_answered=has_answered)


@pytest.mark.parametrize(
    ("body", "error", "text"),
    [
        ("    print('no', flush=True)", AdapterError, "not JSON"),
        ("    print('[]', flush=True)", AdapterError, "a line is a JSON object"),
        ("    print('{\"lines\": 1}', flush=True)", AdapterError, '"lines" must be a list'),
        ("    print('{\"sends\": [{}]}', flush=True)", AdapterError, '"id" and a "message"'),
        (
            '    print(\'{"sends": [{"id": 1, "message": {}}]}\', flush=True)',
            AdapterError,
            'lacks its "type"',
        ),
        ('    print(\'{"error": "out of luck"}\', flush=True)', FailedError, "out of luck"),
        ("    sys.exit(3)", FailedError, "exit code 3"),
        ("    os.close(1)\n    time.sleep(9)", FailedError, "closed its output"),
    ],
)
def test_an_adapter_that_makes_no_sense(body: str, error: type[Exception], text: str) -> None:
    with adapter_that(body) as adapter, pytest.raises(error, match=text):
        adapter.ask({"step": "Init", "servers": [*THREE]})


def test_an_adapter_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("raft_ref.traces.conformance.adapter.PATIENCE", 0.3)
    with (
        adapter_that("    time.sleep(9)") as adapter,
        pytest.raises(FailedError, match="no answer"),
    ):
        adapter.ask({"step": "Init", "servers": [*THREE]})


@pytest.mark.parametrize("is_hunt", [True, False])
def test_what_never_answers_is_no_adapter(
    is_hunt: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is started once, and not for each cluster anew."""
    command = "sh -c 'echo usage: none >&2; exit 1'"
    schedule.write(Schedule(THREE, ()), tmp_path / "one.ndjson", "")
    what = ["--random"] if is_hunt else [str(tmp_path / "one.ndjson")] * 2
    assert main(["conform", "--cmd", command, *what]) == 2
    out, err = capfd.readouterr()
    usage, said = err.splitlines()
    assert (out, usage) == ("", "usage: none")
    assert said.startswith("raft-ref: the adapter has ended with exit code 1, at {")
    assert said.endswith("}, before it has answered anything")


def test_an_implementation_that_fails_is_found_and_started_again() -> None:
    class Fails(InProcess):
        def ask(self, request: Mapping[str, Any]) -> Reply:
            if request["step"] == "CompactLog":
                raise FailedError("assertion failed: 17")
            return super().ask(request)

    chase = hunt(Fails(), 500)
    found = chase.run().found
    assert found is not None
    best = shrunk(chase.runner, found)
    assert best.failure == "assertion failed: 17"
    assert [command.step for command in best.commands][-1] == "CompactLog"


def test_lines_that_make_no_sense_are_the_adapters_fault() -> None:
    class Odd(InProcess):
        def ask(self, request: Mapping[str, Any]) -> Reply:
            reply = super().ask(request)
            return reply if request["step"] == "Init" else Reply(({"step": "Odd"},), ())

    with pytest.raises(AdapterError, match=r"line 2 .*unknown server"):
        hunt(Odd(), 1).run()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "x.ndjson:0: the file is empty"),
        ("{}", "x.ndjson:1: the header must have"),
        ("HEAD\n[]", "x.ndjson:2: a line is a JSON object"),
        ('HEAD\n{"step": "Fly"}', 'x.ndjson:2: "step" must be one of'),
        ('HEAD\n{"step": "Timeout", "server": "s9"}', 'x.ndjson:2: unknown server "s9"'),
        ('HEAD\n\n{"step": "Receive", "server": "s1"}', 'x.ndjson:3: Receive needs its "message"'),
        ('HEAD\n{"step": "Timeout", "server": "s1", "arguments": 1}', '2: "arguments" must be'),
    ],
)
def test_a_schedule_that_makes_no_sense(text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "x.ndjson"
    head = '{"format": "raft-ref-trace", "version": 1, "servers": ["s1", "s2"]}'
    path.write_text(text.replace("HEAD", head))
    with pytest.raises(TraceError, match=reason.replace("[", r"\[")):
        schedule.read(path)


# ---- The commands


def run(*arguments: str) -> int:
    return main([*arguments])


def test_generate_and_conform(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "scenarios"
    small = ("--servers", "2", "--max-log", "1", "--max-term", "1")
    assert run("generate", "--cover", "actions", *small, "-o", str(folder), "--quiet") == 0
    out = capsys.readouterr().out
    assert out.startswith(f"6 scenarios of 28 steps written to {folder}\n")
    assert "a Candidate receives InstallSnapshotResponse" in out
    for path in sorted(folder.iterdir()):
        assert validate(path, PROFILES["raft-ref"]).outcome is Outcome.ACCEPTED
    assert run("generate", "-o", str(folder)) == 2
    assert "is no empty directory" in capsys.readouterr().err
    assert run("conform", "--cmd", REFERENCE, str(folder), "--quiet") == 0
    assert "CONFORMS" in capsys.readouterr().out
    command = f"{REFERENCE} --bug vote-not-persisted"
    picture = tmp_path / "found.svg"
    assert run("conform", "--cmd", command, str(folder), "--diagram", str(picture)) == 1
    out = capsys.readouterr().out
    assert out.startswith("REFUSED")
    assert "votedFor" in out
    assert picture.read_text().startswith("<?xml")


def test_what_is_hunted_down_can_be_followed_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, trace = tmp_path / "found.ndjson", tmp_path / "trace.ndjson"
    command = ("conform", "--cmd", f"{REFERENCE} --bug quorum-of-half", "--json")
    hunting = ("--random", "--seed", "1", "--servers", "5", "--runs", "50")
    assert run(*command, *hunting, "--schedule", str(found), "--trace", str(trace)) == 1
    hunted = json.loads(capsys.readouterr().out)
    assert hunted["verdict"] == "fatal"
    assert hunted["found"]["schedule"][0].startswith("Timeout")
    assert run(*command, str(found)) == 1
    followed = json.loads(capsys.readouterr().out)
    assert followed["found"]["schedule"] == hunted["found"]["schedule"]
    assert validate(trace, PROFILES["raft-ref"]).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["conform", "--cmd", "true"], "expected scenarios"),
        (["conform", "--cmd", "true", "x", "--random"], "expected scenarios"),
        (["conform", "--cmd", "", "--random"], "--cmd: there is no command"),
        (["conform", "--cmd", "'", "--random"], "--cmd ': No closing quotation"),
        (["conform", "--cmd", "/no/such", "--random"], "/no/such: No such file"),
        (["conform", "--cmd", "true", "x", "--seed", "1"], "--seed: only with --random"),
        (["conform", "--cmd", "true", "--random", "--runs", "0"], "--runs: expected 1 or more"),
        (["conform", "--cmd", "true", "--random", "--servers", "1"], "--servers: expected two"),
        (["conform", "--cmd", "true", "--random", "--servers", "a,a"], "--servers: expected two"),
        (["conform", "--cmd", "true", "/no/such.ndjson"], "/no/such.ndjson: No such file"),
        (["generate", "-o", "/dev/null"], "--output: /dev/null is there"),
        (["generate", "-o", "/tmp/x/y/z", "--servers", "1"], "--servers: 1 is too few"),
    ],
)
def test_bad_usage(arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*arguments) == 2
    assert f"raft-ref: {error}" in capsys.readouterr().err


def test_an_interrupt_ends_a_hunt_cleanly(tmp_path: Path) -> None:
    command = [*processes.COMMAND, "conform", "--cmd", REFERENCE, "--random"]
    hunting = processes.start(
        [*command, "--runs", "1000000", "--json", "--record", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while not any(tmp_path.iterdir()):
        time.sleep(0.1)
    hunting.send_signal(signal.SIGINT)
    out, err = hunting.communicate(timeout=20)
    assert (hunting.returncode, err) == (3, "")
    report = json.loads(out)
    assert report["interrupted"]
    assert report["verdict"] == "stopped"
    assert report["runs"] > 0


def test_conform_tells_of_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    code = 'for line in open(0): print(\'{"error": "out of luck"}\', flush=True)'
    command = shlex.join([sys.executable, "-c", code])
    assert run("conform", "--cmd", command, "--random", "--quiet") == 1
    assert "FAILED schedule 1" in capsys.readouterr().out
