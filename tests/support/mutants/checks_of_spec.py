"""What a mutant of a module of the specification has to pass, the cheapest first.

A mutant's folder takes the place of spec/ in this process, wherever a path there was taken from
`raft_ref.spec.files`; so it is for a process that ends with it.
"""

import sys
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from raft_ref import Node
from raft_ref.explorer import search
from raft_ref.spec import files
from raft_ref.spec.link import Bisimulation, Refinement, bisimulation
from raft_ref.spec.link.original import differences
from raft_ref.spec.link.shared import shared
from raft_ref.spec.module import Module
from tests.spec.link import test_raft_liveness, test_raft_progress, test_raft_properties
from tests.support.any_server import first_difference
from tests.support.models import Model
from tests.support.mutants import checks_of_features, checks_of_node, loaded, recorded
from tests.support.mutants.by_tests import first_failure
from tests.support.mutants.mutant import FEATURES, SPEC, defined_at
from tests.support.mutants.reading import parsed
from tests.support.opinions import liberties, trace_models
from tests.support.raft_states import CONSTANTS, HEALTHY
from tests.support.servers import SERVERS, VALUES
from tests.traces.validation import test_liberties

Check = Callable[[], str | None]
Checks = Iterator[tuple[str, Check]]

_SMALL: Final = Model(servers=2, term=2, log=1, snapshot=1, restarts=1)
_SMALLER: Final = replace(_SMALL, term=1)
_WIDEST: Final = (
    Model(servers=2, term=2, log=1, messages=3, drops=1, duplicates=1),
    Model(term=3, log=2),
    Model(servers=2, term=2, log=3),
    Model(servers=4, term=2, log=1),
)
_APART: Final = (
    Model(servers=2, term=1, log=3, snapshot=2, messages=1),
    Model(servers=2, messages=1, restarts=1, drops=2, duplicates=3),
)
"""Small ones in which no two bounds are the same."""
_PATHS: Final = (
    "RAFT", "INVARIANTS", "PROGRESS_OF_RAFT", "LIVENESS_OF_RAFT", "MODEL", "RAFT_TRACE",
    "EXTENDED", "EXTENDED_MODEL", "EXTENDED_TRACE", "MEMBERSHIP_PROGRESS",
)  # fmt: skip
"""What the modules are called in `raft_ref.spec.files`."""
_TEST_OF_MODEL: Final = "tests/spec/link/test_model.py"
_MEMORY: Final = 1 << 30


@cache
def prepare(name: str) -> None:
    """Find out all that is compared, before a mutant is there."""
    _places(), _with_paths()
    with loaded.keeping((files.RAFT.parent, files.FEATURES)):
        _prepare(name)


def _prepare(name: str) -> None:
    for path in (each for where in (SPEC, FEATURES) for each in where.glob("*.tla")):
        parsed(path.read_text(encoding="utf-8"), str(path))
    if name == "Raft.tla":
        for model in recorded.BOXES:
            recorded.steps(model)
    if name == trace_models.model().name:
        trace_models.expected(trace_models.WALKS)
    if name == "RaftTrace.tla":
        for each in liberties.LIBERTIES:
            liberties.expected(each, liberties.CASES)
    checks_of_features.prepare(name.removesuffix(".tla"))


def copy(folder: Path, name: str, text: str) -> None:
    """Write the specification to a folder, with a text for one of its modules."""
    for path in (each for where in (SPEC, FEATURES) for each in where.glob("*.[tc][lf][ag]")):
        own = text if path.name == name else path.read_text(encoding="utf-8")
        (folder / path.name).write_text(own, encoding="utf-8")


def install(folder: Path) -> None:
    """Let a folder stand for spec/ from here on."""
    instead = {path: folder / path.name for path in _paths()}
    instead[files.FEATURES] = folder
    for names, name in _places():
        names[name] = instead[names[name]]
    for function in _with_paths():
        _redirect(function, instead)
    loaded.go_on(folder)


def _paths() -> list[Path]:
    return [getattr(files, name) for name in _PATHS]


def _modules() -> Iterator[dict[str, Any]]:
    for module in [*sys.modules.values()]:
        names: dict[str, Any] = getattr(module, "__dict__", {})
        if names.get("__name__", "").startswith(("raft_ref", "tests")):
            yield names


@cache
def _places() -> list[tuple[dict[str, Any], str]]:
    """Return where the path of a module of the specification stands, by a name."""
    known = {*_paths(), files.FEATURES}
    return [
        (names, name)
        for names in _modules()
        for name, value in names.items()
        if isinstance(value, Path) and value in known
    ]


@cache
def _with_paths() -> list[types.FunctionType]:
    """Return the functions that have such a path as a default."""
    return [
        function
        for names in _modules()
        for value in [*names.values()]
        for function in _functions(value)
        if any(
            isinstance(each, Path)
            for each in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
        )
    ]


def _functions(value: Any) -> Iterator[types.FunctionType]:
    if isinstance(value, types.FunctionType):
        yield value
    elif isinstance(value, type):
        yield from (each for each in vars(value).values() if isinstance(each, types.FunctionType))


def _redirect(function: types.FunctionType, instead: dict[Path, Path]) -> None:
    def new(value: Any) -> Any:
        return instead.get(value, value) if isinstance(value, Path) else value

    function.__defaults__ = function.__defaults__ and tuple(map(new, function.__defaults__))
    by_name = function.__kwdefaults__
    function.__kwdefaults__ = by_name and {name: new(value) for name, value in by_name.items()}


def checks(name: str, line: int, is_deep: bool) -> Checks:
    """Yield the checks of a module by name; `line` is that of what was changed."""
    if name in _CHECKS:
        yield from _CHECKS[name](line)
    else:
        yield from checks_of_features.checks(name.removesuffix(".tla"), line)
    if is_deep and name in _DEEP:
        yield from _DEEP[name](line)


def _of_raft(line: int) -> Checks:
    yield "as it is loaded", partial(_loaded, files.RAFT)
    first, *others = recorded.BOXES
    yield "refinement", partial(recorded.refused, first)
    yield "Next tie", _tied
    yield "any server", lambda: first_difference(Node(SERVERS, VALUES))
    yield "bisimulation", partial(_bisimulated, _SMALLER)
    for model in others:
        yield "refinement", partial(recorded.refused, model)


def _deep_of_raft(line: int) -> Checks:
    yield "tests", lambda: first_failure((_TEST_OF_MODEL,), but_not="counts")
    for model in _WIDEST:
        yield "refinement", partial(_refined, model)
    yield "bisimulation", partial(_bisimulated, _SMALL)
    yield "bisimulation", partial(_bisimulated, Model(servers=2, log=2, snapshot=2))
    yield "bisimulation", partial(_bisimulated, Model(term=2, log=1))
    # Those that compare a mutant of theirs with Raft.tla need the tie, which is not asked again.
    paths = ("tests/spec/link", "tests/traces/validation")
    yield "tests", lambda: first_failure(paths, but_not="a_mutant_of_the_spec")


def _of_invariants(line: int) -> Checks:
    yield "as it is loaded", partial(_loaded, files.INVARIANTS)
    yield "states by hand", _of_invariants_by_hand
    yield "properties of the node", partial(_explored, _SMALL)
    yield "properties of the node", partial(_explored, Model(term=2, log=1, snapshot=1))


def _deep_of_invariants(line: int) -> Checks:
    for model in recorded.BOXES:
        yield "properties of the node", partial(_explored, model)
    yield "tests", lambda: first_failure(("tests/spec/link", "tests/raft_ref/test_bugs.py"))


def _of_progress(line: int) -> Checks:
    yield "as it is loaded", partial(_loaded, files.PROGRESS_OF_RAFT)
    yield "states by hand", _of_progress_by_hand


def _deep_of_progress(line: int) -> Checks:
    paths = ("tests/spec/link", "tests/raft_ref/test_bugs.py", "tests/verify")
    yield "tests", lambda: first_failure(paths)


def _of_model(line: int) -> Checks:
    yield "as it is loaded", partial(_loaded, files.MODEL)
    yield "Next tie", _tied
    for model in (_SMALLER, *_APART, _SMALL):
        yield "bisimulation", partial(_bisimulated, model)
    yield "tests", lambda: first_failure((_TEST_OF_MODEL,), marked="")


def _deep_of_model(line: int) -> Checks:
    # Those that compare a mutant of theirs with Raft.tla need the tie, which is not asked again.
    paths = ("tests/spec/link", "tests/spec/checker")
    yield "tests", lambda: first_failure(paths, but_not="a_mutant_of_the_spec")
    yield "tests", lambda: first_failure(("tests/spec/tlc/test_same_states.py",), "")


def _of_trace(line: int) -> Checks:
    yield "as it is loaded", partial(_loaded, files.RAFT_TRACE)
    # What is asked of the action that was changed costs least.
    names = sorted(liberties.LIBERTIES, key=lambda each: each != defined_at(files.RAFT_TRACE, line))
    yield "any server", partial(liberties.first_difference, names)


def _of_trace_model(line: int) -> Checks:
    yield "as it is loaded", lambda: _loaded(trace_models.model())
    yield "RaftTrace tie", trace_models.first_difference
    yield "tests", _steps_are_properties


def _deep_of_trace_model(line: int) -> Checks:
    yield "states that are counted", _counted


def _of_liveness(line: int) -> Checks:
    yield "as it is loaded", partial(_loaded, files.LIVENESS_OF_RAFT)
    yield "states by hand", _of_liveness_by_hand


def _deep_of_trace(line: int) -> Checks:
    yield "states that are counted", _counted
    yield "tests", lambda: first_failure(("tests/traces/validation",))


_CHECKS: Final[dict[str, Callable[[int], Checks]]] = {
    "Raft.tla": _of_raft,
    "RaftInvariants.tla": _of_invariants,
    "RaftProgress.tla": _of_progress,
    "MCRaft.tla": _of_model,
    "RaftTrace.tla": _of_trace,
    "MCRaftTrace.tla": _of_trace_model,
    "RaftLiveness.tla": _of_liveness,
}
_DEEP: Final[dict[str, Callable[[int], Checks]]] = {
    "Raft.tla": _deep_of_raft,
    "RaftInvariants.tla": _deep_of_invariants,
    "RaftProgress.tla": _deep_of_progress,
    "MCRaft.tla": _deep_of_model,
    "RaftTrace.tla": _deep_of_trace,
    "MCRaftTrace.tla": _deep_of_trace_model,
}


def _steps_are_properties() -> str | None:
    """Return what is not the property of steps that its name says, as a test does."""
    operators = shared(trace_models.model()).operators
    for name in (each for each in operators if each.endswith("Always")):
        if operators[name].text != f"[][{name.removesuffix('Always')}]_vars":
            return name
    return None


def _refined(model: Model) -> str | None:
    refinement = Refinement(model.server_names, model.value_names)
    report = search(
        model.system(), [refinement.as_property], model.symmetry, threads=1, memory=_MEMORY
    )
    return checks_of_node.violated(report) and str(model)


def _loaded(path: Path) -> None:
    shared(path)


def _tied() -> str | None:
    found = next(differences(), None) and "a step"
    # What was looked at need not be looked at before each bisimulation.
    setattr(bisimulation, "differences", lambda **_: iter(()))  # noqa: B010
    return found


def _bisimulated(model: Model) -> str | None:
    system = model.system()
    initial = system.view(system.initial())
    names = model.server_names, model.value_names
    prop = Bisimulation(*names, model.bounds(), initial).as_property
    report = search(system, [prop], model.symmetry)
    return checks_of_node.violated(report) and str(model)


def _explored(model: Model) -> str | None:
    report = search(model.system(), model.properties(), model.symmetry, threads=1, memory=_MEMORY)
    return checks_of_node.violated(report)


def _of_invariants_by_hand() -> str | None:
    rows = test_raft_properties
    module = shared(files.INVARIANTS)
    of_messages = [
        (name, is_true, rows.with_message(kind, field, value))
        for name, is_true, kind, field, value in rows.MESSAGES
    ]
    if {each.name for each in module.properties()} != {row[0] for row in rows.OF_ALL}:
        return "other properties"
    return _wrong(module, [*rows.OF_STATES, *of_messages]) or _wrong(module, rows.OF_STEPS)


def _of_progress_by_hand() -> str | None:
    return _wrong(shared(files.PROGRESS_OF_RAFT), test_raft_progress.OF_STATES)


def _of_liveness_by_hand() -> str | None:
    rows = test_raft_liveness
    predicate = shared(files.LIVENESS_OF_RAFT).predicate("CandidateIsAlone", rows.CONSTANTS)
    if predicate.is_step:
        return "a formula of steps"
    states = (({**rows.HEALTHY, **changes}, is_true) for is_true, changes in rows.OF_STATES)
    return next(
        ("CandidateIsAlone" for state, is_true in states if predicate.holds(state) != is_true), None
    )


def _wrong(module: Module, rows: Sequence[tuple[Any, ...]]) -> str | None:
    """Return the name of the first property that is not as true as a row says."""
    for name, is_true, *changes in rows:
        states = [HEALTHY]
        for each in changes:
            states.append({**states[-1], **each})
        predicate = module.predicate(name, CONSTANTS)
        if predicate.is_step != (len(changes) == 2) or predicate.holds(*states[1:]) != is_true:
            return str(name)
    return None


def _counted() -> str | None:
    """Count what a small model of the liberties reaches, as a test does."""
    is_as_ever = test_liberties.small_counts() == test_liberties.COUNTS
    return None if is_as_ever else "other numbers"
