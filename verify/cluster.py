"""From the options of a command to a cluster that can be explored, with its properties.

This is the one module that joins node, explorer and spec.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import raft_ref
from raft_ref.bugs import Bug
from raft_ref.cli.options.errors import UsageError
from raft_ref.cli.options.loading import loaded
from raft_ref.explorer import (
    Actor,
    Bounds,
    Kind,
    Measure,
    NetworkKind,
    NoHistory,
    Property,
    ServerId,
    System,
    guarded,
)
from raft_ref.spec.link import (
    INVARIANTS,
    PROGRESS,
    PROGRESS_OF_RAFT,
    REFINEMENT,
    Bisimulation,
    Committed,
    Refinement,
    raft_progress,
    raft_properties,
)
from raft_ref.zoo import EXPLORED

DEFAULTS: Mapping[str, int] = {
    "servers": 3,
    "values": 1,
    "max_term": 2,
    "max_log_length": 1,
    "max_snapshot_index": 1,
    "max_messages": 2,
    "max_restarts": 1,
    "max_drops": 1,
    "max_duplicates": 1,
}
"""The smallest bounds that cover every action and every `sometimes` of the reference node."""

BUG_DEFAULTS: Mapping[str, int] = {
    **DEFAULTS,
    "max_log_length": 0,
    "max_snapshot_index": 0,
    "max_restarts": 0,
    "max_drops": 0,
    "max_duplicates": 0,
}
"""What the bounds of a known bug are where it does not name them."""

COMMIT_IS_DONE, COMMIT_IS_DUE = "CommitIsDone", "CommitIsDue"
"""The goal of Raft, and where it must be reachable, by their names in RaftProgress.tla."""

_OF_THE_NODE = ("max_term", "max_log_length", "max_snapshot_index")
_OF_THE_NETWORK = ("max_messages", "max_restarts", "max_drops", "max_duplicates", "depth")


@dataclass(frozen=True, slots=True)
class Cluster:
    """What to explore: a system, its properties, and how its states are shown.

    `project` maps a node's state to the variables that traces and properties know; `description`
    says in a few words what the nodes are; `values` are those that clients ask to store.
    """

    system: System
    properties: list[Property]
    project: Callable[[Any], Any]
    description: str
    values: tuple[str, ...]


def build(options: argparse.Namespace, beyond: Mapping[str, int] | None = None) -> Cluster:
    """Return the cluster that the options describe.

    `options` has the attributes node, bug, spec, invariant, progress, progress_from, network,
    bound, depth, por and those of `DEFAULTS` (None: not given); `beyond` are the numbers that count
    instead of the defaults and of those of a bug. Raises UsageError.
    """
    bug = _bug(options.bug)
    numbers = {**(DEFAULTS if bug is None else {**BUG_DEFAULTS, **bug.bounds}), **(beyond or {})}
    numbers |= {name: getattr(options, name) for name in DEFAULTS if _given(options, name)}
    servers = _names("s", numbers["servers"], "--servers", least=2)
    values = _names("v", numbers["values"], "--values", least=0)
    actor = _actor(options.node, bug, servers, values)
    description = options.node or options.bug or "reference node"
    project = getattr(actor, "as_raft", None) or _itself
    is_raft = _is_raft(actor, project, servers)
    measures = _measures(actor, is_raft, project)
    network: NetworkKind = options.network
    try:
        system = System(
            actor,
            servers,
            _bounds(options, numbers, measures),
            network,
            Committed(project) if is_raft else getattr(actor, "history", NoHistory()),
            measures,
            reduced=options.por,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    available = [
        *_properties(options, actor, is_raft, servers, values),
        *_ties_to_the_spec(options, bug, system, values),
    ]
    properties = _selected(available, options.invariant or _broken_by(bug, options))
    if (bug is not None and bug.breaks == PROGRESS) or options.progress or options.progress_from:
        properties.append(_progress(options, bug, actor, is_raft, servers, values))
    if options.depth is not None and any(prop.kind is Kind.PROGRESS for prop in properties):
        raise UsageError("--depth: progress cannot be asked for within a bound on depth")
    return Cluster(
        system,
        properties,
        project,
        description,
        values,
    )


def _itself(state: Any) -> Any:
    return state


def _given(options: argparse.Namespace, name: str) -> bool:
    return getattr(options, name) is not None


def _names(prefix: str, number: int, option: str, least: int) -> tuple[ServerId, ...]:
    if number < least:
        raise UsageError(f"{option} {number}: expected {least} or more")
    return tuple(f"{prefix}{position}" for position in range(1, number + 1))


def _bug(name: str | None) -> Bug | None:
    if name is None:
        return None
    if name not in EXPLORED:
        raise UsageError(f"--bug {name}: no such bug; known are {', '.join(EXPLORED)}")
    return EXPLORED[name]


def _broken_by(bug: Bug | None, options: argparse.Namespace) -> list[str]:
    """Return what a bug is asked for: the property that it is known to break, and no other.

    Nothing, where all the properties are wanted.
    """
    is_asked_more = options.refine or options.bisimulation or options.spec
    return [] if bug is None or bug.breaks == PROGRESS or is_asked_more else [bug.breaks]


def _actor(
    node: str | None, bug: Bug | None, servers: tuple[str, ...], values: tuple[str, ...]
) -> Actor:
    if bug is not None:
        mutant: Actor = bug.node(servers, values)
        return mutant
    if node is None:
        return raft_ref.Node(servers, values)
    cls = _load(node)
    try:
        actor: Actor = cls(servers, values)
    except Exception as error:
        raise UsageError(
            f"--node {node}: {node.partition(':')[2]}(servers, values) raises "
            f"{type(error).__name__}: {error}"
        ) from error
    methods = ("initial", "actions", "act", "receive", "restart")
    if missing := [name for name in methods if not callable(getattr(actor, name, None))]:
        raise UsageError(
            f"--node {node}: not an actor, for want of the method {', '.join(missing)}"
        )
    return actor


def _load(node: str) -> Callable[..., Any]:
    module_name, _, class_name = node.partition(":")
    if not module_name or not class_name:
        raise UsageError(f"--node {node}: expected MODULE:CLASS")
    cls: Callable[..., Any] = loaded("--node", node)
    return cls


def _is_raft(actor: Actor, project: Callable[[Any], Any], servers: tuple[ServerId, ...]) -> bool:
    try:
        state = project(actor.initial(servers[0]))
    except Exception:
        # The search calls the actor again, under guard, and reports what it does wrong.
        return False
    return isinstance(state, raft_ref.State)


def _measures(actor: Actor, is_raft: bool, project: Callable[[Any], Any]) -> Mapping[str, Measure]:
    own: Mapping[str, Measure] | None = getattr(actor, "measures", None)
    if own is not None or not is_raft:
        return own or {}

    def projected(measure: Measure) -> Measure:
        return lambda state: measure(project(state))

    return {name: projected(measure) for name, measure in raft_ref.Node.measures.items()}


def _bounds(
    options: argparse.Namespace, numbers: Mapping[str, int], known: Mapping[str, Measure]
) -> Bounds:
    measures = {
        name: limit
        for name, limit in numbers.items()
        if name in known or (name in _OF_THE_NODE and _given(options, name))
    }
    measures.update(options.bound)
    if options.depth is not None and options.depth < 1:
        raise UsageError(f"--depth {options.depth}: expected 1 or more")
    for name, limit in {**numbers, **measures}.items():
        if limit < 0:
            raise UsageError(f"the bound {name} is {limit}: expected 0 or more")
    network = {name: numbers[name] for name in _OF_THE_NETWORK if name in numbers}
    return Bounds(**network, depth=options.depth, measures=measures)


def _properties(
    options: argparse.Namespace,
    actor: Actor,
    is_raft: bool,
    servers: tuple[ServerId, ...],
    values: tuple[str, ...],
) -> list[Property]:
    own = getattr(actor, "properties", None)
    if own is not None:
        found = guarded(f"{type(actor).__name__}.properties", own)()
        return [
            replace(
                p,
                holds=guarded(f"the property {p.name}", p.holds),
                premise=guarded(f"the premise of {p.name}", p.premise),
            )
            for p in found
        ]
    if is_raft:
        path = Path(options.spec) if options.spec else INVARIANTS
        return raft_properties(path, servers, values, getattr(actor, "as_raft", None))
    raise UsageError(
        f"--node {options.node}: nothing to check; give the class a method `properties`, or "
        "`as_raft(state)` that returns a raft_ref.State"
    )


def _progress(
    options: argparse.Namespace,
    bug: Bug | None,
    actor: Actor,
    is_raft: bool,
    servers: tuple[ServerId, ...],
    values: tuple[str, ...],
) -> Property:
    """Return the property that something stays possible: what was asked for, or what is shipped."""
    if not is_raft:
        raise UsageError(
            f"--progress: {options.node} is no Raft; let its method `properties` return a "
            "property whose kind is raft_ref.explorer.Kind.PROGRESS"
        )
    shipped = {COMMIT_IS_DONE: COMMIT_IS_DUE, **({bug.goal: bug.premise} if bug else {})}
    goal, premise = options.progress or (bug.goal if bug else COMMIT_IS_DONE), options.progress_from
    if premise is None:
        premise = shipped.get(goal)
    is_shipped = goal in shipped and premise == shipped[goal]
    path = PROGRESS_OF_RAFT if is_shipped or not options.spec else Path(options.spec)
    try:
        return raft_progress(path, servers, values, goal, premise, getattr(actor, "as_raft", None))
    except ValueError as error:
        raise UsageError(f"--progress: {error}") from error


def _ties_to_the_spec(
    options: argparse.Namespace, bug: Bug | None, system: System, values: tuple[str, ...]
) -> list[Property]:
    """Return the properties that compare the node with Raft.tla, as far as they are asked for."""
    actor = system.guard.actor
    is_reference = options.node is None and options.bug is None and not options.invariant
    is_default = is_reference or (bug is not None and bug.breaks == REFINEMENT)
    refine = is_default if options.refine is None else options.refine
    if not refine and not options.bisimulation:
        return []
    if not isinstance(actor, raft_ref.Node):
        raise UsageError(
            f"--refine, --bisimulation: {options.node} is no subclass of raft_ref.Node, and so "
            "does not have the messages of Raft.tla"
        )
    found = [Refinement(system.servers, values).as_property] if refine else []
    if options.bisimulation:
        if system.network_kind != "set":
            raise UsageError("--bisimulation: the network of the spec is a set")
        initial = system.view(system.initial())
        try:
            bisimulation = Bisimulation(system.servers, values, system.bounds, initial)
        except ValueError as error:
            raise UsageError(f"--bisimulation: {error}") from error
        found.append(bisimulation.as_property)
    return found


def _selected(available: list[Property], names: list[str]) -> list[Property]:
    always = [prop.name for prop in available if not prop.is_sometimes]
    for name in names:
        if name not in always:
            raise UsageError(f"--invariant {name}: no such property; known are {', '.join(always)}")
    return [prop for prop in available if prop.is_sometimes or not names or prop.name in names]
