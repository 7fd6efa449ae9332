"""Symmetry: states that differ by a renaming of servers, and of values, count as one.

Values are what clients ask to store, or whatever else an actor says that it treats alike.

This is sound where no step, no history and no property tells servers, or values, apart (Ip and
Dill, "Better verification through symmetry", 1996). For steps and histories it is checked, not
believed: all of it where there are few renamings, and beyond that on a sample (see `examination`).
So is it that nothing is lost where something is renamed: no step may tell what a property can. For
properties it is believed: one that names a value ("v1 is never stored") is asked of one state only
of those that count as one, so it needs a search without symmetry over values.
"""

from collections.abc import Sequence
from itertools import permutations, product
from math import factorial
from typing import TypeVar

from raft_ref.explorer.model.examination import ALL, Examination
from raft_ref.explorer.model.renaming import Renamed, Renaming
from raft_ref.explorer.model.system import GlobalState, System

_MAX_RENAMINGS = 5_040

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
        self.examination = self._examination(system)
        system.local.actor = self.examination
        system.examine_observation = self.examination.examine_observation
        self._canonical_nodes: dict[
            tuple[int, ...], tuple[tuple[int, ...], tuple[Renaming, ...]]
        ] = {}

    def _examination(self, system: System) -> Examination:
        """Return what holds the actor to its answers under other names."""
        servers, values = system.servers, system.guard.symmetric_values
        by_names = {tuple(each.names.values()): each for each in self.renamings}
        is_whole = len(self.renamings) <= ALL
        chosen = [*by_names][1:]
        if not is_whole:
            # A swap of two and a rotation of all generate every permutation.
            chosen = [(*each, *values) for each in _swap_and_rotation(servers)]
            chosen += [(*servers, *each) for each in _swap_and_rotation(values)]
        pairs = [
            (by_names[names], by_names[tuple(by_names[names].inverse_names.values())])
            for names in chosen
            if names in by_names
        ]
        # Those of servers alone, or values, come first: so it can be said what is told apart.
        pairs.sort(key=lambda pair: len(pair[0].whats))
        return Examination(system, pairs, is_whole=is_whole)

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


def _swap_and_rotation(things: tuple[_T, ...]) -> list[tuple[_T, ...]]:
    """Return permutations of things that generate all: for two things, a swap alone."""
    if len(things) < 2:
        return []
    first, second, *others = things
    return [(second, first, *others), (second, *others, first)][: len(things) - 1]


def no_symmetry(state: GlobalState) -> GlobalState:
    """Return a state as it is: every state counts."""
    return state
