"""From a request to a cluster that can be explored, with what is asked of it.

In: a `ClusterRequest`: which node, how many, within which bounds, which `properties`. Out: a
`Cluster`, made by `building`. `as_raft` is what a user's states stand for, `renaming` a
symmetry for those who wrote none; some servers may be `down`.
"""

from raft_ref.verify.cluster.building import (
    BUG_DEFAULTS,
    DEFAULTS,
    Cluster,
    ClusterRequest,
    GivenSizes,
    Symmetry,
    build,
)

__all__ = [
    "BUG_DEFAULTS",
    "DEFAULTS",
    "Cluster",
    "ClusterRequest",
    "GivenSizes",
    "Symmetry",
    "build",
]
