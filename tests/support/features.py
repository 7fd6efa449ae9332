"""Clusters with features, for tests."""

from collections.abc import Iterable
from typing import Any

from raft_ref.explorer import Report, search
from raft_ref.features import ExtendedNode, Feature
from raft_ref.verify import ClusterRequest, PropertyRequest
from raft_ref.verify.cluster import Cluster, GivenSizes, build

SIZES = {
    "servers": 2, "values": 1, "max_term": 1, "max_log_length": 0, "max_snapshot_index": 0,
    "max_messages": 2, "max_restarts": 0, "max_drops": 0, "max_duplicates": 0,
}  # fmt: skip


def cluster(
    features: Iterable[Feature] = (),
    node: type[ExtendedNode] | None = None,
    bounds: dict[str, int] | None = None,
    properties: PropertyRequest | None = None,
    **sizes: int,
) -> Cluster:
    """Return a cluster as `check` makes one, small where nothing is said."""
    request = ClusterRequest(
        node=node,
        features=frozenset(features),
        bounds=bounds or {},
        sizes=GivenSizes(**{**SIZES, **sizes}),
        properties=properties or PropertyRequest(refine=True),
    )
    return build(request)


def explored(features: Iterable[Feature] = (), **more: Any) -> Report:
    """Search such a cluster, with all that is asked of it."""
    made = cluster(features, **more)
    return search(made.system, made.properties, made.renamed(None))
