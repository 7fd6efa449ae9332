"""What leads from a place to something: the same search, begun elsewhere."""

from pathlib import Path

import pytest

from raft_ref.explorer import (
    Bounds,
    CheckpointError,
    Checkpoints,
    EngineName,
    NetworkKind,
    Progress,
    Report,
    System,
    search,
)
from raft_ref.verify import ClusterRequest, GivenSizes, RequestError, build
from raft_ref.verify.exploring import Answer, Goal, Search, Session, goals
from raft_ref.verify.exploring.searching import ANY, wanted
from tests.verify.exploring.test_session import COMMITTED, ELECTED, half, session

pytestmark = pytest.mark.long

ENGINES: tuple[EngineName, ...] = ("plain", "native")
LEADER_OF_2 = '\\E i \\in Server : role[i] = "Leader" /\\ currentTerm[i] = 2'


def found(goal: Goal, at: list[str], **bounds: int) -> Answer:
    return Search(session(), session().at(at), goal, bounds).run()


def test_the_shortest_way_begins_where_one_stands() -> None:
    whole = found(Goal("SometimesCommitted"), [])
    assert list(whole.steps) == COMMITTED
    for number in (1, 3, 5, 6):
        rest = found(Goal("SometimesCommitted"), COMMITTED[:number])
        assert (rest.outcome, list(rest.steps)) == ("found", COMMITTED[number:])


def test_a_property_that_a_bug_breaks_is_broken_by_the_way_that_is_found() -> None:
    at = half().at("s1.Timeout")
    answer = Search(half(), at, Goal("ElectionSafety"), {}).run()
    place = half().at([*at.address, *answer.steps])
    assert "ElectionSafety" in half().broken(place)


def test_what_could_go_wrong_within_some_steps() -> None:
    at = half().at("s1.Timeout")
    found = Search(half(), at, Goal(ANY), {"steps": 3}).run()
    assert found.outcome == "found"
    assert found.property in half().broken(half().at([*at.address, *found.steps]))
    nearer = Search(half(), at, Goal(ANY), {"steps": len(found.steps) - 1}).run()
    assert (nearer.outcome, nearer.property) == ("nothing", "")


def test_a_formula_may_be_typed() -> None:
    answer = found(Goal(formula=LEADER_OF_2), ELECTED)
    place = session().at([*ELECTED, *answer.steps])
    leaders = [each for each in place.view.states.values() if each.role.value == "Leader"]
    assert 2 in [each.current_term for each in leaders]


def test_what_is_so_already_takes_no_step() -> None:
    answer = found(Goal("SometimesLeader"), ELECTED)
    assert (answer.outcome, answer.steps) == ("found", ())


def test_nothing_is_found_within_bounds_and_that_is_all_that_is_said() -> None:
    none = dict.fromkeys(goals(session())["bounds"], 0)
    answer = found(Goal(formula="\\E i \\in Server : currentTerm[i] = 7"), [], **none)
    assert (answer.outcome, answer.steps) == ("nothing", ())
    assert answer.report.bounds["max_term"] == 0


def test_a_search_can_be_stopped() -> None:
    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    goal = Goal(formula="\\E i \\in Server : currentTerm[i] = 7")
    answer = Search(session(), session().start, goal, {}).run(stop)
    assert answer.outcome == "stopped"


@pytest.mark.parametrize(
    ("goal", "why"),
    [
        (Goal("ElectoinSafety"), "goal ElectoinSafety: no such property; did you mean Election"),
        (Goal(), "goal : no such property"),
        (Goal(formula="\\E i"), "formula: line 1: syntax error"),
        (Goal(formula="TRUE\n/\\ nobody"), "formula: line 2: unknown name nobody"),
        (Goal(formula="currentTerm"), "formula: line 1: Goal is no formula"),
        (Goal(formula="currentTerm[7] = 1"), "formula: line 1: 7 is not in the domain"),
    ],
)
def test_a_goal_that_is_none_is_a_line(goal: Goal, why: str) -> None:
    with pytest.raises(RequestError) as raised:
        Search(session(), session().start, goal, {}).run()
    assert str(raised.value).startswith(why)
    assert "\n" not in str(raised.value)


def test_a_bound_that_there_is_not_is_told() -> None:
    with pytest.raises(RequestError, match="bounds: no max_trem; did you mean max_term"):
        Search(session(), session().start, Goal("SometimesLeader"), {"max_trem": 1}).demand()


@pytest.mark.parametrize("network", ["set", "fifo"])
def test_both_engines_find_the_same_from_a_state_with_messages_in_flight(
    network: NetworkKind,
) -> None:
    request = ClusterRequest(network=network, sizes=GivenSizes(servers=2))
    walked = Session(request)
    place = walked.at([*ELECTED, "s1.AppendEntries(s2,0)", "s1.ClientRequest(v1)"])
    assert place.view.messages
    bounds = Bounds(4, 0, 1, 1, measures={"max_term": 1, "max_log_length": 1})

    def report(goal: str, engine: EngineName) -> Report:
        cluster = build(request)
        own = cluster.system
        begun = System(
            own.guard.actor, own.servers, bounds, own.network_kind, own.history, own.measures,
            first=place.view,
        )  # fmt: skip
        again = begun.anew()
        assert again.view(again.initial()) == place.view
        return search(begun, wanted(cluster, Goal(goal)), engine=engine)

    one, other = (report("StateMachineSafety", engine) for engine in ENGINES)
    assert one.counterexample is other.counterexample is None
    assert one.distinct_states == other.distinct_states > 20
    assert one.transitions == other.transitions
    one, other = (report("SometimesCommitted", engine) for engine in ENGINES)
    assert one.counterexample is not None
    assert other.counterexample is not None
    assert one.counterexample.initial == other.counterexample.initial == place.view
    assert one.counterexample.events == other.counterexample.events


def test_a_search_that_is_kept_begins_where_actors_do(tmp_path: Path) -> None:
    own = build(ClusterRequest()).system
    first = session().at(ELECTED).view
    begun = System(own.guard.actor, own.servers, own.bounds, history=own.history, first=first)
    with pytest.raises(CheckpointError, match="begins where actors do"):
        search(begun, [], checkpoints=Checkpoints(tmp_path / "kept"))
