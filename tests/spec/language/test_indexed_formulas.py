r"""Properties told by single servers, pairs and messages say what they say as a whole."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice, product
from pathlib import Path

import pytest

from raft_ref import Node
from raft_ref.bugs import BUGS
from raft_ref.explorer import Bounds, Kind, Property, System, View
from raft_ref.features import Feature
from raft_ref.spec.link import INVARIANTS, Committed, raft_properties
from raft_ref.spec.link.features import extended_properties
from tests.support.models import Model

SERVERS = ["s1", "s2", "s3"]

SLOTS = {
    "TypeOK": 1,
    "MessageTypeOK": 0,  # told by messages
    "ElectionSafety": 2,
    "LogMatching": 2,
    "LogTermsMonotonic": 1,
    "LeaderCompleteness": 1,
    "StateMachineSafety": 1,
    "SnapshotCommitted": 1,
    "NextIndexAboveMatchIndex": 1,
    "LeaderAppendOnly": 1,
    "CurrentTermMonotonic": 1,
    "CommitIndexMonotonic": 1,
    "SnapshotMonotonic": 1,
    "MatchIndexMonotonic": 1,
    "CommittedRecorded": 0,  # the history is one, whichever server commits
    "SometimesLeader": 1,
    "SometimesTwoLeaders": 2,
    "SometimesCommitted": 0,
    "SometimesFollowerCommits": 1,
    "SometimesConflictTruncated": 1,
    "SometimesSnapshotInstalled": 1,
    "SometimesSnapshotReplacesConflict": 1,
    "SometimesLeaderStepsDown": 1,
    "SometimesNextIndexBacksUp": 1,
    "SometimesCommitForgotten": 1,
}


def test_how_many_servers_each_property_reads_at_a_time() -> None:
    properties = raft_properties(INVARIANTS, SERVERS, ["v1"])
    assert {prop.name: prop.slots for prop in properties} == SLOTS
    assert [p.name for p in properties if p.holds_of_message] == ["MessageTypeOK"]


def by_slots(prop: Property, servers: tuple[str, ...], views: tuple[View, ...]) -> bool:
    """Put a verdict together from instances, each told of views of these servers alone."""
    assert prop.holds_of is not None
    instances = []
    for slots in product(servers, repeat=prop.slots):
        shown = [
            View(
                {server: view.states[server] for server in slots},
                (),
                view.history,
                view.restarts,
                view.drops,
                view.duplicates,
            )
            for view in views
        ]
        instances.append(prop.holds_of(slots, *shown))
    return any(instances) if prop.is_sometimes else all(instances)


def evidence(system: System) -> Iterator[tuple[Kind, tuple[View, ...]]]:
    """Yield all states and all steps that are reached."""
    found = {system.initial()}
    waiting = [*found]
    for state in waiting:
        before = system.view(state)
        yield Kind.STATE, (before,)
        for step in system.steps(state, Counter()):
            yield Kind.STEP, (before, system.view(step.after))
            if step.after not in found:
                found.add(step.after)
                waiting.append(step.after)


@pytest.mark.parametrize("bug", [None, "vote-not-persisted", "commit-index-lowered"])
def test_slots_projections_and_messages_tell_the_same(bug: str | None) -> None:
    node = Node if bug is None else BUGS[bug].node
    model = Model(servers=2, log=1) if bug is None else Model.within(BUGS[bug].bounds)
    system, properties = model.system(node), model.properties()
    verdicts: dict[tuple[object, ...], bool] = {}
    told = dict.fromkeys((False, True), 0)
    for kind, views in islice(evidence(system), 2_000):
        for prop in properties:
            if prop.kind is not kind:
                continue
            holds = prop.holds(*views)
            told[holds] += 1
            if prop.slots:
                assert by_slots(prop, system.servers, views) == holds
            if prop.holds_of_message:
                assert all(map(prop.holds_of_message, views[0].messages)) == holds
            else:
                assert verdicts.setdefault(projected(prop, views), holds) == holds
    assert min(told.values()) > 0


def projected(prop: Property, views: tuple[View, ...]) -> tuple[object, ...]:
    """Return all that a property says that it reads."""
    key: list[object] = [prop.name]
    for view, parts in zip(views, (prop.reads, prop.reads_after), strict=False):
        if "states" in parts:
            key += [prop.project(state) for state in view.states.values()]
        key += [getattr(view, part) for part in sorted(parts - {"states"})]
    return tuple(key)


def of_formula(tmp_path: Path, formula: str) -> Property:
    text = INVARIANTS.read_text().partition("TypeOK ==")[0]
    path = tmp_path / "RaftInvariants.tla"
    path.write_text(f"{text}\n{formula}\n====\n")
    return raft_properties(path, SERVERS, ["v1"])[-1]


@pytest.mark.parametrize(
    ("formula", "slots"),
    [
        (r"P == \A i \in Server : \A j \in Server : Len(log[i]) <= Len(log[j]) + 9", 2),
        (r"P == \A i \in Server : \A j \in Server : nextIndex[i][j] > 0", 1),
        (r"Q(i) == currentTerm[i] >= 0  P == \A k \in Server : Q(k)", 1),
        (r"P == \A i \in Server : HasCommitted(i, 1) \/ commitIndex[i] = 0", 1),
        (r"SometimesP == \E i \in Server : role[i] = " + '"Leader"', 1),
        # What has another name is the same.
        (r"Q == \A i \in Server : currentTerm[i] >= 0  P == Q", 1),
        # Of a sometimes one true instance is enough, and of an always none.
        (r"SometimesP == \A i \in Server : currentTerm[i] = 1", 0),
        (r"P == \E i \in Server : currentTerm[i] >= 0", 0),
        # More than the slots is read.
        (r"P == \A i \in Server : currentTerm[i] <= Cardinality(DOMAIN log)", 0),
        (r"P == \A i \in Server : \A j \in {k \in Server : k # i} : log[j] = log[j]", 0),
        (r"P == \A i \in Server : log[CHOOSE k \in Server : TRUE] = <<>> \/ i = i", 0),
        (r"Q == log = log  P == \A i \in Server : Q /\ currentTerm[i] >= 0", 0),
        (r"P == \A i, j, k \in Server : currentTerm[i] + currentTerm[j] + currentTerm[k] >= 0", 0),
    ],
)
def test_what_counts_as_slots(tmp_path: Path, formula: str, slots: int) -> None:
    assert of_formula(tmp_path, formula.replace("  P ==", "\nP ==")).slots == slots


def test_a_message_among_others_is_no_property_of_messages_alone(tmp_path: Path) -> None:
    each = of_formula(tmp_path, r"P == \A m \in messages : m.term > 0")
    assert each.holds_of_message is not None
    pairs = of_formula(tmp_path, r"P == \A m, n \in messages : m.term = n.term")
    assert pairs.holds_of_message is None
    counted = of_formula(tmp_path, r"P == \A m \in messages : Cardinality(messages) < 9")
    assert counted.holds_of_message is None


@pytest.mark.parametrize("features", [[Feature.MEMBERSHIP], [*Feature]], ids=["one", "all"])
def test_types_of_raft_with_features_are_told_as_those_of_raft_are(features: list[Feature]) -> None:
    """Else all that can be in flight together would be asked about, and all that servers can be."""
    found = {prop.name: prop for prop in extended_properties(SERVERS, ["v1"], features)}
    assert found["RaftTypeOK"].slots == 1
    assert found["RaftMessageTypeOK"].holds_of_message is not None


def test_projections_are_of_the_variables_that_are_read() -> None:
    system = System(Node(SERVERS, ["v1"]), SERVERS, Bounds(max_messages=2), history=Committed())
    properties = raft_properties(INVARIANTS, SERVERS, ["v1"])
    [safety] = [prop for prop in properties if prop.name == "ElectionSafety"]
    assert safety.project(system.view(system.initial()).states["s1"]) == (0, "Follower")
