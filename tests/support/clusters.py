"""The specification, looking on while a simulated cluster runs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

from raft_ref import CompactLog, InstallSnapshotRequest, Snapshot, State, Step
from raft_ref.explorer import Event, Property, View
from raft_ref.explorer import Kind as PropertyKind
from raft_ref.features import Configuration, ExtendedNode, Feature, ReadingState, RequestReadIndex
from raft_ref.server import IN_PRODUCTION, Happening, Members, Simulation
from raft_ref.server.simulation.cluster import SimulatedServer
from raft_ref.server.simulation.trial import SERVERS
from raft_ref.spec.files import EXTENDED, FEATURES
from raft_ref.spec.link import INVARIANTS, Committed, Refinement, raft_properties
from raft_ref.spec.link.features import (
    ExtendedVariables,
    HidingRefinement,
    ReadsRecorded,
    composed,
    extended_properties,
)
from raft_ref.spec.link.properties import properties_of_modules
from raft_ref.spec.values.value import LazySet, ModelValue, Value

OF_CLOCKS = ("LeaseExcludesLeaders", "LinearizableReads")
"""The properties that hold of leases only if clocks agree."""

ANY_NUMBER = 10**9


class Comparison(Protocol):
    """What compares a step with those of a specification."""

    def differences(self, before: View, event: Event) -> list[str]:
        """Return how they differ, as text; none if the specification has the step."""


class Commands(LazySet):
    """All that clients may ask for: any text. What is none is a configuration."""

    is_infinite = True

    def contains(self, value: Value) -> bool:
        """Whether the value is none of a configuration."""
        return isinstance(value, str | ModelValue)

    def text(self) -> str:
        """Return how the set is written."""
        return "Value"


class Variables(ExtendedVariables):
    """The variables of servers whose clients may ask for anything."""

    @property
    def constants(self) -> dict[str, Value]:
        """What the constants of the module stand for."""
        return {**super().constants, "Value": Commands()}

    def _member(self, value: Any) -> Value:
        if isinstance(value, Members):  # the specification knows of no addresses
            value = Configuration(value.voters, value.outgoing_voters, value.learners)
        return super()._member(value)


def changing_properties(variables: Variables, features: frozenset[Feature]) -> list[Property]:
    """Return the properties of features where there are changes of the members.

    They are evaluated with `variables`, and otherwise those of `extended_properties`.
    """
    inherited = ("FeatureVariables", "LeaderContactInvariants")
    modules = ["FeatureVariables", *(f"{each}Invariants" for each in Feature if each in features)]
    paths = [FEATURES / f"{each}.tla" for each in modules]
    found = properties_of_modules(paths, variables, inherited)
    return [*{prop.name: prop for prop in found}.values()]


def refinements(
    servers: tuple[str, ...],
    features: frozenset[Feature],
    voters: tuple[str, ...] | None = None,
) -> list[Comparison]:
    """Return what each step of a server with these features is held to.

    With changes of the members, of which there are some where there are `voters`, it is none of
    Raft.tla.
    """
    variables = Variables(servers, (), features, voters)
    own = Refinement(servers, (), EXTENDED, mapping=variables, names=composed)
    return [own] if voters is not None else [own, HidingRefinement(servers, ())]


class Spec:
    """Checks each step of a cluster against Raft.tla, and each state against its invariants.

    With features, against ExtendedRaft.tla and theirs, and against Raft.tla with what they add
    hidden.

    What a snapshot of the store holds is told to the specification as the values that were
    applied. A step that changes nothing of a server that was seen before is checked once.

    A server that starts again skips the numbers of reads that it may have used: as if it had begun
    so many reads, of which nothing became, and had crashed once more.

    What is assumed of clocks, the specification has as an order of steps. Here that is one of time:
    a leader that saves for long ends its lease late, and does not use it. So what leases promise is
    left to what clients see.
    """

    def __init__(
        self,
        servers: tuple[str, ...] = SERVERS,
        features: Iterable[Feature] = IN_PRODUCTION,
        voters: tuple[str, ...] | None = None,
    ) -> None:
        self._servers, self._features, self._voters = servers, frozenset(features), voters
        if voters is not None:
            variables = Variables(servers, (), self._features, voters)
            properties = changing_properties(variables, self._features)
        elif self._features:
            properties = extended_properties(servers, (), self._features)
        else:
            properties = raft_properties(INVARIANTS, servers, ())
        if Feature.LEASES in self._features:
            properties = [p for p in properties if p.name not in OF_CLOCKS]
        self._of_states = [p for p in properties if p.kind is PropertyKind.STATE and _checked(p)]
        self._of_steps = [p for p in properties if p.kind is PropertyKind.STEP and _checked(p)]
        self._refinements: dict[frozenset[Feature], list[Comparison]] = {}
        if not self._features:
            self._refinements[self._features] = [Refinement(servers, ())]
        self._history: Any = Committed()
        if Feature.READ_INDEX in self._features:
            self._history = ReadsRecorded(servers, ANY_NUMBER, do_clocks_agree=False)
        self._applied: dict[Any, tuple[str, ...]] = {}
        self._view: View | None = None
        self._looked_at: set[Any] = set()
        self.actions: Counter[str] = Counter()

    def begin(self, states: dict[str, State]) -> None:
        """Begin with a new cluster."""
        self._applied.clear()
        self._looked_at.clear()
        first = {server: self._as_text(state) for server, state in states.items()}
        self._view = View(first, (), self._history.initial, 0, 0, 0)

    def restart(self, server: str, before: State, after: State) -> None:
        """Check that a server starts with what is on its disk."""
        self.look(Happening(server, before, None, Step(after, (), ("Restart",))))

    def look(self, happening: Happening) -> None:
        """Check a step. Raises AssertionError with what is wrong."""
        for each in self._single(happening):
            self._look(each)

    def _single(self, happening: Happening) -> Iterator[Happening]:
        """Yield a step, or those that a restart is which skips numbers of reads."""
        server, before, event, step = happening
        after: Any = step.state
        if event is None and isinstance(before, ReadingState) and isinstance(after, ReadingState):
            number = before.read_number
            peer = next(each for each in self._servers if each != server)
            state: Any = replace(after, read_number=min(number, after.read_number))
            while state.read_number < after.read_number:
                if state.read_number == number:
                    yield Happening(server, before, None, Step(state, (), ("Restart",)))
                read = RequestReadIndex(peer)
                asked = ExtendedNode(self._servers, features=self._features).act(state, read)
                assert asked is not None
                yield Happening(server, state, read, asked)
                state = asked.state
        yield happening

    def _look(self, happening: Happening) -> None:
        before = self._view
        assert before is not None
        server, (state, sends, actions) = happening.server, happening.step
        if isinstance(happening.event, CompactLog):
            self._remember(happening)
        after = self._as_text(state)
        self.actions.update(actions)
        history = self._history.observe(before.history, before.states[server], after)
        restarts = before.restarts + (happening.event is None)
        view = replace(
            before, states={**before.states, server: after}, history=history, restarts=restarts
        )
        self._refine(before, happening, view, tuple(map(self._as_text, sends)))
        if view.states != before.states:
            changed = before.states[server], view.states[server]
            of_history = before.history != view.history
            wrong = [
                p.name
                for p in self._of_states
                if (_differ(p, *changed) or (of_history and "history" in p.reads))
                and not p.holds(view)
            ]
            wrong += [p.name for p in self._of_steps if not p.holds(before, view)]
            assert not wrong, f"{', '.join(wrong)}: {happening}"
        self._view = view

    def _refine(
        self, before: View, happening: Happening, after: View, sends: tuple[Any, ...]
    ) -> None:
        server, event = happening.server, happening.event
        key = server, before.states[server], event
        if key in self._looked_at:
            return
        self._looked_at.add(key)
        named = happening.step.actions
        shown = Event(
            happening.name,
            named if named[:1] == (happening.name,) else (happening.name, *named),
            server,
            happening.action,
            self._as_text(happening.message),
            sends,
            after,
        )
        for refinement in self.refinements_of(server):
            differences = refinement.differences(before, shown)
            assert not differences, f"{happening}: {differences}"

    def refinements_of(self, server: str) -> list[Comparison]:
        """Return what each step of a server is held to."""
        features = self.features_of(server)
        if features not in self._refinements:
            self._refinements[features] = refinements(self._servers, features, self._voters)
        return self._refinements[features]

    def features_of(self, server: str) -> frozenset[Feature]:
        """Return the features that a server has."""
        return self._features

    def _remember(self, happening: Happening) -> None:
        """Note which values a snapshot that is taken stands for."""
        before, after = happening.before, happening.step.state.snapshot
        entries = before.entries(before.compacted + 1, after.last_included_index)
        held = self._values(before.snapshot) + tuple(entry.value for entry in entries)
        known = self._applied.setdefault(_key(after), held)
        assert known == held, f"two snapshots of one index differ: {known}, {held}"

    def _values(self, snapshot: Snapshot) -> tuple[str, ...]:
        return self._applied[_key(snapshot)] if snapshot.last_included_index else ()

    def _as_text(self, what: Any) -> Any:
        if isinstance(what, State | InstallSnapshotRequest):
            held = what.snapshot
            return replace(what, snapshot=replace(held, data=self._values(held)))
        return what


class SpecOfMany(Spec):
    """The same for servers with different features; what is true of Raft is true of them all."""

    def __init__(self, features: Mapping[str, frozenset[Feature]]) -> None:
        super().__init__(tuple(features), ())
        self._refinements.clear()  # who has none gets messages of features all the same
        self._features_of = features

    def features_of(self, server: str) -> frozenset[Feature]:
        """Return the features that a server has."""
        return self._features_of[server]


def _key(snapshot: Snapshot) -> Any:
    return snapshot.last_included_index, snapshot.last_included_term, snapshot.data


def _differ(prop: Property, before: Any, after: Any) -> bool:
    """Tell whether what the property reads of a server has changed."""
    return bool(prop.project(before) != prop.project(after))


def _checked(prop: Property) -> bool:
    # TypeOK would have to know all commands beforehand.
    is_other = prop.is_sometimes or prop.name in ("TypeOK", "RaftTypeOK")
    return not is_other and "messages" not in prop.reads | prop.reads_after


def mixed(features_of: Mapping[str, frozenset[Feature]]) -> type[Simulation]:
    """Return simulations of one cluster whose servers have features of their own."""

    class Server(SimulatedServer):
        @property
        def node(self) -> ExtendedNode:
            return ExtendedNode(SERVERS, (), self.simulation.machine(), features_of[self.me])

    class Mixed(Simulation):
        server = Server

    return Mixed
