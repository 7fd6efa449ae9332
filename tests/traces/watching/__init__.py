"""Tests of `traces/watching`."""
