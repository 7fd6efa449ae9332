"""The inductive invariant of reads: what its conjuncts add to those of Raft.

The core is `StaleLeaderHasNoQuorum`: an entry of a higher term is committed only once a quorum has
left the leader's term, and of these servers none answers a round that began after that.
"""

import z3

from raft_ref.spec.proof.invariant import Conjunct, implies
from raft_ref.spec.proof.relations import (
    every,
    index_le,
    is_in,
    member,
    some,
    term_le,
    term_lt,
)

READ_PROPERTIES = (
    Conjunct(
        "LinearizableReads",
        "a read returns every entry that was committed when it was asked",
        "thesis, 6.4",
        lambda s: every(
            "r iy tc ic vc t i v ij te vw",
            lambda r, to, tc, ic, vc, t, i, v, j, e, w: implies(
                s.readServed(r, to, tc, ic, vc), s.readHistory(r, t, i, v),
                s.leaderLog(t, j, e, w), index_le(j, i), s.readReturned(r, j, e, w),
            ),
        ),
    ),
    Conjunct(
        "ReadsAreOfCommitted",
        "a read returns no entry that is not committed",
        "thesis, 6.4",
        lambda s: every(
            "r iy tc ic vc i te v",
            lambda r, to, tc, ic, vc, i, e, v: implies(
                s.readServed(r, to, tc, ic, vc), s.readReturned(r, i, e, v),
                z3.And(s.committed(tc, ic, vc), s.leaderLog(tc, i, e, v), index_le(i, ic)),
            ),
        ),
    ),
)  # fmt: skip
"""What the proof of reads is for: it follows from the conjuncts."""

READ_CONJUNCTS = (
    Conjunct(
        "ReadWasAsked",
        "nothing is known of a read that was not asked",
        "bookkeeping",
        lambda s: every(
            "r t i v h iy",
            lambda r, t, i, v, h, j: implies(
                z3.Or(
                    s.readHistory(r, t, i, v), s.readNoted(t, r, i), s.roundCovers(t, h, r),
                    s.readConfirmed(r, i), s.readServed(r, j, t, i, v),
                ),
                s.readAsked(r),
            ),
        ),
    ),
    Conjunct(
        "RoundWasBegun",
        "nobody has answered a round that was not begun",
        "bookkeeping",
        lambda s: every(
            "s t h", lambda x, t, h: implies(s.roundAnswered(x, t, h), s.roundBegun(t, h))
        ),
    ),
    Conjunct(
        "HistoryIsCommitted",
        "what was committed when a read was asked is",
        "bookkeeping",
        lambda s: every(
            "r t i v", lambda r, t, i, v: implies(s.readHistory(r, t, i, v), s.committed(t, i, v))
        ),
    ),
    Conjunct(
        "LeaderKnowsCommitted",
        "a leader's commitIndex is no lower than what was committed in its term",
        "Raft paper, 5.3",
        lambda s: every(
            "s t i v",
            lambda x, t, i, v: implies(
                s.isLeader(x), is_in(s, x, t), s.committed(t, i, v), s.applied(x, i, t, i, v)
            ),
        ),
    ),
    Conjunct(
        "NotedCoversHistory",
        "the index that a leader noted for a read is no lower than what was committed in its term, "
        "or in lower ones, when the read was asked",
        "thesis, 6.4",
        lambda s: every(
            "r t i v tu iy",
            lambda r, t, i, v, u, to: implies(
                s.readHistory(r, t, i, v), s.readNoted(u, r, to), term_le(t, u), index_le(i, to)
            ),
        ),
    ),
    Conjunct(
        "StaleLeaderHasNoQuorum",
        "where something was committed in a higher term when a read was asked, a quorum has left "
        "the leader's term without answering a round that began after the read was noted",
        "thesis, 6.4",
        lambda s: every(
            "r t i v tu",
            lambda r, t, i, v, u: implies(
                s.readHistory(r, t, i, v), term_lt(u, t),
                some("q", lambda q: every(
                    "s", lambda x: implies(
                        member(x, q),
                        z3.And(s.left(x, u), every(
                            "h", lambda h: z3.Not(
                                z3.And(s.roundCovers(u, h, r), s.roundAnswered(x, u, h))
                            )
                        )),
                    )
                )),
            ),
        ),
    ),
    Conjunct(
        "ConfirmedCoversHistory",
        "the index that a quorum has confirmed for a read is no lower than all that was committed "
        "when the read was asked",
        "thesis, 6.4",
        lambda s: every(
            "r t i v iy",
            lambda r, t, i, v, to: implies(
                s.readHistory(r, t, i, v), s.readConfirmed(r, to), index_le(i, to)
            ),
        ),
    ),
    Conjunct(
        "ServedCoversHistory",
        "the commitIndex that a read was served at is no lower either",
        "thesis, 6.4",
        lambda s: every(
            "r t i v iy tc ic vc",
            lambda r, t, i, v, to, tc, ic, vc: implies(
                s.readHistory(r, t, i, v), s.readServed(r, to, tc, ic, vc), index_le(i, to)
            ),
        ),
    ),
    Conjunct(
        "ServedIsCommitted",
        "the commitIndex that a read was served at is no higher than what was committed",
        "Raft paper, 5.3",
        lambda s: every(
            "r iy tc ic vc",
            lambda r, to, tc, ic, vc: implies(
                s.readServed(r, to, tc, ic, vc), z3.And(s.committed(tc, ic, vc), index_le(to, ic))
            ),
        ),
    ),
    Conjunct(
        "ReturnedMatches",
        "a read returns the log of the leader that committed, up to the commitIndex of the server",
        "Raft paper, 5.4.3",
        lambda s: every(
            "r iy tc ic vc i te v",
            lambda r, to, tc, ic, vc, i, e, v: implies(
                s.readServed(r, to, tc, ic, vc),
                s.readReturned(r, i, e, v)
                == z3.And(s.leaderLog(tc, i, e, v), index_le(i, to)),
            ),
        ),
    ),
)  # fmt: skip
"""What holds at first and is kept by every action, together with the conjuncts of Raft."""
