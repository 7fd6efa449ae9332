"""Symmetry: states that differ by a renaming of servers, and of values, count as one.

Values are what clients ask to store, or whatever else an actor says that it treats alike.

This is sound where no step, no history and no property tells servers, or values, apart (Ip and
Dill, "Better verification through symmetry", 1996). For steps and histories it is checked, not
believed: each one that the search computes is compared with the renamed one. So is it that nothing
is lost where something is renamed: no step may tell what a property can. For properties it is
believed: one that names a value ("v1 is never stored") is asked of one state only of those that
count as one, so it needs a search without symmetry over values.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import permutations, product
from math import factorial
from typing import Any, Literal, TypeVar

from raft_ref.explorer.model.actor import ActorError, Step
from raft_ref.explorer.model.system import GlobalState, System

Renamed = Literal["servers", "values"]
"""What a renaming renames."""

_MAX_RENAMINGS = 5_040

_T = TypeVar("_T")


class TellsApartError(ActorError):
    """An actor, or its history, that does not treat renamed servers, or values, as it does others.

    Or that forgets something when it renames, so that states would count as one that differ.
    """


def what_is_renamed(system: System, symmetry: bool | Sequence[Renamed]) -> tuple[Renamed, ...]:
    """Return what a symmetry renames; True is all that the actor can rename.

    Values are part of that where there are two or more. Raises ValueError where the actor cannot
    rename what is asked for, and where there would be too many renamings.
    """
    if not symmetry:
        return ()
    actor, values = type(system.guard.actor).__name__, system.guard.symmetric_values
    if not system.guard.has_rename:
        raise ValueError(f"{actor} has no method `rename`")
    if symmetry is True:
        renamed: tuple[Renamed, ...] = ("servers", "values") if len(values) > 1 else ("servers",)
    else:
        renamed = tuple(each for each in ("servers", "values") if each in symmetry)
    if "values" in renamed and not system.guard.has_values:
        raise ValueError(f"{actor} has no `symmetric_values`, and so no symmetry over values")
    if both := sorted({*system.servers} & {*values}):
        raise ValueError(f"{', '.join(both)} is the name of a server and of a value")
    sizes = {"servers": len(system.servers), "values": len(values)}
    number = 1
    for each in renamed:
        number *= factorial(sizes[each])
    if number > _MAX_RENAMINGS:
        what = " and ".join(f"{sizes[each]} {each}" for each in renamed)
        raise ValueError(
            f"{what} have {_shown(number)} renamings, expected {_MAX_RENAMINGS:,} at most (rename "
            f"{'servers alone or ' if 'values' in renamed else ''}nothing)"
        )
    return renamed


def _shown(number: int) -> str:
    digits = len(str(number))
    return f"{number:,}" if digits < 16 else f"over 10^{digits - 1}"


class Renaming:
    """One renaming, on interned values, each computed once."""

    def __init__(self, system: System, targets: tuple[int, ...], values: tuple[str, ...]) -> None:
        """Rename the server at each position to the one at the position in `targets`.

        `values` are the new names of the values.
        """
        servers = system.servers
        self.names: Mapping[str, str] = {
            **{server: servers[target] for server, target in zip(servers, targets, strict=True)},
            **dict(zip(system.guard.symmetric_values, values, strict=True)),
        }
        old_of = {new: old for old, new in self.names.items()}
        self._back: Mapping[str, str] = {name: old_of[name] for name in self.names}
        self._system = system
        self.sources = tuple(targets.index(position) for position in range(len(targets)))
        self._states: dict[int, int] = {}
        self._messages: dict[int, int] = {}
        self._networks: dict[int, int] = {}
        self._histories: dict[int, int] = {}
        # By their types too: of two kinds of message that are named tuples one may equal the other.
        self.value = lru_cache(maxsize=None, typed=True)(self._value)
        self.value_again = lru_cache(maxsize=None, typed=True)(self._value_again)

    def nodes(self, nodes: tuple[int, ...]) -> tuple[int, ...]:
        """Return the states of all servers, renamed and at their new positions."""
        return tuple([self.state(nodes[source]) for source in self.sources])

    def network(self, network: int) -> int:
        """Return what is in flight, renamed."""
        found = self._networks.get(network)
        if found is None:
            found = self._system.network.rename(network, self.message)
            self._networks[network] = found
        return found

    def history(self, history: int) -> int:
        """Return the history, renamed."""
        found = self._histories.get(history)
        if found is None:
            histories = self._system.histories
            value = self._system.history.rename(histories[history], self.names)
            found = self._histories[history] = histories.intern(value)
        return found

    def _value(self, value: Any) -> Any:
        """Return a state, message or action, renamed by the actor."""
        return self._system.guard.renamed(value, self.names)

    def _value_again(self, value: Any) -> Any:
        """Return a state, message or action, renamed and then back."""
        return self._system.guard.renamed(self.value(value), self._back)

    def history_again(self, history: int) -> Any:
        """Return the history, renamed and then back."""
        renamed = self._system.histories[self.history(history)]
        return self._system.history.rename(renamed, self._back)

    def state(self, state: int) -> int:
        """Return a server's state, renamed."""
        found = self._states.get(state)
        if found is None:
            states = self._system.local.states
            found = self._states[state] = states.intern(self.value(states[state]))
        return found

    def message(self, message: int) -> int:
        """Return a message, renamed."""
        found = self._messages.get(message)
        if found is None:
            messages = self._system.local.messages
            found = self._messages[message] = messages.intern(self.value(messages[message]))
        return found


class Symmetry:
    """The canonical one of all states that differ by a renaming.

    Arguments: the system, and what is renamed; see `what_is_renamed`, also for what is raised. The
    first of the `renamings` changes nothing.
    """

    def __init__(self, system: System, symmetry: bool | Sequence[Renamed] = True) -> None:
        self.renamed = what_is_renamed(system, symmetry)
        servers, values = tuple(range(len(system.servers))), system.guard.symmetric_values
        self.renamings = [
            Renaming(system, targets, names)
            for targets, names in product(
                permutations(servers) if "servers" in self.renamed else [servers],
                permutations(values) if "values" in self.renamed else [values],
            )
        ]
        self._system = system
        self._guard = system.guard
        self._generators: list[tuple[Renamed, Renaming]] = []
        if "servers" in self.renamed:
            for targets in _swap_and_rotation(servers):
                self._generators.append(("servers", Renaming(system, targets, values)))
        if "values" in self.renamed:
            for names in _swap_and_rotation(values):
                self._generators.append(("values", Renaming(system, servers, names)))
        system.local.examine = self._examine
        system.examine_observation = self._examine_observation
        self._canonical_nodes: dict[
            tuple[int, ...], tuple[tuple[int, ...], tuple[Renaming, ...]]
        ] = {}

    def canonical(self, state: GlobalState) -> GlobalState:
        """Return the least of all renamings of a state."""
        _, network, history, restarts, drops, duplicates = state
        nodes, renamings = self._least_nodes(state.nodes)
        # Most often one renaming alone leads to the least nodes.
        images = [(each.network(network), each.history(history)) for each in renamings]
        network, history = images[0] if len(images) == 1 else min(images)
        return GlobalState(nodes, network, history, restarts, drops, duplicates)

    def _least_nodes(self, nodes: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[Renaming, ...]]:
        """Return the least renaming of the servers' states, and all renamings that lead to it."""
        found = self._canonical_nodes.get(nodes)
        if found is None:
            images = [(renaming.nodes(nodes), renaming) for renaming in self.renamings]
            least = min(image for image, _ in images)
            found = least, tuple(renaming for image, renaming in images if image == least)
            self._canonical_nodes[nodes] = found
        return found

    def _examine(self, method: str, arguments: tuple[Any, ...], answer: Any) -> None:
        """Demand that the actor answers a renamed question with the renamed answer.

        A swap of two servers and a rotation of all of them generate every renaming of servers;
        for values it is the same.
        """
        for what, renaming in self._generators:
            for argument in arguments:
                if (again := renaming.value_again(argument)) != argument:
                    raise _loses(self._guard.actor, what, argument, again)
            renamed = [renaming.value(argument) for argument in arguments]
            expected = _unordered(method, self._renamed_answer(method, answer, renaming))
            found = _unordered(method, self._guard.answer(method, *renamed))
            if found != expected:
                name = f"{type(self._guard.actor).__name__}.{method}"
                raise _tells_apart(name, what, renamed, found, expected)

    def _examine_observation(self, history: int, before: int, after: int, observed: int) -> None:
        """Demand that the history of a renamed step is the renamed history."""
        system = self._system
        for what, renaming in self._generators:
            again, as_it_was = renaming.history_again(observed), system.histories[observed]
            if again != as_it_was:
                raise _loses(system.history, what, as_it_was, again)
            renamed = renaming.history(history), renaming.state(before), renaming.state(after)
            expected = system.histories[renaming.history(observed)]
            found = system.observation(*renamed)
            if found != expected:
                shown = [
                    system.histories[renamed[0]],
                    *(system.local.states[e] for e in renamed[1:]),
                ]
                name = f"{type(system.history).__name__}.observe"
                raise _tells_apart(name, what, shown, found, expected)

    def _renamed_answer(self, method: str, answer: Any, renaming: Renaming) -> Any:
        renamed = renaming.value

        if answer is None:
            return None
        match method:
            case "actions":
                return tuple(renamed(action) for action in answer)
            case "restart":
                return renamed(answer)
            case "is_obsolete":
                return answer
            case _:
                messages = tuple(renamed(message) for message in answer.messages)
                return Step(renamed(answer.state), messages, answer.actions)


def _tells_apart(
    method: str, what: Renamed, asked: Sequence[Any], found: Any, expected: Any
) -> TellsApartError:
    return TellsApartError(
        f"{method} tells {what} apart, or its `rename` is wrong: on "
        f"{', '.join(map(repr, asked))} it answers {found!r}, expected {expected!r} "
        f"(search without symmetry over {what}, or mend it)"
    )


def _loses(renames: object, what: Renamed, value: Any, again: Any) -> TellsApartError:
    return TellsApartError(
        f"{type(renames).__name__}.rename loses something: {what} renamed and then back, {value!r} "
        f"is {again!r} (search without symmetry over {what}, or mend it)"
    )


def _swap_and_rotation(things: tuple[_T, ...]) -> list[tuple[_T, ...]]:
    """Return permutations of things that generate all: for two things, a swap alone."""
    if len(things) < 2:
        return []
    first, second, *others = things
    return [(second, first, *others), (second, *others, first)][: len(things) - 1]


def _unordered(method: str, answer: Any) -> Any:
    """Return an answer without the order that servers give to it."""
    if answer is None or method in ("restart", "is_obsolete"):
        return answer
    if method == "actions":
        return frozenset(answer)
    channels: dict[Any, list[Any]] = {}
    for message in answer.messages:
        channels.setdefault((message.source, message.dest), []).append(message)
    return answer.state, channels, answer.actions


def no_symmetry(state: GlobalState) -> GlobalState:
    """Return a state as it is: every state counts."""
    return state
