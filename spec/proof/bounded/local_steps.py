"""What Raft.tla lets happen, told by slots: for z3, from the evaluator's own answers.

A *slot* is a variable at one server, or a variable that is one value for all. An action is
evaluated on a state whose slots are closed: where it looks into one, it is evaluated again for each
value that this slot may have. So each way through an action is told by the values of the slots that
it looks at and by what it does then; what it does not look at does not matter to it. The same goes
for properties.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from raft_ref.spec.files import INVARIANTS, RAFT, STEPS
from raft_ref.spec.module import Module, load
from raft_ref.spec.requests import RequestError
from raft_ref.spec.steps.transitions import Action
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.spec.values.operators import apply, field_of
from raft_ref.spec.values.sequences import length
from raft_ref.spec.values.value import (
    Value,
    domain_in,
    function,
    model_value,
    record,
    results_of,
    sequence,
)

Slot = tuple[str, str]
"""A variable and the name of a server; "" for what is one value for all."""

Values = Mapping[Slot, Any]
"""Values of slots, as `spec.values.value` has them."""
Domains = Mapping[Slot, Sequence[Any]]
"""The values that each slot may have."""

PROPERTIES = (
    "ElectionSafety", "LogMatching", "LogTermsMonotonic", "LeaderCompleteness",
    "StateMachineSafety", "SnapshotCommitted", "NextIndexAboveMatchIndex", "LeaderAppendOnly",
    "CurrentTermMonotonic", "CommitIndexMonotonic", "SnapshotMonotonic", "MatchIndexMonotonic",
)  # fmt: skip
"""The properties of RaftInvariants.tla that read no messages."""

_ANOTHER_MESSAGE = model_value("anotherMessage")
_HISTORY: Slot = ("committed", "")
_COUNTERS = {"Restart": "restarts", "DropMessage": "drops", "ReceiveDuplicate": "duplicates"}


class Bounds(NamedTuple):
    """The bounds of a model, by their names in MCRaft.tla."""

    max_term: int
    max_log_length: int
    max_snapshot_index: int
    max_messages: int
    max_restarts: int
    max_drops: int
    max_duplicates: int


class Instance(NamedTuple):
    """An action with its arguments; `message` is what it receives or loses."""

    action: str
    arguments: tuple[Value, ...]
    message: Value | None = None


class Way(NamedTuple):
    """One way through an action: what it looks at, what it changes and sends.

    `is_taken` says that its message is in flight no more; `broken` are the properties of steps
    that it breaks, or what is wrong with the action, as an error.
    """

    instance: Instance
    seen: Values
    changes: Values
    sends: frozenset[Value]
    is_taken: bool
    broken: tuple[str, ...]


class _LookedAtError(Exception):
    """A slot was looked at whose value is not given."""

    def __init__(self, slot: Slot) -> None:
        super().__init__(slot)
        self.slot = slot


class _Closed:
    """What stands for a slot that is not to be looked into; it tells who does."""

    def __init__(self, opened: Callable[[], None]) -> None:
        self._opened = opened

    def _refuse(self, *_: object) -> NoReturn:
        self._opened()
        raise RuntimeError("a closed slot is looked at")

    # Who asks for its text is about to say that it is not what was expected.
    __eq__ = __ne__ = __lt__ = __bool__ = __len__ = __iter__ = __contains__ = __repr__ = _refuse
    __getitem__ = __getattr__ = __call__ = __hash__ = _refuse


class LocalSteps:
    """The ways through all actions and properties of a cluster.

    Arguments: how many servers and values; the bounds; the file of the protocol. Raises `SpecError`
    if a file cannot be loaded, `RequestError` for a module that is no Raft.
    """

    def __init__(self, servers: int, values: int, bounds: Bounds, path: Path = RAFT) -> None:
        self.bounds = bounds
        self.servers = {f"s{n + 1}": model_value(f"s{n + 1}") for n in range(servers)}
        self.values = [model_value(f"v{n + 1}") for n in range(values)]
        constants: dict[str, Any] = {
            "Server": frozenset(self.servers.values()),
            "Value": frozenset(self.values),
            "Nil": model_value("Nil"),
        }
        self._module: Module = load(path)
        if missing := {*constants} - {*self._module.constants}:
            raise RequestError(f"spec {path}: is no Raft: it has no constant {min(missing)}")
        self._module.demand_steps(STEPS)
        self._variables = tuple(name for name in self._module.variables if name != "messages")
        self._actions: dict[str, Action] = {}
        self._constants = constants
        (first,) = self._module.transitions(constants).initial()
        self._initial = self._slots_of(first)
        properties = load(INVARIANTS)
        self.properties = {name: properties.predicate(name, constants) for name in PROPERTIES}
        self._recorded = properties.predicate("CommittedRecorded", constants)
        self._opened: list[Slot] = []
        self._closed: dict[Slot, Any] = {slot: self._close(slot) for slot in self._initial}
        self._known: dict[Any, tuple[Any, ...] | Slot] = {}

    def _close(self, slot: Slot) -> Any:
        return _Closed(lambda: self._opened.append(slot))

    def initial(self) -> dict[Slot, Any]:
        """Return the initial value of each slot."""
        return dict(self._initial)

    def _slots_of(self, state: Sequence[Value]) -> dict[Slot, Any]:
        named = dict(zip(self._module.variables, state, strict=True))
        found = {
            (name, server): apply(named[name], value)
            for name in self._variables
            for server, value in self.servers.items()
        }
        return {**found, _HISTORY: sequence(()), **{(c, ""): 0 for c in _COUNTERS.values()}}

    def instances(self, messages: Sequence[Value]) -> Iterator[Instance]:
        """Yield all actions with their arguments, as Next has them."""
        bounds = self.bounds
        for i in self.servers.values():
            yield Instance("Timeout", (i,))
            yield Instance("Restart", (i,))
            yield from (Instance("ClientRequest", (i, value)) for value in self.values)
            for index in range(1, bounds.max_snapshot_index + 1):
                yield Instance("CompactLog", (i, index))
            for j in self.servers.values():
                if i is j:
                    continue
                yield Instance("InstallSnapshot", (i, j))
                for count in range(bounds.max_log_length + 1):
                    yield Instance("AppendEntries", (i, j, count))
        for message in messages:
            for name in ("Receive", "ReceiveDuplicate", "DropMessage"):
                yield Instance(name, (message,), message)

    def ways(self, instance: Instance, domains: Domains) -> Iterator[Way]:
        """Yield the ways through an action, as far as slots may have these values."""
        for seen, found in self._forked(
            instance, lambda seen: self._steps(instance, seen), domains
        ):
            if isinstance(found, SpecError):
                yield Way(instance, seen, {}, frozenset(), False, (str(found),))
                continue
            for changes, sends, is_taken, broken in found:
                yield Way(instance, seen, changes, sends, is_taken, broken)

    def false(self, name: str, domains: Domains) -> Iterator[Values]:
        """Yield what slots must have for a property of states to be false, or to have no value."""
        predicate = self.properties[name]
        for seen, holds in self._forked(
            name, lambda seen: predicate.holds(self._state(seen, None)), domains
        ):
            if holds is not True:
                yield seen

    def _forked(
        self, key: Any, evaluate: Callable[[Values], Any], domains: Domains
    ) -> Iterator[tuple[Values, Any]]:
        """Evaluate with more and more slots given, until no closed one is looked at.

        Yields what was given, and the value, or an error that tells that there is none.
        """
        waiting: list[dict[Slot, Any]] = [{}]
        while waiting:
            seen = waiting.pop()
            known = (key, frozenset(seen.items()))
            if known not in self._known:
                self._opened.clear()
                try:
                    self._known[known] = (evaluate(seen),)
                except _LookedAtError as error:
                    self._known[known] = error.slot
                except (SpecError, RuntimeError) as error:
                    if not self._opened and not isinstance(error, SpecError):
                        raise
                    self._known[known] = self._opened[0] if self._opened else (error,)
            found = self._known[known]
            if len(found) == 1:
                yield seen, found[0]
            else:
                waiting += [{**seen, found: value} for value in domains[found]]

    def _state(self, seen: Values, only: str | None) -> dict[str, Any]:
        """Return a state by variables; with `only`, all other servers are as they are at first."""
        shown: dict[str, Any] = {}
        for name in self._variables:
            shown[name] = function(
                {
                    value: seen.get((name, server), self._closed[name, server])
                    if only in (None, server)
                    else self._initial[name, server]
                    for server, value in self.servers.items()
                }
            )
        for slot in (_HISTORY, *((counter, "") for counter in _COUNTERS.values())):
            shown[slot[0]] = seen.get(slot, self._closed[slot])
        return shown

    # What an action does

    def _steps(self, instance: Instance, seen: Values) -> list[tuple[Any, ...]]:
        """Return what an action leads to: changes, messages sent, if its own is taken, and harm."""
        action = self._actions.get(instance.action)
        if action is None:
            action = self._module.action(instance.action, self._constants)
            self._actions[instance.action] = action
        shown = self._state(seen, None)
        own = frozenset() if instance.message is None else frozenset({instance.message})
        shown["messages"] = own | {_ANOTHER_MESSAGE}
        state = tuple(shown[name] for name in self._module.variables)
        found = []
        for after in action.successors(state, *instance.arguments):
            new: dict[str, Any] = dict(zip(self._module.variables, after, strict=True))
            changes = {
                (name, server): result
                for name in self._variables
                for server, result, old in zip(
                    self._names_in(new[name]), results_of(new[name]), results_of(shown[name]),
                    strict=True,
                )
                if result is not old and (isinstance(old, _Closed) or result != old)
            }  # fmt: skip
            messages = new["messages"]
            assert isinstance(messages, frozenset)
            changes |= self._counted(instance, seen)
            if self._is_within(changes, seen):
                changes |= self._recorded_in(changes, seen)
                broken = self._broken(changes, seen)
                sends = messages - own - {_ANOTHER_MESSAGE}
                found.append((changes, sends, not own <= messages, broken))
        if instance.action in _COUNTERS and found and not self._may(instance, seen):
            return []
        return found

    def _names_in(self, value: Any) -> list[str]:
        return [str(server) for server in domain_in(value)]

    def _need(self, slot: Slot, changes: Values, seen: Values) -> Any:
        """Return the value of a slot after a step; raises `_LookedAtError` if it is closed."""
        if slot in changes:
            return changes[slot]
        if slot not in seen:
            raise _LookedAtError(slot)
        return seen[slot]

    def _counted(self, instance: Instance, seen: Values) -> dict[Slot, Any]:
        counter = _COUNTERS.get(instance.action)
        if counter is None:
            return {}
        used = self._need((counter, ""), {}, seen)
        assert isinstance(used, int)
        return {(counter, ""): used + 1}

    def _may(self, instance: Instance, seen: Values) -> bool:
        counter = _COUNTERS[instance.action]
        limit: int = getattr(self.bounds, f"max_{counter}")
        return bool(self._need((counter, ""), {}, seen) < limit)

    def _is_within(self, changes: Values, seen: Values) -> bool:
        bounds = self.bounds
        for name, server in changes:
            if name == "currentTerm" and changes[name, server] > bounds.max_term:
                return False
            if name in ("log", "snapshot"):
                compacted, last = self._indices(server, changes, seen)
                if compacted > bounds.max_snapshot_index or last > bounds.max_log_length:
                    return False
        return True

    def _indices(self, server: str, changes: Values, seen: Values) -> tuple[int, int]:
        """Return the last index that is compacted, and the last there is, after a step."""
        snapshot = self._need(("snapshot", server), changes, seen)
        log = self._need(("log", server), changes, seen)
        compacted: Any = field_of(snapshot, "lastIncludedIndex")
        return compacted, compacted + length(log)

    def _recorded_in(self, changes: Values, seen: Values) -> dict[Slot, Any]:
        """Return what the history `committed` becomes; the spec's CommittedRecorded must agree."""
        touched = {server for name, server in changes if name in ("commitIndex", "log", "snapshot")}
        if not touched:
            return {}
        (server,) = touched
        known = self._need(("commitIndex", server), changes, seen)
        _, last = self._indices(server, changes, seen)
        before = self._need(_HISTORY, {}, seen)
        assert isinstance(known, int)
        if min(known, last) <= length(before):
            return {}
        after = self._history(server, min(known, last), before, changes, seen)
        primed = {**seen, **changes, _HISTORY: after}
        if not self._recorded.holds(self._state(seen, server), self._state(primed, server)):
            raise AssertionError("committed is not what CommittedRecorded says")
        return {_HISTORY: after}

    def _history(
        self, server: str, known: int, before: Any, changes: Values, seen: Values
    ) -> Value:
        term = self._need(("currentTerm", server), changes, seen)
        snapshot = self._need(("snapshot", server), changes, seen)
        log = results_of(self._need(("log", server), changes, seen))
        compacted: Any = field_of(snapshot, "lastIncludedIndex")
        data: Any = field_of(snapshot, "data")
        entries = [*results_of(before)]
        for index in range(len(entries) + 1, known + 1):
            if index > compacted:
                kept = log[index - compacted - 1]
                of, value = field_of(kept, "term"), field_of(kept, "value")
            else:
                of = field_of(snapshot, "lastIncludedTerm") if index == compacted else 0
                value = results_of(data)[index - 1]
            entries.append(record({"term": of, "value": value, "committedIn": term}))
        return sequence(entries)

    def _broken(self, changes: Values, seen: Values) -> tuple[str, ...]:
        """Return the properties of steps that a step breaks; nothing changes at other servers."""
        servers = {server for _, server in changes if server}
        if not servers:
            return ()
        (server,) = servers
        before, after = self._state(seen, server), self._state({**seen, **changes}, server)
        return tuple(
            name
            for name, each in self.properties.items()
            if each.is_step and not each.holds(before, after)
        )
