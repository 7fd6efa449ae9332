"""For Python: `raft_kit` to be copied, `toy_raft` to be replaced, `test_toy_raft` by pytest."""
