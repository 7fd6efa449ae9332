"""Steps of a cluster with features at random, whether a run has them or not.

Half of what a server holds may be another server's, so that what properties say is often broken.
"""

import random
from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cache
from itertools import repeat
from pathlib import Path
from typing import Any, Final

from raft_ref import Entry, Role
from raft_ref.explorer import View
from raft_ref.features import (
    Configuration,
    ExtendedNode,
    Feature,
    ForcedRequestVoteRequest,
    HeartbeatRequest,
    PreVoteRequest,
    PreVoteResponse,
    Promise,
    TimeoutNowRequest,
)
from raft_ref.spec.files import FEATURES
from raft_ref.spec.link.features.history import ReadHistory
from raft_ref.spec.link.features.variables import ExtendedVariables
from raft_ref.spec.link.history import CommittedEntry
from raft_ref.spec.link.shared import shared
from raft_ref.spec.syntax.errors import SpecError
from tests.support import extended_servers as servers
from tests.support.opinions import rare
from tests.support.opinions.properties import RULES, Pair, values
from tests.support.servers import SERVERS, VALUES

STEPS: Final = 700
"""How many steps are enough to tell each mutant that says something else."""
RARE: Final = 14
"""Beside so many steps there is one of each kind that is rare."""
ON: Final[tuple[frozenset[Feature], ...]] = (
    frozenset(),
    frozenset({Feature.MEMBERSHIP, Feature.JOINT_CONSENSUS}),
    frozenset({Feature.MEMBERSHIP, Feature.APPLIED_MEMBERSHIP}),
    frozenset({Feature.JOINT_CONSENSUS}),
)
"""What is on, as far as properties ask for it; the last makes no sense, and says what they read."""
_TOGETHER: Final = ("snapshot", "log", "commit_index", "configuration_index")
_NODE: Final = ExtendedNode(SERVERS, VALUES, features=Feature)


def _server(source: random.Random, me: str) -> Any:
    renaming = {each: each for each in SERVERS} | {"s1": me, me: "s1"}
    return _renamed(servers.server(source, _NODE), renaming)


def _renamed(value: Any, renaming: dict[str, str]) -> Any:
    return _NODE.rename(value, {**{each: each for each in VALUES}, **renaming})


def _mixed(source: random.Random, state: Any, part: float) -> Any:
    """Return a server some of whose variables are those of another."""
    other = _server(source, state.me)
    taken = {f.name for f in fields(state) if source.random() < part} - {"me", *_TOGETHER}
    if source.random() < part:
        taken |= {*_TOGETHER}
    return replace(state, **{name: getattr(other, name) for name in taken})


def _message(source: random.Random, states: dict[str, Any], after: dict[str, Any]) -> Any:
    me = source.choice(SERVERS)
    renaming = {each: each for each in SERVERS} | {"s1": me, me: "s1"}
    found = servers.message(source, _NODE, _renamed(states[me], renaming))
    found = _renamed(found, renaming)
    like = source.choice((None, None, states[found.source], after[found.dest]))
    return found if like is None else replace(found, term=max(1, like.current_term))


def _unsound(source: random.Random, state: Any) -> Any:
    """Return a server some of whose configurations make no sense."""

    def changed(value: Any) -> Any:
        if not isinstance(value, Configuration) or source.random() < 0.85:
            return value
        if source.random() < 0.5:
            return replace(value, voters=frozenset())
        return replace(value, learners=value.voters)

    log = tuple(replace(each, value=changed(each.value)) for each in state.log)
    return replace(state, log=log)


def _promising(source: random.Random, states: dict[str, Any], state: Any) -> Any:
    """Return a server whose promise is one for the latest round of another."""
    other = states[source.choice(SERVERS)]
    promise = Promise(other.me, max(1, other.current_term), max(1, other.read_round))
    return replace(state, promise=promise)


def _followed(source: random.Random, state: Any) -> Any:
    """Return what a server may be after a step of a kind that is rare at random."""
    match source.randrange(5):
        case 0:
            return replace(state, role=Role.LEADER)
        case 4:
            term = state.current_term + source.randint(0, 1)
            return replace(state, heard_from_leader=True, current_term=term)
        case 1:
            term, vote = state.current_term + 1, source.choice((None, *SERVERS))
            role = source.choice((Role.FOLLOWER, Role.CANDIDATE))
            return replace(state, current_term=term, voted_for=vote, role=role)
        case 2:
            old = _NODE.configuration_at(state, _NODE.latest_index(state, state.last_index))
            new = source.choice((Configuration(old.voters), replace(old, learners=frozenset())))
            return replace(state, log=(*state.log, Entry(state.current_term, new)))  # type: ignore[arg-type]
        case _:
            return replace(state, promise=None)


def _pre_vote(source: random.Random, states: dict[str, Any]) -> tuple[Any, Any]:
    """Return a request for a pre-vote by a log that is nearly as its addressee's, and an answer."""
    me, peer = source.sample(SERVERS, 2)
    s, near = states[me], (-1, 0, 0, 1)
    term = max(1, s.current_term + source.choice(near))
    index = max(0, s.last_index + source.choice(near))
    last = max(0, s.last_term + source.choice(near))
    answered = max(1, term + source.choice((0, 0, 0, 1)))
    granted = source.random() < 0.8
    return PreVoteRequest(peer, me, term, index, last), PreVoteResponse(me, peer, answered, granted)


def _told(source: random.Random, before: Any) -> tuple[Any, Any]:
    """Return what a server may be once it was told something, and what it was told."""
    term = before.current_term + source.randint(0, 1)
    after = replace(before, current_term=term, role=Role.FOLLOWER)
    peer = source.choice([each for each in SERVERS if each != before.me])
    told = max(1, source.choice((term, term, before.current_term, term + 1)))
    if source.random() < 0.5:
        return replace(after, is_forced=True), TimeoutNowRequest(peer, before.me, told)
    return replace(after, heard_from_leader=True), HeartbeatRequest(peer, before.me, told, 1)


def _changed(source: random.Random, before: Any) -> tuple[Any, Any]:
    """Return a leader that goes by C_old,new, and what it may be once it has appended something."""
    old = Configuration(servers.some(source) | {before.me}, servers.some(source))
    leader = replace(
        before,
        role=source.choice((Role.LEADER, Role.LEADER, before.role)),
        log=(Entry(1, VALUES[0]), Entry(1, old)),  # type: ignore[arg-type]
        configuration_index=before.compacted + source.choice((0, 2)),
    )
    new: Any = source.choice(
        (
            Configuration(old.voters),
            Configuration(old.voters, frozenset(), old.outgoing_voters - old.voters),
            Configuration(servers.some(source)),
            replace(old, learners=servers.some(source)),
            VALUES[0],
        )
    )
    after = replace(leader, log=(*leader.log, Entry(1, new)))
    match source.randrange(4):
        case 0:
            return leader, replace(after, role=Role.FOLLOWER)
        case 1:
            return leader, replace(after, snapshot=replace(before.snapshot, last_included_term=7))
        case _:
            return leader, after


def _committed(source: random.Random, states: dict[str, Any]) -> tuple[CommittedEntry, ...]:
    s = states[source.choice(SERVERS)]
    known = values(s)[: source.choice((s.last_index, source.randint(0, s.last_index)))]
    return tuple(CommittedEntry(1, value, 1) for value in known)


def _views(source: random.Random, kind: rare.Kind | None = None) -> tuple[View, View]:
    before = {me: _unsound(source, _mixed(source, _server(source, me), 0.15)) for me in SERVERS}
    for me in SERVERS:
        if source.random() < 0.3:
            before[me] = _promising(source, before, before[me])
    after = {
        me: state if source.random() < 0.4 else _mixed(source, state, 0.3)
        for me, state in before.items()
    }
    for me in SERVERS:
        if source.random() < 0.4:
            after[me] = _followed(source, before[me])
    if source.random() < 0.3:
        me = source.choice(SERVERS)
        before[me], after[me] = _changed(source, before[me])
    flight = [_message(source, before, after) for _ in range(source.randint(0, 4))]
    if source.random() < 0.3:
        me, peer = source.sample(SERVERS, 2)
        term = before[me].current_term + source.randint(0, 1)
        flight.append(ForcedRequestVoteRequest(me, peer, max(1, term), 0, 0))
        before[me] = replace(before[me], role=source.choice((Role.CANDIDATE, Role.FOLLOWER)))
        after[me] = replace(before[me], role=source.choice((Role.CANDIDATE, Role.LEADER)))
    later = [m for m in flight if source.random() < 0.5]
    later += [_message(source, before, after) for _ in range(source.randint(0, 2))]
    if source.random() < 0.3:
        me = source.choice(SERVERS)
        after[me], told = _told(source, before[me])
        flight.append(told)
    if source.random() < 0.3:
        asked, answer = _pre_vote(source, before)
        flight.append(asked)
        later.append(answer)
    committed = _committed(source, before)
    if kind is not None:
        situation = rare.Situation(before, after, flight, later)
        kind(source, situation)
        committed = situation.committed or committed
    asked = tuple(source.randint(0, 3) for _ in SERVERS)
    numbers = tuple(s.read_number for s in before.values())
    history = ReadHistory(committed, asked, numbers, frozenset())
    restarts = int(source.random() < 0.2)
    one = View(before, tuple(flight), history, 0, 0, 0)
    other = View(after, tuple(later), history, restarts, 0, 0)
    if source.random() < 0.5:
        other = replace(other, history=history._replace(asked_at=_as_recorded(one, other)))
    return one, other


def _as_recorded(one: View, other: View) -> tuple[int, ...]:
    """Return what AskedRecorded asks for, of which few steps at random would be."""
    history: Any = one.history
    return tuple(
        0
        if a.read_index is None
        else len(history.committed)
        if a.read_number != b.read_number
        else history.asked_at[at]
        for at, (b, a) in enumerate(zip(one.states.values(), other.states.values(), strict=True))
    )


Step = tuple[dict[str, Any], dict[str, Any], Any]
"""The variables before and after, and what each rule of each module says."""


@cache
def steps(features: frozenset[Feature], count: int) -> list[Step]:
    """Return steps, as the spec has their variables, and what the second opinion is of each."""
    mapping = ExtendedVariables(SERVERS, VALUES, features)
    names = frozenset(mapping.parts)
    source, found = random.Random(18), []
    for kind in (*repeat(None, count), *rare.KINDS * (count // RARE)):
        before, after = _views(source, kind)
        known = dict(_opinions(Pair(features, before, after)))
        found.append((mapping.of(before, names), mapping.of(after, names), known))
    return found


def _opinions(pair: Pair) -> Iterator[tuple[tuple[str, str], bool]]:
    for module, rules in RULES.items():
        for name, rule in rules.items():
            try:
                yield (module, name), bool(rule(pair))
            except IndexError:  # what is committed is not there: nothing is said
                continue


def first_difference(
    module: str, features: frozenset[Feature], folder: Path = FEATURES, count: int = STEPS
) -> str | None:
    """Return the first property of a module that says something else than the second opinion."""
    loaded = shared(folder / f"{module}.tla")
    of_cluster = ExtendedVariables(SERVERS, VALUES, features).constants
    constants = {name: of_cluster[name] for name in loaded.constants if name in of_cluster}
    known = steps(features, count)
    for name in RULES[module]:
        predicate = loaded.predicate(name, constants)
        try:
            for before, after, opinions in known:
                said = opinions.get((module, name))
                given = (before, after) if predicate.is_step else (before,)
                if said is not None and predicate.holds(*given) != said:
                    return name
        except SpecError:
            return name
    return None
