"""What a contender of a benchmark reports, whichever it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measurement:
    """One search: what it counted, and how long it took.

    `transitions` is None where the contender does not count them, and so is `depth`; `memory` is
    how many bytes the search took at most, None where that was not measured.
    """

    distinct_states: int
    transitions: int | None
    depth: int | None
    seconds: float
    memory: int | None = None

    @property
    def rate(self) -> float:
        """Distinct states a second."""
        return self.distinct_states / self.seconds


class UnavailableError(Exception):
    """A contender cannot run on this machine; the message says what it lacks."""
