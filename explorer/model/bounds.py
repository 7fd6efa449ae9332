"""The bounds of a search. A bound is a guard: a step that would leave it is not enabled."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a search goes; None is no bound.

    - `max_messages`: messages in flight at a time.
    - `max_restarts`, `max_drops`, `max_duplicates`: crashes, lost messages and messages that are
      delivered twice, in a whole behaviour. How many were used is part of a state.
    - `depth`: levels of states, the initial one included.
    - `measures`: for a measure of the actor (such as ``max_term``), the greatest value of any
      server.
    """

    max_messages: int | None = None
    max_restarts: int = 0
    max_drops: int = 0
    max_duplicates: int = 0
    depth: int | None = None
    measures: Mapping[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, int]:
        """Return the bounds that are set, by name, those of the actor first."""
        network = {
            "max_messages": self.max_messages,
            "max_restarts": self.max_restarts,
            "max_drops": self.max_drops,
            "max_duplicates": self.max_duplicates,
            "depth": self.depth,
        }
        return {
            **self.measures,
            **{name: limit for name, limit in network.items() if limit is not None},
        }
