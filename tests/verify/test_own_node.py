"""A node of one's own has what the reference node has: pictures, pages, traces that are judged."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from raft_ref import State
from raft_ref.cli import main
from raft_ref.cli.examples.my_raft import MyRaft, Server
from raft_ref.explorer import Step
from raft_ref.traces import Trace, read, tell, write
from raft_ref.traces.profiles import PROFILES
from raft_ref.traces.validation.validate import validate
from raft_ref.traces.validation.verdict import Outcome
from raft_ref.verify import (
    ClusterRequest,
    ExhaustiveCheck,
    GivenSizes,
    NotTakenError,
    PropertyRequest,
    RequestError,
    annotated,
    role_changes,
)
from tests import toys

QUIET = {"max_restarts": 0, "max_drops": 0, "max_duplicates": 0}
ELECTION = GivenSizes(max_term=1, max_log_length=0, max_messages=3)
ENTRIES = GivenSizes(servers=2, max_term=1, max_log_length=1, **QUIET)


class Forgets(MyRaft):
    """It does not remember its vote over a crash."""

    def restart(self, server: Server) -> Server:
        return replace(super().restart(server), vote=None)


class Commits(MyRaft):
    """It commits what a client has just asked for."""

    def submit(self, server: Server, command: str) -> Step:
        after: Any = super().submit(server, command).state
        return Step(replace(after, committed=len(after.log)))


class Naps(MyRaft):
    """It does something besides that Raft knows nothing of."""

    def actions(self, server: Server) -> Any:
        yield toys.Does("nap")
        yield from super().actions(server)

    def act(self, server: Server, action: Any) -> Step:
        return Step(server) if isinstance(action, toys.Does) else super().act(server, action)


class WithoutMessages(toys.ForeignRaft):
    """It does not say what its messages stand for."""

    as_raft_message = property()


class WithoutMessagesThatForgets(WithoutMessages):
    """And it forgets its vote."""

    def restart(self, state: toys.Wrapped) -> toys.Wrapped:
        return replace(state, inner=replace(self.node.restart(state.inner), voted_for=None))


def request(node: type[Any], sizes: GivenSizes, **properties: Any) -> ClusterRequest:
    return ClusterRequest(node=node, sizes=sizes, properties=PropertyRequest(**properties))


def trace_of(wanted: ClusterRequest) -> Trace:
    trace = ExhaustiveCheck(wanted).run().trace()
    assert trace is not None
    return trace


def judged(trace: Trace, tmp_path: Path) -> Any:
    write(trace, tmp_path / "trace.ndjson")
    return validate(tmp_path / "trace.ndjson", PROFILES["raft-ref"])


# ---- Its traces


def test_a_step_that_is_none_of_raft_is_refused(tmp_path: Path) -> None:
    trace = trace_of(request(Forgets, ELECTION))
    assert [step.step for step in trace.steps[:3]] == ["Timeout", "Receive", "Restart"]
    verdict = judged(trace, tmp_path)
    assert (verdict.outcome, verdict.line) == (Outcome.REFUSED, 4)


def test_a_step_that_does_too_much_is_refused_as_what_it_was_meant_to_be(tmp_path: Path) -> None:
    trace = trace_of(request(Commits, ENTRIES, refine=True))
    assert (trace.steps[-1].step, trace.steps[-1].arguments) == ("ClientRequest", {"value": "v1"})
    verdict = judged(trace, tmp_path)
    assert (verdict.outcome, verdict.line) == (Outcome.REFUSED, 1 + len(trace.steps))


class KnowsItself(MyRaft):
    """It says of a leader how long its own log is, where Raft.tla has what no rule reads."""

    def as_raft(self, server: Server) -> State:
        state = super().as_raft(server)
        if server.role != "leader":
            return state
        me, last = self.servers.index(server.name), len(server.log)
        next_index, match_index = [*state.next_index], [*state.match_index]
        next_index[me], match_index[me] = last + 1, last
        return replace(state, next_index=tuple(next_index), match_index=tuple(match_index))


@pytest.mark.parametrize("node", [MyRaft, KnowsItself])
def test_a_way_of_raft_is_accepted(node: type[MyRaft], tmp_path: Path) -> None:
    """Up to a commit that a follower knows of."""
    trace = trace_of(request(node, ENTRIES, witness="SometimesFollowerCommits"))
    assert [step.actions for step in trace.steps[3:5]] == [("ClientRequest",), ("AppendEntries",)]
    assert judged(trace, tmp_path).outcome is Outcome.ACCEPTED


def test_a_step_of_its_own_changes_nothing(tmp_path: Path) -> None:
    """Wherever the network keeps what Raft has no name for, the rest is told as ever."""
    first = trace_of(request(Naps, ENTRIES, witness="SometimesLeader"))
    nap = replace(
        first.steps[0], step="Stay", arguments={"step": "Does", "arguments": {"what": "nap"}},
        changes={}, sends=(), actions=("Stay",),
    )  # fmt: skip
    trace = replace(first, steps=(nap, *first.steps))
    assert tell(trace)[0] == "1. s1 takes the step Does (what nap): nothing changes."
    assert annotated(request(Naps, ENTRIES), trace).ran[0] == ["test_own_node.py: Naps.act"]
    assert judged(trace, tmp_path).outcome is Outcome.ACCEPTED


def test_what_a_server_has_beside_is_no_matter_of_raft(tmp_path: Path) -> None:
    wanted = request(toys.ForeignRaft, ENTRIES, witness="SometimesFollowerCommits")
    trace = trace_of(wanted)
    assert trace.beside == ("note",)
    assert "note" in trace.initial["s1"]
    assert judged(trace, tmp_path).outcome is Outcome.ACCEPTED
    assert read(tmp_path / "trace.ndjson") == trace


def test_a_trace_that_is_not_told_in_rafts_words_says_what_its_node_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace, node = tmp_path / "t.ndjson", f"{__name__}:WithoutMessagesThatForgets"
    bounds = ["--max-term", "1", "--max-log", "0", "--max-messages", "3", "--quiet"]
    assert main(["check", "--node", node, *bounds, "--trace", str(trace)]) == 1
    capsys.readouterr()
    assert main(["validate", str(trace)]) == 2
    said = capsys.readouterr().out + capsys.readouterr().err
    assert f'{trace}:1: "note" is no variable' in said
    assert "if it has both methods, as_raft and as_raft_message)" in said


# ---- Its pictures


def test_its_automaton_is_that_of_the_reference_node() -> None:
    own = role_changes(request(MyRaft, ENTRIES))
    reference = role_changes(ClusterRequest(sizes=replace(ENTRIES, max_snapshot_index=0)))
    assert len(own) == 9  # without a restart, which the bounds forbid
    assert own == {edge: seen for edge, seen in reference.items() if edge[1] != "CompactLog"}


@pytest.mark.parametrize(
    ("node", "method"), [(toys.Ring, "as_raft(state)"), (WithoutMessages, "as_raft_message(mess")]
)
def test_what_it_lacks_for_an_automaton_is_named(node: type[Any], method: str) -> None:
    with pytest.raises(RequestError, match=r"automaton: .* has no method") as raised:
        role_changes(request(node, GivenSizes(servers=2, **QUIET)))
    assert method in str(raised.value)


@pytest.mark.parametrize("what", ["--graph", "--automaton"])
def test_it_is_drawn(what: str, tmp_path: Path) -> None:
    sizes = ["--servers", "2", "--max-term", "1", "--max-log", "0", "--max-restarts", "0"]
    sizes += ["--max-drops", "0", "--max-duplicates", "0"]
    node = ["--node", f"{MyRaft.__module__}:MyRaft"]
    assert main(["draw", what, *node, *sizes, "-o", str(tmp_path / "g.gv")]) == 0
    text = (tmp_path / "g.gv").read_text(encoding="utf-8")
    assert ("1 RequestVoteRequest" if what == "--graph" else "HandleRequestVoteResponse") in text


# ---- Its page


def test_the_code_that_ran_is_shown_beside_the_spec() -> None:
    trace = trace_of(request(Forgets, ELECTION))
    found = annotated(request(Forgets, ELECTION), trace)
    assert found.ran[2] == ["test_own_node.py: Forgets.restart", "my_raft.py: MyRaft.restart"]
    assert "vote=None" in found.functions["test_own_node.py: Forgets.restart"]
    assert found.code["BecomeLeader"].tla.endswith(
        "matchIndex' = [matchIndex EXCEPT ![i] = NoMatchIndex]"
    )
    assert [*found.broken[:-1], found.broken[-1]] == [[]] * 7 + [["ElectionSafety"]]


def test_of_another_protocol_its_own_properties_are_shown() -> None:
    trace = trace_of(request(toys.StickyRing, GivenSizes(servers=2)))
    found = annotated(request(toys.StickyRing, GivenSizes(servers=2)), trace)
    assert found.properties.keys() == {"MutualExclusion"}
    assert found.properties["MutualExclusion"].startswith("def mutual_exclusion(view: View)")
    assert found.broken[-1] == ["MutualExclusion"]
    assert found.ran[0] == ["toys.py: StickyRing.act"]
    assert found.code == {}


def test_a_step_that_is_wrong_is_shown_with_the_property_that_says_so() -> None:
    trace = trace_of(request(Commits, ENTRIES, refine=True))
    found = annotated(request(Commits, ENTRIES), trace)
    assert "StepRefinement" in found.broken[-1]
    assert not any("StepRefinement" in each for each in found.broken[:-1])


def test_a_trace_of_another_node_is_none_of_this_one() -> None:
    trace = trace_of(request(Forgets, ELECTION))
    with pytest.raises(NotTakenError, match=r"step 3 is none that .*my_raft:MyRaft takes there"):
        annotated(request(MyRaft, ELECTION), trace)


def test_check_and_draw_make_the_same_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node = ["--node", f"{__name__}:Forgets"]
    check = ["check", *node, "--max-term", "1", "--max-log", "0", "--max-messages", "3"]
    kept, trace = tmp_path / "one.html", tmp_path / "trace.ndjson"
    assert main([*check, "--diagram", str(kept), "--trace", str(trace)]) == 1
    assert main(["draw", str(trace), *node, "-o", str(tmp_path / "two.html")]) == 0
    text = kept.read_text(encoding="utf-8")
    assert "Forgets.restart" in text
    assert (tmp_path / "two.html").read_text(encoding="utf-8") == text
    other = ["--node", f"{MyRaft.__module__}:MyRaft"]
    capsys.readouterr()
    assert main(["draw", str(trace), *other, "-o", str(kept)]) == 2
    assert f"{trace}: step 3 is none that" in capsys.readouterr().err
    assert main(["draw", str(trace), *other, "-o", str(tmp_path / "t.svg")]) == 2
    assert "only a page (.html) shows the code" in capsys.readouterr().err
