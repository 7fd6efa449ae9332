"""Symmetry: states that differ by a renaming of servers, and of values, count as one.

Values are what clients ask to store, or whatever else an actor says that it treats alike.

This is sound where no step, no history and no property tells servers, or values, apart (Ip and
Dill, "Better verification through symmetry", 1996). For steps and histories it is checked, not
believed: all of it where there are few renamings, and beyond that on a sample (see `examination`).
So is it that nothing is lost where something is renamed: no step may tell what a property can. For
properties it is believed: one that names a value ("v1 is never stored") is asked of one state only
of those that count as one, so it needs a search without symmetry over values.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations, product
from math import factorial, prod
from typing import Any, NoReturn, TypeVar

from raft_ref.explorer.model.examination import ALL, Examination, TellsApartError
from raft_ref.explorer.model.renaming import Renamed, Renaming
from raft_ref.explorer.model.system import GlobalState, System

_MAX_RENAMINGS = 10_080

_T = TypeVar("_T")


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


class Composed:
    """A renaming that is made of swaps of two names, on interned values."""

    def __init__(self, system: System, targets: tuple[int, ...], swaps: Sequence[Renaming]) -> None:
        """Rename the server at each position to the one at the position in `targets`."""
        self._system = system
        self._sources = tuple(targets.index(position) for position in range(len(targets)))
        self._swaps = swaps
        self._networks: dict[int, int] = {}

    def nodes(self, nodes: tuple[int, ...]) -> tuple[int, ...]:
        """Return the states of all servers, renamed and at their new positions."""
        return tuple([self._state(nodes[source]) for source in self._sources])

    def _state(self, state: int) -> int:
        for swap in self._swaps:
            state = swap.state(state)
        return state

    def _message(self, message: int) -> int:
        for swap in self._swaps:
            message = swap.message(message)
        return message

    def history(self, history: int) -> int:
        """Return the history, renamed."""
        for swap in self._swaps:
            history = swap.history(history)
        return history

    def network(self, network: int) -> int:
        """Return what is in flight, renamed."""
        found = self._networks.get(network)
        if found is None:
            found = self._system.network.rename(network, self._message)
            self._networks[network] = found
        return found


class Symmetry:
    """The canonical one of all states that differ by a renaming.

    Arguments: the system, and what is renamed; see `what_is_renamed`, also for what is raised.

    `swaps` are the renamings of two names that the actor is asked for, first those of servers: all
    others are made of them. Of all images of a state the canonical one is the least of those whose
    servers are in an order that no renaming changes: that of the least image of each one's state.
    """

    def __init__(self, system: System, symmetry: bool | Sequence[Renamed] = True) -> None:
        self.renamed = what_is_renamed(system, symmetry)
        self._system = system
        self._servers = tuple(range(len(system.servers)))
        self._values = system.guard.symmetric_values
        self._pairs = [
            (what, pair)
            for what, number in (("servers", len(self._servers)), ("values", len(self._values)))
            if what in self.renamed
            for pair in combinations(range(number), 2)
        ]
        self.swaps = [self._swap(what, *pair) for what, pair in self._pairs]
        self._order = {pair: number for number, pair in enumerate(self._pairs)}
        self.examination = self._examination(system)
        system.local.actor = self.examination
        system.examine_observation = self.examination.examine_observation
        self._composed: dict[tuple[tuple[int, ...], tuple[int, ...]], Composed] = {}
        self._least_images: dict[int, int] = {}
        self._canonical_nodes: dict[
            tuple[int, ...], tuple[tuple[int, ...], tuple[Composed, ...]]
        ] = {}

    def renamings(self) -> Iterator[Composed]:
        """Yield all renamings, first the one that changes nothing."""
        for servers in self._permuted("servers", self._servers):
            for values in self._permuted("values", range(len(self._values))):
                yield self._renaming(servers, values)

    def canonical(self, state: GlobalState) -> GlobalState:
        """Return the least of all renamings of a state."""
        _, network, history, restarts, drops, duplicates = state
        nodes, renamings = self._least_nodes(state.nodes)
        # Most often one renaming alone leads to the least nodes.
        images = [(each.network(network), each.history(history)) for each in renamings]
        network, history = images[0] if len(images) == 1 else min(images)
        return GlobalState(nodes, network, history, restarts, drops, duplicates)

    def _least_nodes(self, nodes: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[Composed, ...]]:
        """Return the least renaming of the servers' states, and all renamings that lead to it."""
        found = self._canonical_nodes.get(nodes)
        if found is None:
            images = [(each.nodes(nodes), each) for each in self._in_order(nodes)]
            least = min(image for image, _ in images)
            found = least, tuple(renaming for image, renaming in images if image == least)
            self._canonical_nodes[nodes] = found
        return found

    def _in_order(self, nodes: tuple[int, ...]) -> Iterator[Composed]:
        """Yield the renamings after which the servers are in order; alike ones in any order."""
        groups = [[position] for position in self._servers]
        if "servers" in self.renamed:
            looks = [self._least_image(node) for node in nodes]
            groups = [
                [position for position in self._servers if looks[position] == look]
                for look in sorted({*looks})
            ]
        for orders in product(*map(permutations, groups)):
            sources = tuple(position for order in orders for position in order)
            targets = tuple(sources.index(position) for position in self._servers)
            for values in self._permuted("values", range(len(self._values))):
                yield self._renaming(targets, values)

    def _least_image(self, node: int) -> int:
        """Return the least number that a server's state has under any name."""
        found = self._least_images.get(node)
        if found is None:
            images, waiting = {node}, [node]
            while waiting:
                at = waiting.pop()
                new = {swap.state(at) for swap in self.swaps} - images
                images |= new
                waiting.extend(new)
                if len(images) > self._number:
                    self.refuse_rename(node)
            found = min(images)
            self._least_images.update(dict.fromkeys(images, found))
        return found

    def refuse_rename(self, node: int) -> NoReturn:
        """Raise `TellsApartError` for a state that has more images than there are renamings."""
        actor, state = self._system.guard.actor, self._system.local.states[node]
        what = " and ".join(self.renamed)
        raise TellsApartError(
            f"{type(actor).__name__}.rename does not rename: swaps of names make more of {state!r} "
            f"than there are ways to name it (search without symmetry over {what}, or mend it)"
        )

    @property
    def _number(self) -> int:
        sizes = {"servers": len(self._servers), "values": len(self._values)}
        return prod(factorial(sizes[each]) for each in self.renamed)

    def _permuted(self, what: Renamed, things: Sequence[int]) -> Iterator[tuple[int, ...]]:
        return permutations(things) if what in self.renamed else iter([tuple(things)])

    def _swap(self, what: str, one: int, other: int) -> Renaming:
        if what == "servers":
            return Renaming(self._system, _swapped(self._servers, one, other), self._values)
        return Renaming(self._system, self._servers, _swapped(self._values, one, other))

    def _renaming(self, servers: tuple[int, ...], values: tuple[int, ...]) -> Composed:
        """Return a renaming that brings servers and values to other positions."""
        found = self._composed.get((servers, values))
        if found is None:
            wanted = {"servers": servers, "values": values}
            swaps = [
                self.swaps[self._order[what, pair]]
                for what in self.renamed
                for pair in _swaps_of(wanted[what])
            ]
            found = self._composed[servers, values] = Composed(self._system, servers, swaps)
        return found

    def _examination(self, system: System) -> Examination:
        """Return what holds the actor to its answers under other names."""
        servers, values = self._servers, self._values
        is_whole = self._number <= ALL
        if is_whole:
            chosen = [
                (targets, tuple(values[target] for target in others))
                for targets in self._permuted("servers", servers)
                for others in self._permuted("values", range(len(values)))
            ][1:]
        else:
            # A swap of two and a rotation of all generate every permutation.
            of_servers = _swap_and_rotation(servers) if "servers" in self.renamed else []
            of_values = _swap_and_rotation(values) if "values" in self.renamed else []
            chosen = [(each, values) for each in of_servers]
            chosen += [(servers, each) for each in of_values]
        known: dict[Any, Renaming] = {}

        def renaming(targets: tuple[int, ...], names: tuple[str, ...]) -> Renaming:
            key = targets, names
            return known.setdefault(key, known.get(key) or Renaming(system, targets, names))

        pairs = []
        for targets, names in chosen:
            back = tuple(values[names.index(value)] for value in values)
            inverse = tuple(targets.index(server) for server in servers)
            pairs.append((renaming(targets, names), renaming(inverse, back)))
        # Those of servers alone, or values, come first: so it can be said what is told apart.
        pairs.sort(key=lambda pair: len(pair[0].whats))
        return Examination(system, pairs, is_whole=is_whole)


def _swapped(things: tuple[_T, ...], one: int, other: int) -> tuple[_T, ...]:
    listed = list(things)
    listed[one], listed[other] = things[other], things[one]
    return tuple(listed)


def _swaps_of(targets: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield swaps that, one after the other, bring each place to the one in `targets`."""
    now = list(range(len(targets)))
    for place, target in enumerate(targets):
        if now[place] != target:
            yield min(now[place], target), max(now[place], target)
            now[now.index(target)], now[place] = now[place], target


def _swap_and_rotation(things: tuple[_T, ...]) -> list[tuple[_T, ...]]:
    """Return permutations of things that generate all: for two things, a swap alone."""
    if len(things) < 2:
        return []
    first, second, *others = things
    return [(second, first, *others), (second, *others, first)][: len(things) - 1]


def no_symmetry(state: GlobalState) -> GlobalState:
    """Return a state as it is: every state counts."""
    return state
