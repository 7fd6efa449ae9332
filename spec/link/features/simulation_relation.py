"""The proof's protocol beside a node with features, what these add hidden.

A step of a feature is none of the proof's, or the server steps down in its own term (StepDown), or
it adopts a newer term that a message of a feature told it (UpdateTerm). All others are followed as
those of a node without features.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from raft_ref import RequestVoteRequest
from raft_ref.features import FeatureMessage
from raft_ref.node import Action
from raft_ref.spec.link.features.hiding import raft_message
from raft_ref.spec.link.simulation_relation import (
    ServerStep,
    SimulationRelation,
    Taken,
)
from raft_ref.spec.proof.evaluation import Structure
from raft_ref.spec.proof.protocol import STEP_DOWN


class HidingSimulationRelation(SimulationRelation):
    """Follows servers with features; see `SimulationRelation`."""

    @property
    def titles(self) -> list[str]:
        """The actions of the proof that a step may be: all."""
        return [*self._actions]

    def follow(self, abstract: Structure, step: ServerStep) -> tuple[Structure, list[Taken]]:
        """Follow a step, of which the messages of features are not shown."""
        received = raft_message(step.received) or step.received
        sends = tuple(filter(None, map(raft_message, step.sends)))
        return super().follow(abstract, step._replace(received=received, sends=sends))

    def _adopted(self, step: ServerStep) -> int | None:
        if not _is_of_a_feature(step):
            return super()._adopted(step)
        newer = step.after.current_term
        return newer if newer > step.before.current_term else None

    def _as_text(self, abstract: Structure, step: ServerStep) -> Iterator[Taken]:
        if not _is_of_a_feature(step):
            yield from super()._as_text(abstract, step)
        elif self._adopted(step) is None and step.after.role is not step.before.role:
            yield Taken(STEP_DOWN, (step.before.me, step.before.current_term))


def _is_of_a_feature(step: ServerStep) -> bool:
    message = step.received
    if isinstance(message, RequestVoteRequest):
        return not step.sends  # the request is ignored: to Raft, it was lost
    if message is not None:
        return isinstance(message, get_args(FeatureMessage))
    return step.action is not None and not isinstance(step.action, get_args(Action))
