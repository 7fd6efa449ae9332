"""From a request to a cluster that can be explored, with what is asked of it.

In: a `ClusterRequest`: which node, how many, within which bounds, which `properties`. Out: a
`Cluster`, made by `building`, with the `properties` that are asked of it. `renaming` is a symmetry
for users who wrote none; some servers may be `down`.
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
