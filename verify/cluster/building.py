"""From a request to a cluster that can be explored, with its properties.

Here node, explorer and spec become one thing that can be checked.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

import raft_ref
from raft_ref.bugs import Bug
from raft_ref.explorer import (
    Actor,
    Bounds,
    Counterexample,
    History,
    Measure,
    NetworkKind,
    NoHistory,
    Property,
    Renamed,
    ServerId,
    System,
    guarded,
    what_is_renamed,
)
from raft_ref.features import MAX_CHANGES, MAX_READS, MAX_ROUNDS, ExtendedNode, Feature
from raft_ref.spec.link import AsRaft, AsRaftMessage, Committed, RaftWords
from raft_ref.spec.link.features import CommittedChanges, ReadsRecorded
from raft_ref.spec.link.others import REFINES_ANOTHER
from raft_ref.spec.requests import ALONE, RequestError, Sizes, probably
from raft_ref.traces import Trace
from raft_ref.traces.sources.explored import trace_of
from raft_ref.verify.cluster.down import Down, up
from raft_ref.verify.cluster.properties import PropertyRequest, Subject, properties_of
from raft_ref.verify.cluster.renaming import DerivedRename, ExaminedRename
from raft_ref.zoo import EXPLORED

DEFAULTS: Mapping[str, int] = Sizes().as_dict()
"""The smallest bounds that cover every action and every `sometimes` of the reference node."""

DEFAULTS_OF_CHANGES: Mapping[str, int] = {**DEFAULTS, "max_log_length": 2}
"""The same where the membership changes: a leader commits an entry before it changes anything."""

BUG_DEFAULTS: Mapping[str, int] = {
    **DEFAULTS,
    "max_log_length": 0,
    "max_snapshot_index": 0,
    "max_restarts": 0,
    "max_drops": 0,
    "max_duplicates": 0,
}
"""What the bounds of a known bug are where it does not name them."""

_OF_THE_NODE = ("max_term", "max_log_length", "max_snapshot_index")
_OF_THE_NETWORK = ("max_messages", "max_restarts", "max_drops", "max_duplicates")


Symmetry = bool | tuple[Renamed, ...] | None
"""What may be renamed in states that count as one: this, all (True) or nothing (False) of what the
node can rename, or all if its author thought of that (None)."""


@dataclass(frozen=True, slots=True)
class GivenSizes:
    """How large a cluster is, and how far it is explored.

    None is what `DEFAULTS` say, or what a known bug needs. `voters` are how many of the servers the
    cluster begins with, the first ones, and `max_changes` how many configurations a log holds; both
    are for nodes whose membership can change.
    """

    servers: int | None = None
    values: int | None = None
    max_term: int | None = None
    max_log_length: int | None = None
    max_snapshot_index: int | None = None
    max_messages: int | None = None
    max_restarts: int | None = None
    max_drops: int | None = None
    max_duplicates: int | None = None
    voters: int | None = None
    max_changes: int | None = None

    def given(self) -> dict[str, int]:
        """Return those that are not None, by name."""
        return {name: size for name, size in asdict(self).items() if size is not None}


@dataclass(frozen=True, slots=True)
class ClusterRequest:
    """Which cluster to explore, within which bounds, and what is asked of it.

    - `node`: a class of the user's own that is an `Actor`, called with the names of the servers
      and the values; `node_name` is what it is called (None: its module and name). `bug`: a known
      bug, by its name in `raft_ref.zoo.EXPLORED`. Neither: the reference node.
    - `bounds`: further bounds, on measures of the user's own node, by name.
    - `depth`: levels of states, the initial one included.
    - `reduced`: partial-order reduction.
    - `features`: those that are on, of the reference node or of one that is an `ExtendedNode`
      (none: none, or those that the node has on by itself).
    - `down`: how many servers, the last ones, are down for good.
    - `keeps_order`: how servers are renamed where the node does not say it; see `DerivedRename`.
    """

    node: Callable[..., Any] | None = None
    node_name: str | None = None
    bug: str | None = None
    sizes: GivenSizes = field(default_factory=GivenSizes)
    bounds: Mapping[str, int] = field(default_factory=dict)
    depth: int | None = None
    network: NetworkKind = "set"
    reduced: bool = False
    features: frozenset[Feature] = frozenset()
    down: int = 0
    keeps_order: bool = True
    properties: PropertyRequest = field(default_factory=PropertyRequest)

    @property
    def name(self) -> str | None:
        """What the user's own node is called; None without one."""
        if self.node is None:
            return None
        return self.node_name or f"{self.node.__module__}:{self.node.__qualname__}"


@dataclass(frozen=True, slots=True)
class Cluster:
    """What to explore: a system, its properties, and how its states are shown.

    `project` maps a node's state to the variables that traces and properties know; `description`
    says in a few words what the nodes are; `values` are those that clients ask to store; `is_raft`
    says whether their states stand for a `raft_ref.State`, and `project_message` what messages do.
    """

    system: System
    properties: list[Property]
    project: Callable[[Any], Any]
    description: str
    values: tuple[str, ...]
    is_raft: bool
    project_message: Callable[[Any], Any] | None = None

    def renamed(self, symmetry: Symmetry) -> tuple[Renamed, ...]:
        """Return what is renamed. Raises `RequestError` where it cannot be."""
        choice = self.system.guard.has_rename if symmetry is None else symmetry
        try:
            return what_is_renamed(self.system, choice)
        except ValueError as error:
            raise RequestError(f"symmetry: {error}") from error

    def trace_of(self, counterexample: Counterexample | None, source: str = "") -> Trace | None:
        """Return a counterexample as a trace, if it is one; `source` says where it comes from."""
        if counterexample is None:
            return None
        return trace_of(counterexample, self.system, source, self.words)

    @property
    def features(self) -> frozenset[Feature]:
        """Which features are on."""
        node = up(self.system.guard.actor)
        return node.features if isinstance(node, ExtendedNode) else frozenset()

    @property
    def voters(self) -> tuple[ServerId, ...]:
        """Which servers it begins with, where the membership can change: all, where not."""
        node, servers = up(self.system.guard.actor), self.system.servers
        begun = node.voters if isinstance(node, ExtendedNode) else frozenset(servers)
        return tuple(server for server in servers if server in begun)

    @property
    def words(self) -> RaftWords:
        """How its states, messages and steps are told."""
        return RaftWords(self.project, self.project_message)


def build(request: ClusterRequest, beyond: Mapping[str, int] | None = None) -> Cluster:
    """Return the cluster that is asked for.

    `beyond` are the numbers that count instead of the defaults and of those of a bug. Raises
    `RequestError`, `SpecError`, and `ActorError` where a node breaks its protocol.
    """
    bug = _bug(request)
    defaults = _defaults(request, bug)
    numbers = {**defaults, **(beyond or {}), **request.sizes.given()}
    servers = _names("s", numbers["servers"], "servers", least=2)
    values = _names("v", numbers["values"], "values", least=0)
    actor = _begun(_actor(request, bug, servers, values), servers, numbers, request.sizes.given())
    if request.down:
        if not 0 < request.down < len(servers):
            raise RequestError(f"down {request.down}: expected less than {len(servers)} servers")
        actor = Down(actor, servers[-request.down :])
    project, is_raft = _as_raft(actor, servers, values)
    if is_raft and not request.down:
        _renames(actor, project, servers, values, request.keeps_order)
    measures = _measures(actor, is_raft, project)
    bounds = _bounds(request, numbers, measures)
    history = _history(actor, servers, is_raft, project, bounds.measures.get(MAX_READS, 0))
    try:
        system = System(
            actor, servers, bounds, request.network, history, measures, reduced=request.reduced
        )
    except ValueError as error:
        raise RequestError(str(error), is_named=False) from error
    tells = getattr(actor, "as_raft_message", None)
    project_message = None if tells is None else AsRaftMessage(tells, type(actor).__name__)
    subject = Subject(system, values, request.name, bug, is_raft, project, project_message)
    properties = properties_of(subject, request.properties)
    description = request.name or request.bug or "reference node"
    if request.features:
        names = (each.option for each in Feature if each in request.features)
        description += f" with {', '.join(names)}"
    if isinstance(actor, ExtendedNode) and actor.is_changeable:
        number = len(actor.voters)
        description += f", {number} voter{'s' * (number > 1)} at first"
    if request.down:
        description += f", {' and '.join(servers[-request.down :])} down"
    held = (prop.formula for prop in properties if prop.name == REFINES_ANOTHER)
    description += "".join(f"; {formula}" for formula in held)
    return Cluster(system, properties, project, description, values, is_raft, project_message)


def _defaults(request: ClusterRequest, bug: Bug | None) -> Mapping[str, int]:
    if bug is not None:
        return {**BUG_DEFAULTS, **bug.within}
    return DEFAULTS_OF_CHANGES if Feature.MEMBERSHIP in request.features else DEFAULTS


def _itself(state: Any) -> Any:
    return state


def _names(prefix: str, number: int, option: str, least: int) -> tuple[ServerId, ...]:
    if number < least:
        alone = f": {ALONE}" if (option, number) == ("servers", 1) else ""
        raise RequestError(f"{option} {number}: expected {least} or more{alone}")
    return tuple(f"{prefix}{position}" for position in range(1, number + 1))


def _bug(request: ClusterRequest) -> Bug | None:
    if request.bug is None:
        return None
    if request.node is not None:
        raise RequestError(f"bug {request.bug}: a bug is a node of its own, not with --node")
    if request.bug not in EXPLORED:
        near = probably(request.bug, EXPLORED)
        raise RequestError(f"bug {request.bug}: no such bug; {near}")
    return EXPLORED[request.bug]


def _actor(
    request: ClusterRequest, bug: Bug | None, servers: tuple[str, ...], values: tuple[str, ...]
) -> Actor:
    if bug is not None:
        return _featured(request, bug.node(servers, values))
    if request.node is None and request.features:
        return ExtendedNode(servers, values, features=request.features)
    if request.node is None:
        return raft_ref.Node(servers, values)
    name = request.name or ""
    try:
        actor: Actor = request.node(servers, values)
    except Exception as error:
        raise RequestError(
            f"node {name}: {name.rpartition(':')[2]}(servers, values) raises "
            f"{type(error).__name__}: {error}"
        ) from error
    methods = ("initial", "actions", "act", "receive", "restart")
    if missing := [each for each in methods if not callable(getattr(actor, each, None))]:
        raise RequestError(
            f"node {name}: not an actor, for want of the method {', '.join(missing)}"
        )
    return _featured(request, actor)


def _featured(request: ClusterRequest, actor: Actor) -> Actor:
    """Return a node with those features on that are asked for, if any are."""
    if not request.features:
        return actor
    if not isinstance(actor, ExtendedNode):
        what = request.name or request.bug
        raise RequestError(
            f"with: {what} is no raft_ref.features.ExtendedNode, and has no features"
        )
    lacking = frozenset(getattr(actor, "on", ())) - request.features
    if request.bug is not None and lacking:
        names = ",".join(each.option for each in Feature if each in lacking)
        raise RequestError(f"with: the bug {request.bug} is about {names}, which is left out")
    return actor.with_features(request.features)


def _begun(
    actor: Actor, servers: tuple[str, ...], numbers: Mapping[str, int], given: Mapping[str, int]
) -> Actor:
    """Return a node with the voters that its cluster begins with, if that is a matter of it."""
    changes = isinstance(actor, ExtendedNode) and actor.is_changeable
    if not changes:
        for name in ("voters", MAX_CHANGES):
            if name in given:
                raise RequestError(f"{name.replace('_', '-')}: the membership cannot change")
        return actor
    assert isinstance(actor, ExtendedNode)
    # One server is there to be added, if two are left to elect a leader.
    voters = numbers.get("voters", max(2, len(servers) - 1))
    if not 0 < voters <= len(servers):
        raise RequestError(f"voters {voters}: expected 1 to {len(servers)}, the servers")
    return actor.with_voters(servers[:voters])


def _as_raft(
    actor: Actor, servers: tuple[ServerId, ...], values: tuple[str, ...]
) -> tuple[Callable[[Any], Any], bool]:
    """Return what a node's states stand for, and whether that is a state of Raft.

    Raises `ActorError` for a node that says so, and gives something else.
    """
    own = getattr(actor, "as_raft", None)
    if own is None:
        try:
            return _itself, isinstance(actor.initial(servers[0]), raft_ref.State)
        except Exception:
            # The search calls the actor again, under guard, and reports what it does wrong.
            return _itself, False
    if isinstance(own, AsRaft):
        return own, True
    project = AsRaft(own, type(actor).__name__, servers, values)
    project(guarded(f"{type(actor).__name__}.initial", actor.initial)(servers[0]))
    return project, True


def _renames(
    actor: Any,
    project: Callable[[Any], Any],
    servers: tuple[ServerId, ...],
    values: tuple[str, ...],
    keeps_order: bool,
) -> None:
    """See to it that a node renames as Raft is renamed: what its properties say is symmetric."""
    begin = guarded(f"{type(actor).__name__}.initial", actor.initial)(servers[0])
    rename = getattr(actor, "rename", None)
    if rename is None and not hasattr(actor, "properties"):
        rename = DerivedRename(servers, values, begin, keeps_order)
    elif project is _itself:
        return
    if rename is not None:
        # A class with slots has no place for it, and stays as it is.
        with suppress(AttributeError):
            actor.rename = ExaminedRename(
                rename, project, begin, servers, values, type(actor).__name__
            )


def _history(
    actor: Any,
    servers: tuple[ServerId, ...],
    is_raft: bool,
    project: Callable[[Any], Any],
    most_reads: int,
) -> History:
    if isinstance(actor, ExtendedNode) and Feature.READ_INDEX in actor.features:
        return ReadsRecorded(servers, most_reads, actor.do_clocks_agree)
    if isinstance(actor, ExtendedNode):
        return CommittedChanges()
    return Committed(project) if is_raft else getattr(actor, "history", NoHistory())


def _measures(actor: Actor, is_raft: bool, project: Callable[[Any], Any]) -> Mapping[str, Measure]:
    own: Mapping[str, Measure] | None = getattr(actor, "measures", None)
    if own is not None or not is_raft:
        return own or {}

    def projected(measure: Measure) -> Measure:
        return lambda state: measure(project(state))

    return {name: projected(measure) for name, measure in raft_ref.Node.measures.items()}


def _bounds(
    request: ClusterRequest, numbers: Mapping[str, int], known: Mapping[str, Measure]
) -> Bounds:
    given = request.sizes.given()
    measures = {
        name: limit
        for name, limit in numbers.items()
        if name in known or (name in _OF_THE_NODE and name in given)
    }
    of_features = {name: 1 for name in (MAX_READS, MAX_ROUNDS, MAX_CHANGES) if name in known}
    measures = {**of_features, **measures, **request.bounds}
    if request.depth is not None and request.depth < 1:
        raise RequestError(f"depth {request.depth}: expected 1 or more")
    for name, limit in {**numbers, **measures}.items():
        if limit < 0:
            raise RequestError(f"the bound {name} is {limit}: expected 0 or more", is_named=False)
    network = {name: numbers[name] for name in _OF_THE_NETWORK if name in numbers}
    return Bounds(**network, depth=request.depth, measures=measures)
