"""Tests of walks through a cluster."""
