"""History variables: what is known of a run besides its state, for properties only."""

from collections.abc import Mapping
from typing import Any, Final, Protocol

FORBIDDEN: Final = object()
"""What a history answers to a step that nothing a server can see keeps from happening, and that is
assumed not to happen all the same: of clocks, for instance, which drift less than that."""


class History(Protocol):
    """A history variable: a fold over the steps of servers, which no server can read."""

    @property
    def name(self) -> str:
        """The name of the variable."""

    @property
    def initial(self) -> Any:
        """The history before the first step."""

    def observe(self, history: Any, before: Any, after: Any) -> Any:
        """Return the history after one server went from state `before` to state `after`.

        `FORBIDDEN` says that this is a step of no behaviour that is looked at.
        """

    def rename(self, history: Any, renaming: Mapping[str, str]) -> Any:
        """Return the history with the servers and the values in it renamed."""


class NoHistory:
    """The history of a system that needs none."""

    name = "history"
    initial = None

    def observe(self, history: Any, before: Any, after: Any) -> Any:
        """Return nothing new."""
        return history

    def rename(self, history: Any, renaming: Mapping[str, str]) -> Any:
        """Return the history: there are no names in it."""
        return history
