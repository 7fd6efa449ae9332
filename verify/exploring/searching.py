"""What leads from a place to something: a search of the engine that begins there.

The rule: it is the search that `check` makes, whose initial state is this one. What is found is the
shortest way within the bounds; that nothing is found says something of these bounds alone.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from raft_ref.explorer import (
    Bounds,
    Kind,
    Progress,
    Property,
    Report,
    System,
    TellsApartError,
    Verdict,
    search,
)
from raft_ref.features import ExtendedNode, Feature
from raft_ref.spec.files import FEATURES
from raft_ref.spec.link import RaftVariables, tla_properties
from raft_ref.spec.link.features import ExtendedVariables
from raft_ref.spec.requests import RequestError, probably
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.verify.cluster import Cluster, build
from raft_ref.verify.cluster.properties import never
from raft_ref.verify.exploring.session import Place, Session
from raft_ref.zoo import EXPLORED

Outcome = Literal["found", "nothing", "stopped"]

GOAL = "Goal"
"""The name of a formula that somebody has typed."""

ANY = "anything that must hold"
"""What can be broken, whichever property it is."""

MOST_STEPS = "steps"
"""The bound on how many steps away it is; 0 is none."""
_AT_A_TIME = "max_messages"
_FAULTS = ("max_restarts", "max_drops", "max_duplicates")


@dataclass(frozen=True, slots=True)
class Goal:
    """What is searched for.

    A `property` is to be broken, or a Sometimes... to be reached, by name; `ANY` is any that must
    hold. Or a `formula` of TLA+ is to be true, in the words of the properties.
    """

    property: str = ""
    formula: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search has found: how it ended, the shortest way by the names of its steps.

    `property` is what is broken in the end of it, or what was to be reached.
    """

    outcome: Outcome
    steps: tuple[str, ...]
    report: Report
    property: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "outcome": self.outcome,
            "steps": [*self.steps],
            "property": self.property,
            "states": self.report.distinct_states,
            "bounds": self.report.bounds,
            "engine": self.report.engine,
            "stopped_by": self.report.stopped_by,
        }


@dataclass(frozen=True)
class Search:
    """A search from a place of a session for a goal.

    `bounds` say how much more than now there may be of what is bounded, by name, but for
    `max_messages`, which is how many are in flight at a time; those that are not given are as in
    `usual_bounds`. Raises `RequestError` and `SpecError` for a goal that is none.
    """

    session: Session
    place: Place
    goal: Goal
    bounds: Mapping[str, int]

    def demand(self) -> None:
        """Raise `RequestError` for a goal that is none, or a bound that there is not."""
        wanted(self.session.cluster, self.goal)
        known = usual_bounds(self.session)
        for name in self.bounds:
            if name not in known:
                raise RequestError(f"bounds: no {name}; {probably(name, known)}", is_named=False)

    def run(self, on_progress: Callable[[Progress], None] = lambda progress: None) -> Answer:
        """Search. A KeyboardInterrupt out of `on_progress` stops it."""
        is_typed = bool(self.goal.formula.strip())
        try:
            report = self._searched(on_progress, is_symmetric=not is_typed)
        except TellsApartError:
            report = self._searched(on_progress, is_symmetric=False)
        except SpecError as error:
            if not is_typed:
                raise
            raise RequestError(f"formula: {_where(error)}", is_named=False) from error
        if report.counterexample is None:
            is_over = report.verdict is not Verdict.INCOMPLETE
            return Answer("nothing" if is_over else "stopped", (), report)
        place, names = self.place, []
        with self.session.lock:
            for event in report.counterexample.events:
                name = self.session.name_of(place, event)
                place = self.session.at([*place.address, name])
                names.append(name)
        return Answer("found", tuple(names), report, report.counterexample.prop.name)

    def _searched(self, on_progress: Callable[[Progress], None], *, is_symmetric: bool) -> Report:
        cluster = build(self.session.request)  # another one, so that nothing is shared with it
        properties = wanted(cluster, self.goal)
        own = cluster.system
        system = System(
            own.guard.actor, own.servers, self._bounds(cluster), own.network_kind, own.history,
            own.measures, first=self.place.view,
        )  # fmt: skip
        begun = replace(cluster, system=system)
        symmetry = begun.renamed(None) if is_symmetric else ()
        return search(system, properties, symmetry, on_progress)

    def _bounds(self, cluster: Cluster) -> Bounds:
        more = {**usual_bounds(self.session), **self.bounds}
        states = self.place.view.states.values()
        own = cluster.system
        measures = {
            name: max(own.measures[name](state) for state in states) + more[name]
            for name in own.bounds.measures
        }
        in_flight = len(self.place.view.messages)
        faults = {name: more[name] for name in _FAULTS}
        depth = more[MOST_STEPS] + 1 if more[MOST_STEPS] else None  # in levels of states
        return Bounds(
            max(more[_AT_A_TIME], in_flight + 1), depth=depth, measures=measures, **faults
        )


def usual_bounds(session: Session) -> dict[str, int]:
    """Return within which bounds is searched, if nobody says otherwise: as `check` would."""
    own = session.cluster.system
    states = session.start.view.states.values()
    measures = {
        name: max(0, limit - max(own.measures[name](state) for state in states))
        for name, limit in own.bounds.measures.items()
    }
    faults = {name: getattr(own.bounds, name) for name in _FAULTS}
    return {**measures, _AT_A_TIME: own.bounds.max_messages or 2, **faults, MOST_STEPS: 0}


def goals(session: Session) -> dict[str, Any]:
    """Return what can be searched for, as JSON: the properties, and the usual bounds."""
    told = [each for each in session.cluster.properties if _is_told_of_states(each)]
    bug = session.request.bug
    return {
        "broken": [ANY, *(each.name for each in told if not each.is_sometimes)],
        "reached": [each.name for each in told if each.is_sometimes],
        "formula": session.cluster.is_raft,
        "known": "" if bug is None else EXPLORED[bug].breaks,
        "bounds": usual_bounds(session),
    }


def wanted(cluster: Cluster, goal: Goal) -> list[Property]:
    """Return the properties of which the way to a goal breaks one. Raises `RequestError`."""
    if goal.formula.strip():
        return [never([_typed(cluster, goal.formula)], GOAL)]
    known = {each.name: each for each in cluster.properties if _is_told_of_states(each)}
    if goal.property == ANY:
        return [each for each in known.values() if not each.is_sometimes]
    if goal.property not in known:
        near = probably(goal.property, known)
        raise RequestError(f"goal {goal.property}: no such property; {near}", is_named=False)
    found = known[goal.property]
    return [never([found], found.name) if found.is_sometimes else found]


def is_true(session: Session, place: Place, formula: str) -> bool:
    """Evaluate a formula of TLA+ at a place; with primes, of the step that led there.

    Raises `RequestError` for what is none, or has no value there.
    """
    prop = _typed(session.cluster, formula)
    if prop.kind is not Kind.STATE and place.before is None:
        raise RequestError("formula: of a step, and none has led here", is_named=False)
    before = () if prop.kind is Kind.STATE or place.before is None else (place.before.view,)
    try:
        return prop.holds(*before, place.view)
    except SpecError as error:
        raise RequestError(f"formula: {_where(error)}", is_named=False) from error


def _is_told_of_states(prop: Property) -> bool:
    return prop.kind in (Kind.STATE, Kind.STEP, Kind.LOCAL)


def _typed(cluster: Cluster, formula: str) -> Property:
    """Return a formula as something to be reached. Raises `RequestError` where it is none."""
    if not cluster.is_raft:
        raise RequestError("formula: this node is no Raft, and has no TLA+", is_named=False)
    servers, values = cluster.system.servers, cluster.values
    node = cluster.system.guard.actor
    variables = RaftVariables(servers, values, cluster.project)
    extends = ["RaftInvariants"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{GOAL}.tla"
        if isinstance(node, ExtendedNode):
            variables = ExtendedVariables(servers, values, node.features, node.voters)
            on = [each for each in Feature if each in node.features]
            extends = ["FeatureVariables", *(f"{each.value}Invariants" for each in on)]
            for each in FEATURES.glob("*.tla"):
                shutil.copy(each, folder)
        lines = "\n".join(f"    {line}" for line in formula.strip().splitlines())
        path.write_text(
            f"---- MODULE {GOAL} ----\nEXTENDS {', '.join(extends)}\n{GOAL} ==\n{lines}\n====\n",
            encoding="utf-8",
        )
        try:
            found = {each.name: each for each in tla_properties(path, variables)}
        except SpecError as error:
            raise RequestError(f"formula: {_where(error)}", is_named=False) from error
    if GOAL not in found:
        raise RequestError("formula: expected one formula of TLA+", is_named=False)
    return replace(found[GOAL], is_sometimes=True)


_LINES_ABOVE = 3


def _where(error: SpecError) -> str:
    """Return an error with its place in the formula, and not in the file that was made of it."""
    at = error.position
    return f"line {max(1, at.line - _LINES_ABOVE)}: {error.reason}"
