"""Tests of spec/link."""
