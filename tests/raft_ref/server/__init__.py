"""Tests of raft_ref/server."""
