"""The argument why a change of membership does no harm, as lemmas of the actions.

Whoever is elected without an entry of a lower term's leader was elected by a configuration that
meets those by which that leader may commit. For compare their logs. Either the elected's
configuration is shared, that is, in the leader's log too: then the next one there, if it is not the
leader's own, was decided by a quorum that meets the elected's, and would be shared. Or it is not:
then the one before it was decided, so it is shared; and what stands behind that one in the leader's
log is a sibling. Siblings meet if one of them is C_old,new. Two changes of one server need not:
this is where a leader must have decided something in its own term before it changes anything (the
correction of 2015), for then the older sibling would be shared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import z3

from raft_ref.spec.proof.action import Lemma
from raft_ref.spec.proof.invariant import implies
from raft_ref.spec.proof.membership.relations import Log, configures, decided_in, leader_log
from raft_ref.spec.proof.relations import (
    ZERO,
    Formula,
    State,
    every,
    index_le,
    index_lt,
    some,
    term_le,
    term_lt,
)

_LOGS = (
    "LeaderLogIsFunction", "LogIsFunction", "LeaderLogFromLeaders", "LeaderLogMatchesLeaders",
    "LogFromLeaders", "LogMatchesLeaders",
)  # fmt: skip
_NEXT = ("Successor", "Settled", "ChangedBehindSettled", "LeaderLogFromLeaders")


class Pair(NamedTuple):
    """Two logs: that of the leader of a term, and of who is elected in a higher term, or may be.

    `given` says what is known of them; the elected's configuration is in force in its `log`, with
    its index, its entry's term, and itself.
    """

    term: Formula
    log: Log
    index: Formula
    entry_term: Formula
    configuration: Formula
    given: Formula


class Pairs(NamedTuple):
    """All pairs that are compared: by the names of variables, and what they make of these.

    `by` are names from which it is known what is in both logs.
    """

    names: str
    pair: Callable[..., Pair]
    by: tuple[str, ...]


def to_be_elected(
    old: State, me: Formula, term: Formula, index: Formula, entry_term: Formula, value: Formula
) -> Pairs:
    """Return the logs of all leaders beside that of a candidate, which has nothing behind them."""

    def pair(t: Formula) -> Pair:
        nothing_behind = every(
            "ie ty ve", lambda i, y, v: implies(old.log(me, i, y, v), term_le(y, t))
        )
        given = z3.And(old.started(t), term_le(t, term), nothing_behind)
        return Pair(t, lambda *e: old.log(me, *e), index, entry_term, value, given)

    return Pairs("t", pair, ("DecidedIsInCandidate",))


def elected_later(old: State, term: Formula) -> Pairs:
    """Return a leader's log beside those of all later ones that had nothing behind it."""

    def pair(u: Formula, k: Formula, tk: Formula, d: Formula) -> Pair:
        nothing_behind = every(
            "ie ty ve",
            lambda i, y, v: implies(
                old.leaderLog(u, i, y, v), z3.Or(y == u, term_le(y, term))
            ),
        )  # fmt: skip
        given = z3.And(old.started(u), term_lt(term, u), old.electedBy(u, k, tk, d), nothing_behind)
        return Pair(term, leader_log(old, u), k, tk, d, given)

    return Pairs("tu ik tk vd", pair, ("DecidedIsLed", "ElectedInForce"))


def shared(old: State, pair: Pair) -> Formula:
    """Say that the leader's log has the configuration of who is elected."""
    log = leader_log(old, pair.term)
    return configures(old, log, pair.index, pair.entry_term, pair.configuration)


def _next(
    old: State, term: Formula, behind: tuple[Formula, Formula, Formula], j: Formula, tj: Formula
) -> Formula:
    """Say that a leader's log has a next configuration, up to index j, and if before it, decided.

    `behind` is the one before it: its index, its entry's term, itself.
    """
    return some(
        "i_x t_x v_x t_e i_m v_w",
        lambda i, t, v, e, m, w: z3.And(
            old.leaderLog(term, i, t, v), term_le(t, tj), index_le(i, j),
            old.changed(t, i, v, *behind, e, m, w),
            z3.Or(i == j, some(
                "t_f i_n v_n",
                lambda *entry: decided_in(old, leader_log(old, term), (i, t, v), tj, *entry),
            )),
        ),
    )  # fmt: skip


def shared_by(old: State, pairs: Pairs, by: tuple[str, ...] = ()) -> list[Lemma]:
    """Return the lemmas of what both logs have, and of what is next in the leader's."""

    def previous(*chosen: Formula) -> Formula:
        pair = pairs.pair(*chosen)
        has_previous = some(
            "ij tj vb te im vw",
            lambda j, tj, b, *decided: z3.And(
                old.changed(
                    pair.entry_term, pair.index, pair.configuration, j, tj, b, *decided
                ),
                configures(old, leader_log(old, pair.term), j, tj, b),
            ),
        )  # fmt: skip
        return implies(
            pair.given, z3.Not(shared(old, pair)),
            z3.And(pair.index != ZERO, term_lt(pair.entry_term, pair.term), has_previous),
        )  # fmt: skip

    def next_of_shared(*chosen: Formula) -> Formula:
        pair, (j, tj, c) = pairs.pair(*chosen[:-3]), chosen[-3:]
        own = (pair.index, pair.entry_term, pair.configuration)
        return implies(
            pair.given, shared(old, pair), old.isConfiguration(c),
            old.leaderLog(pair.term, j, tj, c), index_lt(pair.index, j),
            _next(old, pair.term, own, j, tj),
        )  # fmt: skip

    def next_of_previous(*chosen: Formula) -> Formula:
        pair, (j, tj, c, jb, tb, b, *decided) = pairs.pair(*chosen[:-9]), chosen[-9:]
        return implies(
            pair.given, z3.Not(shared(old, pair)), old.isConfiguration(c),
            old.leaderLog(pair.term, j, tj, c),
            old.changed(pair.entry_term, pair.index, pair.configuration, jb, tb, b, *decided),
            configures(old, leader_log(old, pair.term), jb, tb, b), index_lt(jb, j),
            _next(old, pair.term, (jb, tb, b), j, tj),
        )  # fmt: skip

    names = pairs.names
    return [
        Lemma(
            every(names, previous), "PreviousIsShared",
            (*_LOGS, *pairs.by, "ChangedHasRecord", "ChangedBehindSettled", "DecidedIsLed", *by),
        ),
        Lemma(every(f"{names} ij tj vc", next_of_shared), "NextOfShared", _NEXT),
        Lemma(
            every(f"{names} ij tj vc iz tz vz te im vw", next_of_previous), "NextOfPrevious", _NEXT
        ),
    ]  # fmt: skip


def configurations_meet(
    old: State, pairs: Pairs, is_asked: Callable[[Formula, Formula], Formula]
) -> list[Lemma]:
    """Return the lemmas that end in: a leader's configurations meet that of who is elected.

    But for one behind which the two logs share another. `is_asked` says of a configuration in the
    leader's log, by its index and its entry's term, whether this is to be proved.
    """

    def meet(*also: Callable[[Pair], Formula]) -> Formula:
        def meets(*chosen: Formula) -> Formula:
            pair, (j, tj, c) = pairs.pair(*chosen[:-3]), chosen[-3:]
            log = leader_log(old, pair.term)
            shares_none = every(
                "ix tx vx",
                lambda i, t, v: z3.Not(
                    z3.And(index_lt(j, i), old.isConfiguration(v), log(i, t, v), pair.log(i, t, v))
                ),
            )
            return implies(
                pair.given, configures(old, log, j, tj, c), is_asked(j, tj), shares_none,
                *(each(pair) for each in also), old.meets(c, pair.configuration),
            )  # fmt: skip

        return every(f"{pairs.names} ij tj vc", meets)

    def siblings(*chosen: Formula) -> Formula:
        pair, (jb, tb, b, e, m, w, i, t, v, f, n, x) = pairs.pair(*chosen[:-12]), chosen[-12:]
        return implies(
            pair.given, z3.Not(shared(old, pair)), is_asked(i, t),
            old.changed(pair.entry_term, pair.index, pair.configuration, jb, tb, b, e, m, w),
            old.leaderLog(pair.term, i, t, v), old.changed(t, i, v, jb, tb, b, f, n, x),
            old.meets(v, pair.configuration),
        )  # fmt: skip

    known = (*_LOGS, *pairs.by, "ChangedBehindSettled")
    return [
        Lemma(meet(lambda pair: shared(old, pair)), "SharedMeet", (*known, "NextOfShared")),
        Lemma(
            every(f"{pairs.names} ij tj vb te im vw ix tx vx tf in vn", siblings), "SiblingsMeet",
            (*known, "LeaderTermsMonotonic", "DecidedIsLed"),
        ),
        Lemma(
            meet(lambda pair: z3.Not(shared(old, pair))), "UnsharedMeet",
            (*known, "PreviousIsShared", "SiblingsMeet", "NextOfPrevious"),
        ),
        Lemma(meet(), "ConfigurationsMeet", (*_LOGS[:2], "SharedMeet", "UnsharedMeet")),
    ]  # fmt: skip


def new_configuration_meets(
    old: State, pairs: Pairs, new: Formula, behind: tuple[Formula, Formula, Formula]
) -> list[Lemma]:
    """Return the lemmas that end in: a configuration to be appended meets those of later leaders.

    `behind` is the one that is in force: its index, its entry's term, itself. It was decided.
    """

    def meet(*also: Callable[[Pair], Formula]) -> Formula:
        def meets(*chosen: Formula) -> Formula:
            pair = pairs.pair(*chosen)
            return implies(
                pair.given, *(each(pair) for each in also), old.meets(new, pair.configuration)
            )

        return every(pairs.names, meets)

    def siblings(*chosen: Formula) -> Formula:
        pair, decided = pairs.pair(*chosen[:-3]), chosen[-3:]
        changed = (pair.entry_term, pair.index, pair.configuration, *behind, *decided)
        return implies(
            pair.given, z3.Not(shared(old, pair)), old.changed(*changed),
            old.meets(new, pair.configuration),
        )  # fmt: skip

    known = (*_LOGS, *pairs.by, "LeaderLogIsLog", "ChangedBehindSettled")
    return [
        Lemma(
            meet(lambda pair: shared(old, pair)), "SharedMeet",
            (*known, "BeforeIsDecided", "NextOfShared"),
        ),
        Lemma(
            every(f"{pairs.names} te im vw", siblings), "SiblingsMeet",
            (*known, "LeaderTermsMonotonic", "DecidedInForce", "BeforeIsDecided"),
        ),
        Lemma(
            meet(lambda pair: z3.Not(shared(old, pair))), "UnsharedMeet",
            (*known, "BeforeIsDecided", "PreviousIsShared", "SiblingsMeet", "NextOfPrevious"),
        ),
        Lemma(meet(), "NewConfigurationMeets", (*_LOGS[:2], "SharedMeet", "UnsharedMeet")),
    ]  # fmt: skip
