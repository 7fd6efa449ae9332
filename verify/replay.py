"""A trace, taken again on the cluster that it is of: what a page shows of a user's own node.

The rule: each step is one that the node takes, and the code shown with it is the code that ran.
"""

import inspect
import json
import re
import sys
import sysconfig
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

from raft_ref.explorer import Bounds, Event, Kind, Property, System, View
from raft_ref.explorer.model.system import GlobalState
from raft_ref.spec.files import RAFT
from raft_ref.spec.link import INVARIANTS, REFINEMENT
from raft_ref.spec.requests import RequestError
from raft_ref.traces.drawing.page import Annotations, Code
from raft_ref.traces.format.trace import Trace
from raft_ref.traces.sources.explored import Teller
from raft_ref.verify.cluster import Cluster, ClusterRequest, GivenSizes, build
from raft_ref.verify.cluster.properties import PropertyRequest
from raft_ref.verify.trace_properties import annotations, definitions
from raft_ref.zoo import EXPLORED

_UNBOUNDED = 10**9


class NotTakenError(Exception):
    """A step of a trace that the node does not take; the text says which."""


class _Way(NamedTuple):
    """A way through a trace: the states, the steps between them, and how they were told."""

    state: GlobalState
    teller: Teller
    views: tuple[View, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Replay:
    """A trace as values: its `cluster`, the `views` of each state, the `events` between them."""

    cluster: Cluster
    views: Sequence[View]
    events: Sequence[Event]


def replayed(request: ClusterRequest, trace: Trace) -> Replay:
    """Take the steps of a trace again, whatever the bounds. Raises `NotTakenError`."""
    cluster = _built(request, trace)
    given, unlimited = cluster.system, Bounds(None, _UNBOUNDED, _UNBOUNDED, _UNBOUNDED)
    system = System(
        given.guard.actor, given.servers, unlimited, given.network_kind, given.history, {}
    )
    first = system.initial()
    view = system.view(first)
    teller = Teller(system.servers, view, cluster.words, system.history.name)
    ways = [_Way(first, teller, (view,), ())]
    for number, step in enumerate(trace.steps, start=1):
        # What is shown of two states may be alike: each is followed.
        found: dict[GlobalState, _Way] = {}
        for way in ways:
            for transition in system.steps(way.state, Counter()):
                event = system.event(transition)
                if transition.after not in found and way.teller.would(event) == step:
                    after = way.teller.again()
                    after.step(event)
                    found[transition.after] = _Way(
                        transition.after, after, (*way.views, event.after), (*way.events, event)
                    )
        if not found:
            raise NotTakenError(f"step {number} is none that {cluster.description} takes there")
        ways = [*found.values()]
    return Replay(cluster, ways[0].views, ways[0].events)


def _built(request: ClusterRequest, trace: Trace) -> Cluster:
    """Return the cluster; of a bug it is told at which step it leaves the spec, if that can be."""
    asked = _request(request, trace)
    if request.bug is None or request.properties.refine is not None:
        return build(asked)
    try:
        return build(replace(asked, properties=replace(asked.properties, refine=True)))
    except RequestError:  # it has a state or messages that are none of Raft.tla
        return build(asked)


def _request(request: ClusterRequest, trace: Trace) -> ClusterRequest:
    """Return what a trace is of: as many servers as it has, and the values that it names."""
    named = re.findall(r'"v(\d+)"', json.dumps([step.arguments for step in trace.steps]))
    values = request.sizes.values or max([1, *map(int, named)])
    sizes = GivenSizes(servers=len(trace.servers), values=values)
    violated = None if trace.violation is None else trace.violation.property
    refine = violated == REFINEMENT or bool(request.properties.refine)
    properties = replace(
        request.properties, refine=refine, bisimulation=False, progress=None, progress_from=None,
        witness=None,
    )  # fmt: skip
    network: Any = trace.network
    return replace(
        request, sizes=sizes, bounds={}, depth=None, reduced=False, network=network,
        properties=properties,
    )  # fmt: skip


def annotated(request: ClusterRequest, trace: Trace) -> Annotations:
    """Return what is known of a trace, with the code of its own node. Raises `NotTakenError`."""
    replay = replayed(request, trace)
    known = asked_annotations(request.properties, trace)
    if request.node is not None:
        properties = [each for each in replay.cluster.properties if _is_asked(each)]
        broken = [[p.name for p in properties if not _holds(p, None, replay.views[0], None)]]
        for (before, after), event in zip(pairwise(replay.views), replay.events, strict=True):
            broken.append([p.name for p in properties if not _holds(p, before, after, event)])
        known = Annotations({p.name: p.formula or _text(p.holds) for p in properties}, broken)
    functions: dict[str, str] = {}
    ran = []
    for before, event in zip(replay.views, replay.events, strict=False):
        sources = [*functions_run(replay.cluster.system.guard.actor, before, event)]
        functions |= {each.name: each.text for each in sources}
        # What a mutant does otherwise comes first.
        ran.append(
            sorted((each.name for each in sources), key=lambda name: not _is_own(request, name))
        )
    raft = request.properties.file(RAFT)
    texts = definitions(trace, raft) if replay.cluster.is_raft else {}
    code = {name: Code(text, "") for name, text in texts.items()}
    known = replace(known, code=code, ran=ran, functions=functions)
    leaves = _leaving(replay)
    return replace(known, leaves=leaves[0], left=leaves[1]) if leaves else known


def _is_own(request: ClusterRequest, name: str) -> bool:
    """Say whether a function is of the file that has the bug, and not of the node that has none."""
    if request.bug is None:
        return False
    return name.startswith(f"{Path(inspect.getfile(EXPLORED[request.bug].node)).name}: ")


def _leaving(replay: Replay) -> tuple[int, str] | None:
    """Return the first step that is none of the protocol, and how it differs; None for no such."""
    for prop in replay.cluster.properties:
        if prop.name == REFINEMENT and prop.kind is Kind.LOCAL:
            for number, (before, event) in enumerate(
                zip(replay.views, replay.events, strict=False), start=1
            ):
                if event.server is not None and not prop.holds(before, event):
                    return number, "; ".join(prop.explain(before, event))
    return None


def asked_annotations(asked: PropertyRequest, trace: Trace) -> Annotations:
    """Return what is known of a trace by the modules that are asked for."""
    return annotations(trace, asked.spec or asked.file(INVARIANTS), asked.file(RAFT))


def _is_asked(prop: Property) -> bool:
    """Return whether a property can be told of one state or step, and must hold of it."""
    return not prop.is_sometimes and prop.kind in (Kind.STATE, Kind.STEP, Kind.LOCAL)


def _holds(prop: Property, before: View | None, after: View, event: Event | None) -> bool:
    if prop.kind is Kind.STATE:
        return prop.holds(after)
    if prop.kind is Kind.STEP:
        return before is None or prop.holds(before, after)
    return event is None or event.server is None or prop.holds(before, event)


# ---- The code that ran

_PARTS = ("explorer", "spec", "traces", "verify", "cli")
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})


class Ran(NamedTuple):
    """A function that ran: what it is called, its text, and which of its lines, from 1."""

    name: str
    text: str
    lines: frozenset[int]


def functions_run(actor: Any, before: View, event: Event) -> Iterator[Ran]:
    """Yield the functions of a node that run in a step, in the order of the first calls."""
    if event.server is None:
        return
    state = before.states[event.server]
    if event.message is not None:
        called = _called(actor, lambda: actor.receive(state, event.message))
    elif event.step == "Restart":
        called = _called(actor, lambda: actor.restart(state))
    else:
        called = _called(actor, lambda: actor.act(state, event.action))
    for code, lines in called.items():
        if text := _text(code):
            taken = frozenset(line - code.co_firstlineno + 1 for line in lines)
            yield Ran(f"{Path(code.co_filename).name}: {code.co_qualname}", text, taken)


def _text(function: Any) -> str:
    """Return the text of a function; "" where there is none."""
    try:
        return textwrap.dedent(inspect.getsource(inspect.unwrap(function)))
    except (OSError, TypeError):
        return ""


def _called(actor: Any, step: Callable[[], Any]) -> dict[CodeType, set[int]]:
    """Return the functions of a node that are called in a step, in order, each with its lines."""
    called: dict[CodeType, set[int]] = {}
    own = {each.__module__ for each in type(actor).__mro__}

    def within(frame: FrameType, what: str, _: Any) -> Any:
        if what == "line":
            called[frame.f_code].add(frame.f_lineno)
        return within

    def entered(frame: FrameType, _: str, __: Any) -> Any:
        if not _is_of_node(frame, own):
            return None
        called.setdefault(frame.f_code, set())
        return within

    previous = sys.gettrace()
    sys.settrace(entered)
    try:
        step()
    finally:
        sys.settrace(previous)
    return called


def _is_of_node(frame: FrameType, own: Set[str]) -> bool:
    """Return whether a function is a node's: no part of a library, or of what explores it."""
    if frame.f_code.co_name.startswith("<"):
        return False
    module = str(frame.f_globals.get("__name__", ""))
    package, _, rest = module.partition(".")
    if module in own:
        return True
    if package == "raft_ref":
        return rest.partition(".")[0] not in _PARTS
    return not frame.f_code.co_filename.startswith(("<", *_LIBRARIES))
