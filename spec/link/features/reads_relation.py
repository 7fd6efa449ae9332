"""The proof's protocol of reads beside a node with ReadIndex.

What a server does for reads is told as actions of `spec.proof.reads.protocol`, after those of Raft
that the step is: a read is asked, noted, confirmed, served; a round is begun, and answered. A read
is who was asked and its number, a round its number in its leader's term.

Only safety is followed: what a server leaves undone of reads, the proof allows it to. Leases are
none of the proof's, and a node has them off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from raft_ref import ServerId
from raft_ref.features import (
    AnswerReads,
    HeartbeatRequest,
    HeartbeatResponse,
    ReadIndexRequest,
    ReadIndexResponse,
    ServeRead,
)
from raft_ref.features.state import PendingRead, ReadingState
from raft_ref.spec.link.features.simulation_relation import HidingSimulationRelation
from raft_ref.spec.link.simulation_relation import (
    ServerStep,
    StrayedError,
    Taken,
    strayed_after,
    witness,
)
from raft_ref.spec.proof.action import Action
from raft_ref.spec.proof.evaluation import Structure
from raft_ref.spec.proof.reads.invariant import READ_CONJUNCTS, READ_PROPERTIES
from raft_ref.spec.proof.reads.protocol import protocol_with_reads
from raft_ref.spec.proof.reads.relations import ALL_RELATIONS
from raft_ref.state import Role

_ASK, _NOTE, _SERVE = "AskRead", "NoteReadIndex", "ServeRead"
_BEGIN, _ANSWER, _CONFIRM = "BeginRound", "AnswerRound", "ConfirmRead"


class ReadsSimulationRelation(HidingSimulationRelation):
    """Follows servers with reads; see `SimulationRelation`.

    Arguments: as that has them; the most reads of a server, and the most rounds of a term.
    """

    sorts = ALL_RELATIONS
    properties = (*HidingSimulationRelation.properties, *READ_PROPERTIES)
    conjuncts = (*HidingSimulationRelation.conjuncts, *READ_CONJUNCTS)

    def __init__(
        self,
        servers: Sequence[ServerId],
        values: Sequence[str],
        max_term: int,
        max_index: int,
        *,
        max_reads: int,
        max_rounds: int,
    ) -> None:
        super().__init__(servers, values, max_term, max_index)
        numbers = range(1, max_reads + 1)
        self._elements["Read"] = tuple((server, n) for server in servers for n in numbers)
        self._elements["Round"] = tuple(range(1, max_rounds + 1))

    def _protocol(self) -> Mapping[str, Action]:
        return protocol_with_reads().actions

    def follow(self, abstract: Structure, step: ServerStep) -> tuple[Structure, list[Taken]]:
        """Follow a step, with what it is of reads.

        Raises as that of Raft does.
        """
        abstract, taken = super().follow(abstract, step)
        for each in self._of_reads(abstract, step):
            abstract = self._take(abstract, each, taken)
        wrong = next(_unlike(abstract.relations, step), None)
        if wrong is not None:
            raise strayed_after(taken, wrong)
        return abstract, taken

    def _of_reads(self, abstract: Structure, step: ServerStep) -> Iterator[Taken]:
        before: Any = step.before
        after: Any = step.after
        me, term, message = after.me, after.current_term, step.received
        for number in range(before.read_number + 1, after.read_number + 1):
            yield Taken(_ASK, (me, (me, number)))
        for read in sorted(_noted(after) - _noted(before)):
            yield Taken(_NOTE, (me, term, *read, *_own_commit(abstract, me, term)))
        if after.read_round > before.read_round:
            yield Taken(_BEGIN, (me, term, after.read_round))
        if isinstance(message, HeartbeatRequest) and message.term == term:
            yield Taken(_ANSWER, (me, term, message.round))
        if step.action == AnswerReads():
            answered = before.round_acks | {me}
            if answered not in self._elements["Quorum"]:
                raise StrayedError(f"{me} answers reads without a quorum")
            for read in sorted(_noted(before) - _noted(after)):
                yield Taken(_CONFIRM, (me, term, *read, answered))
        if step.action == ServeRead():
            at = before.commit_index
            because = witness(abstract, "applied", me, at)
            read = (me, before.read_number)
            yield Taken(_SERVE, (me, read, before.read_index, at, *because))


_Named = tuple[ServerId, int]
"""A read as the proof has it."""


def _named(read: PendingRead) -> _Named:
    return read.server, read.number


def _noted(server: ReadingState) -> set[tuple[_Named, int]]:
    return {(_named(read), read.index) for read in server.pending_reads}


def _own_commit(abstract: Structure, leader: ServerId, term: int) -> tuple[int, Any]:
    """Return the last entry of its term that a leader has committed, its index and its value."""
    own = [
        (at, value)
        for server, index, of, at, value in abstract.relations["applied"]
        if (server, of) == (leader, term) and index == at
    ]
    if not own:
        raise StrayedError(f"{leader} notes a read, and has committed nothing in term {term}")
    return max(own)


def _unlike(relations: Mapping[str, frozenset[Any]], step: ServerStep) -> Iterator[str]:
    """Yield what an abstract state does not show of a server's reads, and of what it has sent."""
    server: Any = step.after
    yield from _unlike_read(relations, server)
    yield from _unlike_rounds(relations, server)
    for message in step.sends:
        if not _is_shown(relations, message):
            yield f"the proof knows of no {message}"


def _unlike_read(relations: Mapping[str, frozenset[Any]], server: ReadingState) -> Iterator[str]:
    me = server.me
    asked = {number for ((name, number),) in relations["readAsked"] if name == me}
    if asked != {*range(1, server.read_number + 1)}:
        yield f"{me} was asked {sorted(asked)} in the proof, {server.read_number} in the node"
    if server.read_index:
        latest = (me, server.read_number)
        if (latest, server.read_index) not in relations["readConfirmed"]:
            yield f"no quorum has confirmed {server.read_index} for read {latest} in the proof"


def _unlike_rounds(relations: Mapping[str, frozenset[Any]], server: ReadingState) -> Iterator[str]:
    me, term, current = server.me, server.current_term, server.read_round
    for read in sorted(server.pending_reads, key=_named):
        if (term, _named(read), read.index) not in relations["readNoted"]:
            yield f"the proof knows of no {read} that is noted"
        if read.is_covered and (term, current, _named(read)) not in relations["roundCovers"]:
            yield f"round {current} does not cover {read} in the proof"
    begun = max((number for of, number in relations["roundBegun"] if of == term), default=0)
    if server.role is Role.LEADER and begun != current:
        yield f"the round of {me} is {begun} in the proof, {current} in the node"
    for each in sorted(server.round_acks):
        if (each, term, current) not in relations["roundAnswered"]:
            yield f"{each} has not answered round {current} of {me} in the proof"


def _is_shown(relations: Mapping[str, frozenset[Any]], message: Any) -> bool:
    match message:
        case HeartbeatRequest(_, _, term, number):
            return (term, number) in relations["roundBegun"]
        case HeartbeatResponse(source, _, term, number):
            return not number or (source, term, number) in relations["roundAnswered"]
        case ReadIndexRequest(source, _, _, number):
            return ((source, number),) in relations["readAsked"]
        case ReadIndexResponse(_, dest, _, number, index):
            return ((dest, number), index) in relations["readConfirmed"]
    return True
