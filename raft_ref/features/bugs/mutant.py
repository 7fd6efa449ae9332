"""A node with those features of which its class says that they are on."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from raft_ref.features.node import ExtendedNode
from raft_ref.features.state import Feature
from raft_ref.machine import StateMachine
from raft_ref.messages import ServerId, Value


class Mutant(ExtendedNode):
    """A node of which the class says which features are on."""

    on: ClassVar[tuple[Feature, ...]] = ()

    def __init__(
        self,
        servers: Sequence[ServerId],
        values: Sequence[Value] = (),
        machine: StateMachine | None = None,
        voters: Iterable[ServerId] | None = None,
    ) -> None:
        """Describe a cluster, and with whom it begins; see `ExtendedNode`."""
        super().__init__(servers, values, machine, self.on, voters)
