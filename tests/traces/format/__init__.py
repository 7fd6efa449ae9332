"""Tests of traces/format."""
