"""A cluster, and what can be asked of it: node, explorer, spec and traces joined."""
