"""Searches in the background: each in a thread of its own, of which the page asks how far it is."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from threading import Event, Thread
from typing import Any

from raft_ref.explorer import ActorError, Progress
from raft_ref.spec import SpecError
from raft_ref.spec.requests import RequestError
from raft_ref.verify.exploring import AddressError, Goal, Place, Search, Session

MOST_SEARCHES = 16
"""How many are remembered; the oldest is stopped and forgotten."""


class _Running:
    """A search that runs, or has ended."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self.stopped = Event()
        self._progress: dict[str, Any] = {"states": 0, "depth": 0, "seconds": 0.0}
        self._answer: dict[str, Any] | None = None
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def told(self) -> dict[str, Any]:
        """Return how far it is, or what it has found."""
        return {"answer": self._answer, "progress": self._progress}

    def join(self) -> None:
        """Wait until it has ended, but not for ever."""
        self._thread.join(5)

    def _run(self) -> None:
        try:
            self._answer = self._search.run(self._on_progress).as_json()
        except KeyboardInterrupt:
            self._answer = {"outcome": "stopped", "steps": []}
        except (RequestError, SpecError, ActorError, AddressError) as error:
            self._answer = {"outcome": "error", "steps": [], "error": str(error)}
        except Exception as error:  # whatever it is, whoever waits for it is told
            self._answer = {"outcome": "error", "steps": [], "error": repr(error)}
            raise

    def _on_progress(self, progress: Progress) -> None:
        self._progress = {
            "states": progress.distinct_states,
            "depth": progress.depth,
            "seconds": round(progress.seconds, 1),
        }
        if self.stopped.is_set():
            raise KeyboardInterrupt


class Searches:
    """All searches, by numbers that nobody can guess."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Running] = OrderedDict()

    def begin(self, session: Session, place: Place, goal: Goal, bounds: Mapping[str, int]) -> str:
        """Begin a search; return its number. Raises `RequestError` for a goal that is none."""
        search = Search(session, place, goal, bounds)
        search.demand()
        while len(self._known) >= MOST_SEARCHES:
            _, oldest = self._known.popitem(last=False)
            oldest.stopped.set()
        number = secrets.token_hex(8)
        self._known[number] = _Running(search)
        return number

    def progress(self, number: str) -> dict[str, Any]:
        """Return how far a search is, or what it has found. Raises `RequestError`."""
        return self._found(number).told()

    def stop(self, number: str) -> None:
        """Stop a search. Raises `RequestError` for one that is not known."""
        self._found(number).stopped.set()

    def end(self) -> None:
        """Stop all searches, and wait for them."""
        for each in self._known.values():
            each.stopped.set()
        for each in self._known.values():
            each.join()

    def _found(self, number: str) -> _Running:
        if number not in self._known:
            raise RequestError("search: it is not known", is_named=False)
        return self._known[number]
