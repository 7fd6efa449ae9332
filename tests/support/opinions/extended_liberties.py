"""The liberties of ExtendedRaftTrace.tla once more, in Python, as those of tests.support.liberties.

What ExtendedRaft.tla has is the node with features; what RaftTrace.tla has is told there.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from raft_ref import (
    AppendEntries,
    ClientRequest,
    CompactLog,
    Entry,
    InstallSnapshot,
    Role,
    Step,
    Timeout,
)
from raft_ref import features as known
from raft_ref.explorer import View
from raft_ref.features import (
    Configuration,
    ExtendedNode,
    Feature,
    HeartbeatResponse,
    PendingRead,
    PreVoteRequest,
    PreVoteResponse,
    ReadIndexRequest,
    ReadIndexResponse,
    TimeoutNowRequest,
)
from raft_ref.spec.files import EXTENDED, EXTENDED_TRACE
from raft_ref.spec.link.features.variables import ExtendedVariables
from raft_ref.spec.link.shared import shared
from raft_ref.spec.steps.transitions import Action
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.spec.values.value import function, record
from tests.support import extended_servers as servers
from tests.support.opinions import liberties
from tests.support.servers import SERVERS, VALUES

CASES = 200
"""How many servers are enough to tell each mutant that does something else."""

_READS = frozenset({Feature.READ_INDEX})
_MEMBERS = frozenset({Feature.MEMBERSHIP})
SETS: Final = (
    frozenset({Feature.PRE_VOTE, Feature.CHECK_QUORUM, Feature.LEADERSHIP_TRANSFER}),
    _READS | {Feature.LEASES},
    _READS,
    _MEMBERS | {Feature.JOINT_CONSENSUS, Feature.LEADERSHIP_TRANSFER},
    _MEMBERS | {Feature.APPLIED_MEMBERSHIP},
    frozenset[Feature](),
)
"""What is on together."""


@dataclass(frozen=True)
class Confirmation:
    """Who has acknowledged a round that covers a read, or a later one."""

    server: str
    number: int
    round: int
    acks: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Server:
    """A server, with what only traces need: reads beside the latest, and confirmations."""

    s: Any
    earlier: frozenset[tuple[int, int]] = frozenset()
    confirmed: frozenset[Confirmation] = frozenset()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.s, name)

    def but(self, **variables: Any) -> "Server":
        return replace(self, s=replace(self.s, **variables))


Taken = Iterable[tuple[Server, tuple[Any, ...]]]
"""Each way of taking a step: what a server is after it, and what it has sent."""
CRASH: Final = object()
EXTRA: Final = ("earlierReads", "confirmations")


class Liberties:
    """What a server may do with these features on."""

    def __init__(self, features: frozenset[Feature]) -> None:
        self.on = features
        self.node = ExtendedNode(SERVERS, VALUES, features=features, voters=SERVERS[:3])
        self.has_reads = Feature.READ_INDEX in features
        self.has_leases = Feature.LEASES in features
        self.is_changeable = Feature.MEMBERSHIP in features
        self.is_applied = Feature.APPLIED_MEMBERSHIP in features
        self.has_pre_vote = Feature.PRE_VOTE in features

    def beside(self, x: Server, after: Any, m: Any) -> Server:
        """Return a server after a step, with what becomes of what only traces need."""
        if not self.has_reads:
            return replace(x, s=after)
        left = {(read.server, read.number) for read in after.pending_reads}
        is_answer = isinstance(m, HeartbeatResponse) and m.term == x.current_term
        confirmed = frozenset(
            replace(c, acks=c.acks | {m.source}) if is_answer and m.round >= c.round else c
            for c in x.confirmed
            if (c.server, c.number) in left
        )
        leads = x.role is after.role is Role.LEADER
        earlier = frozenset[tuple[int, int]]() if m is CRASH else x.earlier
        return Server(after, earlier, confirmed if leads else frozenset())

    # What the node does

    def acted(self, x: Server, action: Any) -> Taken:
        """Take an action of the node."""
        if isinstance(action, CompactLog) and action.index > x.commit_index:
            return
        step = self.node.act(x.s, action)
        if step is None:
            return
        after = replace(x, s=step.state)
        match type(action).__name__:
            case "Timeout" | "CheckQuorum" | "Read" | "AnswerReads" | "LeaseRead" | "TakeLead":
                after = self.beside(x, step.state, None)
            case "BeginRound":
                after = self.covering(x, after)
        yield after, step.messages

    def covering(self, x: Server, after: Server) -> Server:
        """Return a leader whose new round covers the reads that it has noted."""
        new = {
            Confirmation(read.server, read.number, after.read_round)
            for read in x.pending_reads
            if not read.is_covered
        }
        return replace(after, confirmed=x.confirmed | new)

    def handle(self, x: Server, m: Any) -> Taken:
        step = self.node.receive(x.s, m)
        yield self.beside(x, step.state, m), step.messages

    # What RaftTrace.tla allows

    def sent(self, liberty: Callable[..., Any], x: Server, *given: Any) -> Taken:
        """Take a liberty of which features know nothing."""
        if (taken := liberty(self.node, x.s, *given)) is not None:
            yield replace(x, s=taken[0]), taken[1]

    def in_part(self, liberty: Callable[..., Any], x: Server, m: Any, *given: Any) -> Taken:
        """Take a message in part."""
        if (taken := liberty(self.node, x.s, m, *given)) is not None:
            after: Any = self.node.watched(x.s, Step(taken[0], taken[1], ()), m).state
            yield self.beside(x, after, m), taken[1]

    def adopt_term(self, x: Server, m: Any) -> Taken:
        is_asked = isinstance(m, PreVoteRequest)
        is_granted = isinstance(m, PreVoteResponse) and m.vote_granted
        is_ignored = Feature.CHECK_QUORUM in self.on and self.node.ignores(x.s, m)
        if m.term > x.current_term and not (is_asked or is_granted or is_ignored):
            step = self.node.watched(x.s, Step(self.node.update_term(x.s, m.term), (), ()))
            yield self.beside(x, step.state, None), ()

    def commit(self, x: Server, index: int) -> Taken:
        return self.sent(liberties.commit, x, index)

    def step_down(self, x: Server) -> Taken:
        if (taken := liberties.step_down(self.node, x.s)) is not None:
            step = self.node.watched(x.s, Step(taken[0], (), ()))
            yield self.beside(x, step.state, None), ()

    def take_lead(self, x: Server) -> Taken:
        if x.role is not Role.CANDIDATE or not self.node.has_quorum(x.s, x.votes_granted):
            return
        step = self.node.watched(x.s, Step(self.node.become_leader(x.s), (), ()))
        yield self.beside(x, step.state, None), ()

    def _settled(self, s: Any) -> int:
        if not self.is_applied:
            return 0
        last = self.node.latest_index(s, s.last_index)
        return max(int(s.configuration_index), self.node.latest_index(s, last - 1))

    def restart_at(self, x: Server, commit: int) -> Taken:
        if self._settled(x.s) <= commit and x.compacted <= commit <= x.commit_index:
            after = replace(self.node.restart(x.s), commit_index=commit)
            yield self.beside(x, after, CRASH), ()

    def restart_from(self, x: Server, commit: int, index: int) -> Taken:
        if not self.is_applied or index > x.configuration_index:
            return
        if index and self.node.latest_index(x.s, index) != index:
            return
        for after, sends in self.restart_at(x, commit):
            yield after.but(configuration_index=index), sends

    def refuse(self, x: Server, peer: str, kind: str) -> Taken:
        if kind != "PreVoteResponse":
            yield from self.sent(liberties.refuse, x, peer, kind)
        elif self.has_pre_vote and peer != x.me:
            yield x, (PreVoteResponse(x.me, peer, x.current_term, False),)

    # Pre-votes

    def _suits(self, x: Server, m: Any) -> bool:
        if not self.has_pre_vote or not isinstance(m, PreVoteRequest):
            return False
        return (m.last_log_term, m.last_log_index) >= (x.last_term, x.last_index)

    def _has_leader(self, x: Server) -> bool:
        return bool(x.heard_from_leader or x.role is Role.LEADER)

    def grant_in_same_term(self, x: Server, m: Any) -> Taken:
        if self._suits(x, m) and m.term == x.current_term and not self._has_leader(x):
            yield x, (PreVoteResponse(x.me, m.source, m.term, True),)

    def grant_in_spite_of_leader(self, x: Server, m: Any) -> Taken:
        if self._suits(x, m) and m.term > x.current_term and self._has_leader(x):
            yield x, (PreVoteResponse(x.me, m.source, m.term, True),)

    def grant_in_own_term(self, x: Server, m: Any) -> Taken:
        if self._suits(x, m) and m.term > x.current_term and not self._has_leader(x):
            yield x, (PreVoteResponse(x.me, m.source, x.current_term, True),)

    def refuse_in_term_asked(self, x: Server, m: Any) -> Taken:
        if self.has_pre_vote and isinstance(m, PreVoteRequest):
            yield x, (PreVoteResponse(x.me, m.source, m.term, False),)

    def forget_pre_votes(self, x: Server) -> Taken:
        if x.pre_votes_granted:
            yield x.but(pre_votes_granted=frozenset()), ()

    def count_of_earlier_term(self, x: Server, m: Any) -> Taken:
        is_yes = isinstance(m, PreVoteResponse) and m.vote_granted
        if is_yes and m.term <= x.current_term and x.pre_votes_granted:
            yield x.but(pre_votes_granted=x.pre_votes_granted | {m.source}), ()

    # Transfers

    def tell_to_stand(self, x: Server, peer: str) -> Taken:
        if Feature.LEADERSHIP_TRANSFER not in self.on or x.role is not Role.LEADER:
            return
        if peer != x.me and x.match_index[SERVERS.index(peer)] == x.last_index:
            yield x, (TimeoutNowRequest(x.me, peer, x.current_term),)

    def change_target(self, x: Server, peer: str) -> Taken:
        if Feature.LEADERSHIP_TRANSFER not in self.on or x.role is not Role.LEADER:
            return
        if peer != x.me and x.transfer_target not in (None, peer):
            yield x.but(transfer_target=peer), ()

    # Reads

    def _begun(self, x: Server, number: int) -> Server | None:
        if not self.has_reads or number <= x.read_number:
            return None
        earlier = x.earlier
        if x.read_index is not None:
            earlier |= {(x.read_number, x.read_index)}
            earlier = frozenset(e for e in earlier if not e[1] or e[1] > x.commit_index)
        return replace(x.but(read_number=number, read_index=0), earlier=earlier)

    def _is_open(self, x: Server, number: int) -> bool:
        return (number, 0) in {(x.read_number, x.read_index), *x.earlier}

    def _knowing(self, x: Server, number: int, index: int) -> Server:
        if number == x.read_number:
            return x.but(read_index=index)
        return replace(x, earlier=(x.earlier - {(number, 0)}) | {(number, index)})

    def _noted(self, x: Server, peer: str, number: int) -> Server | None:
        if not self.has_reads or x.role is not Role.LEADER:
            return None
        known = {(read.server, read.number) for read in x.pending_reads}
        if not self.node.knows_committed(x.s) or (peer, number) in known:
            return None
        read = PendingRead(peer, number, x.commit_index)
        return x.but(pending_reads=x.pending_reads | {read})

    def read_beside(self, x: Server, number: int) -> Taken:
        noted = self._noted(x, x.me, number)
        if noted is not None and (begun := self._begun(noted, number)) is not None:
            yield begun, ()

    def ask_read(self, x: Server, number: int) -> Taken:
        if (begun := self._begun(x, number)) is not None:
            yield begun, ()

    def note_own_read(self, x: Server, number: int) -> Taken:
        noted = self._noted(x, x.me, number)
        if noted is not None and self._is_open(x, number):
            yield noted, ()

    def request_beside(self, x: Server, peer: str, number: int) -> Taken:
        begun = self._begun(x, number)
        if begun is not None and peer != x.me and x.role is not Role.LEADER:
            yield begun, (ReadIndexRequest(x.me, peer, x.current_term, number),)

    def ask_again(self, x: Server, peer: str, number: int) -> Taken:
        if self.has_reads and peer != x.me and self._is_open(x, number):
            yield x, (ReadIndexRequest(x.me, peer, x.current_term, number),)

    def note_read(self, x: Server, m: Any) -> Taken:
        if isinstance(m, ReadIndexRequest):
            noted = self._noted(x, m.source, m.number)
            if noted is not None:
                yield noted, ()

    def begin_round_as(self, x: Server, number: int) -> Taken:
        if not self.has_reads or x.role is not Role.LEADER or number <= x.read_round:
            return
        after = x.but(
            read_round=number,
            round_acks=frozenset(),
            pending_reads=frozenset(replace(r, is_covered=True) for r in x.pending_reads),
            is_trusting=not x.is_lease_given_up if self.has_leases else x.is_trusting,
        )
        yield self.covering(x, after), ()

    def trust_clock(self, x: Server, peer: str, number: int) -> Taken:
        if not self.has_reads or x.role is not Role.LEADER:
            return
        for read in x.pending_reads:
            if (read.server, read.number) == (peer, number):
                others = x.pending_reads - {read}
                noted = x.but(pending_reads=others | {replace(read, index=x.commit_index)})
                new = Confirmation(peer, number, x.read_round, frozenset(SERVERS))
                yield replace(noted, confirmed=x.confirmed | {new}), ()

    def answer_read(self, x: Server, peer: str, number: int) -> Taken:
        if not self.has_reads or x.role is not Role.LEADER:
            return
        found = [c for c in x.confirmed if (c.server, c.number) == (peer, number)]
        for c in found:
            if self.node.has_quorum(x.s, c.acks | {x.me}):
                for read in x.pending_reads:
                    if (read.server, read.number) == (peer, number):
                        yield self._answered(x, c, read)

    def _answered(self, x: Server, c: Confirmation, read: PendingRead) -> Any:
        after = replace(x.but(pending_reads=x.pending_reads - {read}), confirmed=x.confirmed - {c})
        if read.server != x.me:
            index = read.index
            sent = ReadIndexResponse(x.me, read.server, x.current_term, read.number, index)
            return after, (sent,)
        if self._is_open(x, read.number):
            after = self._knowing(after, read.number, read.index)
        return after, ()

    def learn_index(self, x: Server, m: Any) -> Taken:
        if not self.has_reads or not isinstance(m, ReadIndexResponse):
            return
        if m.number != x.read_number and self._is_open(x, m.number):
            yield self._knowing(x, m.number, m.index), ()

    def serve_earlier(self, x: Server, number: int) -> Taken:
        if self.has_reads:
            for one, index in x.earlier:
                if one == number and 0 < index <= x.commit_index:
                    yield replace(x, earlier=x.earlier - {(one, index)}), ()

    # Changes of membership

    def _may_follow(self, s: Any, old: Configuration, new: Configuration) -> bool:
        if not new.voters or new.voters & new.learners:
            return False
        is_one = not new.outgoing_voters and len(old.voters ^ new.voters) <= 1
        if is_one and self.node.may_change(s):
            return True
        if Feature.JOINT_CONSENSUS not in self.on:
            return False
        if old.outgoing_voters:
            return not new.outgoing_voters and new.voters == old.voters
        return new.outgoing_voters == old.voters

    def change_to(self, x: Server, new: Configuration) -> Taken:
        if not self.is_changeable or x.role is not Role.LEADER or x.transfer_target is not None:
            return
        node = self.node
        if node.is_settled(x.s) and self._may_follow(x.s, node.in_force(x.s), new):
            value: Any = new
            yield x.but(log=(*x.log, Entry(x.current_term, value))), ()

    def apply_up_to(self, x: Server, index: int) -> Taken:
        if not self.is_applied or not x.configuration_index < index <= x.commit_index:
            return
        if self.node.latest_index(x.s, index) == index:
            yield x.but(configuration_index=index), ()


_NUMBERS: Final = range(4)
_TERMS: Final = range(1, 4)
_GROUPS: Final = tuple(
    frozenset(group) for size in range(4) for group in combinations(SERVERS, size)
)
_KINDS: Final = ("PreVoteResponse", "RequestVoteResponse", "AppendEntriesResponse")
Arguments = tuple[Sequence[Any], ...]
OF_THE_NODE: Final[Mapping[type[Any], Arguments]] = {
    Timeout: (),
    AppendEntries: (SERVERS, range(3)),
    InstallSnapshot: (SERVERS,),
    ClientRequest: (VALUES,),
    CompactLog: (_TERMS,),
    known.MissLeader: (),
    known.RequestPreVotes: (),
    known.CheckQuorum: (),
    known.TransferLeadership: (SERVERS,),
    known.AbortTransfer: (),
    known.TimeoutNow: (),
    known.Read: (),
    known.RequestReadIndex: (SERVERS,),
    known.Heartbeat: (SERVERS,),
    known.AnswerReads: (),
    known.ServeRead: (),
    known.LeaseRead: (),
    known.EndLease: (),
    known.EndPromise: (),
    known.BeginRound: (),
    known.AddServer: (SERVERS,),
    known.RemoveServer: (SERVERS,),
    known.AddLearner: (SERVERS,),
    known.PromoteLearner: (SERVERS,),
    known.EnterJoint: (_GROUPS,),
    known.LeaveJoint: (),
    known.ApplyConfiguration: (),
}
"""The actions that are the node's, and what their arguments may be."""
_CONFIGURATIONS: Final = "a configuration"
OWN: Final[Mapping[str, tuple[str, Arguments]]] = {
    "Commit": ("commit", (_NUMBERS,)),
    "TakeLead": ("take_lead", ()),
    "StepDown": ("step_down", ()),
    "RestartAt": ("restart_at", (_NUMBERS,)),
    "RestartFrom": ("restart_from", (_NUMBERS, _NUMBERS)),
    "Refuse": ("refuse", (SERVERS, _KINDS)),
    "ForgetPreVotes": ("forget_pre_votes", ()),
    "TellToStand": ("tell_to_stand", (SERVERS,)),
    "ChangeTarget": ("change_target", (SERVERS,)),
    "ReadBeside": ("read_beside", (_NUMBERS,)),
    "AskRead": ("ask_read", (_NUMBERS,)),
    "NoteOwnRead": ("note_own_read", (_NUMBERS,)),
    "RequestBeside": ("request_beside", (SERVERS, _NUMBERS)),
    "AskAgain": ("ask_again", (SERVERS, _NUMBERS)),
    "BeginRoundAs": ("begin_round_as", (_NUMBERS,)),
    "TrustClock": ("trust_clock", (SERVERS, _NUMBERS)),
    "AnswerRead": ("answer_read", (SERVERS, _NUMBERS)),
    "ServeEarlier": ("serve_earlier", (_NUMBERS,)),
    "ChangeTo": ("change_to", (_CONFIGURATIONS,)),
    "ApplyUpTo": ("apply_up_to", (_NUMBERS,)),
}
"""The liberties that a server takes on its own, and what their arguments may be."""
SENT: Final = ("SendEntries", "SendSnapshot", "MoveNextIndex", "ForgetMatch", "Acknowledge")
OF_A_MESSAGE: Final[Mapping[str, str]] = {
    "Handle": "handle",
    "AdoptTerm": "adopt_term",
    "GrantInSameTerm": "grant_in_same_term",
    "RefuseInTermAsked": "refuse_in_term_asked",
    "GrantInSpiteOfLeader": "grant_in_spite_of_leader",
    "GrantInOwnTerm": "grant_in_own_term",
    "CountOfEarlierTerm": "count_of_earlier_term",
    "NoteRead": "note_read",
    "LearnIndex": "learn_index",
}
"""What is made of a message."""
IN_PART: Final = (
    "ReceiveCommit", "LearnCommit", "NoteLeader", "RecordVote", "RecordMatch", "MatchSnapshot",
)  # fmt: skip
LIBERTIES: Final = (
    *(each.__name__ for each in OF_THE_NODE), *OWN, *SENT, *OF_A_MESSAGE, *IN_PART,
    "AcknowledgeLess", "DropMessage",
)  # fmt: skip


def server(source: random.Random, node: ExtendedNode) -> Server:
    """Return a server with reads beside its latest, and confirmations of those it has noted."""
    s = servers.server(source, node)
    if Feature.READ_INDEX not in node.features:
        return Server(s)
    numbers = [number for number in (1, 2, 3) if number != s.read_number]
    earlier = {(n, source.randint(0, 2)) for n in numbers if source.random() < 0.5}
    confirmed = {
        Confirmation(read.server, read.number, source.randint(1, 2), servers.some(source))
        for read in s.pending_reads
        if source.random() < 0.7
    }
    return Server(s, frozenset(earlier), frozenset(confirmed))


Asked = tuple[Any, tuple[Any, ...], frozenset[Any]]
"""A state, the arguments of an action there, and the states that it is to lead to."""


class _Cluster:
    """A cluster in which one server is given, and the others have just begun."""

    def __init__(self, features: frozenset[Feature]) -> None:
        self.liberties = Liberties(features)
        self.node = self.liberties.node
        self.mapping = ExtendedVariables(SERVERS, VALUES, features, SERVERS[:3])
        self._names = shared(EXTENDED_TRACE).variables
        self._of_views = frozenset(self._names) - {*EXTRA}
        self._begun: dict[str, Any] = {each: self.node.initial(each) for each in SERVERS}
        # One that is not as at first.
        self._others = dict(self._begun)
        self._others["s2"] = replace(
            self._begun["s2"],
            current_term=3,
            voted_for="s3",
            log=(Entry(1, VALUES[0]), Entry(2, VALUES[1])),
            commit_index=1,
        )

    def asked(self, x: Server, m: Any, source: random.Random) -> Iterator[tuple[str, Asked]]:
        """Yield of each action what is asked of the spec, and what it is to answer."""
        before = self._state(x, {m})
        for name in LIBERTIES:
            arguments, after = self._answer(name, x, m, source)
            states = frozenset(self._state(each, {*sends}) for each, sends in after)
            yield name, (before, arguments, states)

    def _answer(
        self, name: str, x: Server, m: Any, source: random.Random
    ) -> tuple[tuple[Any, ...], Taken]:
        own, received = self.mapping.server(x.me), self.mapping.message(m)
        taken, given, is_of_message = self._taken(name, x, m, source)
        arguments = tuple(map(self._value, given))
        if name == "DropMessage":
            return (received,), [(x, ())]
        if is_of_message:
            return (received, *arguments, frozenset()), taken
        who = received if name == "AcknowledgeLess" else own
        return (who, *arguments), [(each, (m, *sends)) for each, sends in taken]

    def _taken(
        self, name: str, x: Server, m: Any, source: random.Random
    ) -> tuple[list[Any], tuple[Any, ...], bool]:
        def chosen(kinds: Arguments) -> tuple[Any, ...]:
            return tuple(
                self._configuration(source, x) if of is _CONFIGURATIONS else source.choice(of)
                for of in kinds
            )

        own = self.liberties
        if name in _BY_NAME:
            given = chosen(OF_THE_NODE[_BY_NAME[name]])
            return [*own.acted(x, _BY_NAME[name](*given))], given, False
        if name in OWN:
            method, kinds = OWN[name]
            given = chosen(kinds)
            return [*getattr(own, method)(x, *given)], given, False
        if name in SENT:
            liberty, kinds = liberties.OWN[name]
            given = chosen(kinds)
            return [*own.sent(liberty, x, *given)], given, False
        if name in OF_A_MESSAGE:
            return [*getattr(own, OF_A_MESSAGE[name])(x, m)], (), True
        if name in IN_PART:
            liberty, kinds = liberties.OF_A_MESSAGE[name]
            given = chosen(kinds)
            return [*own.in_part(liberty, x, m, *given)], given, True
        if name == "DropMessage":
            return [], (), False
        given = chosen((_NUMBERS,))
        taken = liberties.acknowledge_less(self.node, x.s, m, *given)
        return [(x, taken[1])] if taken else [], given, False

    def _configuration(self, source: random.Random, x: Server) -> Configuration:
        """Return one that a leader could go on to, or nearly."""
        if not self.liberties.is_changeable:
            return Configuration(frozenset(SERVERS))
        old = self.node.in_force(x.s)
        new = servers.configuration(source, self.node)
        one = frozenset({source.choice(SERVERS)})
        match source.randrange(5):
            case 0:
                return replace(old, voters=old.voters ^ one, learners=old.learners - one)
            case 1:
                return replace(new, outgoing_voters=old.voters)
            case 2:
                return Configuration(old.voters, frozenset(), new.learners)
            case 3:
                return replace(old, voters=old.voters ^ one, outgoing_voters=frozenset())
            case _:
                return new

    def _value(self, argument: Any) -> Any:
        match argument:
            case Configuration():
                return self.mapping.value(argument)
            case frozenset():
                return frozenset(map(self.mapping.server, argument))
            case str() if argument in SERVERS:
                return self.mapping.server(argument)
            case str() if argument in VALUES:
                return self.mapping.value(argument)
            case _:
                return argument

    def initial(self) -> Any:
        """Return the state in which all have just begun."""
        return self._state_of(self._begun, Server(self._begun["s1"]), set())

    def _state(self, x: Server, messages: set[Any]) -> Any:
        return self._state_of(self._others, x, messages)

    def _state_of(self, others: dict[str, Any], x: Server, messages: set[Any]) -> Any:
        view = View({**others, x.me: x.s}, tuple(messages), (), 0, 0, 0)
        values = self.mapping.of(view, self._of_views)
        earlier: Any = (record({"number": n, "index": index}) for n, index in x.earlier)
        confirmed: Any = (
            record(
                {
                    "server": self.mapping.server(c.server),
                    "number": c.number,
                    "round": c.round,
                    "acks": frozenset(map(self.mapping.server, c.acks)),
                }
            )
            for c in x.confirmed
        )
        own = self.mapping.server(x.me)
        none: dict[Any, Any] = {self.mapping.server(each): frozenset() for each in SERVERS}
        values["earlierReads"] = function({**none, own: frozenset(earlier)})
        values["confirmations"] = function({**none, own: frozenset(confirmed)})
        return tuple(values[name] for name in self._names)


_BY_NAME: Final = {each.__name__: each for each in OF_THE_NODE}


@cache
def expected(
    features: frozenset[Feature], cases: int
) -> tuple[dict[str, Any], dict[str, list[Asked]]]:
    """Return the constants with these features on, and what is asked of each action."""
    cluster, source = _Cluster(features), random.Random(18)
    found: dict[str, list[Asked]] = {name: [] for name in LIBERTIES}
    for _ in range(cases):
        x = server(source, cluster.node)
        m = servers.message(source, cluster.node, x.s)
        for name, asked in cluster.asked(x, m, source):
            found[name].append(asked)
    return cluster.mapping.constants, found


def _differs(action: Action, asked: Sequence[Asked]) -> bool:
    """Say whether an action leads elsewhere than is expected, or has no value."""
    try:
        return any(
            frozenset(action.successors(before, *arguments)) != after
            for before, arguments, after in asked
        )
    except SpecError:
        return True


def initial_difference(features: frozenset[Feature], path: Path = EXTENDED_TRACE) -> str | None:
    """Return `Init` where a module begins otherwise than a cluster does; None if it does not."""
    cluster = _Cluster(features)
    try:
        begun = shared(path).transitions(cluster.mapping.constants, next="FALSE").initial()
    except SpecError as error:
        return str(error)
    return None if {*begun} == {cluster.initial()} else "Init"


def first_difference(
    features: frozenset[Feature],
    names: Sequence[str] = LIBERTIES,
    cases: int = CASES,
    path: Path = EXTENDED_TRACE,
) -> str | None:
    """Return the first of these liberties about which the two differ; None if there is none."""
    constants, asked = expected(features, cases)
    module = shared(path)
    for name in names:
        if _differs(module.action(name, constants), asked[name]):
            return name
    return None


_OF_EXTENDED: Final = {**{name: name for name in _BY_NAME}, "Handle": "Take"}
"""What of these actions ExtendedRaft.tla has, and what it is called there."""


@cache
def expected_of_node(
    features: frozenset[Feature], cases: int
) -> tuple[dict[str, Any], dict[str, list[Asked]]]:
    """Return the same of the actions of ExtendedRaft.tla, which knows nothing beside."""
    constants, asked = expected(features, cases)
    places = [at for at, name in enumerate(shared(EXTENDED_TRACE).variables) if name not in EXTRA]

    def within(state: Any) -> Any:
        return tuple(state[at] for at in places)

    found = {
        other: [
            (within(b), given, frozenset(map(within, after))) for b, given, after in asked[name]
        ]
        for name, other in _OF_EXTENDED.items()
    }
    return constants, found


def difference_of_node(
    features: frozenset[Feature],
    names: Sequence[str] = (),
    cases: int = CASES,
    path: Path = EXTENDED,
) -> str | None:
    """Return the first action of ExtendedRaft.tla about which spec and node differ; None if none.

    All are asked of where none is named.
    """
    constants, asked = expected_of_node(features, cases)
    module = shared(path)
    for name in names or asked:
        if _differs(module.action(name, constants), asked[name]):
            return name
    return None


def actions_of_extended() -> Sequence[str]:
    """Return the names of the actions of ExtendedRaft.tla that are asked of."""
    return [*_OF_EXTENDED.values()]
