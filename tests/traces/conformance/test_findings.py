"""Findings: what is told replays, is short, and is said to be fatal where it is; and no more."""

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from raft_ref.bugs import BUGS
from raft_ref.cli import main
from raft_ref.traces import TraceError
from raft_ref.traces.conformance import FollowRequest, HuntRequest, Likely, schedule
from raft_ref.traces.conformance.adapter import FailedError, Reply
from raft_ref.traces.conformance.consequences import Consequence, Witness
from raft_ref.traces.conformance.hunting.alone import Sought, seek
from raft_ref.traces.conformance.hunting.coverage import ALL, POSSIBLE, Coverage
from raft_ref.traces.conformance.hunting.departures import kind, read_known
from raft_ref.traces.conformance.hunting.findings import Settling, is_of, schedule_of
from raft_ref.traces.conformance.hunting.shrinking import Shrinker
from raft_ref.traces.conformance.reference import Cluster
from raft_ref.traces.conformance.report import Conformance
from raft_ref.traces.conformance.run import Run, Runner, following
from raft_ref.traces.conformance.schedule import Command, as_written
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.verdict import Verdict
from tests.traces.conformance.test_conformance import REFERENCE, THREE, InProcess, hunt

FORGETS_ITS_VOTE = "Restart: RestartAt differs in votedFor"


def found_of(bug: str, runs: int = 200) -> tuple[Runner, Run]:
    """Return the first run that something stands against, and what follows more."""
    chase = hunt(InProcess(BUGS[bug].node), runs)
    found = chase.run().found
    assert found is not None
    return chase.runner, found


def settled(bug: str, **more: Any) -> Any:
    runner, run = found_of(bug)
    settling = Settling(runner, **more)
    return settling.settled(schedule_of(run, "set"), kind(run), "a schedule", list)


# ---- What is written replays


@pytest.mark.parametrize(
    "bug", ["last-index-acknowledged", "match-index-moved-back", "older-vote-counted"]
)
def test_what_is_written_holds_the_messages_of_the_run_that_it_tells_of(bug: str) -> None:
    """Those of the run before shrinking name terms and indices that the short run has not."""
    found = settled(bug, steps=0)
    assert found.shrunk_from > len(found.run.commands)
    written = as_written(found.schedule)
    again = Runner(InProcess(BUGS[bug].node), PROFILES["raft-ref"]).run(
        written.servers, following(written.commands)
    )
    assert kind(again) == found.kind
    assert [each.message for each in again.commands] == [each.message for each in written.commands]


def test_of_messages_with_the_same_contents_the_one_in_its_place_is_delivered() -> None:
    vote = {"type": "RequestVoteRequest", "source": "s1", "dest": "s2"}
    commands = [Command("Timeout", "s1"), Command("ReceiveDuplicate", "s2", message=vote),
                Command("Receive", "s2", message=vote)]  # fmt: skip
    run = Runner(InProcess(), PROFILES["raft-ref"]).run(THREE, following(commands))
    answers = [each for each in run.in_flight if each.sent.message["dest"] == "s1"]
    assert len(answers) == 2
    assert answers[0].sent.message == answers[1].sent.message
    last = Command("Receive", "s1", message=answers[1].sent.message, origin=answers[1].origin)
    taken = Runner(InProcess(), PROFILES["raft-ref"]).run(THREE, following([*run.commands, last]))
    assert taken.commands[-1].place == 1
    assert as_written(schedule_of(taken, "set")).commands[-1].place == 1


class Once(InProcess):
    """It does wrong in the first cluster alone: no schedule shows that again."""

    def __init__(self) -> None:
        super().__init__(BUGS["vote-not-persisted"].node)
        self.is_over = False

    def close(self) -> None:
        self.is_over = True
        self.cluster = InProcess().cluster


def test_what_does_not_replay_is_said_and_is_no_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = "raft_ref.traces.conformance"
    monkeypatch.setattr(f"{where}.hunting.jobs.adapter_of", lambda *_, **__: Once())
    monkeypatch.setattr(f"{where}.driving.adapter_of", lambda *_, **__: InProcess())
    path = tmp_path / "found.ndjson"
    code = main(["conform", "--cmd", "x", "--random", "--seed", "1", "--schedule", str(path)])
    out = capsys.readouterr().out
    assert code == 3
    assert out.startswith("INCONCLUSIVE schedule")
    assert "it does not replay" in out.splitlines()[0]
    assert "written to" in out
    assert "though it does not replay" in out


# ---- Shrinking


def test_shrinking_leaves_out_servers_and_pairs_of_steps() -> None:
    """A run is wrong with an even number of time-outs of s1: they can be left out in pairs."""
    commands = [Command("Timeout", name) for name in ("s1", "s2", "s1", "s3", "s1", "s1")]

    def follow(servers: tuple[str, ...], some: Sequence[Command]) -> Run:
        return Run(servers, [*some])

    def is_wrong(run: Run) -> bool:
        count = sum(command.server == "s1" for command in run.commands)
        return "s1" in run.servers and count > 0 and count % 2 == 0

    shrinker = Shrinker(follow, is_wrong, Run(THREE, commands))
    best = shrinker.run()
    assert [command.server for command in best.commands] == ["s1", "s1"]
    assert len(best.servers) == 2
    assert not shrinker.is_cut_short


def test_shrinking_names_no_server_that_it_left_out() -> None:
    """A change to voters of whom one is left out is left out, too."""
    wanted = Command("EnterJoint", "s1", {"voters": ["s1", "s3"]})

    def follow(servers: tuple[str, ...], some: Sequence[Command]) -> Run:
        assert all(name in servers for each in some for name in each.arguments.get("voters", ()))
        return Run(servers, [*some])

    def is_wrong(run: Run) -> bool:
        return any(command.server == "s1" for command in run.commands)

    timeout = Command("Timeout", "s1")
    best = Shrinker(follow, is_wrong, Run(THREE, [wanted, timeout])).run()
    assert [each.step for each in best.commands] == ["Timeout"]


def test_shrinking_that_ends_early_says_so() -> None:
    runner, run = found_of("last-index-acknowledged")
    wanted = kind(run)

    def follow(servers: tuple[str, ...], some: Sequence[Command]) -> Run:
        return runner.run(servers, following(some))

    shrinker = Shrinker(follow, lambda each: is_of(each, wanted), run, limit=3)
    assert len(shrinker.run().commands) <= len(run.commands)
    assert shrinker.tries == 3
    assert shrinker.is_cut_short


def test_the_shortest_of_several_schedules_is_told() -> None:
    runner, run = found_of("last-index-acknowledged")
    short = settled("last-index-acknowledged", steps=0).schedule
    settling = Settling(runner, tries=0, steps=0)
    alone = settling.settled(schedule_of(run, "set"), kind(run), "", list)
    assert len(alone.run.commands) == len(run.commands)
    settling.tries = 1_500
    of_two = settling.settled(schedule_of(run, "set"), kind(run), "", lambda: [short])
    assert len(of_two.run.commands) <= len(short.commands)


# ---- Nothing vacuous

VACUOUS = """
import json, sys
for line in sys.stdin:
    r = json.loads(line)
    header = {"format": "raft-ref-trace", "version": 1, "servers": r.get("servers"),
              "logged": "some", "initial": {}}
    print(json.dumps({"lines": [header] if r["step"] == "Init" else []}), flush=True)
"""


def test_an_adapter_that_answers_nothing_is_inconclusive(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    adapter = f"{shlex.quote(sys.executable)} -c {shlex.quote(VACUOUS)}"
    assert main(["conform", "--cmd", adapter, "--random", "--runs", "5"]) == 3
    out = capsys.readouterr().out
    assert out.startswith("INCONCLUSIVE: nothing stands against it, but never exercised: ")
    for name in ("step Timeout", "receipt of AppendEntriesRequest", "a commit"):
        assert name in out.splitlines()[0]
    scenario = tmp_path / "one.ndjson"
    scenario.write_text(
        '{"format": "raft-ref-trace", "version": 1, "servers": ["s1", "s2"]}\n'
        '{"step": "Timeout", "server": "s1"}\n'
        '{"step": "Receive", "server": "s2", "message": {"type": "RequestVoteRequest", '
        '"source": "s1", "dest": "s2"}}\n'
    )
    assert main(["conform", "--cmd", adapter, str(scenario)]) == 3
    out = capsys.readouterr().out
    assert "not taken: 2 of 2 steps" in out
    assert "1 of 2 steps could not be taken" in out
    assert "1 of 2 steps were answered with nothing: Timeout 1" in out


def test_what_is_left_out_is_not_asked_for_and_not_missed() -> None:
    likely = Likely(frozenset({"Restart", "CompactLog", "InstallSnapshot"}), {"Timeout": 2.0})
    hunted = hunt(InProcess(), 30, likely=likely).run()
    assert hunted.asked["Timeout"] > 0
    assert not {"Restart", "CompactLog", "InstallSnapshot"} & {*hunted.asked}


# ---- Tick


class Ticks(InProcess):
    """Its clock ticks: at the third tick it stands, and says so."""

    def __init__(self) -> None:
        super().__init__()
        self.ticks = 0
        self.asked = 0

    def ask(self, request: Mapping[str, Any]) -> Reply:
        if request["step"] != "Tick":
            return super().ask(request)
        self.ticks += 1
        if self.ticks % 3 or self.cluster._states[request["server"]].role == "Leader":
            return Reply((), ())
        return super().ask({**request, "step": "Timeout"})


class KnowsNoTick(InProcess):
    """An adapter that is older than `Tick`: it fails at it."""

    def ask(self, request: Mapping[str, Any]) -> Reply:
        if request["step"] == "Tick":
            raise FailedError("unknown step Tick")
        return super().ask(request)


def test_a_clock_is_driven_where_there_is_one() -> None:
    assert hunt(Ticks(), 20).run().told["Tick"] > 0
    hunted = hunt(KnowsNoTick(), 20).run()
    assert not hunted.asked["Tick"]
    assert hunted.unknown == {"Tick"}


# ---- Consequences


def line(server: str, **after: Any) -> Event:
    return Event(1, server, "a step", after=after)


def entry(term: int, value: str) -> dict[str, Any]:
    return {"term": term, "value": value}


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([line("s1", role="Leader", currentTerm=2), line("s2", role="Leader", currentTerm=2)],
         "two leaders in one term"),
        ([line("s1", log=[entry(1, "a")], commitIndex=1),
          line("s2", log=[entry(1, "b")], commitIndex=1)],
         "two entries committed at one index"),
        ([line("s1", currentTerm=1, log=[entry(1, "a")], commitIndex=1),
          line("s2", role="Leader", currentTerm=2)],
         "a committed entry lost"),
        ([line("s1", log=[entry(1, "a")], commitIndex=1), line("s1", log=[])],
         "a committed entry lost"),
        # And what is none:
        ([line("s1", role="Leader", currentTerm=2), line("s2", role="Leader", currentTerm=3)], ""),
        ([line("s1", log=[entry(1, "a")], commitIndex=1),
          line("s2", log=[{"term": 1}], commitIndex=1)], ""),
        ([line("s1", log=[entry(1, "a"), entry(1, "b")], commitIndex=1),
          line("s1", log=[entry(1, "a")])], ""),
        ([line("s1", currentTerm=3, log=[entry(1, "a")], commitIndex=1),
          line("s2", role="Leader", currentTerm=2)], ""),
        ([line("s1", log=[entry(1, "a")], commitIndex=1),
          line("s1", log=[], snapshot={"lastIncludedIndex": 1})], ""),
        ([line("s1", log=[entry(1, "a")], commitIndex=1),
          line("s2", role="Leader", currentTerm=9, log={"lastIndex": 0})], ""),
    ],
)  # fmt: skip
def test_a_consequence_is_seen_in_what_servers_tell(lines: list[Event], found: str) -> None:
    witness = Witness(THREE, {})
    for each in lines:
        witness.see(each)
    assert (witness.found.kind if isinstance(witness.found, Consequence) else "") == found


@pytest.mark.parametrize(
    ("bug", "is_fatal"),
    [
        ("vote-not-persisted", True),
        ("quorum-of-half", True),
        ("last-index-acknowledged", True),
        ("prev-log-term-ignored", True),
        ("match-index-moved-back", False),
    ],
)
def test_what_departs_is_followed_to_its_consequence(bug: str, is_fatal: bool) -> None:
    """A leader that forgets what followers have is late, and safe; the others are not."""
    found = settled(bug, steps=20_000 if is_fatal else 3_000)
    assert (found.fatal is not None) == is_fatal
    if found.fatal is None:
        assert found.sought >= 3_000
        return
    written = as_written(found.schedule)
    runner = Runner(InProcess(BUGS[bug].node), PROFILES["raft-ref"])
    again = runner.run(written.servers, following(written.commands), goes_on=True)
    assert again.refused_at is not None
    assert again.consequence == found.fatal.consequence


def test_what_is_fatal_is_told_with_its_schedule_and_replays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, report = tmp_path / "found.ndjson", tmp_path / "report.xml"
    command = ["conform", "--cmd", f"{REFERENCE} --bug vote-not-persisted", "--quiet"]
    hunting = ["--random", "--seed", "1", "--schedule", str(path), "--junit", str(report)]
    assert main([*command, *hunting]) == 1
    out = capsys.readouterr().out
    assert out.startswith("FATAL schedule")
    assert "both lead term" in out
    assert f"kind: {FORGETS_ITS_VOTE}" in out
    assert "<- departs from the spec" in out
    suite = ElementTree.parse(report).getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "1", "0")
    assert main([*command, str(path)]) == 1
    assert capsys.readouterr().out.startswith("FATAL ")


def test_what_never_leads_to_anything_is_refused_and_says_how_far_it_was_followed() -> None:
    found = settled("match-index-moved-back", steps=300)
    assert found.fatal is None
    assert found.sought >= 300
    # It is told by its reason, and not that there is one.
    assert found.reason == found.refusal.why
    assert found.reason.startswith("s1 takes s3 to hold its log up to 0")


class Asked(InProcess):
    """It keeps what each cluster was asked for."""

    def __init__(self, bug: str) -> None:
        super().__init__(BUGS[bug].node)
        self.clusters: list[list[str]] = []

    def ask(self, request: Mapping[str, Any]) -> Reply:
        if request["step"] == "Init":
            self.clusters.append([])
        else:
            self.clusters[-1].append(request["step"])
        return super().ask(request)


def test_what_is_left_out_is_not_asked_for_in_search_of_a_consequence_either() -> None:
    _, run = found_of("vote-not-persisted")
    begun = [each.step for each in run.commands]
    for step in ("Timeout", "AppendEntries", "ClientRequest"):
        adapter = Asked("vote-not-persisted")
        runner, without = Runner(adapter, PROFILES["raft-ref"]), frozenset({step})
        seek(runner, [run], 300, 1, without, Sought())
        assert {asked.count(step) for asked in adapter.clusters} <= {0, begun.count(step)}


# ---- What is known


def test_what_is_known_stands_against_nobody_and_the_spec_goes_on_behind_it() -> None:
    adapter = InProcess(BUGS["vote-not-persisted"].node)
    hunted = hunt(adapter, 60, known=frozenset({FORGETS_ITS_VOTE})).run()
    assert (hunted.found, hunted.runs) == (None, 60)
    assert hunted.known[FORGETS_ITS_VOTE] > 10
    assert hunted.steps == 60 * 60  # none of them ends early


def test_behind_what_is_known_something_else_is_found() -> None:
    adapter = InProcess(BUGS["last-index-acknowledged"].node)
    first = hunt(adapter, 100).run().found
    assert first is not None
    again = hunt(adapter, 40, known=frozenset({kind(first)})).run()
    assert again.found is None or kind(again.found) != kind(first)


@pytest.mark.long
def test_what_is_found_behind_what_is_known_replays_by_the_command_that_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed, found, picture = (tmp_path / name for name in ("known.txt", "found.ndjson", "found.gv"))
    listed.write_text("Receive AppendEntriesResponse: Handle differs in commitIndex\n")
    command = ["conform", "--cmd", f"{REFERENCE} --bug quorum-of-half", "--known", str(listed)]
    hunting = ["--random", "--seed", "1", "--shrink", "5", "--consequence", "0"]
    assert main([*command, *hunting, "--schedule", str(found), "--diagram", str(picture)]) == 1
    out = capsys.readouterr().out
    assert "kind: Receive RequestVoteResponse: breaks LeaderCompleteness" in out
    drawn = picture.read_text()
    again = out.partition("to see it again: ")[2].split("\n")[0]
    assert main([*shlex.split(again)[1:], "--diagram", str(picture)]) == 1
    out = capsys.readouterr().out
    assert "kind: Receive RequestVoteResponse: breaks LeaderCompleteness" in out
    assert "known, met in" in out
    assert picture.read_text().replace(f"{found}, to line", "the run, to line") == drawn


def test_what_comes_to_a_consequence_behind_what_is_known_is_called_by_that() -> None:
    run = Run(THREE, verdict=Verdict(Path("x")))
    run.consequence = Consequence("two leaders in one term", "s1 and s2 both lead term 1")
    assert kind(run) == "consequence: two leaders in one term"


@pytest.mark.parametrize(
    ("text", "reason"),
    [("# none\nwhat is this", "known.txt:2: no kind as a report prints it: what is this")],
)
def test_a_list_of_what_is_known_that_makes_no_sense(
    text: str, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "known.txt"
    path.write_text(text)
    with pytest.raises(TraceError, match=reason):
        read_known(path)
    path.write_text(f"# it is\n\n{FORGETS_ITS_VOTE}\n")
    assert read_known(path) == {FORGETS_ITS_VOTE}


def test_one_hunt_tells_of_all_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["conform", "--cmd", f"{REFERENCE} --bug server-wiped", "--random", "--seed", "1"]
    more = ["--runs", "30", "--keep-going", "--consequence", "0", "--shrink", "50", "--json"]
    assert main([*command, *more]) == 1
    report = json.loads(capsys.readouterr().out)
    kinds = [each["kind"] for each in report["findings"]]
    assert len(kinds) == len({*kinds}) > 1
    assert report["runs"] == 30
    assert all(each["replays"] for each in report["findings"])


# ---- Coverage, and several jobs


def test_the_reference_meets_only_what_the_spec_has() -> None:
    assert len(ALL) == len(POSSIBLE)
    met = hunt(InProcess(), 40).run().coverage
    assert len(met.met) > 40
    assert {*met.met} | {*met.missing()} == POSSIBLE


def test_how_much_is_new_is_estimated_by_what_was_met_once() -> None:
    coverage = Coverage()
    coverage.add([ALL[0]], 5)
    coverage.add([ALL[0], ALL[1]], 10_000)
    assert coverage.last_new == 10_000
    assert coverage.curve(1_024, 3) == [(256, 1), (512, 1), (1_024, 1)]
    coverage.schedules.update({ALL[0]: 2, ALL[1]: 1})
    assert (coverage.once, coverage.expected_new(999)) == (1, 500)
    assert not coverage.is_enough(1_998)
    assert coverage.is_enough(1_999)
    coverage.schedules.update([ALL[1]])
    assert not coverage.is_enough(998)
    assert coverage.is_enough(999)


def test_a_hunt_may_last_until_it_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("raft_ref.traces.conformance.hunting.coverage.ENOUGH", 1.5)
    report = HuntRequest(Cluster, PROFILES["raft-ref"], seed=1, until_enough=True).run()
    assert report.hunted is not None
    assert report.is_enough
    assert report.hunted.coverage.expected_new(report.runs) >= 1.5
    assert report.of_runs == report.runs < 100
    assert report.outcome is Conformance.CONFORMS


def test_what_a_seed_finds_does_not_depend_on_the_number_of_jobs() -> None:
    command = tuple(shlex.split(f"{REFERENCE} --bug log-not-compared-before-vote"))
    reports = [
        HuntRequest(
            command, PROFILES["raft-ref"], seed=3, runs=40, jobs=jobs, tries=0, sought=0
        ).run()
        for jobs in (1, 3)
    ]
    first, second = (report.worst for report in reports)
    assert first is not None
    assert second is not None
    assert (first.kind, first.name) == (second.kind, second.name)
    texts = [schedule.as_text(each.run.commands) for each in (first, second)]
    assert texts[0] == texts[1]


def test_a_scenario_can_be_followed_without_some_steps(tmp_path: Path) -> None:
    scenario = tmp_path / "one.ndjson"
    scenario.write_text(
        '{"format": "raft-ref-trace", "version": 1, "servers": ["s1", "s2"]}\n'
        '{"step": "Timeout", "server": "s1"}\n'
        '{"step": "CompactLog", "server": "s1", "arguments": {"index": 1}}\n'
    )
    command = tuple(shlex.split(REFERENCE))
    whole = FollowRequest(command, PROFILES["raft-ref"], (scenario,)).run()
    assert whole.outcome is Conformance.INCONCLUSIVE
    without = frozenset({"CompactLog"})
    some = FollowRequest(command, PROFILES["raft-ref"], (scenario,), without=without).run()
    assert some.outcome is Conformance.CONFORMS
