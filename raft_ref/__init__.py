"""raft_ref."""
