"""What the spec says of a trace of Raft: its properties step by step, the text of its actions."""

import inspect
import re
import textwrap
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from raft_ref import Node
from raft_ref.explorer import Kind, Property, View
from raft_ref.features import ExtendedNode, Feature
from raft_ref.spec import SpecError
from raft_ref.spec.files import FEATURES, RAFT
from raft_ref.spec.link import INVARIANTS, Committed, raft_properties, tla_properties
from raft_ref.spec.link.features import ExtendedVariables, extended_properties
from raft_ref.traces import Trace
from raft_ref.traces.drawing.page import Annotations, Code
from raft_ref.traces.format.flights import InFlight
from raft_ref.traces.format.trace import states
from raft_ref.traces.sources.raft import message_of, state_of

_DEFINITION = r"^(\\\*.*\n)*{name}(\(.*\))? ==.*\n(([ \t].*)?\n)*"


def annotations(trace: Trace, invariants: Path = INVARIANTS, raft: Path = RAFT) -> Annotations:
    """Return what is known of a trace: nothing, if it is none of Raft.

    `invariants` is the module of properties, `raft` the protocol whose actions are shown. Raises
    `SpecError` where one of the user's own makes no sense, or asks for what the trace has not.
    """
    if trace.of is not None:
        return Annotations()
    try:
        properties, broken = _broken(trace, invariants)
    except (LookupError, TypeError, ValueError):
        return Annotations()
    except SpecError:
        if invariants != INVARIANTS:
            raise
        return Annotations()
    return Annotations(properties, broken, _code(trace, raft))


def _broken(trace: Trace, invariants: Path) -> tuple[dict[str, str], list[list[str]]]:
    """Return the formulas of the properties, and which are broken in each state."""
    views = [*_views(trace)]
    names = sorted({entry.value for view in views for s in view.states.values() for entry in s.log})
    properties = [each for each in _asked(trace, invariants, names) if not each.is_sometimes]
    broken = [[each.name for each in properties if not _holds(each, None, views[0])]]
    broken += [
        [each.name for each in properties if not _holds(each, *pair)] for pair in pairwise(views)
    ]
    return {each.name: each.formula for each in properties}, broken


def _asked(trace: Trace, invariants: Path, values: Sequence[str]) -> Sequence[Property]:
    """Return the properties of a module, or those of Raft and of the features that are on."""
    if not trace.features:
        return raft_properties(invariants, trace.servers, values)
    features = [Feature(each) for each in trace.features]
    if invariants == INVARIANTS:
        return extended_properties(trace.servers, values, features)
    return tla_properties(invariants, ExtendedVariables(trace.servers, values, features))


def _code(trace: Trace, raft: Path) -> dict[str, Code]:
    code = {}
    node = ExtendedNode if trace.features else Node
    for name, text in definitions(trace, raft).items():
        handler = getattr(node, snake_case(name), None)
        if callable(handler):
            code[name] = Code(text, textwrap.dedent(inspect.getsource(handler)))
    return code


def definitions(trace: Trace, raft: Path = RAFT) -> dict[str, str]:
    """Return the actions of a trace as they stand in the protocol, or in those of its features."""
    own = (*trace.features, "LeaderContact") if trace.features else ()
    modules = [raft, *filter(Path.exists, (FEATURES / f"{each}.tla" for each in own))]
    names = {action for step in trace.steps for action in step.actions or (step.step,)}
    found = {}
    for name in sorted(names):
        texts = [text for each in modules if (text := definition(name, each))]
        if texts:
            found[name] = texts[0]
    return found


def _holds(prop: Property, before: View | None, after: View) -> bool:
    if prop.kind is Kind.STEP:
        return before is None or prop.holds(before, after)
    return prop.holds(after)


def _views(trace: Trace) -> Iterator[View]:
    """Yield the states of the cluster as the properties read them."""
    history, recorder = Committed.initial, Committed()
    network = InFlight(trace.network, trace.in_flight)
    counts = {"Restart": 0, "DropMessage": 0, "ReceiveDuplicate": 0}
    for number, at in enumerate(states(trace)):
        if number:
            step = trace.steps[number - 1]
            network.apply(number, step)
            counts[step.step] = counts.get(step.step, 0) + 1
        servers = {
            name: state_of(name, variables, trace.features) for name, variables in at.items()
        }
        for state in servers.values():
            history = recorder.observe(history, None, state)
        messages = tuple(map(message_of, network.pending))
        yield View(servers, messages, history, *[counts[each] for each in (
            "Restart", "DropMessage", "ReceiveDuplicate"
        )])  # fmt: skip


def definition(name: str, raft: Path = RAFT) -> str:
    """Return the definition of an action as it stands in the protocol; "" for what is none."""
    source = raft.read_text(encoding="utf-8")
    found = re.search(_DEFINITION.format(name=re.escape(name)), source, re.MULTILINE)
    return found.group().rstrip() if found else ""


def snake_case(name: str) -> str:
    """Return the Python spelling of a name of the spec: ``BecomeLeader`` is ``become_leader``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
