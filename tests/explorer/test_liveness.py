"""What must happen in the end: which fair runs refute it, and that two engines agree."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raft_ref import Node
from raft_ref.bugs import BUGS
from raft_ref.explorer import (
    ANY,
    Assumptions,
    Bounds,
    EngineName,
    Fairness,
    Form,
    Goal,
    LiveReport,
    NetworkKind,
    Step,
    System,
    Verdict,
    View,
    search_live,
)
from raft_ref.explorer.model.system import NETWORK_STEPS
from raft_ref.spec.link import LIVENESS_OF_RAFT, raft_goal
from tests import toys
from tests.support.models import Model

ENGINES: list[EngineName] = ["plain"]
try:
    import raft_ref.explorer._core  # noqa: F401
except ImportError:
    pass
else:
    ENGINES.append("native")

SERVERS = ("s1", "s2")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> EngineName:
    name: EngineName = request.param
    return name


def toy(node: Callable[..., Any], **bounds: Any) -> System:
    """Return two servers that lose nothing."""
    limits = {"max_messages": 4, "max_restarts": 0, "max_drops": 0, "max_duplicates": 0, **bounds}
    return System(node(SERVERS), SERVERS, Bounds(**limits))


def fair(*names: str, is_strong: bool = False) -> tuple[Fairness, ...]:
    """Return the fairness of actions; `Pass:s1` is that of s1's."""
    each = [name.partition(":") for name in names]
    return tuple(Fairness(action, server or None, is_strong) for action, _, server in each)


def eventually(holds: Callable[[View], bool]) -> Goal:
    return Goal("<>P", Form.EVENTUALLY, holds)


def again(holds: Callable[[View], bool]) -> Goal:
    return Goal("[]<>P", Form.AGAIN, holds)


def leads(view: View) -> bool:
    return any(state.leads for state in view.states.values())


def wanted(view: View) -> bool:
    return any(state.wants for state in view.states.values())


def s2_entered(view: View) -> bool:
    return toys.has_entered(view, "s2")


def steps(report: LiveReport) -> tuple[list[str], list[str]]:
    """Return the names of the steps of the lasso, up to its loop and in it."""
    assert report.lasso is not None
    prefix, loop = report.lasso.prefix, report.lasso.loop
    return [event.step for event in prefix], [event.step for event in loop]


# ---- Which runs count


def test_servers_that_time_out_in_turn_for_ever_elect_nobody(engine: EngineName) -> None:
    report = search_live(toy(toys.Election), eventually(leads), Assumptions(), engine=engine)
    assert report.verdict is Verdict.VIOLATED
    assert steps(report)[1].count("Timeout") > 0


def test_if_timeouts_come_to_rest_whoever_wants_to_lead_does(engine: EngineName) -> None:
    goal = again(lambda view: leads(view) or not wanted(view))
    rest = Assumptions(at_rest=("Timeout",))
    report = search_live(toy(toys.Election), goal, rest, engine=engine)
    assert report.verdict is Verdict.HOLDS_WITHIN_BOUNDS
    # Who wants to lead, and nobody answers, wants to for ever.
    vain = search_live(toy(toys.ElectionInVain), goal, rest, engine=engine)
    assert vain.verdict is Verdict.VIOLATED
    assert steps(vain) == (["Timeout", "Receive"], [])


def test_what_comes_to_rest_need_not_happen_at_all(engine: EngineName) -> None:
    rest = Assumptions(at_rest=("Timeout",))
    report = search_live(toy(toys.Election), eventually(leads), rest, engine=engine)
    assert report.verdict is Verdict.VIOLATED
    assert steps(report) == ([], [])


def test_a_crash_need_not_happen_though_nothing_else_can(engine: EngineName) -> None:
    rest = Assumptions(at_rest=("Timeout",))
    goal = Goal("P ~> Q", Form.LEADS_TO, lambda view: not leads(view), leads)
    report = search_live(toy(toys.Election, max_restarts=1), goal, rest, engine=engine)
    assert report.verdict is Verdict.VIOLATED
    assert steps(report) == (["Timeout", "Receive", "Receive"], [])


def test_what_is_enabled_now_and_then_is_taken_under_strong_fairness_alone(
    engine: EngineName,
) -> None:
    weak = Assumptions(fair("Enter:s2"))
    report = search_live(toy(toys.Cafe), eventually(s2_entered), weak, engine=engine)
    assert report.verdict is Verdict.VIOLATED
    assert steps(report) == ([], ["Pass", "Receive", "Pass", "Receive"])
    strong = Assumptions(fair("Enter:s2", is_strong=True))
    report = search_live(toy(toys.Cafe), eventually(s2_entered), strong, engine=engine)
    assert report.verdict is Verdict.HOLDS_WITHIN_BOUNDS


def test_fairness_of_whichever_server_is_less_than_that_of_each(engine: EngineName) -> None:
    either = Assumptions(fair("Enter", is_strong=True))
    report = search_live(toy(toys.Cafe), eventually(s2_entered), either, engine=engine)
    assert report.verdict is Verdict.VIOLATED
    assert steps(report) == ([], ["Enter", "Pass", "Receive", "Pass", "Receive"])


@dataclass(frozen=True)
class Order:
    """The holder of the token orders something."""

    dish: str


class CafeWithMenu(toys.Cafe):
    """One guest may order; what it has entered with is remembered."""

    action_names = ("Pass", "Order", "Take")

    def actions(self, state: toys.Holder) -> Any:
        orders = [Order("tea"), Order("soup")] if state.me == "s2" else []
        return [toys.Pass(), *orders] if state.has_token else []

    def act(self, state: Any, action: Any) -> Step | None:
        if not isinstance(action, Order):
            return super().act(state, action)
        return Step(replace(state, has_entered=action.dish), (), ("Order",))


@pytest.mark.parametrize(
    ("arguments", "verdict"),
    [
        (None, Verdict.VIOLATED),  # tea, again and again
        (("tea",), Verdict.VIOLATED),
        ((ANY,), Verdict.VIOLATED),
        (("soup",), Verdict.HOLDS_WITHIN_BOUNDS),
        (("soup", "salt"), Verdict.VIOLATED),  # there is no such order
        ((), Verdict.VIOLATED),
    ],
)
def test_fairness_may_be_that_of_an_action_with_its_arguments(
    arguments: tuple[str, ...] | None, verdict: Verdict, engine: EngineName
) -> None:
    assumed = Assumptions((Fairness("Order", "s2", True, arguments),))
    system = toy(CafeWithMenu)
    has_soup = eventually(lambda view: view.states["s2"].has_entered == "soup")
    report = search_live(system, has_soup, assumed, engine=engine)
    assert report.verdict is verdict
    # Orders are told apart by the search alone, and counted as one action.
    assert report.search.actions.keys() - {*NETWORK_STEPS} == {"Pass", "Order", "Take"}


@pytest.mark.parametrize(
    ("form", "verdict"),
    [
        (Form.EVENTUALLY, Verdict.HOLDS_WITHIN_BOUNDS),
        (Form.AGAIN, Verdict.HOLDS_WITHIN_BOUNDS),
        (Form.LEADS_TO, Verdict.HOLDS_WITHIN_BOUNDS),
        (Form.STAYS, Verdict.VIOLATED),
    ],
)
def test_a_token_that_goes_round_comes_again_and_does_not_stay(
    form: Form, verdict: Verdict, engine: EngineName
) -> None:
    goal = Goal(form.value, form, toys.away, lambda view: not toys.away(view))
    assert search_live(toy(toys.Ring), goal, Assumptions(), engine=engine).verdict is verdict


# ---- What a verdict does not say


def test_a_goal_that_is_met_at_once_holds_vacuously(engine: EngineName) -> None:
    goal = eventually(toys.somebody_has_it)
    report = search_live(toy(toys.Ring), goal, Assumptions(), engine=engine)
    assert report.verdict is Verdict.HOLDS_VACUOUSLY


def test_fairness_of_what_is_never_enabled_is_told(engine: EngineName) -> None:
    class ShyCafe(toys.Cafe):
        def actions(self, state: toys.Holder) -> Any:
            return [toys.Pass()] if state.has_token else []

    assumed = Assumptions(fair("Enter:s2"))
    report = search_live(toy(ShyCafe), again(toys.away), assumed, engine=engine)
    assert report.verdict is Verdict.HOLDS_VACUOUSLY
    assert report.answer is not None
    assert report.answer.never_enabled == assumed.fair
    assert report.in_vain == assumed.fair


def test_of_what_is_asked_of_each_server_one_that_can_take_it_is_enough(
    engine: EngineName,
) -> None:
    class Alone(toys.Cafe):
        def actions(self, state: toys.Holder) -> Any:
            return [*super().actions(state)][: 1 if state.me == "s2" else 2]

    each = tuple(Fairness("Enter", server, of_each="Enter:each") for server in SERVERS)
    report = search_live(toy(Alone), again(toys.away), Assumptions(each), engine=engine)
    assert report.verdict is Verdict.HOLDS_WITHIN_BOUNDS
    assert report.answer is not None
    assert (report.answer.never_enabled, report.in_vain) == (each[1:], ())


def test_what_only_a_bound_refutes_is_neither_refuted_nor_true(engine: EngineName) -> None:
    # Nobody can say more than the bound lets them, and would, if it were larger.
    def three(view: View) -> bool:
        return any(state.said >= 3 for state in view.states.values())

    def of(most: int) -> LiveReport:
        system = toy(toys.Counting, measures={"max_said": most}, max_messages=2)
        return search_live(system, eventually(three), Assumptions(), engine=engine)

    assert of(2).verdict is Verdict.INCOMPLETE
    assert of(2).answer is not None
    assert set(of(2).answer.kept) == {"max_said"}  # type: ignore[union-attr]
    resting = Assumptions(at_rest=("Say",))
    system = toy(toys.Counting, measures={"max_said": 2}, max_messages=2)
    report = search_live(system, eventually(three), resting, engine=engine)
    assert report.verdict is Verdict.VIOLATED  # whatever the bound, nobody need say anything


@pytest.mark.parametrize(
    ("assumed", "says"),
    [
        (Assumptions(fair("Fly")), "Fly is no step or action"),
        (Assumptions(fair("Pass:s9")), "s9 is no server"),
        (Assumptions(at_rest=("Fly",)), "Fly is no step or action"),
    ],
)
def test_what_nobody_has_cannot_be_assumed(assumed: Assumptions, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        search_live(toy(toys.Ring), again(toys.away), assumed)


def test_an_interrupt_ends_it_incomplete(engine: EngineName) -> None:
    def interrupt(progress: object) -> None:
        raise KeyboardInterrupt

    report = search_live(toy(toys.Ring), again(toys.away), Assumptions(), interrupt, engine=engine)
    assert (report.verdict, report.stopped_by) == (Verdict.INCOMPLETE, "interrupt")


# ---- Raft

ALONE = "[]<>(CandidateIsAlone => LeaderIsElected)"
VOTES = fair(
    "HandleRequestVoteRequest:s1", "HandleRequestVoteRequest:s2", "Receive:s1", "Receive:s2"
)


class GrantsNothing(Node):
    """A wrong Raft: nobody ever gets a vote but its own."""

    def handle_request_vote_request(self, state: Any, message: Any) -> Any:
        step = super().handle_request_vote_request(state, message)
        refused = tuple(
            type(each)(**{**fields_of(each), "vote_granted": False}) for each in step.messages
        )
        return type(step)(state, refused, step.actions)


def fields_of(message: Any) -> dict[str, Any]:
    return {name: getattr(message, name) for name in type(message).__dataclass_fields__}


def goal_of(model: Model, text: str) -> Goal:
    return raft_goal(LIVENESS_OF_RAFT, model.server_names, model.value_names, text)


@pytest.mark.parametrize("node", [Node, GrantsNothing])
def test_a_candidate_that_is_alone_is_elected_if_timeouts_come_to_rest_and_messages_arrive(
    node: type[Node], engine: EngineName
) -> None:
    model = Model(servers=2, term=2)
    assumed = Assumptions(VOTES, ("Timeout",))
    report = search_live(model.system(node), goal_of(model, ALONE), assumed, engine=engine)
    right = node is Node
    assert report.verdict is (Verdict.HOLDS_WITHIN_BOUNDS if right else Verdict.VIOLATED)


def test_with_a_lost_request_it_is_not(engine: EngineName) -> None:
    model = Model(servers=2, term=1, drops=1)
    assumed = Assumptions(VOTES, ("Timeout",))
    report = search_live(model.system(), goal_of(model, ALONE), assumed, engine=engine)
    assert steps(report) == (["Timeout", "DropMessage"], [])


def test_heartbeats_of_an_old_leader_may_keep_a_newer_candidate_waiting() -> None:
    model = Model(servers=3, term=2, messages=3, drops=1, values=1)
    receives = fair("Receive:s1", "Receive:s2", "Receive:s3")
    goal = goal_of(model, "<>LeaderIsElected")
    report = search_live(model.system(), goal, Assumptions(receives), engine=ENGINES[-1])
    assert report.verdict is Verdict.VIOLATED
    assert steps(report)[1] == ["AppendEntries", "Receive", "Receive"]


# ---- Two engines


def content(report: LiveReport) -> tuple[Any, ...]:
    """Return what two engines must agree on."""
    return report.verdict, report.answer, report.search.distinct_states, report.stopped_by


ROLES = ("LeaderIsElected", "CandidateIsAlone", "CommitIsDue", 'role["s1"] = "Leader"')
FAIR = [
    Fairness(action, server, is_strong, arguments)
    for action, arguments in (
        ("Receive", None),
        ("Timeout", None),
        ("AppendEntries", None),
        ("AppendEntries", ("s2", "1")),
        ("AppendEntries", (ANY, "0")),
        ("HandleRequestVoteRequest", None),
        ("Restart", None),
    )
    for server in (None, "s1", "s2")
    for is_strong in (False, True)
]


@pytest.mark.skipif("native" not in ENGINES, reason="the native engine was not built")
@settings(max_examples=25, deadline=None)
@given(
    bug=st.sampled_from([None, *sorted(BUGS)]),
    bounds=st.tuples(st.integers(1, 2), st.integers(0, 1), st.integers(0, 1), st.integers(0, 1)),
    network=st.sampled_from(["set", "fifo"]),
    form=st.sampled_from(["<>{}", "[]<>{}", "<>[]{}", "CandidateIsAlone ~> {}"]),
    role=st.sampled_from(ROLES[:3]),
    assumed=st.lists(st.sampled_from(FAIR), max_size=4, unique=True),
    at_rest=st.sampled_from([(), ("Timeout",), ("AppendEntries", "Timeout")]),
)
def test_both_engines_say_the_same_of_small_systems(
    bug: str | None,
    bounds: tuple[int, int, int, int],
    network: NetworkKind,
    form: str,
    role: str,
    assumed: list[Fairness],
    at_rest: tuple[str, ...],
) -> None:
    term, log, restarts, drops = bounds
    model = Model(servers=2, term=term, log=log, restarts=restarts, drops=drops)
    node = Node if bug is None else BUGS[bug].node
    goal = goal_of(model, form.format(role))
    reports = []
    for name in ENGINES:
        actor = node(model.server_names, model.value_names)
        base = model.system()
        system = System(actor, base.servers, base.bounds, network, base.history)
        try:
            reports.append(
                search_live(system, goal, Assumptions(tuple(assumed), at_rest), engine=name)
            )
        except Exception as error:  # an action that a bug's node has not
            reports.append(str(error))  # type: ignore[arg-type]
    one, other = reports
    assert isinstance(one, LiveReport)
    assert content(one) == content(other)
