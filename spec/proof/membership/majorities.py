"""Why quorums meet: what the proof takes for granted of them is so of majorities.

Sets of servers of any size, by the numbers of servers in each region of their Venn diagram: what is
said of majorities is linear arithmetic over these, and z3 decides it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product

import z3

from raft_ref.spec.proof.relations import Formula


class _Sets:
    """Sets by their names, and how many servers are in these and not in others."""

    def __init__(self, *names: str) -> None:
        self._regions = {
            frozenset(name for name, is_in in zip(names, each, strict=True) if is_in): z3.Int(
                "in_" + "_".join(name for name, is_in in zip(names, each, strict=True) if is_in)
            )
            for each in product((False, True), repeat=len(names))
        }

    def size(self, *inside: str, outside: Sequence[str] = ()) -> Formula:
        """Return how many servers are in all of some sets, and in none of others."""
        return z3.Sum([
            count
            for region, count in self._regions.items()
            if region.issuperset(inside) and region.isdisjoint(outside)
        ])  # fmt: skip

    def are_sets(self) -> list[Formula]:
        """Say that no number is below 0."""
        return [count >= 0 for count in self._regions.values()]

    def is_majority(self, servers: str, members: str) -> Formula:
        """Say that more than half of the members are among the servers."""
        return 2 * self.size(servers, members) > self.size(members)

    def differ_by_one(self, one: str, other: str) -> Formula:
        """Say that one server, or none, is in one of two sets alone."""
        return self.size(one, outside=[other]) + self.size(other, outside=[one]) <= 1


def _same() -> list[Formula]:
    of = _Sets("voters", "p", "q")
    return _disjoint(of, of.is_majority("p", "voters"), of.is_majority("q", "voters"))


def _one_server() -> list[Formula]:
    of = _Sets("old", "new", "p", "q")
    changed = of.differ_by_one("old", "new")
    return _disjoint(of, changed, of.is_majority("p", "old"), of.is_majority("q", "new"))


_IsQuorum = Callable[[_Sets, str, str], Formula]
"""Whether servers (the first name) are a quorum of C_old,new, where new is the second name."""


def _entered(is_quorum: _IsQuorum) -> list[Formula]:
    of = _Sets("old", "new", "p", "q")
    return _disjoint(of, of.is_majority("p", "old"), is_quorum(of, "q", "new"))


def _left(is_quorum: _IsQuorum) -> list[Formula]:
    of = _Sets("old", "new", "p", "q")
    return _disjoint(of, is_quorum(of, "p", "new"), of.is_majority("q", "new"))


def _siblings(is_quorum: _IsQuorum) -> list[Formula]:
    """Two changes of one configuration: one to C_old,new; the other, too, or by one server.

    Of C_old,new there is one change alone, which leaves it: two of these are to the same voters.
    """
    of = _Sets("old", "new", "other", "p", "q")
    either = z3.Or(
        is_quorum(of, "q", "other"),
        z3.And(of.differ_by_one("old", "other"), of.is_majority("q", "other")),
    )
    return _disjoint(of, is_quorum(of, "p", "new"), either)


def _disjoint(of: _Sets, *said: Formula) -> list[Formula]:
    return [*of.are_sets(), *said, of.size("p", "q") == 0]


def _of_both(of: _Sets, servers: str, new: str) -> Formula:
    return z3.And(of.is_majority(servers, "old"), of.is_majority(servers, new))


def _of_union(of: _Sets, servers: str, new: str) -> Formula:
    """Say that more than half of all, old and new, are among the servers: a bug."""
    among = of.size(servers) - of.size(servers, outside=["old", new])
    members = of.size() - of.size(outside=["old", new])
    return 2 * among > members


def _of_new(of: _Sets, servers: str, new: str) -> Formula:
    return of.is_majority(servers, new)


_JOINT: Mapping[str | None, _IsQuorum] = {
    "election-quorum-over-the-union": _of_union,
    "new-configuration-alone": _of_new,
}
"""What is a quorum of C_old,new where a bug says so."""


def majorities(bug: str | None = None) -> Mapping[str, list[Formula]]:
    """Return by name what has no model if the quorums of two configurations meet."""
    of_joint = _JOINT.get(bug, _of_both)
    return {
        "MajoritiesMeet": _same(),
        "MeetAcrossOneServer": _one_server(),
        "MeetAcrossEntering": _entered(of_joint),
        "MeetAcrossLeaving": _left(of_joint),
        "MeetBesideEntering": _siblings(of_joint),
    }
