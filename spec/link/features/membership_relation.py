"""The proof's protocol of membership beside a node whose configuration can change.

A configuration is a value of the log, and its quorums are sets of servers: which configurations
there can be, and whose quorums meet, is worked out here for so many servers, and is what the
proof's axioms say of any number. Configurations are used as appended; features beside are hidden.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import Any, get_args

from raft_ref import ServerId, State
from raft_ref.features import Configuration, EnterJoint, LeaveJoint, StepDown, TakeLead
from raft_ref.features.membership import Change, Commit
from raft_ref.spec.link.features.simulation_relation import HidingSimulationRelation
from raft_ref.spec.link.simulation_relation import ServerStep, Taken
from raft_ref.spec.proof.action import Action
from raft_ref.spec.proof.evaluation import Structure
from raft_ref.spec.proof.membership.invariant import MEMBERSHIP_CONJUNCTS, MEMBERSHIP_PROPERTIES
from raft_ref.spec.proof.membership.protocol import JOINT, ONE_SERVER, protocol_with_membership
from raft_ref.spec.proof.membership.relations import MEMBERSHIP_RELATIONS
from raft_ref.spec.proof.protocol import STEP_DOWN

_ONE_SERVER, _JOINT = f"Change ({ONE_SERVER})", f"Change ({JOINT})"


class MembershipSimulationRelation(HidingSimulationRelation):
    """Follows servers whose configuration can change; see `SimulationRelation`.

    Arguments: as that has them; who the cluster begins with; whether there is C_old,new.
    """

    sorts = MEMBERSHIP_RELATIONS
    properties = MEMBERSHIP_PROPERTIES
    conjuncts = MEMBERSHIP_CONJUNCTS

    def __init__(
        self,
        servers: Sequence[ServerId],
        values: Sequence[str],
        max_term: int,
        max_index: int,
        *,
        voters: frozenset[ServerId],
        has_joint: bool,
    ) -> None:
        super().__init__(servers, values, max_term, max_index)
        configurations = _configurations(servers)
        self._first, self._has_joint = Configuration(voters), has_joint
        self._elements["Quorum"] = _subsets(servers)
        self._elements["Value"] = (*values, *configurations)
        self._unchanging = _unchanging(self._first, configurations, _subsets(servers))

    def _protocol(self) -> Mapping[str, Action]:
        return protocol_with_membership().actions

    @property
    def titles(self) -> list[str]:
        """The actions of the proof that a step may be."""
        return [title for title in super().titles if self._has_joint or title != _JOINT]

    def initial(self) -> Structure:
        """Return the abstract state of a cluster in which nothing has happened."""
        empty = super().initial()
        return empty._replace(relations={**empty.relations, **self._unchanging})

    def _by(self, abstract: Structure, server: ServerId) -> tuple[Any, ...]:
        """Return the configuration that a server goes by: its index, its entry's term, itself."""
        found = [
            fact[1:]
            for fact in abstract.relations["log"]
            if fact[0] == server and isinstance(fact[3], Configuration)
        ]
        return max(found, key=lambda each: each[0], default=(0, 0, self._first))

    def _is_quorum(self, servers: frozenset[ServerId], *by: Any) -> bool:
        return bool(by[-1].is_quorum(servers))

    def _as_text(self, abstract: Structure, step: ServerStep) -> Iterator[Taken]:
        before, action = step.before, step.action
        if action == TakeLead():
            yield self._leads(abstract, before, before.current_term, before.votes_granted)
        elif action == Commit():
            yield from self._commit(abstract, step)
        elif action == StepDown():
            yield Taken(STEP_DOWN, (before.me, before.current_term))
        elif isinstance(action, get_args(Change)):
            yield self._change(abstract, before, step.after, action)
        else:
            yield from super()._as_text(abstract, step)

    def _change(self, abstract: Structure, before: State, after: State, action: Any) -> Taken:
        """Return the change: of what the proof may take as its reason, the first that will do."""
        me, relations, by = before.me, abstract.relations, self._by(abstract, before.me)
        new = (me, before.current_term, after.last_index, after.log[-1].value, *by)
        none = (0, 0, self._any)
        index = before.commit_index
        last = next((fact[2:] for fact in relations["log"] if fact[:2] == (me, index)), none[1:])
        known = [fact[2:] for fact in relations["applied"] if fact[:2] == (me, index)]
        decided = [fact[:3] for fact in relations["decided"] if fact[3:] == by]
        is_joint = isinstance(action, EnterJoint | LeaveJoint)
        title = _JOINT if is_joint else _ONE_SERVER
        reasons = [
            Taken(title, (*new, index, *last, *one, *other))
            for one, other in product(known or [none], decided or [none])
        ]
        return next((each for each in reasons if self.is_enabled(abstract, each)), reasons[0])


def _subsets(servers: Sequence[ServerId]) -> tuple[frozenset[ServerId], ...]:
    sizes = range(len(servers) + 1)
    return tuple(frozenset(each) for size in sizes for each in combinations(servers, size))


def _configurations(servers: Sequence[ServerId]) -> tuple[Configuration, ...]:
    """Return all that there can be: each server votes in the new, the old, both, or learns."""
    subsets = _subsets(servers)
    return tuple(
        Configuration(voters, outgoing, learners)
        for voters, outgoing, learners in product(subsets[1:], subsets, subsets)
        if not learners & (voters | outgoing)
    )


def _unchanging(
    first: Configuration,
    configurations: Sequence[Configuration],
    subsets: Sequence[frozenset[ServerId]],
) -> Mapping[str, frozenset[Any]]:
    """Return what is so in all states (`relations.UNCHANGING`)."""
    quorums = {each: [q for q in subsets if each.is_quorum(q)] for each in configurations}
    least = {each: [q for q in found if not any(p < q for p in found)]
             for each, found in quorums.items()}  # fmt: skip
    pairs = [*product(configurations, repeat=2)]
    return {
        "isConfiguration": frozenset((each,) for each in configurations),
        "isFirst": frozenset({(first,)}),
        "beforeFirst": frozenset({(0,)}),
        "quorumOf": frozenset((q, each) for each, found in quorums.items() for q in found),
        "meets": frozenset(
            (a, b) for a, b in pairs if all(p & q for p, q in product(least[a], least[b]))
        ),
        "oneServer": frozenset((a, b) for a, b in pairs if _differ_by_one(a, b)),
        "joint": frozenset((a, b) for a, b in pairs if _is_entered(a, b) or _is_left(a, b)),
    }


def _differ_by_one(old: Configuration, new: Configuration) -> bool:
    is_joint = old.outgoing_voters or new.outgoing_voters
    return not is_joint and len(old.voters ^ new.voters) <= 1


def _is_entered(old: Configuration, new: Configuration) -> bool:
    return not old.outgoing_voters and new.outgoing_voters == old.voters


def _is_left(old: Configuration, new: Configuration) -> bool:
    is_joint, is_still = bool(old.outgoing_voters), bool(new.outgoing_voters)
    return is_joint and not is_still and new.voters == old.voters
