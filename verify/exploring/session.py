"""A session: the places that can be reached in a cluster, by the names of the steps to them.

The rule: a step is one of the system that is searched, taken by it. Nothing is bounded but what the
request bounds by name, since who walks sees where it leads.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import accumulate
from threading import RLock
from typing import Any, NamedTuple

from raft_ref.explorer import ActorError, Bounds, Event, Kind, Property, System, View
from raft_ref.explorer.model.local_steps import Asks
from raft_ref.explorer.model.system import GlobalState, Transition
from raft_ref.spec.requests import RequestError, probably
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.traces.format.trace import Trace, TraceStep
from raft_ref.traces.sources.explored import Teller, trace_of_events
from raft_ref.traces.story.sentences import tell
from raft_ref.verify.cluster import Cluster, ClusterRequest, GivenSizes, build
from raft_ref.verify.exploring.names import BETWEEN, Described, described, found, names_of

UNBOUNDED = 10**9
MOST_PLACES = 4096
"""How many places are remembered; others are walked to again."""
_ENABLED_SHOWN = 12


class AddressError(Exception):
    """An address that leads nowhere; the text says which step of it, and what would."""


@dataclass(frozen=True, slots=True)
class Option:
    """A step that is enabled: its name, what it is in words, and as a step of a trace."""

    name: str
    words: str
    step: TraceStep
    transition: Transition


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a property says of a place: whether it is true there, and the instances that are not."""

    property: Property
    holds: bool
    instances: tuple[str, ...] = ()


class Place:
    """A state, and the way to it.

    `name` is that of the step that led here from `before`, `step` the step as a trace has it,
    `event` as values (all None at the beginning); `ages` say of messages in which order the way
    has first sent them, so that nothing depends on where else the session has been.
    """

    def __init__(
        self,
        state: GlobalState,
        view: View,
        teller: Teller,
        before: Place | None = None,
        name: str | None = None,
        event: Event | None = None,
        step: TraceStep | None = None,
        ages: Mapping[int, int] | None = None,
    ) -> None:
        self.state, self.view, self.teller = state, view, teller
        self.ages = {} if ages is None else ages
        self.before, self.name, self.event, self.step = before, name, event, step
        self.verdicts: list[Verdict] | None = None  # once somebody has asked
        self.row: dict[str, Any] | None = None  # how it is drawn, likewise

    @cached_property
    def way(self) -> tuple[Place, ...]:
        """All places from the beginning to this one."""
        found: list[Place] = [self]
        while (before := found[-1].before) is not None:
            found.append(before)
        return tuple(reversed(found))

    @property
    def address(self) -> tuple[str, ...]:
        """The names of the steps that lead here."""
        return tuple(place.name for place in self.way if place.name is not None)

    @property
    def text(self) -> str:
        """The address as one text."""
        return BETWEEN.join(self.address)


class _Named(NamedTuple):
    """A step that is enabled, its name, and all that a name could say of it."""

    name: str
    transition: Transition
    said: Described


class _Forgiving:
    """Asks a node as others do; an action that it fails to take is noted, and is not enabled.

    A search ends where something is broken. Who walks goes on, to states that no node is made for.
    """

    def __init__(self, asks: Asks) -> None:
        self._asks = asks
        self.failures: dict[int, list[str]] = {}

    def ask(self, method: str, state: int, other: Any = None) -> Any:
        """Return what the actor answers."""
        try:
            return self._asks.ask(method, state, other)
        except ActorError as error:
            if method != "act":
                raise
            self.failures.setdefault(state, []).append(str(error))
            return None

    def examine(self, method: str, answer: Any, state: int, other: Any = None) -> None:
        """Take note of an answer for which somebody else has asked."""
        self._asks.examine(method, answer, state, other)


class Session:
    """A cluster to walk through. Argument: which one.

    It is for one thread at a time, which holds its `lock`. Raises `RequestError`, `SpecError` and
    `ActorError` as `verify.build` does.
    """

    def __init__(self, request: ClusterRequest) -> None:
        self.lock = RLock()
        self.request, self.cluster = _built(request)
        self.system = _unbounded(self.cluster, self.request)
        self.system.local.actor = self._asked = _Forgiving(self.system.local.actor)
        first = self.system.initial()
        view = self.system.view(first)
        words, history = self.cluster.words, self.system.history.name
        self.start = Place(first, view, Teller(self.system.servers, view, words, history))
        self._empty = trace_of_events(self.system, view, (), words=words)
        self._said: dict[tuple[str, int, int, int], Described] = {}
        self._places: OrderedDict[tuple[str, ...], Place] = OrderedDict()
        self._options: OrderedDict[tuple[str, ...], list[Option]] = OrderedDict()

    def at(self, address: str | Sequence[str]) -> Place:
        """Return the place at an address. Raises `AddressError`."""
        names = address.split(BETWEEN) if isinstance(address, str) else [*address]
        names = [name for name in names if name]
        place = self.start
        for number, (name, prefix) in enumerate(zip(names, _prefixes(names), strict=True), start=1):
            known = self._places.get(prefix)
            place = self._stepped(place, name, number) if known is None else known
            self._remember(self._places, prefix, place)
        return place

    def enabled(self, place: Place) -> list[Option]:
        """Return the steps that are enabled at a place, always in the same order."""
        known = self._options.get(place.address)
        if known is None:
            known = [*self._enabled(place)]
            self._remember(self._options, place.address, known)
        return known

    def failures(self, place: Place) -> list[str]:
        """Return the actions that a node fails to take at a place, and how, in a line each."""
        self.enabled(place)
        noted = (self._asked.failures.get(node, []) for node in place.state.nodes)
        return [line for lines in noted for line in lines]

    def name_of(self, place: Place, event: Event) -> str:
        """Return the name that a step has which is enabled at a place. Raises `AddressError`."""
        wanted = described(event.step, event.server, event.action, event.message)
        for each in self._steps(place):
            if each.said == wanted:
                return each.name
        raise AddressError(f"{wanted.name()}: no such step is enabled")

    def follow(self, trace: Trace) -> Place:
        """Return the place to which the steps of a trace lead. Raises `AddressError`."""
        place, refused = self.follow_far(trace)
        if refused:
            raise AddressError(refused)
        return place

    def follow_far(self, trace: Trace) -> tuple[Place, str]:
        """Return how far the steps of a trace lead, and why no further ("": it has ended).

        Raises `AddressError` for a trace of other servers.
        """
        if trace.servers != self.system.servers:
            theirs, ours = (", ".join(each) for each in (trace.servers, self.system.servers))
            raise AddressError(f"the trace is of {theirs}, and the cluster of {ours}")
        place = self.start
        for number, step in enumerate(trace.steps, start=1):
            event = self._taken(place, step)
            if event is None:
                what = self.cluster.description
                said = words_of(self.alone(place, step))
                return place, f"step {number} is none that {what} takes here: {said}"
            place = self.at([*place.address, self.name_of(place, event)])
        return place, ""

    def _taken(self, place: Place, step: TraceStep) -> Event | None:
        """Return the step out of a place that is told as one of a trace is."""
        wanted = replace(step, history={})  # which no server sees, and not all traces have
        for each in self._steps(place):
            event = self.system.event(each.transition)
            told = place.teller.would(event) if event.server == step.server else None
            if told is not None and replace(told, history={}) == wanted:
                return event
        return None

    def trace(self, place: Place, source: str = "") -> Trace:
        """Return the way to a place as a trace."""
        steps = tuple(each.step for each in place.way if each.step is not None)
        return replace(self._empty, steps=steps, source=source, bounds={})

    def alone(self, place: Place, step: TraceStep) -> Trace:
        """Return a step out of a place as a trace of its own, which begins there.

        Of what is in flight it has what the step takes: the rest says nothing of it.
        """
        messages = () if step.message is None else (step.message,)
        initial = place.teller.now
        return replace(self._empty, initial=initial, steps=(step,), in_flight=messages)

    def verdicts(self, place: Place) -> list[Verdict]:
        """Return what each property says of a place, and of the step that led to it."""
        if place.verdicts is None:
            place.verdicts = [
                self._verdict(each, place)
                for each in self.cluster.properties
                if each.kind in (Kind.STATE, Kind.STEP, Kind.LOCAL)
            ]
        return place.verdicts

    def broken(self, place: Place) -> list[str]:
        """Return the properties that must hold and do not, by name."""
        said = self.verdicts(place)
        return [
            each.property.name for each in said if not (each.holds or each.property.is_sometimes)
        ]

    def _verdict(self, prop: Property, place: Place) -> Verdict:
        evidence: tuple[Any, ...] | None = (place.view,)
        if prop.kind is not Kind.STATE:
            evidence = None
            if place.before is not None and place.event is not None:
                other = place.view if prop.kind is Kind.STEP else place.event
                is_of_server = place.event.server is not None or prop.kind is Kind.STEP
                evidence = (place.before.view, other) if is_of_server else None
        if evidence is None:
            return Verdict(prop, not prop.is_sometimes)
        try:
            holds = prop.holds(*evidence)
        except SpecError as error:
            return Verdict(prop, False, (f"it has no value here: {error.reason}",))
        says = () if holds or prop.is_sometimes else tuple(prop.explain(*evidence))
        return Verdict(prop, holds, says)

    def _steps(self, place: Place) -> list[_Named]:
        steps = sorted(
            self.system.steps(place.state, Counter()),
            key=lambda step: -1 if step.message < 0 else place.ages[step.message],
        )
        said = [*map(self._described, steps)]
        return [*map(_Named, names_of(said), steps, said)]

    def _described(self, step: Transition) -> Described:
        # A step of a server is one object as long as its table lives.
        key = step.names[0], step.position, id(step.local), step.message
        known = self._said.get(key)
        if known is None:
            server = None if step.local is None else self.system.servers[step.position]
            action = None if step.local is None else step.local.action
            message = None if step.message < 0 else self.system.local.messages[step.message]
            known = self._said[key] = described(step.names[0], server, action, message)
        return known

    def _enabled(self, place: Place) -> Iterator[Option]:
        for each in self._steps(place):
            step = place.teller.would(self.system.event(each.transition))
            yield Option(each.name, words_of(self.alone(place, step)), step, each.transition)

    def _stepped(self, place: Place, name: str, number: int) -> Place:
        steps = self._steps(place)
        fitting = [each for each in steps if each.name == name]
        fitting = fitting or [steps[at] for at in found(name, [each.said for each in steps])]
        if len(fitting) != 1:
            meant = [each.name for each in fitting]
            known = [each.name for each in steps]
            why = f"may be {' or '.join(meant)}" if meant else probably(name, known)
            raise AddressError(f"step {number}: {name}: no step of this name is enabled; {why}")
        [(name, transition, _)] = fitting
        event = self.system.event(transition)
        ages = dict(place.ages)
        for message in () if transition.local is None else transition.local.sends:
            ages.setdefault(message, len(ages))
        event = replace(event, after=self._view(transition.after, ages))
        teller = place.teller.again()
        step = teller.step(event)
        return Place(transition.after, event.after, teller, place, name, event, step, ages)

    def _view(self, state: GlobalState, ages: Mapping[int, int]) -> View:
        """Return a state as values, what is in flight in the order in which it was first sent."""
        view = self.system.view(state)
        if self.system.network_kind == "fifo":
            return view  # already in an order that is the network's own
        content = sorted(self.system.network.content(state.network), key=ages.__getitem__)
        return replace(view, messages=tuple(self.system.local.messages[each] for each in content))

    @staticmethod
    def _remember(
        known: OrderedDict[tuple[str, ...], Any], key: tuple[str, ...], what: Any
    ) -> None:
        known[key] = what
        known.move_to_end(key)
        while len(known) > MOST_PLACES:
            known.popitem(last=False)


def words_of(alone: Trace) -> str:
    """Return the only step of a trace in words."""
    return tell(alone)[0].partition(". ")[2].removesuffix(".")


def _prefixes(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return accumulate(((name,) for name in names), lambda one, other: (*one, *other))


def _built(request: ClusterRequest) -> tuple[ClusterRequest, Cluster]:
    """Return the cluster with all that can be said of it: of ours, whether steps are the spec's."""
    properties = replace(request.properties, beside_bug=True, bisimulation=False)
    asked = replace(request, properties=properties, depth=None, reduced=False)
    if request.node is None and properties.refine is None:
        held = replace(asked, properties=replace(properties, refine=True))
        with suppress(RequestError):  # where the messages are none of Raft's
            return held, build(held)
    return asked, build(asked)


def _unbounded(cluster: Cluster, request: ClusterRequest) -> System:
    """Return the system without those bounds that are no more than defaults."""
    own, given = cluster.system, request.sizes.given()
    sizes = {each.name for each in fields(GivenSizes)}
    measures = {
        name: limit
        for name, limit in own.bounds.measures.items()
        if name in given or name not in sizes or name == "max_changes"
    }
    faults = {
        name: given.get(name, UNBOUNDED) for name in ("max_restarts", "max_drops", "max_duplicates")
    }
    bounds = Bounds(max_messages=given.get("max_messages"), measures=measures, **faults)
    return System(own.guard.actor, own.servers, bounds, own.network_kind, own.history, own.measures)
