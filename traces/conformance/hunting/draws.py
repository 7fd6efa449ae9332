"""What is drawn by chance: the steps of one schedule, behind how it begins.

The rule: what is likely is drawn anew for each schedule, as in `explorer.walks.swarm`; what the
states say cannot happen is not drawn.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from raft_ref.traces.conformance.run import Flight, Run
from raft_ref.traces.conformance.schedule import OF_MEMBERSHIP, Command
from raft_ref.traces.format.features import STEPS, known
from raft_ref.traces.format.flights import LOSS
from raft_ref.traces.validation.rules.protocol import is_nothing

WEIGHTS: Mapping[str, tuple[int, ...]] = {
    "Receive": (64,),
    "ReceiveDuplicate": (0, 1, 8),
    LOSS: (0, 1, 8),
    "Restart": (0, 1, 2),
    "Timeout": (1, 4),
    "ClientRequest": (1, 4, 16),
    "AppendEntries": (4, 16),
    "InstallSnapshot": (4, 16),
    "CompactLog": (0, 4, 16),
    "Tick": (0, 8, 32),
}
"""From which weights those of a schedule are drawn, for each kind of step."""
WEIGHTS_OF_FEATURES: Mapping[str, tuple[int, ...]] = {
    "RequestPreVotes": (1, 4),
    "MissLeader": (1, 8),
    "CheckQuorum": (0, 1, 4),
    "TransferLeadership": (0, 1, 4),
    "AbortTransfer": (0, 1),
    "TimeoutNow": (1, 8),
    "Read": (1, 16),
    "RequestReadIndex": (1, 16),
    "BeginRound": (4, 16),
    "Heartbeat": (8, 32),
    "AnswerReads": (8, 32),
    "ServeRead": (8, 32),
    "LeaseRead": (0, 4),
    "EndLease": (0, 1, 4),
    "EndPromise": (0, 4, 16),
    "AddServer": (1, 8),
    "RemoveServer": (0, 1, 4),
    "AddLearner": (0, 1, 4),
    "PromoteLearner": (0, 1, 4),
    "EnterJoint": (0, 1, 4),
    "LeaveJoint": (4, 16),
    "ApplyConfiguration": (4, 16),
}
"""The same for what features add."""
WEIGHTS_OF_MEMBERSHIP = (1, 4)
"""The same for each step that only a change of the membership asks for."""
OF_MESSAGES = ("Receive", "ReceiveDuplicate", LOSS)
_OF_SERVER = (0, 1, 4, 16)
_OF_NEWER = (1.0, 1.3, 2.0)


class Shown(Protocol):
    """What of a server's state says what it can do."""

    @property
    def role(self) -> str:
        """Its role."""

    @property
    def commit_index(self) -> int:
        """Up to where its log is committed."""

    @property
    def compacted(self) -> int:
        """Up to where its log is compacted."""


States = Callable[[], Mapping[str, Any]]
Configurations = Callable[[], Mapping[str, Mapping[str, Sequence[str]]]]
"""By server, the configuration that it goes by, as a trace has it."""
Variables = Callable[[str], Mapping[str, Any]]
"""The variables of features of a server, as values of the spec."""


@dataclass(frozen=True)
class Likely:
    """What a user says of the steps: which are left out, and which are so many times as likely.

    Those of the `features` that are on are drawn, too.
    """

    without: frozenset[str] = frozenset()
    times: Mapping[str, float] = field(default_factory=dict)
    features: frozenset[str] = frozenset()

    @property
    def of_features(self) -> dict[str, tuple[int, ...]]:
        """The steps that features add, with the weights that each is drawn from."""
        there = known(STEPS, self.features)
        weights = {name: some for name, some in WEIGHTS_OF_FEATURES.items() if name in there}
        if "Membership" in self.features:
            weights |= dict.fromkeys(OF_MEMBERSHIP, WEIGHTS_OF_MEMBERSHIP)
        return weights

    def weights(self, chance: random.Random) -> dict[str, float]:
        """Draw what is likely in one schedule."""
        weights = {**WEIGHTS, **self.of_features}
        drawn = {
            kind: chance.choice(some) * self.times.get(kind, 1) for kind, some in weights.items()
        }
        return {
            kind: weight for kind, weight in drawn.items() if weight and kind not in self.without
        }


class Draw:
    """Draws the steps of one schedule, behind how it begins.

    `states` tells of the servers, `variables` of what features have beside, and `configurations` of
    the membership where that can change, so that what is drawn can happen.
    """

    def __init__(
        self,
        chance: random.Random,
        steps: int,
        begun: Sequence[Command],
        states: States,
        likely: Likely = Likely(),
        *,
        is_fifo: bool = False,
        configurations: Configurations = dict,
        variables: Variables = lambda server: {},
    ) -> None:
        self._chance = chance
        self._configurations, self._variables = configurations, variables
        self._waits = _waits(likely.features)
        self._is_fifo = is_fifo
        self._states = states
        self._left = steps
        self.is_begun = False
        """Whether a step of its own was drawn, behind how it begins."""
        self._begun = [*reversed(begun)]
        self._weights = likely.weights(chance)
        self._newer = chance.choice(_OF_NEWER)
        self._of_server: dict[str, int] = {}
        self._values = 0

    def choose(self, run: Run) -> Command | None:
        """Return the next step; None at the end, and where nothing can happen."""
        if self._left <= 0:
            return None
        self._left -= 1
        if self._begun:
            return self._begun.pop()
        self.is_begun = True
        return self._drawn(run)

    def _drawn(self, run: Run) -> Command | None:
        weights = dict(self._weights)
        while weights:
            (kind,) = self._chance.choices([*weights], [*weights.values()])
            if able := self._able(kind, run):
                return self._of(kind, able, run)
            del weights[kind]
        return None

    def _of(self, kind: str, able: Sequence[Any], run: Run) -> Command:
        if kind in OF_MESSAGES:
            flight = self._picked(able, [
                self._weight(run, each.sent.message["dest"]) * self._newer**age
                for age, each in enumerate(able)
            ])  # fmt: skip
            return delivery(kind, flight)
        server = self._picked(able, [self._weight(run, each) for each in able])
        return Command(kind, server, self._arguments(kind, run, server))

    def _able(self, kind: str, run: Run) -> Sequence[Any]:
        """Return the servers that can take such a step, or the messages that it can be about."""
        if kind in OF_MESSAGES:
            if not self._is_fifo:
                return run.in_flight
            return () if kind == "ReceiveDuplicate" else oldest(run.in_flight)
        if kind in run.unknown:
            return ()
        if kind in ("Restart", "Tick"):
            return run.servers
        states = self._states()
        able = [each for each in run.servers if _is_able(kind, states.get(each))]
        if kind in _ABOUT_THE_MEMBERSHIP:
            known = self._configurations()
            able = [each for each in able if each not in known or _has(kind, each, known[each])]
        if kind in self._waits and self._chance.random() >= _SELDOM:
            able = [each for each in able if self._has_begun(each, self._waits[kind])]
        return able

    def _has_begun(self, server: str, variable: str) -> bool:
        """Say whether what a step goes on with has begun; yes, if nobody knows."""
        if variable == _COMMITS:
            return any(each.commit_index for each in self._states().values())
        state, known = self._states().get(server), self._variables(server)
        if variable == _PRE_VOTES and state is not None and state.role == "Candidate":
            return True  # It has had them, and a bug may be to stand once more by them.
        return variable not in known or not is_nothing(known[variable])

    def _arguments(self, kind: str, run: Run, server: str) -> dict[str, Any]:
        match kind:
            case "ClientRequest":
                self._values += 1
                return {"value": f"v{self._values}"}
            case "AppendEntries" | "InstallSnapshot":
                peers = [each for each in run.servers if each != server]
                if kind == "InstallSnapshot":
                    behind = [each for each in peers if self._is_behind(server, each)]
                    return {"peer": self._chance.choice(behind or peers)}
                held = self._states()[server].log.index
                count = self._chance.randrange(min(held + 1, 3))
                return {"peer": self._chance.choice(peers), "count": count}
            case "TransferLeadership" | "Heartbeat":
                return {"peer": self._chance.choice([e for e in run.servers if e != server])}
            case "AddServer" | "AddLearner" | "PromoteLearner" | "RemoveServer":
                return {"peer": self._chance.choice(self._changed(kind, run, server))}
            case "EnterJoint":
                count = self._chance.randint(1, len(run.servers))
                return {"voters": sorted(self._chance.sample([*run.servers], count))}
            case "RequestReadIndex":
                return {"peer": self._leader(run, server)}
            case "CompactLog":
                state = self._states()[server]
                return {"index": self._chance.randint(state.compacted + 1, state.commit_index)}
            case _:
                return {}

    def _changed(self, kind: str, run: Run, server: str) -> Sequence[str]:
        """Return about whom a change can be; seldom, and if nobody is known, anybody."""
        known = self._configurations().get(server)
        if known is None or self._chance.random() < _SELDOM:
            return run.servers
        learners = {*known["learners"]}
        members = learners.union(known["voters"], known["outgoingVoters"])
        wanted = {"PromoteLearner": learners, "RemoveServer": members}
        others = [each for each in run.servers if each not in members]
        return sorted(wanted.get(kind, others)) or run.servers

    def _leader(self, run: Run, server: str) -> str:
        """Return whom a server may take for the leader."""
        peers, states = [each for each in run.servers if each != server], self._states()
        leaders = [each for each in peers if each in states and states[each].role == "Leader"]
        return self._chance.choice(leaders or peers)

    def _is_behind(self, leader: str, peer: str) -> bool:
        """Say whether what a server has is less than what a leader has compacted."""
        states = self._states()
        return peer not in states or states[peer].log.index < states[leader].compacted

    def _weight(self, run: Run, server: str) -> int:
        if not self._of_server:
            self._of_server = {each: self._chance.choice(_OF_SERVER) for each in run.servers}
        return self._of_server[server]

    def _picked(self, choices: Sequence[Any], weights: Sequence[float]) -> Any:
        if not any(weights):
            return self._chance.choice(choices)
        return self._chance.choices(choices, weights)[0]


_SELDOM = 1 / 8
_ABOUT_THE_MEMBERSHIP = ("PromoteLearner", "LeaveJoint", "StepDown")
_COMMITS, _PRE_VOTES = "commitIndex", "preVotesGranted"
_WAITS: Mapping[str, str] = {
    "Read": _COMMITS,
    "RequestReadIndex": _COMMITS,
    "MissLeader": "heardFromLeader",
    "TimeoutNow": "transferTarget",
    "AbortTransfer": "transferTarget",
    "Heartbeat": "readRound",
    "AnswerReads": "pendingReads",
    "ServeRead": "readIndex",
    "LeaseRead": "isTrusting",
    "EndLease": "isTrusting",
    "EndPromise": "promise",
}
"""The steps that come to nothing while a variable is nothing: they are seldom drawn then.

Of reads it is the commit index of any server: before there is one, no leader knows what to answer.
"""


def _waits(features: frozenset[str]) -> Mapping[str, str]:
    """Return which steps wait for which variable while these features are on."""
    waits = dict(_WAITS) if features else {}
    if "PreVote" in features:
        waits["Timeout"] = _PRE_VOTES
    if "Leases" not in features:
        waits["BeginRound"] = "pendingReads"
    return waits


def _has(kind: str, server: str, known: Mapping[str, Sequence[str]]) -> bool:
    """Say whether a configuration has what a step is about."""
    if kind == "PromoteLearner":
        return bool(known["learners"])
    if kind == "LeaveJoint":
        return bool(known["outgoingVoters"])
    return server not in (*known["voters"], *known["outgoingVoters"])


def _is_able(kind: str, state: Shown | None) -> bool:
    if kind in ("ServeRead", "EndPromise", "ApplyConfiguration"):
        return state is not None
    if kind == "TakeLead":
        return state is not None and state.role == "Candidate"
    if kind in ("Timeout", "RequestPreVotes", "MissLeader", "RequestReadIndex"):
        return state is None or state.role != "Leader"
    if kind == "CompactLog":
        return state is not None and state.commit_index > state.compacted
    if kind == "InstallSnapshot" and state is not None and not state.compacted:
        return False
    return state is not None and state.role == "Leader"


def delivery(step: str, flight: Flight) -> Command:
    """Return the step that delivers a message in flight, or loses it."""
    message = flight.sent.message
    server = None if step == LOSS else message["dest"]
    return Command(step, server, message=message, origin=flight.origin)


def oldest(in_flight: Iterable[Flight]) -> list[Flight]:
    """Return the oldest message of each channel: in a network that is FIFO it comes next."""
    found: dict[tuple[str, str], Flight] = {}
    for flight in in_flight:
        found.setdefault(flight.channel, flight)
    return [*found.values()]
