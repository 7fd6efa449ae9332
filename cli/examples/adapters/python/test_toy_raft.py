"""`pytest`: what is right conforms, and what is made wrong is found."""

from typing import Any

import pytest
from raft_kit import Cluster
from toy_raft import Server

from raft_ref.cli.testing import NotConformingError, conform


def test_it_conforms() -> None:
    conform(lambda: Cluster(Server), seed=1, runs=40)


class ForgetsVote(Server):
    def restart(self) -> list[Any]:
        self.voted_for = None
        return super().restart()


def test_a_vote_that_is_forgotten_is_found() -> None:
    with pytest.raises(NotConformingError, match="both lead term 1"):
        conform(lambda: Cluster(ForgetsVote), seed=1, runs=40)
