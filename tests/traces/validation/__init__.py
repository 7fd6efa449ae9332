"""Tests of traces/validation."""
