"""Tests of traces/conformance."""
