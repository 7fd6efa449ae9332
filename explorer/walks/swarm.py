"""Swarm testing: the chances of one random walk, drawn from its seed.

What is likely is drawn anew for each walk (Groce and others, "Swarm testing", 2012): some faults
never happen in one walk and are frequent in another, and a server that seldom gets its turn is as
good as cut off. A step's kind is chosen before the step, however many steps there are of it: so
the faults of a walk have their share, even if they are few among many messages in flight.

A step that is not enabled is put aside, and another of its kind drawn; a kind of which nothing is
left, too. So a step has the chance that it would have among those that are enabled, though these
are not known. `explorer/core/swarm.hpp` draws the same.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from raft_ref.explorer.walks.chance import Chance, hashed
from raft_ref.explorer.walks.offers import NAMES, How, Offer

OF_RECEIVE: Final = (64,)
OF_FAULT: Final = (0, 1, 8)
OF_ACTION: Final = (1, 4, 16)
OF_SERVER: Final = (0, 1, 4, 16)
OF_NEWER: Final = ((1, 1), (10, 13), (1, 2))
"""From which weights those of a walk are drawn: for the arrival of a message, for each kind of
fault, for each kind of step that an actor takes on its own, for each server, and for a message
against the one that was sent after it (a fraction)."""

NEWEST: Final = 2**40
"""The weight of the message that was sent last, where an older one has less."""

NEWER: Final = hashed("newer")
"""The names, as numbers, that chances are drawn for: this one, servers, kinds of steps."""


@cache
def server_name(position: int) -> int:
    """Return the number that stands for the name of a server."""
    return hashed(f"server {position}")


Kind = tuple[bool, str]


class Swarm:
    """Draws the steps of one walk. Argument: the walk's seed."""

    def __init__(self, seed: int) -> None:
        self._chance = Chance(seed)
        numerator, self._denominator = OF_NEWER[self._chance.of_name(NEWER, len(OF_NEWER))]
        self._numerator = numerator
        self._of_age = [NEWEST if self._numerator < self._denominator else 1]

    def draw(self, offers: Sequence[Offer]) -> Iterator[Offer]:
        """Yield the offers, each once, in the order in which they are to be tried."""
        kinds: dict[Kind, list[Offer]] = {}
        for offer in offers:
            kinds.setdefault((offer.how is How.ACTION, offer.name), []).append(offer)
        left = [*kinds]
        while left:
            kind = left.pop(self._chance.pick([self._of_kind(each) for each in left]))
            yield from self._of_one_kind(kinds[kind])

    def _of_one_kind(self, alike: list[Offer]) -> Iterator[Offer]:
        weights = [
            self._of_offer(offer, len(alike) - 1 - place) for place, offer in enumerate(alike)
        ]
        left = [*alike]
        while left:
            place = self._chance.pick(weights)
            weights.pop(place)
            yield left.pop(place)

    def _of_kind(self, kind: Kind) -> int:
        is_action, name = kind
        if is_action:
            return self._drawn(hashed(name), OF_ACTION)
        is_receipt = name == NAMES[How.RECEIVE]
        return self._drawn(hashed(name), OF_RECEIVE if is_receipt else OF_FAULT)

    def _of_offer(self, offer: Offer, newer: int) -> int:
        """Return the weight of one of the steps of a kind, `newer` of which come after it."""
        weight = 1
        if offer.position >= 0:
            weight = self._drawn(server_name(offer.position), OF_SERVER)
        if offer.message >= 0:
            weight *= self._of_message(newer)
        return weight

    def _of_message(self, newer: int) -> int:
        """Return the weight of a message after which so many were sent."""
        while len(self._of_age) <= newer:
            older = self._of_age[-1] * self._numerator // self._denominator
            self._of_age.append(max(1, older))
        return self._of_age[newer]

    def _drawn(self, name: int, weights: Sequence[int]) -> int:
        """Return what was drawn for a name: the same all through the walk."""
        return weights[self._chance.of_name(name, len(weights))]
