"""Tests of traces/story."""
