"""raft_ref_cli."""
