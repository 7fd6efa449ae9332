"""Tests of raft_ref."""
