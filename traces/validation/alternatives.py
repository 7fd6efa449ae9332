"""Readings beside each other: which have to be followed, and in what they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from typing import Any

from raft_ref.spec.values.value import domain_in, results_of
from raft_ref.traces.validation.moves.world import World
from raft_ref.traces.validation.rules.protocol import OF_A_SERVER, Message, ServerState, field

_KNOWLEDGE = {name: OF_A_SERVER.index(name) for name in ("votesGranted", "nextIndex", "matchIndex")}
"""What a server knows of others, by where it stands in a `ServerState`."""


def distinct(
    worlds: list[World],
    told: Set[str] = frozenset(_KNOWLEDGE),
    *,
    may_resend: bool = False,
) -> list[World]:
    """Return the readings that differ in what a later line can tell.

    Not in how they were reached; and of two that are alike but for what was sent, what waits to be
    handled, or what a server knows of others where no line has told of that, the one with more can
    do all that the other can: nothing has to be received, and what is known need not be used. Where
    leaders `may_resend` in silence, it does not matter what of their logs they have sent.
    """
    if len(worlds) < 2:
        return worlds
    untold = [place for name, place in _KNOWLEDGE.items() if name not in told]
    groups: dict[Any, list[World]] = {}
    for each in {each.key: each for each in worlds}.values():
        states = tuple(_without(state, untold) for state in each.states)
        group = groups.setdefault((states, each.gone, each.committed, each.applied), [])
        if not any(_has_all(other, each, untold, may_resend) for other in group):
            group[:] = [other for other in group if not _has_all(each, other, untold, may_resend)]
            group.append(each)
    return [each for group in groups.values() for each in group]


def _without(state: ServerState | None, places: list[int]) -> Any:
    if state is None or not places:
        return state
    return tuple(None if place in places else value for place, value in enumerate(state))


def _has_all(one: World, other: World, untold: list[int], may_resend: bool) -> bool:
    """Say whether all that was sent, waits, may come back or is known in one is so in another."""
    lacking = {*other.sent} - {*one.sent}
    if not may_resend and lacking:
        return False
    if any(field(each, "type") != "AppendEntriesRequest" for each in lacking):
        return False
    for name in ("waiting", "left", "unsynced"):
        mine, theirs = getattr(one, name), getattr(other, name)
        if mine is not theirs and any(
            not {*some} >= {*others} for some, others in zip(mine, theirs, strict=True)
        ):
            return False
    return all(
        mine is theirs or mine is None or theirs is None or _knows_all(mine, theirs, untold)
        for mine, theirs in zip(one.states, other.states, strict=True)
    )


def _knows_all(mine: ServerState, theirs: ServerState, untold: list[int]) -> bool:
    if _KNOWLEDGE["votesGranted"] in untold and not mine.votes_granted >= theirs.votes_granted:
        return False
    if _KNOWLEDGE["matchIndex"] not in untold:
        return True
    known: Any = results_of(mine.match_index)
    others: Any = results_of(theirs.match_index)
    return all(here >= there for here, there in zip(known, others, strict=True))


_MOST_NAMED = 3


def differing(worlds: Sequence[World], servers: Sequence[str]) -> str:
    """Return the variables in which readings differ most, for people: `log of s3`."""
    counts: list[tuple[int, str]] = []
    for place, server in enumerate(servers):
        states = [world.states[place] for world in worlds]
        for at, name in enumerate((*OF_A_SERVER, "what features know")):
            values = {None if state is None else state[at] for state in states}
            counts.append((len(values), f"{name} of {server}"))
    counts.sort(key=lambda each: -each[0])
    named = [name for count, name in counts if count > 1] or _differing_messages(worlds)
    return ", ".join(named[:_MOST_NAMED]) or "what was received and not yet handled"


def _differing_messages(worlds: Sequence[World]) -> list[str]:
    """Return what of the messages that were sent differs: fields, or whether they were."""
    counts = Counter(each for world in worlds for each in {*world.sent})
    found: dict[tuple[Any, ...], list[Message]] = {}
    for each in [each for each, count in counts.items() if count < len(worlds)]:
        way = tuple(field(each, name) for name in ("type", "source", "dest"))
        found.setdefault(way, []).append(each)
    names: set[str] = set()
    for (kind, source, _), messages in found.items():
        fields = [
            name for name in domain_in(messages[0])
            if len({message[domain_in(message)[name]] for message in messages}) > 1
        ]  # fmt: skip
        names.update(f"{name} of {kind} of {source.name}" for name in fields)
        if not fields:
            names.add(f"whether {source.name} sent {kind}")
    return sorted(names)
