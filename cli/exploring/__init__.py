"""The page on which a reader walks through a cluster, and what serves it on this machine alone.

In: a `ClusterRequest`. Out: pages and JSON, to whoever knows the token in the address. `sessions`
keeps the walks through the cluster that was asked for and those that a link names, `asked` reads
what the page asks, `searches` run in the background, and `server` answers. `site/` is the page: no
libraries, nothing from elsewhere.
"""
