"""What a walk may try next, in an order of its own, each computed only if it is drawn.

Far out nearly every state of a server is new, and what each of its steps does is asked of its
actor. So steps are not computed to be chosen from: a walk draws an offer, and if a bound forbids
the step, or the actor does, another one.

Nothing here depends on the numbers of states and messages, which are those of whoever was first.
"""

from collections import Counter
from enum import IntEnum
from typing import NamedTuple

from raft_ref.explorer.model.network import Content
from raft_ref.explorer.model.system import GlobalState, System, Transition


class How(IntEnum):
    """The ways in which a step comes about: those of explorer::How, and the loss of a message."""

    ACTION = 0
    RESTART = 1
    RECEIVE = 2
    RECEIVE_AGAIN = 3
    DROP = 4


NAMES = {
    How.RESTART: "Restart",
    How.RECEIVE: "Receive",
    How.RECEIVE_AGAIN: "ReceiveDuplicate",
    How.DROP: "DropMessage",
}
"""The names of the steps that every system has."""


class Offer(NamedTuple):
    """A step that may be tried.

    `position` is the server's (of a message that is lost, nobody's: -1), `number` says which of its
    actions it is, and `message` is what is received or lost, or -1.
    """

    how: How
    name: str
    position: int
    number: int = -1
    message: int = -1


def offers(system: System, state: GlobalState, in_flight: Content) -> list[Offer]:
    """Return what may be tried in a state: of each server in turn, then of what is in flight.

    `in_flight` are the messages in the order in which they were sent.
    """
    found = []
    for position, node in enumerate(state.nodes):
        for number, action in enumerate(system.local.offered(node)):
            found.append(Offer(How.ACTION, type(action).__name__, position, number))
    for position in range(len(state.nodes)):
        found.append(Offer(How.RESTART, NAMES[How.RESTART], position))
    for message in deliverable(system, in_flight):
        position = system.destination(message)
        found += [
            Offer(How.RECEIVE, NAMES[How.RECEIVE], position, message=message),
            Offer(How.RECEIVE_AGAIN, NAMES[How.RECEIVE_AGAIN], position, message=message),
            Offer(How.DROP, NAMES[How.DROP], -1, message=message),
        ]
    return found


def deliverable(system: System, in_flight: Content) -> Content:
    """Return the messages that may arrive next, in the order in which they were sent."""
    if system.network_kind == "set":
        return in_flight
    oldest: dict[tuple[int, int], int] = {}
    for message in in_flight:
        oldest.setdefault(system.channel(message), message)
    return tuple(oldest.values())


def tried(
    system: System, state: GlobalState, offer: Offer, cut_off: Counter[str]
) -> Transition | None:
    """Return the step that an offer is; None if it is not enabled.

    Adds to `cut_off`, by name, the bounds that keep it from happening.
    """
    if used_up := _used_up(system, state, offer.how):
        cut_off[used_up] += 1
        return None
    network, position = state.network, offer.position
    rest = network if offer.message < 0 else system.network.remove(network, offer.message)
    if offer.how is How.DROP:
        after = state._replace(network=rest, drops=state.drops + 1)
        return Transition((offer.name,), -1, None, offer.message, after)
    node, local = state.nodes[position], None
    match offer.how:
        case How.ACTION:
            local = system.local.act(node, offer.number)
        case How.RESTART:
            local = system.local.restart(node)
            state = state._replace(restarts=state.restarts + 1)
        case How.RECEIVE:
            local, _ = system.local.receive(node, offer.message)
            network = rest
        case How.RECEIVE_AGAIN:
            _, local = system.local.receive(node, offer.message)
            state = state._replace(duplicates=state.duplicates + 1)
    if local is None:
        return None
    reached = system.after(state, position, local, network, cut_off)
    return reached and Transition(local.names, position, local, offer.message, reached)


def _used_up(system: System, state: GlobalState, how: How) -> str | None:
    """Return the bound on faults that forbids a step, if one does."""
    bounds = system.bounds
    match how:
        case How.RESTART if state.restarts >= bounds.max_restarts:
            return "max_restarts"
        case How.RECEIVE_AGAIN if state.duplicates >= bounds.max_duplicates:
            return "max_duplicates"
        case How.DROP if state.drops >= bounds.max_drops:
            return "max_drops"
    return None


def then_in_flight(system: System, in_flight: Content, offer: Offer, sends: Content) -> Content:
    """Return what is in flight after a step, in the order in which it was sent.

    A message of a network that is a set keeps its age when it is sent again.
    """
    left = list(in_flight)
    if offer.how in (How.RECEIVE, How.DROP):
        left.remove(offer.message)
    if system.network_kind == "set":
        return tuple(dict.fromkeys((*left, *sends)))
    return (*left, *sends)
