"""The words of the proof of reads, beside those of the proof of Raft.

`readHistory` is a ghost, which no action reads; `readServed` and `readReturned` are read only so
that a read is answered once.
"""

from collections.abc import Mapping
from typing import Any

from raft_ref.spec.proof.relations import RELATIONS, Index, Read, Round, Server, Term, Value

READ_RELATIONS: Mapping[str, tuple[Any, ...]] = {
    "readAsked": (Read,),
    "readHistory": (Read, Term, Index, Value),
    "readNoted": (Term, Read, Index),
    "roundBegun": (Term, Round),
    "roundCovers": (Term, Round, Read),
    "roundAnswered": (Server, Term, Round),
    "readConfirmed": (Read, Index),
    "readServed": (Read, Index, Term, Index, Value),
    "readReturned": (Read, Index, Term, Value),
}
"""The relations that reads add, and their sorts.

readAsked: a client has asked, at some server, and every leader may have been told. readHistory:
this entry (term, index, value) was committed then. readNoted: the leader of a term has noted its
commitIndex for the read. roundBegun: it has begun a round of heartbeats. roundCovers: the read was
noted by then. roundAnswered: the server has answered that round, in that term. readConfirmed: a
quorum has, and whoever was asked may serve the read from that index on. readServed: it was served
by a server with this commitIndex, on account of that committed entry (as `applied`). readReturned:
the entries (index, term, value) that it was served from.
"""

ALL_RELATIONS: Mapping[str, tuple[Any, ...]] = {**RELATIONS, **READ_RELATIONS}
