"""A walk through a cluster: what leads where, and what is known there."""

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raft_ref.cli.commands.explore.asked import cluster_of
from raft_ref.features import Feature
from raft_ref.traces import Trace, TraceStep, read
from raft_ref.traces.playing import PlayRequest
from raft_ref.verify import ClusterRequest, GivenSizes, RequestError
from raft_ref.verify.exploring import KINDS, AddressError, Session, exported, told, tours
from tests.support import tours as made
from tests.support.files import GALLERY

ELECTED = [
    "s1.Timeout",
    "s2.Receive(RequestVoteRequest,s1,term=1)",
    "s1.Receive(RequestVoteResponse,s2,term=1)",
]
COMMITTED = [
    *ELECTED,
    "s1.ClientRequest(v1)",
    "s1.AppendEntries(s2,1)",
    "s2.Receive(AppendEntriesRequest,s1,term=1)",
    "s1.Receive(AppendEntriesResponse,s2,term=1)",
]


@cache
def session() -> Session:
    return Session(ClusterRequest())


@cache
def half() -> Session:
    return Session(ClusterRequest(bug="quorum-of-half"))


def test_an_address_leads_to_a_state() -> None:
    place = session().at(COMMITTED)
    leader = place.view.states["s1"]
    assert (leader.role.value, leader.commit_index) == ("Leader", 1)
    assert place.text == "/".join(COMMITTED)
    assert session().at(place.text) is place


@pytest.mark.long
def test_nothing_is_bounded_but_what_was_bounded_by_name() -> None:
    place = session().at(["s1.Timeout"] * 9)
    assert place.view.states["s1"].current_term == 9
    narrow = Session(ClusterRequest(sizes=GivenSizes(max_term=1, max_restarts=0)))
    names = [each.name for each in narrow.enabled(narrow.at("s1.Timeout"))]
    assert "s1.Timeout" not in names
    assert not any(name.endswith("Restart") for name in names)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        (["s1.Timeuot"], "step 1: s1.Timeuot: no step of this name is enabled; did you mean s1.T"),
        (["s1.Timeout", "nonsense"], "step 2: nonsense: no step of this name is enabled"),
        ([*ELECTED, "s2.ClientRequest(v1)"], "step 4: s2.ClientRequest(v1): no step"),
        (["<b>&"], "step 1: <b>&: no step"),
        (["~", "(", "a(b", ")"], "step 1: ~: no step"),
    ],
)
def test_an_address_that_leads_nowhere_says_which_step(address: list[str], why: str) -> None:
    with pytest.raises(AddressError) as raised:
        session().at(address)
    assert str(raised.value).startswith(why)


@pytest.mark.long
@settings(max_examples=10, deadline=None)
@given(choices=st.lists(st.integers(0, 10**6), max_size=12))
def test_every_name_leads_where_it_says_and_a_link_opened_afresh_to_the_same(
    choices: Sequence[int],
) -> None:
    at = session().start
    for choice in choices:
        options = session().enabled(at)
        assert len({each.name for each in options}) == len(options)
        option = options[choice % len(options)]
        at = session().at([*at.address, option.name])
        assert (at.step, at.name) == (option.step, option.name)
    again = other().at(at.text)
    assert again.view == at.view
    assert [each.name for each in other().enabled(again)] == [
        each.name for each in session().enabled(at)
    ]


@cache
def other() -> Session:
    return Session(ClusterRequest())


@pytest.mark.long
def test_a_property_is_false_where_it_is_with_what_falsifies_it() -> None:
    place = half().at(["s1.Timeout", "s2.Timeout"])
    assert half().broken(place) == []
    found = half().follow(read(GALLERY / "quorum-of-half.ndjson"))
    assert "ElectionSafety" in half().broken(found)
    verdict = next(e for e in half().verdicts(found) if e.property.name == "ElectionSafety")
    assert verdict.instances


@pytest.mark.long
def test_a_step_that_leaves_the_spec_is_told() -> None:
    broken = [half().broken(place) for place in half().follow(_bug_trace()).way]
    first = next(number for number, names in enumerate(broken) if names)
    assert "StepRefinement" in broken[first]


def _bug_trace() -> Trace:
    return read(GALLERY / "quorum-of-half.ndjson")


@pytest.mark.long
def test_a_trace_of_another_cluster_is_refused() -> None:
    trace = _bug_trace()
    reference = Session(ClusterRequest(sizes=GivenSizes(servers=len(trace.servers))))
    with pytest.raises(
        AddressError, match=r"step \d+ is none that reference node takes here: s\d receives "
    ):
        reference.follow(trace)
    place, refused = reference.follow_far(trace)
    assert 0 < len(place.address) < len(trace.steps)
    assert refused.endswith("becomes leader of term 1")
    with pytest.raises(AddressError, match="of s1, s2, s3, s4, s5, and the cluster of s1, s2, s3"):
        session().follow(made.figure_8())


@pytest.mark.long
def test_where_a_broken_node_fails_the_rest_can_be_taken() -> None:
    broken = Session(ClusterRequest(bug="older-snapshot-overwrites-newer"))
    tour = tours("bug-older-snapshot-overwrites-newer")
    place = broken.at([each["name"] for each in tour["steps"]])
    assert any(each.name == "s1.Restart" for each in broken.enabled(place))
    [line] = told(broken, place)["failures"]
    assert line.startswith("OlderSnapshotOverwritesNewer.act raises IndexError")
    assert broken.failures(broken.start) == []


# ---- What is told


def test_what_is_told_of_a_place_is_all_that_a_page_shows() -> None:
    found = told(session(), session().at(COMMITTED))
    json.dumps(found)
    assert found["words"].startswith("s1 receives AppendEntriesResponse(term 1, success")
    assert found["states"]["s1"]["log"] == [
        {"index": 1, "term": 1, "text": "v1", "committed": True}
    ]
    assert "commitIndex" in found["changed"]["s1"]
    assert [row["mark"] for row in found["rows"]] == [
        "candidate t1", "follower t1", "leader t1", "", "", "", "",
    ]  # fmt: skip
    ways = [
        (each["from"], each["to"], each["sent"], each["delivered"]) for each in found["flights"]
    ]
    assert ways == [(0, 1, 1, [2]), (0, 2, 1, []), (1, 0, 2, [3]), (0, 1, 5, [6]), (1, 0, 6, [7])]
    [deliver] = [each for each in found["enabled"] if each["group"] == "deliver"]
    assert found["flights"][deliver["flight"]]["to"] == 2
    holds = {each["name"]: each["holds"] for each in found["properties"]}
    assert holds["SometimesCommitted"]
    assert not holds["SometimesTwoLeaders"]


def test_the_action_of_the_spec_stands_beside_the_python_with_the_lines_that_ran() -> None:
    code = told(session(), session().at("s1.Timeout"))["code"]
    assert [each["name"] for each in code["tla"]] == ["Timeout"]
    ran = {each["name"]: each for each in code["python"]}["node.py: Node.timeout"]
    lines = ran["text"].split("\n")
    marked = [lines[number - 1].strip() for number in ran["lines"]]
    assert "term = state.current_term + 1" in marked
    assert "return None" not in marked
    assert told(session(), session().start)["code"] == {"tla": [], "python": []}


@pytest.mark.long
@pytest.mark.deep
def test_of_features_what_is_on_is_told_and_what_nothing_changes_is_not() -> None:
    request = ClusterRequest(features=frozenset({Feature.MEMBERSHIP}), sizes=GivenSizes(voters=2))
    changing = Session(request)
    states = told(changing, changing.start)["states"]
    assert states["s1"]["configuration"] == "{s1 s2}"
    assert "readRound" not in states["s1"]


# ---- What a way can be written as


def written(kind: str, tmp_path: Path, of: Callable[[], Session] = session) -> Path:
    path = tmp_path / f"walk{KINDS[kind].suffix}"
    path.write_bytes(exported(of(), of().at(COMMITTED), kind))
    return path


def test_a_trace_and_a_schedule_are_read_by_those_who_read_such(tmp_path: Path) -> None:
    trace = read(written("trace", tmp_path))
    assert session().follow(trace).address == tuple(COMMITTED)
    report = PlayRequest(written("schedule", tmp_path)).run()
    assert [each.step for each in report.trace.steps] == [each.step for each in trace.steps]


def test_a_test_walks_to_the_same_place(tmp_path: Path) -> None:
    text = written("test", tmp_path).read_text()
    names: dict[str, Callable[[], None]] = {}
    exec(compile(text, "walk.py", "exec"), names)
    names["test_walk"]()
    wrong = text.replace("== []", "== ['ElectionSafety']")
    exec(compile(wrong, "walk.py", "exec"), names)
    with pytest.raises(AssertionError):
        names["test_walk"]()


@pytest.mark.long
def test_a_schedule_has_no_step_that_raft_has_no_name_for() -> None:
    place = session().at("s1.Timeout")
    strange = Session(ClusterRequest())
    at = strange.at("s1.Timeout")
    at.step = TraceStep("Stay", "s1")
    with pytest.raises(RequestError, match=r'a schedule cannot have this: .*"step" must be'):
        exported(strange, at, "schedule")
    assert exported(session(), place, "gv").startswith(b"digraph")


# ---- Guided tours

TITLES = {each["name"]: each for each in tours()["tours"]}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.deep] if name.startswith("bug-") else [])
        for name in sorted(TITLES)
    ],
)
@pytest.mark.long
def test_a_tour_leads_where_it_says(name: str) -> None:
    tour = tours(name)
    assert made.walked(tour) == tour
    walked = Session(cluster_of({"cluster": tour["cluster"]}, ClusterRequest()))
    place = walked.at([each["name"] for each in tour["steps"]])
    assert json.dumps(told(walked, place)["code"]["python"])
    if "bug" in tour["cluster"]:
        assert made.of_bug(tour["cluster"]["bug"]) == {
            k: v for k, v in tour.items() if k != "order"
        }


def test_there_are_tours_to_begin_with_and_for_the_bugs() -> None:
    assert {"first-election", "first-commit", "snapshot", "membership-change", "figure-8"} <= {
        *TITLES
    }
    assert {"bug-older-term-committed", "bug-single-server-change-without-barrier"} <= {*TITLES}
    for name in ("first-election", "snapshot"):
        assert all(step["says"] or name == "snapshot" for step in tours(name)["steps"])


def test_there_is_no_other_tour() -> None:
    with pytest.raises(RequestError, match="tour first-elction: no such tour; did you mean first-"):
        tours("first-elction")
