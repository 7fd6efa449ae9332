"""What a mutant of the node has to pass: the rungs of the ladder, the cheapest first, then tests.

A mutant takes the place of `raft_ref.node` in this process, wherever that was imported; so it is
for a process that ends with it.
"""

import sys
import time
import types
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, Final

import raft_ref.node
from raft_ref.explorer import Progress, Renamed, Report
from raft_ref.spec.link import bisimulation
from raft_ref.verify.checks.exhaustive import ExhaustiveCheck
from raft_ref.verify.cluster import ClusterRequest, GivenSizes
from raft_ref.verify.cluster.properties import PropertyRequest
from raft_ref.verify.ladder.rungs import RUNGS, Rung
from raft_ref.verify.vacuity import unreached
from tests.support.any_server import first_difference
from tests.support.automaton import Edges, edges, observed
from tests.support.mutants import recorded
from tests.support.mutants.by_tests import first_failure
from tests.support.mutants.mutant import NODE
from tests.support.servers import SERVERS, VALUES

Check = Callable[[], str | None]
"""Returns what was noticed; None if nothing was."""

FIRST: Final = Rung(
    "a small one",
    "two servers with a snapshot and a crash",
    {
        "servers": 2, "values": 1, "max_term": 2, "max_log_length": 1, "max_snapshot_index": 1,
        "max_messages": 2, "max_restarts": 1, "max_drops": 0, "max_duplicates": 0,
    },
)  # fmt: skip
"""What most mutants do not survive, and takes half a second."""

SECOND: Final = Rung(
    "a small bisimulation",
    "what is left undone",
    {**FIRST.sizes, "max_term": 1},
    bisimulation=True,
)

_FEW_TESTS: Final = ("tests/raft_ref/test_node.py",)
_MORE_TESTS: Final = (
    *_FEW_TESTS,
    "tests/raft_ref/test_durability.py",
    "tests/explorer/test_symmetry.py",
    "tests/explorer/test_reduction.py",
    "tests/raft_ref/server/test_replica.py",
)
"""What a mutant that survives the rungs has to pass, too."""

_SMALL, _LARGE = 20.0, 200.0


def install(text: str) -> None:
    """Let a text stand for raft_ref/node.py from here on."""
    module = types.ModuleType(raft_ref.node.__name__)
    module.__file__ = str(NODE)
    old = {
        id(value): name
        for name, value in vars(raft_ref.node).items()
        if getattr(value, "__module__", None) == raft_ref.node.__name__ or name == "ROLE_CHANGES"
    }
    # That the model is the protocol is nothing that a node could change.
    setattr(bisimulation, "differences", lambda **_: iter(()))  # noqa: B010
    exec(compile(text, str(NODE), "exec"), vars(module))
    sys.modules[module.__name__] = module
    for other in [*sys.modules.values()]:
        names: dict[str, Any] = getattr(other, "__dict__", {})
        if other is not module and names.get("__name__", "").startswith(("raft_ref", "tests")):
            for name, value in [*names.items()]:
                if id(value) in old:
                    names[name] = getattr(module, old[id(value)])


def checks(line: int, is_deep: bool) -> Iterator[tuple[str, Check]]:
    """Yield the checks of a mutant in a line by name, on the whole the cheapest first."""
    if line < _line_of_the_node():
        yield "automaton", lambda: "the table" if edges() != as_observed() else None
    first, *others = recorded.BOXES
    yield "steps", partial(recorded.answered_otherwise, first)
    yield FIRST.name, lambda: violated(searched(FIRST))
    yield SECOND.name, lambda: violated(searched(SECOND))
    yield "any server", lambda: first_difference(recorded.module().Node(SERVERS, VALUES))
    yield "tests", lambda: first_failure(_FEW_TESTS, but_not="automaton")
    for model in others:
        yield "steps", partial(recorded.answered_otherwise, model)
    reports: list[Report] = []
    for rung in sorted(RUNGS if is_deep else (), key=lambda each: each.is_large):

        def search(rung: Rung = rung) -> str | None:
            reports.append(searched(rung))
            return violated(reports[-1])

        yield rung.name, search
    if is_deep:
        yield "vacuity", lambda: ", ".join(unreached(reports)) or None
        yield "tests", lambda: first_failure(_MORE_TESTS)


@cache
def as_observed() -> Edges:
    """Return what the node does with its roles; to be called before a mutant is there."""
    return observed()


@cache
def prepare() -> None:
    """Find out all that is compared, before a mutant is there."""
    as_observed()
    for model in recorded.BOXES:
        recorded.calls(model)


def _line_of_the_node() -> int:
    """Return where the tables end, of which the searches know little."""
    return next(
        number
        for number, line in enumerate(NODE.read_text(encoding="utf-8").splitlines(), start=1)
        if line.startswith("    def __init__")
    )


def searched(rung: Rung) -> Report:
    """Search a rung as the ladder does."""
    asked = PropertyRequest(refine=rung.refines, progress=rung.goal, bisimulation=rung.bisimulation)
    request = ClusterRequest(sizes=GivenSizes(**rung.sizes), properties=asked)
    # Demanded, as without a demand a node that renames wrongly is searched without.
    symmetry: tuple[Renamed, ...] = () if rung.bisimulation else ("servers", "values")
    check = ExhaustiveCheck(request, symmetry, threads=1, memory=1 << 30)
    began, seconds = time.process_time(), _LARGE if rung.is_large else _SMALL

    def stop(progress: Progress) -> None:
        if time.process_time() - began > seconds:
            raise KeyboardInterrupt

    return check.run(stop).search


def violated(report: Report) -> str | None:
    """Return the name of the property that a search found violated; None if there is none.

    One that was ended has found nothing.
    """
    return None if report.counterexample is None else report.counterexample.prop.name
