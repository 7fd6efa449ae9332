"""Which properties a cluster is asked for: its own, those of a module of TLA+, ties to Raft.tla."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import raft_ref
from raft_ref.bugs import Bug
from raft_ref.explorer import Actor, Kind, Property, System, guarded
from raft_ref.features import ExtendedNode
from raft_ref.spec.files import (
    EXTENDED,
    EXTENDED_MODEL,
    MEMBERSHIP_PROGRESS,
    MODEL,
    RAFT,
)
from raft_ref.spec.link import (
    AS_RAFT,
    AS_RAFT_MESSAGE,
    BISIMULATION,
    INITIAL_REFINEMENT,
    INVARIANTS,
    PROGRESS,
    PROGRESS_OF_RAFT,
    REFINEMENT,
    Bisimulation,
    ForeignRefinement,
    RaftVariables,
    RaftWords,
    Refinement,
    initial_refinement,
    raft_progress,
    raft_properties,
    tla_progress,
    tla_properties,
)
from raft_ref.spec.link.features import ExtendedVariables, HidingRefinement, extended_properties
from raft_ref.spec.link.features import composed as composed_with_features
from raft_ref.spec.link.others import MappedRefinement
from raft_ref.spec.requests import RequestError, probably
from raft_ref.verify.cluster.down import up

COMMIT_IS_DONE, COMMIT_IS_DUE = "CommitIsDone", "CommitIsDue"
"""The goal of Raft, and where it must be reachable, by their names in RaftProgress.tla."""

GOALS: dict[str, str | None] = {
    COMMIT_IS_DONE: COMMIT_IS_DUE,
    "CommitIsKnownToAll": "CommitIsKnown",
    "LeaderIsElected": None,
}
"""The goals of RaftProgress.tla, each with where it is due."""
GOALS_OF_MEMBERSHIP: dict[str, str | None] = {
    "ChangeIsEnded": "ChangeIsBegun",
    "JointIsLeft": "JointIsEntered",
}
"""The goals of spec/features/MembershipProgress.tla beside these, each with where it is due."""


@dataclass(frozen=True, slots=True)
class PropertyRequest:
    """Which properties are asked for.

    - `spec`: the module of properties (None: the one that ships).
    - `invariants`: these alone, by name (none: all; of a known bug, the one that it breaks).
    - `progress`: from every state with the operator `progress_from`, one with this operator must be
      reachable (None: not asked for; one of the two alone gets its usual other).
    - `refine`: every step of a server is a step of Raft.tla (None: of the reference node).
    - `refines`, `mapping`: every step of a server is some steps of the specification of another in
      this file, of which a server is a state as the mapping says (None: not asked for).
    - `bisimulation`: node and spec can take the same steps in every state.
    - `raft`: a folder whose Raft.tla counts instead of the one that ships, and its MCRaft.tla and
      RaftInvariants.tla, if it has them (None: the folder of `spec`, if there is a Raft.tla).
    - `excepted`: these are not asked for, by name.
    - `witness`: a Sometimes..., of which the shortest way to it is wanted, and nothing else.
    - `beside_bug`: of a known bug, all properties, and not only the one that it breaks.
    """

    spec: Path | None = None
    invariants: Sequence[str] = ()
    progress: str | None = None
    progress_from: str | None = None
    refine: bool | None = None
    refines: Path | None = None
    mapping: Path | None = None
    bisimulation: bool = False
    excepted: Sequence[str] = ()
    witness: str | None = None
    raft: Path | None = None
    beside_bug: bool = False

    def file(self, shipped: Path) -> Path:
        """Return the file that counts instead of one that ships, or that one."""
        folder = self.raft
        if folder is None and self.spec is not None and (self.spec.parent / RAFT.name).is_file():
            folder = self.spec.parent
        if folder is None:
            return shipped
        if folder.name == RAFT.name and folder.is_file():
            folder = folder.parent
        own = folder / shipped.name
        if shipped == RAFT and not own.is_file():
            raise RequestError(f"raft {folder}: there is no {RAFT.name}")
        return own if own.is_file() else shipped


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked: a system, by the name of its node (None: the reference node or a bug's).

    `is_raft` says whether its nodes' states stand for a `raft_ref.State`, and `project` for which;
    `project_message` what its messages stand for, if somebody says so.
    """

    system: System
    values: tuple[str, ...]
    node: str | None
    bug: Bug | None
    is_raft: bool
    project: Callable[[Any], Any]
    project_message: Callable[[Any], Any] | None = None

    @property
    def actor(self) -> Actor:
        """The node."""
        return self.system.guard.actor

    @property
    def extended(self) -> ExtendedNode | None:
        """The node, if it is one with features."""
        node = up(self.actor)
        return node if isinstance(node, ExtendedNode) else None

    @property
    def variables(self) -> RaftVariables:
        """The variables of the protocol's module, of a node of ours."""
        servers, values = self.system.servers, self.values
        if self.extended is None:
            return RaftVariables(servers, values)
        node = self.extended
        return ExtendedVariables(servers, values, node.features, node.voters)

    @property
    def as_raft(self) -> Any:
        """What maps a state of the user's own to one of Raft, if it is such a node."""
        return self.project if hasattr(self.actor, "as_raft") else None


def properties_of(subject: Subject, request: PropertyRequest) -> list[Property]:
    """Return the properties that are asked for. Raises `RequestError`."""
    bug = subject.bug
    available = [
        *_properties(subject, request),
        *_ties_to_the_spec(subject, request),
        *_ties_to_another(subject, request),
    ]
    if request.witness is not None:
        return [never(available, request.witness)]
    found = _selected(available, request.invariants or _broken_by(bug, request))
    found = _without(found, request.excepted)
    of_progress = (bug is not None and bug.breaks == PROGRESS) or request.progress
    if (of_progress or request.progress_from) and PROGRESS not in request.excepted:
        found.append(_progress(subject, request))
    if subject.system.bounds.depth is not None and any(p.kind is Kind.PROGRESS for p in found):
        raise RequestError("depth: progress cannot be asked for within a bound on depth")
    return found


def never(available: Sequence[Property], name: str) -> Property:
    """Return the property that something is never reached: a way that breaks it is a witness.

    Raises `RequestError` for what is not among the properties that must be reached.
    """
    known = {prop.name: prop for prop in available if prop.is_sometimes}
    if name not in known:
        raise RequestError(f"witness {name}: nothing that must be reached; {probably(name, known)}")
    wanted = known[name]
    return Property(
        name,
        lambda *views: not wanted.holds(*views),
        wanted.kind,
        reads=wanted.reads,
        reads_after=wanted.reads_after,
        formula=wanted.formula,
    )


def _without(properties: list[Property], names: Sequence[str]) -> list[Property]:
    known = [prop.name for prop in properties]
    for name in names:
        if name not in (*known, INITIAL_REFINEMENT, REFINEMENT, BISIMULATION, PROGRESS):
            raise RequestError(f"except {name}: no such property; {probably(name, known)}")
    return [prop for prop in properties if prop.name not in names]


def _broken_by(bug: Bug | None, request: PropertyRequest) -> list[str]:
    """Return what a bug is asked for: the property that it is known to break, and no other.

    Nothing, where all the properties are wanted.
    """
    is_asked_more = request.refine or request.bisimulation or request.spec or request.beside_bug
    return [] if bug is None or bug.breaks == PROGRESS or is_asked_more else [bug.breaks]


def _properties(subject: Subject, request: PropertyRequest) -> list[Property]:
    own = getattr(subject.actor, "properties", None)
    if own is not None:
        found = guarded(f"{type(subject.actor).__name__}.properties", own)()
        return [
            replace(
                p,
                holds=guarded(f"the property {p.name}", p.holds),
                premise=guarded(f"the premise of {p.name}", p.premise),
            )
            for p in found
        ]
    if subject.is_raft:
        found = _of_raft(subject, request)
        # What is a goal, or where it is due, is not what always holds.
        ends = (request.progress, request.progress_from)
        return [prop for prop in found if prop.name not in ends]
    raise RequestError(
        f"node {subject.node}: nothing to check; give the class a method `properties`, or "
        "`as_raft(state)` that returns a raft_ref.State"
    )


def _of_raft(subject: Subject, request: PropertyRequest) -> list[Property]:
    servers, values, node = subject.system.servers, subject.values, subject.extended
    if node is None:
        path = request.spec or request.file(INVARIANTS)
        return raft_properties(path, servers, values, subject.as_raft)
    if request.spec is not None:
        return tla_properties(request.spec, subject.variables)
    return extended_properties(servers, values, node.features, node.voters)


def _progress(subject: Subject, request: PropertyRequest) -> Property:
    """Return the property that something stays possible: what was asked for, or what is shipped."""
    if not subject.is_raft:
        raise RequestError(
            f"progress: {subject.node} is no Raft; let its method `properties` return a "
            "property whose kind is raft_ref.explorer.Kind.PROGRESS"
        )
    bug, node = subject.bug, subject.extended
    is_changeable = node is not None and node.is_changeable
    shipped = {**GOALS, **(GOALS_OF_MEMBERSHIP if is_changeable else {})}
    shipped |= {bug.goal: bug.premise} if bug else {}
    goal, premise = request.progress or (bug.goal if bug else COMMIT_IS_DONE), request.progress_from
    if premise is None:
        premise = shipped.get(goal)
    is_shipped = goal in shipped and premise == shipped[goal]
    shipped_path = MEMBERSHIP_PROGRESS if is_changeable else request.file(PROGRESS_OF_RAFT)
    path = shipped_path if is_shipped or not request.spec else request.spec
    servers, values = subject.system.servers, subject.values
    try:
        if node is not None:
            return tla_progress(path, subject.variables, goal, premise)
        return raft_progress(path, servers, values, goal, premise, subject.as_raft)
    except ValueError as error:
        raise RequestError(f"progress: {error}") from error


def _ties_to_the_spec(subject: Subject, request: PropertyRequest) -> list[Property]:
    """Return the properties that compare the node with Raft.tla, as far as they are asked for."""
    bug = subject.bug
    is_reference = subject.node is None and bug is None and not request.invariants
    is_reference = is_reference and isinstance(subject.actor, raft_ref.Node)
    is_default = is_reference or (bug is not None and bug.breaks == REFINEMENT)
    refine = is_default if request.refine is None else request.refine
    refine = refine and REFINEMENT not in request.excepted
    if BISIMULATION in request.excepted:
        request = replace(request, bisimulation=False)
    if not refine and not request.bisimulation:
        return []
    if subject.extended is not None:
        raft, model = EXTENDED, EXTENDED_MODEL
    else:
        raft, model = request.file(RAFT), request.file(MODEL)
    refinement = _refinement(subject, raft, "refine" if refine else "bisimulation")
    initial = subject.system.view(subject.system.initial())
    wrong = refinement.initial_differences(initial)
    if wrong and INITIAL_REFINEMENT not in request.excepted:
        return [initial_refinement(wrong, initial, raft.name)]
    found = [refinement.as_property] if refine else []
    if refine and subject.extended is not None and not subject.extended.is_changeable:
        # Where the membership changes, so does what a quorum is, and Raft.tla has one.
        found.append(HidingRefinement(subject.system.servers, subject.values).as_property)
    if request.bisimulation:
        found.append(_bisimulation(subject, model, raft))
    return found


def _ties_to_another(subject: Subject, request: PropertyRequest) -> list[Property]:
    """Return the property that compares the node with a specification of somebody else's."""
    if request.refines is None:
        if request.mapping is not None:
            raise RequestError("mapping: of what? --refines names the specification")
        return []
    if request.mapping is None:
        raise RequestError("refines: a mapping says how a server is a state of that; --mapping")
    is_ours = _is_of_ours(subject, "refines")
    refinement = MappedRefinement(
        request.refines,
        request.mapping,
        subject.variables,
        subject.system.servers,
        RaftWords() if is_ours else RaftWords(subject.project, subject.project_message),
    )
    initial = subject.system.view(subject.system.initial())
    wrong = refinement.initial_differences(initial)
    if wrong:
        return [initial_refinement(wrong, initial, request.refines.name)]
    return [refinement.as_property]


def _is_of_ours(subject: Subject, option: str) -> bool:
    """Return whether states and messages are those of raft_ref, and not only stand for these.

    Raises `RequestError` for a node that does not say what they stand for, naming the method.
    """
    is_ours = isinstance(subject.actor, raft_ref.Node)
    if not is_ours and not subject.is_raft:
        raise RequestError(f"{option}: {subject.node} has no {AS_RAFT}")
    if not is_ours and subject.project_message is None:
        raise RequestError(f"{option}: {subject.node} has no {AS_RAFT_MESSAGE}")
    return is_ours and subject.project_message is None


def _refinement(subject: Subject, raft: Path, option: str) -> Refinement | ForeignRefinement:
    """Return what compares the servers with the spec; `option` is what asks for it."""
    servers, values = subject.system.servers, subject.values
    if subject.extended is not None:
        return Refinement(
            servers, values, raft, mapping=subject.variables, names=composed_with_features
        )
    if _is_of_ours(subject, option):
        return Refinement(servers, values, raft)
    tells = subject.project_message
    assert tells is not None
    return ForeignRefinement(servers, values, subject.project, tells, raft)


def _bisimulation(subject: Subject, model: Path, raft: Path) -> Property:
    is_ours, system = _is_of_ours(subject, "bisimulation"), subject.system
    if system.network_kind != "set":
        raise RequestError("bisimulation: the network of the spec is a set")
    words = None if is_ours else RaftWords(subject.project, subject.project_message)
    initial = system.view(system.initial())
    try:
        bisimulation = Bisimulation(
            system.servers,
            subject.values,
            system.bounds,
            initial,
            model,
            raft,
            words,
            None if words else subject.variables,
        )
    except ValueError as error:
        raise RequestError(f"bisimulation: {error}") from error
    return bisimulation.as_property


def _selected(available: list[Property], names: Sequence[str]) -> list[Property]:
    always = [prop.name for prop in available if not prop.is_sometimes]
    for name in names:
        if name not in always:
            near = probably(name, always)
            raise RequestError(f"invariant {name}: no such property; {near}")
    return [prop for prop in available if prop.is_sometimes or not names or prop.name in names]
