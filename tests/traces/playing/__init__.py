"""Tests of traces/playing."""
