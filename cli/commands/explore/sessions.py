"""The walks that are open: one session for each cluster that the page has asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from raft_ref.verify import ClusterRequest
from raft_ref.verify.exploring import Session

MOST_SESSIONS = 8


class Sessions:
    """Sessions by what they are of; the one that was asked for least recently is closed.

    Arguments: the cluster that is meant where nothing is said; where in it a trace led whose next
    step is none there, and why.
    """

    def __init__(self, default: ClusterRequest, at: str = "", refused: str = "") -> None:
        self.default = default
        self._at, self._refused = at, refused
        self._lock = Lock()
        self._open: OrderedDict[Any, Session] = OrderedDict()

    def note(self, request: ClusterRequest, at: str) -> str:
        """Return what is to be said at an address, besides what is known of it."""
        return self._refused if request is self.default and at == self._at else ""

    @contextmanager
    def of(self, request: ClusterRequest) -> Iterator[Session]:
        """Yield the session of a cluster, which nobody else uses meanwhile."""
        key = None if request is self.default else _key(request)
        with self._lock:
            if key not in self._open:
                self._open[key] = Session(request)
            self._open.move_to_end(key)
            while len(self._open) > MOST_SESSIONS:
                self._open.popitem(last=False)
            session = self._open[key]
        with session.lock:
            yield session


def _key(request: ClusterRequest) -> tuple[Any, ...]:
    return request.bug, request.sizes, request.features, request.network
