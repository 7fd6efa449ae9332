"""The node of a running cluster: with features, and with members who have addresses.

Of the ways to change the membership this has the simplest that is sound: one server at a time, with
the correction of 2015, by the latest configuration in the log, committed or not (thesis, 4.1).
Majorities before and after such a change meet, so that there is no joint configuration to leave;
and as nothing depends on what was applied, nothing is durable but term, vote, log and snapshot. A
configuration that is used as it is applied would demand that what is known to be committed outlives
a crash, too (see `raft_ref.features.node`).

The state machine does not keep all values, and so what a snapshot holds of configurations is the
latest alone: no rule asks for an earlier one.
"""

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any, Self

from raft_ref.features import Configuration, ConfiguredState, ExtendedNode, ExtendedState, Feature
from raft_ref.features.membership import Change
from raft_ref.machine import StateMachine
from raft_ref.messages import ServerId, Value
from raft_ref.node import ClientRequest, Node, Step
from raft_ref.server.members import Members
from raft_ref.server.store import KeyValueMachine
from raft_ref.state import State, replace


class StoreNode(ExtendedNode):
    """The servers of one cluster; see `ExtendedNode`.

    `addresses` are where servers listen, as far as is known here: a change takes up into the
    configuration those of its members.
    """

    def __init__(
        self,
        servers: Sequence[ServerId],
        values: Sequence[Value] = (),
        machine: StateMachine | None = None,
        features: Iterable[Feature] | None = None,
        voters: Iterable[ServerId] | None = None,
    ) -> None:
        super().__init__(servers, values, machine, features, voters)
        self.addresses: dict[ServerId, str] = {}
        # Of each server: the last index up to which it was looked for a configuration, its term,
        # and the index found. Logs are the same up to an index where its term is the same (5.3).
        self._found: dict[ServerId, tuple[int, int, int]] = {}
        # And the configuration of its last state: a step asks for it again and again.
        self._last: dict[ServerId, tuple[Any, Configuration]] = {}

    def with_more(self, servers: Iterable[ServerId]) -> Self:
        """Return the node of a cluster that has these servers as well."""
        other = copy(self)
        Node.__init__(other, (*self.servers, *servers), self.values, self.machine)
        return other

    def widened(self, state: Any) -> Any:
        """Return a state of a node of fewer servers as one of this node.

        A leader tries first what a server needs that has nothing: the first entry, or a snapshot.
        """
        new = len(self.servers) - len(state.next_index)
        return replace(
            state,
            next_index=state.next_index + (max(1, state.compacted),) * new,
            match_index=state.match_index + (0,) * new,
        )

    def initial(self, me: ServerId) -> ExtendedState:
        """Return the state of a server at its first start (Init)."""
        first = super().initial(me)
        if not isinstance(first, ConfiguredState):
            return first
        return replace(first, bootstrap=Members(voters=first.bootstrap.voters))

    # What happens most

    def act(self, state: Any, action: Any) -> Step | None:
        """Take an action; None where it is not enabled. Requests of clients need no long search."""
        if type(action) is not ClientRequest:
            return super().act(state, action)
        return self.client_request(state, action.value) if self.allows(state, action) else None

    def advance_commit_index(self, state: Any) -> Any:
        """Commit up to the last entry of one's own term on a majority (5.3, 5.4.2).

        How far a majority is, only a number that some server is at can say.
        """
        reached = {state.last_index, *state.match_index}
        for index in sorted(reached, reverse=True):
            if index <= state.commit_index:
                break
            if self.is_committable(state, index):
                return replace(state, commit_index=index)
        return state

    # Where configurations are

    def in_force(self, state: Any) -> Configuration:
        """Return the configuration that a server goes by (InForce; thesis, 4.1)."""
        last = self._last.get(state.me)
        if last is not None and _are_same(state, last[0]):
            return last[1]
        found = super().in_force(state)
        self._last[state.me] = state, found
        return found

    def latest_index(self, state: State, last: int) -> int:
        """Return where the last configuration up to an index stands (LatestUpTo); 0: nowhere.

        Of those that a snapshot stands for the index is that of the snapshot.
        """
        seen, term, found = self._found.get(state.me, (0, 0, 0))
        if not state.compacted <= seen <= last or state.term_at(seen) != term:
            seen = min(state.compacted, last)
            found = seen if self._in_snapshot(state) is not None else 0
        for index in range(last, seen, -1):
            if isinstance(self.value_at(state, index), Configuration):
                found = index
                break
        if last == state.last_index:
            self._found[state.me] = last, state.last_term, found
        return found

    def configuration_at(self, state: Any, index: int) -> Configuration:
        """Return the configuration at an index; at 0 the one that the server was started with."""
        if 0 < index <= state.compacted:
            found = self._in_snapshot(state)
            # A snapshot that forgets what an entry before it said is of no server that works.
            return super().configuration_at(state, 0) if found is None else found
        return super().configuration_at(state, index)

    def _in_snapshot(self, state: State) -> Members | None:
        assert isinstance(self.machine, KeyValueMachine)
        return self.machine.members(state.snapshot.data)

    # Changes

    def members(self, state: Any) -> Members:
        """Return the configuration in force, with the addresses of its members."""
        found = self.in_force(state)
        assert isinstance(found, Members)
        return found

    def changed_by(self, state: Any, change: Change) -> Configuration | None:
        """Return the configuration that a change leads to, with addresses and with who is gone."""
        old = self.members(state)
        new = super().changed_by(state, change)
        if not isinstance(new, Members) or new.members & old.removed:
            return None
        known = {**self.addresses, **dict(old.addresses)}
        return replace(
            new,
            addresses=tuple(sorted((name, known[name]) for name in new.members & known.keys())),
            removed=old.removed | (old.members - new.members),
        )


def _are_same(state: Any, other: Any) -> bool:
    """Tell whether two states are known to have the same log without a look at it."""
    return (
        state.log is other.log
        and state.snapshot is other.snapshot
        and state.bootstrap is other.bootstrap
    )
