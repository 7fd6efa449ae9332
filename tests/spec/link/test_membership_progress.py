"""The goals of MembershipProgress.tla: on states by hand, and of the nodes that they are about."""

from collections.abc import Iterable
from typing import Any

import pytest

from raft_ref import spec
from raft_ref.explorer import Assumptions, Fairness, Report, Verdict, search
from raft_ref.features import Feature
from raft_ref.spec.files import MEMBERSHIP_PROGRESS
from raft_ref.verify import ClusterRequest, GivenSizes, LivenessCheck, PropertyRequest
from tests.support.features import SIZES, cluster
from tests.support.raft_states import NIL, NOBODY, NONE, S1, S2, V1, V2, State, history, log, snap

S3 = spec.model_value("s3")
YES, NO = spec.boolean(True), spec.boolean(False)
ALL = (S1, S2, S3)


def three(s1: spec.Value, s2: spec.Value, s3: spec.Value) -> spec.Value:
    return spec.function({S1: s1, S2: s2, S3: s3})


def same(value: spec.Value) -> spec.Value:
    return three(value, value, value)


def conf(
    voters: Iterable[spec.Value],
    outgoing: Iterable[spec.Value] = (),
    learners: Iterable[spec.Value] = (),
) -> spec.Value:
    return spec.record(
        {
            "voters": frozenset(voters),
            "outgoingVoters": frozenset(outgoing),
            "learners": frozenset(learners),
        }
    )


FIRST, REST, JOINT, ALONE = conf(ALL), conf((S1, S2)), conf((S1, S2), ALL), conf((S1,))
LEARNS = conf((S1, S2), (), (S3,))
OWN, OLDER = (3, V1), (2, V2)

# s1 leads in term 3. That s3 is removed is committed, and s3 has not heard of it; then s1 was asked
# to store something.
HEALTHY: State = {
    "currentTerm": same(3),
    "votedFor": three(S1, S1, NIL),
    "snapshot": same(NONE),
    "log": three(log(OWN, (3, REST), OWN), log(OWN, (3, REST)), log(OWN)),
    "role": three("Leader", "Follower", "Follower"),
    "commitIndex": three(2, 1, 0),
    "messages": frozenset(),
    "committed": history((3, V1, 3), (3, REST, 3)),
    "heardFromLeader": three(NO, YES, NO),
    "preVotesGranted": same(NOBODY),
    "bootstrap": same(FIRST),
    "configurationIndex": three(2, 0, 0),
}
CANDIDATE = {"role": three("Candidate", "Follower", "Follower")}
STALE = {"currentTerm": three(3, 3, 4)}
MISSED = {"heardFromLeader": same(NO)}
UNCOMMITTED = {"committed": history((3, V1, 3)), "commitIndex": three(1, 1, 0)}
COMPACTED = {
    "snapshot": three(snap(2, 3, V1, REST), NONE, NONE),
    "log": three(log(OWN), log(OWN), log(OWN)),
}
AT_ONCE = {
    "log": three(log((3, JOINT), (3, REST), OWN), log((3, JOINT)), log((3, JOINT))),
    "committed": history((3, JOINT, 3), (3, REST, 3)),
}
OF_ONE_LEFT = {
    "log": three(log(OWN, (3, ALONE), OWN), log(OWN), log(OWN)),
    "committed": history((3, V1, 3), (3, ALONE, 3)),
}
IN_JOINT = {"log": three(log(OWN, (3, JOINT)), log(OWN), log(OWN))}
OF_BEFORE = {"log": three(log(OLDER, (2, JOINT)), log(OLDER), log(OLDER))}
APPLIED, STICKY, ASKS = "AppliedMembership", "CheckQuorum", "PreVote"

# The property, whether it is true, what is otherwise than in a healthy state, and which features
# are on beside Membership.
OF_STATES: list[tuple[str, bool, State, tuple[str, ...]]] = [
    ("ChangeIsBegun", False, {}, ()),
    ("ChangeIsBegun", True, UNCOMMITTED, ()),
    ("ChangeIsBegun", False, COMPACTED, ()),
    ("ChangeIsBegun", True, {"log": three(log(OWN), log(OWN), log(OWN, OWN, (4, ALONE)))}, ()),
    ("ChangeIsBegun", False, {**UNCOMMITTED, "log": same(log(OWN, OWN))}, ()),
    ("ChangeIsBegun", True, {"log": same(log((3, REST))), "committed": history()}, ()),
    ("ChangeIsEnded", True, {}, ()),
    ("ChangeIsEnded", True, {"log": same(log(OWN))}, ()),
    ("ChangeIsEnded", False, {**AT_ONCE, "commitIndex": same(1)}, ()),
    ("ChangeIsEnded", True, COMPACTED, ()),
    ("ChangeIsEnded", False, {"commitIndex": three(1, 2, 2)}, ()),
    ("ChangeIsEnded", False, CANDIDATE, ()),
    ("ChangeIsEnded", False, STALE, ()),
    ("ChangeIsEnded", True, {}, (APPLIED,)),
    ("ChangeIsEnded", False, {"configurationIndex": same(0)}, (APPLIED,)),
    ("ChangeIsEnded", True, {"configurationIndex": same(0)}, ()),
    ("ChangeIsLed", False, {}, ()),
    ("ChangeIsLed", True, {**AT_ONCE, "commitIndex": same(1)}, ()),
    ("ChangeIsLed", False, {"log": same(log(OLDER, (2, ALONE))), "commitIndex": same(1)}, ()),
    ("ChangeIsLed", False, CANDIDATE, ()),
    ("ChangeIsLed", True, {"configurationIndex": same(0)}, (APPLIED,)),
    ("JointIsEntered", False, {}, ()),
    ("JointIsEntered", True, IN_JOINT, ()),
    ("JointIsEntered", True, {**IN_JOINT, "commitIndex": same(0)}, ()),
    ("JointIsEntered", False, {**IN_JOINT, **CANDIDATE}, ()),
    ("JointIsEntered", False, {**IN_JOINT, **STALE}, ()),
    ("JointIsEntered", True, OF_BEFORE, ()),
    ("JointIsEntered", False, {**OF_BEFORE, "commitIndex": same(1)}, ()),
    ("JointIsEntered", False, {**IN_JOINT, "configurationIndex": same(0)}, (APPLIED,)),
    ("JointIsLeft", True, {}, ()),
    ("JointIsLeft", False, IN_JOINT, ()),
    ("JointIsLeft", True, {"commitIndex": three(1, 2, 2)}, ()),
    ("JointIsLeft", True, {**IN_JOINT, "configurationIndex": same(0)}, (APPLIED,)),
    ("JointIsLeft", False, CANDIDATE, ()),
    ("JointIsLeft", False, STALE, ()),
    ("RestIsAsked", True, {}, ()),
    ("RestIsAsked", True, MISSED, ()),
    ("RestIsAsked", True, {}, (STICKY,)),
    ("RestIsAsked", False, MISSED, (STICKY,)),
    ("RestIsAsked", False, MISSED, (ASKS,)),
    ("RestIsAsked", False, {"messages": frozenset((spec.record({"source": S3}),))}, ()),
    ("RestIsAsked", False, {"preVotesGranted": three(NOBODY, NOBODY, frozenset((S2,)))}, ()),
    ("RestIsAsked", True, {"preVotesGranted": three(NOBODY, frozenset((S2,)), NOBODY)}, ()),
    ("RestIsAsked", False, {"commitIndex": three(3, 1, 0)}, ()),
    ("RestIsAsked", False, {"currentTerm": three(3, 2, 3)}, ()),
    ("RestIsAsked", False, STALE, ()),
    ("RestIsAsked", False, CANDIDATE, ()),
    ("RestIsAsked", False, UNCOMMITTED, ()),
    ("RestIsAsked", True, AT_ONCE, ()),
    ("RestIsAsked", False, {**AT_ONCE, "committed": history((3, JOINT, 3))}, ()),
    ("RestIsAsked", True, OF_ONE_LEFT, ()),
    (
        "RestIsAsked",
        False,
        {**OF_ONE_LEFT, "preVotesGranted": three(NOBODY, frozenset((S2,)), NOBODY)},
        (),
    ),
    (
        "RestIsAsked",
        True,
        {
            "log": three(log((3, REST), OWN), log((3, REST)), log()),
            "committed": history((3, REST, 3)),
            "commitIndex": same(1),
        },
        (),
    ),
    (
        "RestIsAsked",
        False,
        {
            "log": three(log(OWN, (3, LEARNS), OWN), log(OWN), log(OWN)),
            "committed": history((3, V1, 3), (3, LEARNS, 3)),
        },
        (),
    ),
    ("RestIsAsked", False, {"bootstrap": three(FIRST, FIRST, conf(()))}, ()),
    ("RestIsAsked", False, {"committed": history((3, V1, 3), (3, LEARNS, 3))}, ()),
    ("RestIsAsked", False, {"committed": history((3, V1, 3), (3, ALONE, 3))}, ()),
    (
        "RestIsAsked",
        False,
        {"log": three(log(OWN, (3, REST), (2, V1)), log(OWN), log(OWN))},
        (),
    ),
    ("RestIsServed", False, {}, ()),
    ("RestIsServed", True, {"commitIndex": three(3, 1, 0)}, ()),
    (
        "RestIsServed",
        True,
        {"commitIndex": three(3, 1, 0), "committed": history((3, conf((S1,), (S1, S2)), 3))},
        (),
    ),
    ("RestIsServed", False, {"commitIndex": same(3), **CANDIDATE, "votedFor": same(NIL)}, ()),
    # s3 has begun term 4, of which s1 has heard: nobody of the rest leads.
    (
        "RestIsServed",
        False,
        {
            "currentTerm": three(4, 3, 4),
            "votedFor": three(NIL, S1, S3),
            "role": three("Follower", "Follower", "Candidate"),
        },
        (),
    ),
    # s2 has.
    ("RestIsServed", True, {"currentTerm": three(3, 4, 3), "votedFor": three(S1, S2, NIL)}, ()),
    ("RestIsServed", True, CANDIDATE, ()),
    ("RestIsServed", True, MISSED, (STICKY,)),
    ("RestIsServed", False, {}, (STICKY,)),
]  # fmt: skip


@pytest.fixture(scope="module")
def module() -> spec.Module:
    return spec.load(MEMBERSHIP_PROGRESS)


def test_every_goal_has_its_rows(module: spec.Module) -> None:
    told = {row[:2] for row in OF_STATES}
    assert told == {(each.name, told) for each in module.properties() for told in (True, False)}


def holds(module: spec.Module, name: str, changes: State, on: tuple[str, ...]) -> bool:
    constants: dict[str, spec.Value] = {
        "Server": frozenset(ALL),
        "Voters": frozenset(ALL),
        "Value": frozenset((V1, V2)),
        "Nil": NIL,
        "Features": frozenset(("Membership", *on)),
    }
    known = {name: constants[name] for name in module.constants}
    predicate = module.predicate(name, known)
    assert not predicate.is_step
    return predicate.holds({**HEALTHY, **changes})


@pytest.mark.parametrize(("name", "is_true", "changes", "on"), OF_STATES)
def test_of_a_state(
    module: spec.Module, name: str, is_true: bool, changes: State, on: tuple[str, ...]
) -> None:
    assert holds(module, name, changes, on) == is_true


# Of nodes: what may still happen. That each goal fails of a known bug, tests/raft_ref says.

OF_ONE = {"voters": 1, "max_term": 2, "max_log_length": 2, "max_messages": 1, "max_changes": 1}
OF_TWO = {**OF_ONE, "voters": 2}


def asked(features: str, goal: str, **sizes: Any) -> Report:
    properties = PropertyRequest(refine=False, progress=goal)
    made = cluster(Feature.of_option(features), properties=properties, **sizes)
    return search(made.system, made.properties, made.renamed(None))


@pytest.mark.parametrize(
    ("features", "goal", "sizes", "due"),
    [
        ("membership", "ChangeIsEnded", {**OF_ONE, "max_log_length": 3}, 242),
        ("membership", "ChangeIsEnded", OF_TWO, 40),
        ("membership", "LeaderIsElected", OF_TWO, 289),
        ("joint", "ChangeIsEnded", {**OF_TWO, "max_changes": 2}, 274),
        ("joint", "JointIsLeft", {**OF_ONE, "max_log_length": 1}, 64),
        ("as-applied", "ChangeIsEnded", OF_TWO, 178),
    ],
)
def test_a_change_ends_and_c_old_new_is_left(
    features: str, goal: str, sizes: dict[str, int], due: int
) -> None:
    report = asked(features, goal, **sizes)
    assert report.verdict is Verdict.HOLDS_WITHIN_BOUNDS
    assert (report.progress["Progress"].asked, report.progress["Progress"].stuck) == (due, 0)


def test_of_two_as_etcd_has_it_one_that_removed_itself_keeps_the_other_from_leading() -> None:
    """What etcd warns of: it goes by what it has applied, the other by what was before."""
    report = asked("as-applied", "LeaderIsElected", **OF_TWO)
    assert report.verdict is Verdict.VIOLATED
    assert report.progress["Progress"].stuck == 11


# And what must happen, if what is not replicated yet is sent again and again: a change that a
# leader can end ends, and C_old,new is left.

CHANGE = "[]<>(ChangeIsLed => ChangeIsEnded)"
JOINT_CHANGE = r"[]<>(JointIsEntered /\ (\A i \in Server : Len(log[i]) < 3) => JointIsLeft)"
"""As long as there is room for C_new."""
GOALS = {
    "membership": (CHANGE, ()),
    "as-applied": (CHANGE, ("ApplyConfiguration",)),
    "joint": (JOINT_CHANGE, ("LeaveJoint",)),
    "joint,as-applied": (JOINT_CHANGE, ("LeaveJoint", "ApplyConfiguration")),
}
"""What is asked with these features, and what leaders do in the end besides Commit."""


def change_must_end(features: str, changes: int, is_sent: bool, bug: str | None = None) -> Any:
    goal, done = GOALS[features]
    fair = [Fairness(each, i) for each in ("Receive", "Commit", *done) for i in ("s1", "s2")]
    if is_sent:
        pairs = (("s1", "s2"), ("s2", "s1"))
        fair += [Fairness("AppendEntries", i, True, (j, "1")) for i, j in pairs]
    sizes = {**SIZES, **OF_TWO, "max_log_length": 3, "max_changes": changes}
    features_on = Feature.of_option(features)
    request = ClusterRequest(features=features_on, bug=bug, sizes=GivenSizes(**sizes))
    return LivenessCheck(goal, Assumptions(tuple(fair), ("Timeout",)), request).run()


@pytest.mark.long
@pytest.mark.parametrize(
    ("features", "changes", "awaited"),
    [
        ("membership", 1, 338),
        ("as-applied", 1, 3_132),
        ("joint", 2, 728),
        ("joint,as-applied", 3, 1_876),
    ],
)
def test_if_what_is_due_is_sent_a_change_must_end(
    features: str, changes: int, awaited: int
) -> None:
    report = change_must_end(features, changes, True)
    assert report.verdict is Verdict.HOLDS_WITHIN_BOUNDS
    assert report.search.answer.awaited == awaited


@pytest.mark.long
@pytest.mark.parametrize(
    ("features", "bug", "changes", "steps"),
    [
        ("membership", None, 1, 13),
        ("joint", None, 2, 7),
        ("joint", "joint-configuration-stuck", 2, 19),
    ],
)
def test_and_need_not_where_heartbeats_alone_are_or_nobody_can_leave_it(
    features: str, bug: str | None, changes: int, steps: int
) -> None:
    report = change_must_end(features, changes, bug is not None, bug)
    assert report.verdict is Verdict.VIOLATED
    lasso = report.search.lasso
    assert len(lasso.prefix) + len(lasso.loop) == steps


# A removed server leaves the rest its leader.


def rest_is_served(features: str, bug: str | None = None, **sizes: int) -> Any:
    fair = tuple(
        Fairness(action, each) for action in ("Receive", "Commit") for each in ("s1", "s2")
    )
    request = ClusterRequest(
        features=Feature.of_option(features),
        bug=bug,
        sizes=GivenSizes(**{**SIZES, **OF_TWO, **sizes}),
    )
    rest = ("Timeout", "CompactLog")
    return LivenessCheck("RestIsAsked ~> RestIsServed", Assumptions(fair, rest), request).run()


@pytest.mark.parametrize(
    ("features", "log_length", "awaited"),
    [
        ("membership,pre-vote", 3, 156),
        ("membership,check-quorum", 3, 164),
        ("as-applied,pre-vote", 2, 68),
    ],
)
def test_with_pre_vote_or_stickiness_a_removed_server_leaves_the_rest_its_leader(
    features: str, log_length: int, awaited: int
) -> None:
    report = rest_is_served(features, max_log_length=log_length)
    assert report.verdict is Verdict.HOLDS_WITHIN_BOUNDS
    assert report.search.answer.awaited == awaited


@pytest.mark.parametrize(
    ("features", "bug", "log_length", "steps"),
    [
        ("membership", None, 3, 13),
        ("as-applied", None, 2, 12),
        ("membership,check-quorum", "term-of-ignored-request-adopted", 3, 13),
    ],
)
def test_and_without_it_does_not(
    features: str, bug: str | None, log_length: int, steps: int
) -> None:
    report = rest_is_served(features, bug, max_log_length=log_length)
    assert report.verdict is Verdict.VIOLATED
    assert len(report.search.lasso.prefix) == steps
