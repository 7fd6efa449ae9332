"""The inductive invariant: conjuncts, each with a name, a sentence and its source.

The properties that the proof is for come first; the rest is what makes them inductive.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import z3

from raft_ref.spec.proof.relations import (
    ZERO,
    Formula,
    State,
    every,
    index_le,
    index_lt,
    is_in,
    member,
    some,
    term_le,
    term_lt,
)


class Conjunct(NamedTuple):
    """A part of the invariant."""

    name: str
    says: str
    source: str
    of: Callable[[State], Formula]
    first_failure: Callable[[State], Formula] | None = None
    """That it fails, and for none that is lower: the orders are well-founded. None: that it fails.

    What has no first failure has none."""

    def fails(self, state: State) -> Formula:
        """Return what has no model if the conjunct holds."""
        return z3.Not(self.of(state)) if self.first_failure is None else self.first_failure(state)


def implies(*parts: Formula) -> Formula:
    """Return that all parts but the last imply that."""
    return z3.Implies(z3.And(*parts[:-1]), parts[-1])


def lower_are_left(s: State, server: Formula, term: Formula) -> Formula:
    """Say that a server has left all terms below one."""
    return every("tz", lambda t: implies(term_lt(t, term), s.left(server, t)))


def _matches(mine: Callable[..., Formula], theirs: Callable[..., Formula], to: Formula) -> Formula:
    """Say that two logs are one up to an index."""
    return every(
        "iz tz vz",
        lambda i, t, v: implies(index_le(i, to), mine(i, t, v) == theirs(i, t, v)),
    )


def may_choose(s: State, q: Formula, term: Formula, i: Formula) -> Formula:
    """Say that a quorum has acknowledged an entry of a leader, or still can."""
    return every(
        "sz",
        lambda x: implies(member(x, q), z3.Or(s.acknowledged(x, term, i), z3.Not(s.left(x, term)))),
    )


_EVERY = (
    Conjunct(
        "ElectionSafety",
        "there is one leader in a term",
        "Raft paper, 5.2; RaftInvariants.tla",
        lambda s: every(
            "sa sb t",
            lambda a, b, t: implies(
                s.isLeader(a), s.isLeader(b), is_in(s, a, t), is_in(s, b, t), a == b
            ),
        ),
    ),
    Conjunct(
        "LogMatching",
        "two logs with an entry of one index and term are one up to it",
        "Raft paper, 5.3; RaftInvariants.tla",
        lambda s: every(
            "sa sb i t va vb",
            lambda a, b, i, t, va, vb: implies(
                s.log(a, i, t, va), s.log(b, i, t, vb),
                _matches(partial(s.log, a), partial(s.log, b), i),
            ),
        ),
    ),
    Conjunct(
        "LeaderCompleteness",
        "what was committed in a term is in the logs of the leaders of all higher terms",
        "Raft paper, 5.4; RaftInvariants.tla",
        lambda s: every(
            "t tu i v",
            lambda t, u, i, v: implies(
                s.committed(t, i, v), s.started(u), term_lt(t, u),
                _matches(partial(s.leaderLog, t), partial(s.leaderLog, u), i),
            ),
        ),
    ),
    Conjunct(
        "StateMachineSafety",
        "no two servers apply different entries at one index",
        "Raft paper, 5.4.3; RaftInvariants.tla",
        lambda s: every(
            "sa sb i ta tb ia ib va vb te tf v vw",
            lambda a, b, i, ta, tb, ia, ib, va, vb, e, f, v, w: implies(
                s.applied(a, i, ta, ia, va), s.applied(b, i, tb, ib, vb),
                s.log(a, i, e, v), s.log(b, i, f, w), z3.And(e == f, v == w),
            ),
        ),
    ),
    # ---- Votes and terms
    Conjunct(
        "OneVote",
        "a server votes once in a term",
        "Raft paper, 5.2",
        lambda s: every(
            "s t sa sb",
            lambda x, t, a, b: implies(s.voted(x, t, a), s.voted(x, t, b), a == b),
        ),
    ),
    Conjunct(
        "VoteLeavesLowerTerms",
        "who has voted in a term has left all lower ones",
        "Raft paper, 5.1",
        lambda s: every(
            "s t sa", lambda x, t, a: implies(s.voted(x, t, a), lower_are_left(s, x, t))
        ),
    ),
    Conjunct(
        "VoteWasRequested",
        "a vote goes to who has asked for it",
        "Raft paper, figure 2",
        lambda s: every("s t sa", lambda x, t, a: implies(s.voted(x, t, a), s.requested(a, t))),
    ),
    Conjunct(
        "RequestLeavesLowerTerms",
        "who has asked for votes in a term has left all lower ones",
        "Raft paper, 5.2",
        lambda s: every("s t", lambda x, t: implies(s.requested(x, t), lower_are_left(s, x, t))),
    ),
    Conjunct(
        "LeftDownwards",
        "who has left a term has left all lower ones",
        "Raft paper, 5.1",
        lambda s: every(
            "s t tu", lambda x, t, u: implies(s.left(x, t), term_le(u, t), s.left(x, u))
        ),
    ),
    Conjunct(
        "CandidateRequested",
        "a candidate has asked for votes in its term",
        "Raft paper, 5.2",
        lambda s: every(
            "s t", lambda x, t: implies(s.isCandidate(x), is_in(s, x, t), s.requested(x, t))
        ),
    ),
    Conjunct(
        "CandidateDoesNotLead",
        "a candidate has not been elected in its term",
        "Raft paper, 5.2",
        lambda s: every(
            "s t", lambda x, t: implies(s.isCandidate(x), is_in(s, x, t), z3.Not(s.leads(t, x)))
        ),
    ),
    Conjunct(
        "LeaderLeads",
        "a leader was elected in its term",
        "Raft paper, 5.2",
        lambda s: every("s t", lambda x, t: implies(s.isLeader(x), is_in(s, x, t), s.leads(t, x))),
    ),
    Conjunct(
        "OneElected",
        "one server is elected in a term",
        "Raft paper, 5.2",
        lambda s: every(
            "t sa sb", lambda t, a, b: implies(s.leads(t, a), s.leads(t, b), a == b)
        ),
    ),
    Conjunct(
        "LeaderRequested",
        "who was elected in a term had asked for votes, and the term has started",
        "Raft paper, 5.2",
        lambda s: every(
            "t s", lambda t, x: implies(s.leads(t, x), z3.And(s.requested(x, t), s.started(t)))
        ),
    ),
    Conjunct(
        "StartedByQuorum",
        "in a term that has started, a quorum voted for its leader",
        "Raft paper, 5.2",
        lambda s: every(
            "t",
            lambda t: implies(
                s.started(t),
                some("q", lambda q: every(
                    "s sl", lambda x, c: implies(member(x, q), s.leads(t, c), s.voted(x, t, c))
                )),
            ),
        ),
    ),
    Conjunct(
        "StartedHasLeader",
        "a term that has started has a leader",
        "Raft paper, 5.2",
        lambda s: every("t", lambda t: implies(s.started(t), some("s", lambda x: s.leads(t, x)))),
    ),
    # ---- Logs
    Conjunct(
        "LogIsFunction",
        "a log has one entry at an index, and none at 0",
        "Raft paper, 5.3",
        lambda s: every(
            "s i ta tb va vb",
            lambda x, i, a, b, va, vb: implies(
                s.log(x, i, a, va), s.log(x, i, b, vb), z3.And(a == b, va == vb, i != ZERO)
            ),
        ),
    ),
    Conjunct(
        "LeaderLogIsFunction",
        "the log of a term's leader has one entry at an index, and none at 0",
        "Raft paper, 5.3",
        lambda s: every(
            "t i ta tb va vb",
            lambda t, i, a, b, va, vb: implies(
                s.leaderLog(t, i, a, va), s.leaderLog(t, i, b, vb),
                z3.And(a == b, va == vb, i != ZERO),
            ),
        ),
    ),
    Conjunct(
        "LogFromLeaders",
        "an entry is in the log of its term's leader, and that term has started",
        "Raft paper, 5.3",
        lambda s: every(
            "s i t v",
            lambda x, i, t, v: implies(
                s.log(x, i, t, v),
                z3.And(s.leaderLog(t, i, t, v), s.started(t)),
            ),
        ),
    ),
    Conjunct(
        "LogMatchesLeaders",
        "a log is that of an entry's leader up to the entry",
        "Raft paper, 5.3",
        lambda s: every(
            "s i t v",
            lambda x, i, t, v: implies(
                s.log(x, i, t, v), _matches(partial(s.log, x), partial(s.leaderLog, t), i)
            ),
        ),
    ),
    Conjunct(
        "LeaderLogFromLeaders",
        "an entry of a leader's log is in the log of its own term's leader",
        "Raft paper, 5.3",
        lambda s: every(
            "tu i t v",
            lambda u, i, t, v: implies(
                s.leaderLog(u, i, t, v),
                z3.And(s.leaderLog(t, i, t, v), s.started(t), s.started(u), term_le(t, u)),
            ),
        ),
    ),
    Conjunct(
        "LeaderLogMatchesLeaders",
        "a leader's log is that of an entry's leader up to the entry",
        "Raft paper, 5.3",
        lambda s: every(
            "tu i t v",
            lambda u, i, t, v: implies(
                s.leaderLog(u, i, t, v),
                _matches(partial(s.leaderLog, u), partial(s.leaderLog, t), i),
            ),
        ),
    ),
    Conjunct(
        "CandidateLogFromLeaders",
        "the entries of a candidate are of lower terms, and in the logs of their leaders",
        "Raft paper, 5.3",
        lambda s: every(
            "s tu i t v",
            lambda x, u, i, t, v: implies(
                s.candidateLog(x, u, i, t, v),
                z3.And(s.requested(x, u), s.leaderLog(t, i, t, v), s.started(t), term_lt(t, u)),
            ),
        ),
    ),
    Conjunct(
        "CandidateLogMatchesLeaders",
        "a candidate's log is that of an entry's leader up to the entry",
        "Raft paper, 5.3",
        lambda s: every(
            "s tu i t v",
            lambda x, u, i, t, v: implies(
                s.candidateLog(x, u, i, t, v),
                _matches(partial(s.candidateLog, x, u), partial(s.leaderLog, t), i),
            ),
        ),
    ),
    Conjunct(
        "CandidateLogIsLog",
        "the log of a candidate is as when it asked for votes",
        "Raft paper, 5.4.1",
        lambda s: every(
            "s t i te v",
            lambda x, t, i, e, v: implies(
                s.isCandidate(x), is_in(s, x, t), s.log(x, i, e, v) == s.candidateLog(x, t, i, e, v)
            ),
        ),
    ),
    Conjunct(
        "LeaderLogIsLog",
        "the log of a leader is that of its term's leader",
        "Raft paper, 5.3",
        lambda s: every(
            "s t i te v",
            lambda x, t, i, e, v: implies(
                s.isLeader(x), is_in(s, x, t), s.log(x, i, e, v) == s.leaderLog(t, i, e, v)
            ),
        ),
    ),
    Conjunct(
        "EntryTermsWereReached",
        "who has an entry has left all terms below the entry's",
        "Raft paper, 5.1",
        lambda s: every(
            "s i t v", lambda x, i, t, v: implies(s.log(x, i, t, v), lower_are_left(s, x, t))
        ),
    ),
    Conjunct(
        "LeaderTermsMonotonic",
        "terms do not go down along a leader's log",
        "Raft paper, 5.3, 5.4.2",
        lambda s: every(
            "t i ij ta tb va vb",
            lambda t, i, j, a, b, va, vb: implies(
                s.leaderLog(t, i, a, va), s.leaderLog(t, j, b, vb), index_lt(i, j), term_le(a, b)
            ),
        ),
    ),
    Conjunct(
        "LeaderLogIsUsed",
        "the indices of a leader's log are known",
        "bookkeeping",
        lambda s: every(
            "t i te v", lambda t, i, e, v: implies(s.leaderLog(t, i, e, v), s.leaderUsed(t, i))
        ),
    ),
    # ---- Messages
    Conjunct(
        "AppendedFromLeader",
        "a request carries an entry of the leader's log",
        "Raft paper, 5.3",
        lambda s: every(
            "t ip tp i te v",
            lambda t, ip, tp, i, e, v: implies(
                s.appended(t, ip, tp, i, e, v), z3.And(s.leaderLog(t, i, e, v), index_lt(ip, i))
            ),
        ),
    ),
    Conjunct(
        "AppendedBehindPrevious",
        "nothing is between the entry of a request and the one that it names as the one before",
        "Raft paper, 5.3",
        lambda s: every(
            "t ip tp i te v ix",
            lambda t, ip, tp, i, e, v, x: implies(
                s.appended(t, ip, tp, i, e, v), z3.Not(z3.And(index_lt(ip, x), index_lt(x, i)))
            ),
        ),
    ),
    Conjunct(
        "AppendedPreviousFromLeader",
        "the entry that a request names as the one before is of the leader's log",
        "Raft paper, 5.3",
        lambda s: every(
            "t ip tp i te v",
            lambda t, ip, tp, i, e, v: implies(
                s.appended(t, ip, tp, i, e, v),
                z3.Or(ip == ZERO, some("vp", lambda vp: s.leaderLog(t, ip, tp, vp))),
            ),
        ),
    ),
    Conjunct(
        "AskedFromLeader",
        "the entry that a request without entries names is of the leader's log",
        "Raft paper, 5.3",
        lambda s: every(
            "t ip tp",
            lambda t, ip, tp: implies(
                s.asked(t, ip, tp),
                z3.Or(ip == ZERO, some("vp", lambda vp: s.leaderLog(t, ip, tp, vp))),
            ),
        ),
    ),
    Conjunct(
        "AcknowledgedIsUsed",
        "a response names an index of the leader's log",
        "Raft paper, 5.3",
        lambda s: every(
            "s t i", lambda x, t, i: implies(s.acknowledged(x, t, i), s.leaderUsed(t, i))
        ),
    ),
    Conjunct(
        "AcknowledgedReached",
        "who has acknowledged in a term has left all lower ones",
        "Raft paper, 5.1",
        lambda s: every(
            "s t i", lambda x, t, i: implies(s.acknowledged(x, t, i), lower_are_left(s, x, t))
        ),
    ),
    # ---- What may be chosen
    Conjunct(
        "ChoosableIsKept",
        "who has acknowledged what a quorum may choose still has it",
        "Raft paper, 5.4.3",
        lambda s: every(
            "s q t i v",
            lambda x, q, t, i, v: implies(
                s.acknowledged(x, t, i), s.leaderLog(t, i, t, v), may_choose(s, q, t, i),
                s.log(x, i, t, v),
            ),
        ),
    ),
    Conjunct(
        "ChoosableIsVotedFor",
        "for whom a server that has acknowledged it votes later, has it",
        "Raft paper, 5.4.3",
        lambda s: every(
            "s sc q t tu i v",
            lambda x, c, q, t, u, i, v: implies(
                s.acknowledged(x, t, i), s.leaderLog(t, i, t, v), may_choose(s, q, t, i),
                s.voted(x, u, c), term_lt(t, u), s.candidateLog(c, u, i, t, v),
            ),
        ),
    ),
    Conjunct(
        "ChoosableIsLed",
        "the leaders of all higher terms have it",
        "Raft paper, 5.4.3",
        lambda s: every(
            "q t tu i v",
            lambda q, t, u, i, v: implies(
                s.leaderLog(t, i, t, v), may_choose(s, q, t, i), s.started(u), term_lt(t, u),
                s.leaderLog(u, i, t, v),
            ),
        ),
    ),
    # ---- Who knows of it
    Conjunct(
        "UsedIsStarted",
        "only a term that has started has a leader's log",
        "bookkeeping",
        lambda s: every("t i", lambda t, i: implies(s.leaderUsed(t, i), s.started(t))),
    ),
    Conjunct(
        "AcknowledgedIsKept",
        "who is still in a term has the log of its leader, up to what it acknowledged",
        "Raft paper, 5.3",
        lambda s: every(
            "s t i",
            lambda x, t, i: implies(
                s.acknowledged(x, t, i), z3.Not(s.left(x, t)),
                _matches(partial(s.log, x), partial(s.leaderLog, t), i),
            ),
        ),
    ),
    Conjunct(
        "LeaderAcknowledges",
        "a leader has the entries of its own term",
        "Raft paper, 5.3",
        lambda s: every(
            "s t i v",
            lambda x, t, i, v: implies(
                s.isLeader(x), is_in(s, x, t), s.leaderLog(t, i, t, v), s.acknowledged(x, t, i)
            ),
        ),
    ),
    Conjunct(
        "MatchIndexAcknowledged",
        "a leader's matchIndex was acknowledged in its term",
        "Raft paper, figure 2",
        lambda s: every(
            "s sf t i",
            lambda x, f, t, i: implies(
                s.isLeader(x), is_in(s, x, t), s.matched(x, f, i), s.acknowledged(f, t, i)
            ),
        ),
    ),
    Conjunct(
        "AppliedIsCommitted",
        "a server's commitIndex is no higher than what was committed, in a term that it reached",
        "Raft paper, 5.3",
        lambda s: every(
            "s i t ij v",
            lambda x, i, t, j, v: implies(
                s.applied(x, i, t, j, v),
                z3.And(s.committed(t, j, v), index_le(i, j), lower_are_left(s, x, t)),
            ),
        ),
    ),
    Conjunct(
        "AppliedMatches",
        "up to its commitIndex a server has the log of the leader that committed it",
        "Raft paper, 5.3, 5.4.3",
        lambda s: every(
            "s i t ij v",
            lambda x, i, t, j, v: implies(
                s.applied(x, i, t, j, v),
                _matches(partial(s.log, x), partial(s.leaderLog, t), i),
            ),
        ),
    ),
    Conjunct(
        "ToldIsCommitted",
        "a leaderCommit is no higher than what was committed, in a term that is not higher",
        "Raft paper, 5.3",
        lambda s: every(
            "tu i t ij v",
            lambda u, i, t, j, v: implies(
                s.told(u, i, t, j, v),
                z3.And(s.committed(t, j, v), index_le(i, j), term_le(t, u), s.started(u)),
            ),
        ),
    ),
    Conjunct(
        "CommittedByQuorum",
        "what is committed is of the leader's log, and a quorum has acknowledged it",
        "Raft paper, 5.4.2",
        lambda s: every(
            "t i v",
            lambda t, i, v: implies(
                s.committed(t, i, v),
                z3.And(
                    s.leaderLog(t, i, t, v),
                    some("q", lambda q: every(
                        "s", lambda x: implies(member(x, q), s.acknowledged(x, t, i))
                    )),
                ),
            ),
        ),
    ),
)  # fmt: skip

PROPERTIES = _EVERY[:4]
"""What the proof is for: it follows from the conjuncts."""

CONJUNCTS = _EVERY[4:]
"""What holds at first and is kept by every action."""
