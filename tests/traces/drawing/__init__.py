"""Tests of traces/drawing."""
