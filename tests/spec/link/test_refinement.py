"""Nobody needs to trust that the node and the spec are one protocol: it is checked, both ways."""

from collections import Counter
from pathlib import Path

import pytest

from raft_ref import AppendEntriesResponse, Node, State
from raft_ref.bugs import BUGS
from raft_ref.explorer import Report, Verdict, search
from raft_ref.node import Step
from raft_ref.spec.files import RAFT
from raft_ref.spec.link import MODEL, Bisimulation, Refinement
from tests.raft_ref.test_bugs import SHORTEST
from tests.support.corridor import path
from tests.support.models import Model
from tests.support.spec_mutants import SPEC_MUTANTS, SpecMutant

SMALL = Model(term=2, log=1)
FAULTY = Model(servers=2, term=2, log=1, restarts=1, drops=1, duplicates=1)


def refined(model: Model, node: type[Node] = Node, raft: Path = RAFT) -> Report:
    refinement = Refinement(model.server_names, model.value_names, raft)
    return search(model.system(node), [refinement.as_property], model.symmetry, engine="auto")


def bisimulated(model: Model, node: type[Node] = Node, module: Path = MODEL) -> Report:
    system = model.system(node)
    initial = system.view(system.initial())
    bisimulation = Bisimulation(
        model.server_names, model.value_names, model.bounds(), initial, module
    )
    return search(system, [bisimulation.as_property], model.symmetry)


@pytest.mark.parametrize(
    "model",
    [
        SMALL,
        FAULTY,
        Model(servers=4, messages=4),
        Model(servers=2, term=2, log=3),  # a late request of two entries, each of its term
    ],
    ids=str,
)
def test_every_step_of_the_node_is_a_step_of_the_spec(model: Model) -> None:
    report = refined(model)
    assert report.verdict is Verdict.HOLDS_WITHIN_BOUNDS
    assert report.distinct_states == model.explore().distinct_states


@pytest.mark.parametrize(
    "model",
    [
        SMALL,
        FAULTY,
        Model(servers=4, messages=3),
        # No two bounds are the same, so that none can stand for another.
        Model(servers=2, term=1, log=3, snapshot=2, messages=1),
        Model(servers=2, messages=1, restarts=1, drops=2, duplicates=3),
    ],
)
def test_node_and_spec_can_take_the_same_steps(model: Model) -> None:
    assert bisimulated(model).verdict is Verdict.HOLDS_WITHIN_BOUNDS


def of_bug(name: str) -> Model:
    return Model.within(BUGS[name].bounds)


@pytest.mark.parametrize("name", BUGS)
def test_a_bug_leaves_the_spec(name: str) -> None:
    """Each mutant of the node takes a step that the spec forbids, before it does any harm.

    One that breaks progress may be stuck before it takes that step, for want of another.
    """
    model, node = of_bug(name), BUGS[name].node
    report = refined(model, node)
    assert report.counterexample is not None
    assert report.counterexample.prop.name == "StepRefinement"
    assert report.counterexample.instances
    is_earlier = len(report.counterexample.events) <= SHORTEST[name][0]
    assert is_earlier == (name != "commit-scan-stops-at-older-term")


class Unsaid(Node):
    """Commits without a word of it."""

    def handle_append_entries_response(self, state: State, m: AppendEntriesResponse) -> Step:
        """Leave AdvanceCommitIndex out of the names."""
        step = super().handle_append_entries_response(state, m)
        return step._replace(actions=step.actions[:1])


class Oversaid(Node):
    """Tells of a commit at every answer."""

    def handle_append_entries_response(self, state: State, m: AppendEntriesResponse) -> Step:
        """Add AdvanceCommitIndex to the names."""
        step = super().handle_append_entries_response(state, m)
        return step._replace(actions=(step.actions[0], "AdvanceCommitIndex"))


@pytest.mark.parametrize(
    ("node", "told"),
    [
        (Unsaid, "said to compose HandleAppendEntriesResponse, and composes HandleAppendEntries"),
        (Oversaid, "said to compose HandleAppendEntriesResponse, AdvanceCommitIndex, and composes"),
    ],
)
def test_the_names_of_what_a_step_composes_are_tied_too(node: type[Node], told: str) -> None:
    report = refined(Model(servers=2, term=1, log=1), node)
    assert report.counterexample is not None
    assert report.counterexample.prop.name == "StepRefinement"
    assert told in report.counterexample.instances[0]


def test_what_a_bug_does_is_told_field_by_field() -> None:
    report = refined(of_bug("vote-not-persisted"), BUGS["vote-not-persisted"].node)
    assert report.counterexample is not None
    assert [event.step for event in report.counterexample.events] == ["Timeout", "Restart"]
    assert report.counterexample.instances == ["votedFor[s1]: the node has Nil, the spec has s1"]


SLOW = ("conflicting-log-kept", "snapshot-lowers-term", "prev-log-term-ignored")


@pytest.mark.parametrize("name", SLOW)
def test_a_bug_breaks_the_bisimulation_where_it_does_harm(name: str) -> None:
    """In a search of everything it takes a minute until that is reached."""
    model, system, states = of_bug(name), *path(name)
    bisimulation = Bisimulation(
        model.server_names, model.value_names, model.bounds(), system.view(states[0])
    )
    differences = [
        bisimulation.differences(
            system.view(state), [system.event(step) for step in system.steps(state, Counter())]
        )
        for state in states
    ]
    assert differences[0] == []
    assert any(differences)


@pytest.mark.parametrize("name", [name for name in BUGS if name not in SLOW])
def test_a_bug_breaks_the_bisimulation(name: str) -> None:
    report = bisimulated(of_bug(name), BUGS[name].node)
    assert report.counterexample is not None
    assert report.counterexample.instances


@pytest.mark.parametrize(
    "mutant",
    [
        pytest.param(each, marks=[pytest.mark.long] if each.model.log > 1 else [], id=each.name)
        for each in SPEC_MUTANTS
    ],
)
def test_a_mutant_of_the_spec_breaks_the_bisimulation(mutant: SpecMutant, tmp_path: Path) -> None:
    module = mutant.write(tmp_path)
    if mutant.name.startswith("what is not committed is compacted"):
        # Next chooses among committed indices alone: the model does more, and is told apart.
        with pytest.raises(ValueError, match="CompactLog of the model is no step of Next"):
            bisimulated(mutant.model, module=module)
        return
    report = bisimulated(mutant.model, module=module)
    assert report.counterexample is not None
    assert report.counterexample.prop.name == "Bisimulation"


@pytest.mark.parametrize(
    ("rule", "instead"),
    [
        # An action that looks at another server's term.
        (
            '    /\\ role[i] \\in {"Follower", "Candidate"}\n',
            '    /\\ role[i] \\in {"Follower", "Candidate"}\n'
            "    /\\ \\A j \\in Server : currentTerm[j] <= currentTerm[i]\n",
        ),
        # One that writes it.
        (
            "    /\\ votedFor' = [votedFor EXCEPT ![i] = i]\n",
            "    /\\ votedFor' = [j \\in Server |-> i]\n",
        ),
        # One that looks at the other messages.
        (
            "Receive(m) == Handle(m, messages \\ {m})",
            "Receive(m) == (\\A n \\in messages : n.term <= m.term) /\\ Handle(m, messages \\ {m})",
        ),
    ],
)
def test_an_action_that_is_not_local_is_refused(rule: str, instead: str, tmp_path: Path) -> None:
    text = RAFT.read_text(encoding="utf-8")
    assert text.count(rule) == 1
    raft = tmp_path / "Raft.tla"
    raft.write_text(text.replace(rule, instead), encoding="utf-8")
    report = refined(SMALL, raft=raft)
    assert report.counterexample is not None
    assert report.counterexample.instances
