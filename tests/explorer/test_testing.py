"""The state machine for tests of a user's own node."""

import subprocess
import sys

import pytest
from hypothesis import Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from raft_ref import Node
from raft_ref.bugs import BUGS
from raft_ref.explorer import Bounds, Kind, Property, System
from raft_ref.explorer.testing import state_machine
from raft_ref.traces import tell
from raft_ref.traces.sources.explored import trace_of
from tests.support.models import Model
from tests.toys import Ring, StickyRing

SERVERS = ("s1", "s2", "s3")
RAFT = Model(servers=4, messages=6, term=2, log=1, restarts=2, drops=2, duplicates=2)
FEW = settings(max_examples=20, database=None, deadline=None, stateful_step_count=30)


def ring(ring_class: type[Ring], bounds: Bounds = Bounds()) -> type[RuleBasedStateMachine]:  # noqa: B008
    return state_machine(
        System(ring_class(SERVERS), SERVERS, bounds), ring_class(SERVERS).properties()
    )


def run(machine: type[RuleBasedStateMachine], using: settings = FEW) -> None:
    run_state_machine_as_test(seed(1)(machine), settings=using)


def test_a_right_ring_passes() -> None:
    run(ring(Ring))


def test_a_wrong_ring_is_told_step_by_step() -> None:
    with pytest.raises(AssertionError) as failed:
        run(ring(StickyRing))
    assert str(failed.value).splitlines()[:3] == [
        "MutualExclusion is violated:",
        "1. s1: Pass Pass(), sends Token(source='s1', dest='s2')",
        "2. s2: Receive Token(source='s1', dest='s2')",
    ]


def test_a_test_goes_on_where_no_step_is_left() -> None:
    run(ring(Ring, Bounds(max_restarts=1, max_drops=1)))


def test_the_initial_state_is_looked_at() -> None:
    never = Property("Never", lambda view: False)
    with pytest.raises(AssertionError, match="Never is violated"):
        run(state_machine(System(Ring(SERVERS), SERVERS, Bounds()), [never]))


def test_the_reference_node_passes_and_a_bug_does_not() -> None:
    run(state_machine(RAFT.system(Node), RAFT.properties()))
    bug = RAFT.system(BUGS["quorum-of-half"].node)
    machine = state_machine(bug, RAFT.properties(), lambda c, system: tell(trace_of(c, system)))
    # Shrinking is hypothesis's, and takes it long.
    using = settings(FEW, max_examples=300, phases=[Phase.generate])
    with pytest.raises(AssertionError, match="ElectionSafety is violated") as failed:
        run(machine, using)
    assert "becomes leader of term" in str(failed.value)


@pytest.mark.parametrize("kind", [Kind.EXPANSION, Kind.PROGRESS])
def test_a_property_of_all_that_may_follow_a_state_is_refused(kind: Kind) -> None:
    of_all = Property("All", lambda view, *events: True, kind)
    with pytest.raises(ValueError, match="All is of all that may follow"):
        state_machine(System(Ring(SERVERS), SERVERS, Bounds()), [of_all])


def test_the_explorer_does_without_hypothesis_and_says_what_needs_it() -> None:
    script = (
        "import sys; sys.modules['hypothesis'] = None; import raft_ref.explorer\n"
        "try: import raft_ref.explorer.testing\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)  # noqa: PLW1510
    assert done.stdout.startswith("raft_ref.explorer.testing needs hypothesis")
    assert done.stderr == ""
