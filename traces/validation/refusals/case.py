"""A case: a refused line, what might explain it best, and what of both says why it is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from raft_ref.traces.format.trace import JsonObject
from raft_ref.traces.story.words import compacted, plain
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.moves.world import World
from raft_ref.traces.validation.refusals.candidate import Candidate, Unchanged
from raft_ref.traces.validation.refusals.messages import received
from raft_ref.traces.validation.rules.matching import message_to_json
from raft_ref.traces.validation.search import Search


@dataclass(frozen=True)
class Case:
    """A refused line, what might explain it best, and the reading before it."""

    search: Search
    world: World
    event: Event
    nearest: Candidate

    @property
    def me(self) -> str:
        """The server."""
        return self.event.server

    @cached_property
    def old(self) -> JsonObject:
        """Its variables before the line."""
        state = self.world.states[self.search.moves.places[self.me]]
        return self.search.matching.variables(state or self.search.moves.protocol.first)

    @cached_property
    def configuration(self) -> JsonObject:
        """The configuration that it goes by; empty where that cannot change."""
        if "Membership" not in self.search.moves.protocol.features:
            return {}
        state = self.world.states[self.search.moves.places[self.me]]
        return self.search.matching.configuration(state or self.search.moves.protocol.first)

    def is_quorum(self, servers: Collection[str]) -> bool:
        """Tell whether these are a quorum for it."""
        parts = self.configuration or {"voters": self.search.moves.names}
        return all(
            2 * len({*servers} & {*part}) > len(part) or (name != "voters" and not part)
            for name, part in parts.items()
            if name != "learners"
        )

    @property
    def of_whom(self) -> str:
        """Tell of how many a quorum is needed."""
        if not self.configuration:
            return f"of {len(self.search.moves.names)} servers"
        return f"in the configuration {plain(self.configuration)}"

    @cached_property
    def differences(self) -> Mapping[str, tuple[Any, Any]]:
        """What was logged otherwise than the spec has it."""
        return {
            name: (logged, has)
            for name, logged, has in self.nearest.differences
            if not isinstance(logged, Unchanged)
        }

    @cached_property
    def message(self) -> JsonObject:
        """What was received, with all its fields; empty for nothing."""
        logged = self.event.message
        if logged is None or self.event.name == "Send":
            return {}
        found = received(self.search, self.world, self.event)
        return logged if found is None else message_to_json(found)

    @cached_property
    def term(self) -> int:
        """The term that it is in once it has looked at the message."""
        term: int = self.old["currentTerm"]
        told: int = self.message.get("term", term)
        return max(term, told)

    def as_json(self, message: Any) -> JsonObject:
        """Return a message as a trace has it."""
        return message_to_json(message)

    @property
    def last(self) -> int:
        """Where its log ends."""
        return compacted(self.old) + len(self.old["log"])

    def term_at(self, index: int) -> int | None:
        """Return the term of its entry at an index; None where there is none."""
        place = index - compacted(self.old)
        if place == 0:
            term: int = self.old["snapshot"]["lastIncludedTerm"]
            return term
        log = self.old["log"]
        return log[place - 1]["term"] if 0 < place <= len(log) else None

    def numbers(self, name: str, logged: Any) -> Mapping[str, int]:
        """Return what is logged by server, whatever the form."""
        if isinstance(logged, dict):
            return logged
        return dict(zip(self.search.moves.names, logged, strict=True))
