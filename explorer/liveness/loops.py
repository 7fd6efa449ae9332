"""Where a fair run can stay for ever: sets of states, each of which leads to each.

A run that is infinite is, from some moment on, in states that all come again and again; these lead
to each other, by steps that are not at rest. A set of such states is fair if a run can go round in
all of it and be fair: what has strong fairness is taken in it or nowhere enabled in it; what has
weak fairness is taken in it, or somewhere in it not enabled. Where strong fairness alone fails, a
part of the set may still be fair: one in which the action is not enabled.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from raft_ref.explorer.liveness.assumptions import Fairness
from raft_ref.explorer.model.system import GlobalState


class Place(NamedTuple):
    """A state as a run that stays for ever has it.

    `steps` lead on, each with its label; `enabled` are the labels of all steps out of it in one,
    `is_end` says that a run may end in it, `is_again` that the goal wants it again and again.
    """

    steps: tuple[tuple[int, GlobalState], ...]
    enabled: int
    is_end: bool
    is_again: bool


Places = Mapping[GlobalState, Place]


def fair_sets(places: Places, fair: Sequence[Fairness]) -> Iterator[frozenset[GlobalState]]:
    """Yield the largest sets of places in which a fair run can stay for ever."""
    waiting: list[Collection[GlobalState]] = [places]
    while waiting:
        within = waiting.pop()
        for states in _components(places, frozenset(within)):
            if not _has_loop(places, states) or not any(places[s].is_again for s in states):
                continue
            enabled, taken = _enabled(places, states), _taken(places, states)
            lacking = [n for n in range(len(fair)) if not taken >> n & 1]
            if any(
                all(places[s].enabled >> n & 1 for s in states)
                for n in lacking
                if not fair[n].is_strong
            ):
                continue
            denied = sum(1 << n for n in lacking if fair[n].is_strong) & enabled
            if denied:
                waiting.append([s for s in states if not places[s].enabled & denied])
            else:
                yield states


def _enabled(places: Places, states: frozenset[GlobalState]) -> int:
    enabled = 0
    for state in states:
        enabled |= places[state].enabled
    return enabled


def _taken(places: Places, states: frozenset[GlobalState]) -> int:
    taken = 0
    for state in states:
        for label, after in places[state].steps:
            if after in states:
                taken |= label
    return taken


def _has_loop(places: Places, states: frozenset[GlobalState]) -> bool:
    return len(states) > 1 or any(places[state].is_end for state in states)


def _components(places: Places, within: frozenset[GlobalState]) -> Iterator[frozenset[GlobalState]]:
    """Yield the strongly connected components (Tarjan, 1972), without recursion."""
    number: dict[GlobalState, int] = {}
    lowest: dict[GlobalState, int] = {}
    open_states: list[GlobalState] = []
    is_open: set[GlobalState] = set()

    def enter(state: GlobalState) -> tuple[GlobalState, Iterator[GlobalState]]:
        number[state] = lowest[state] = len(number)
        open_states.append(state)
        is_open.add(state)
        return state, (after for _, after in places[state].steps if after in within)

    for root in within:
        if root in number:
            continue
        way = [enter(root)]
        while way:
            state, following = way[-1]
            after = next(following, None)
            if after is None:
                way.pop()
                if way:
                    lowest[way[-1][0]] = min(lowest[way[-1][0]], lowest[state])
                if lowest[state] == number[state]:
                    at = _last(open_states, state)
                    found = frozenset(open_states[at:])
                    del open_states[at:]
                    is_open -= found
                    yield found
            elif after not in number:
                way.append(enter(after))
            elif after in is_open:
                lowest[state] = min(lowest[state], number[after])


def _last(states: list[GlobalState], state: GlobalState) -> int:
    at = len(states) - 1
    while states[at] != state:
        at -= 1
    return at


def nearest(most: int, has_fair: Callable[[int], bool]) -> int:
    """Return the least number of steps within which there is a fair set; there is one within most.

    The states that are no further away are more and more, so it is looked for by halves.
    """
    least = 0
    while least < most:
        middle = (least + most) // 2
        if has_fair(middle):
            most = middle
        else:
            least = middle + 1
    return least
