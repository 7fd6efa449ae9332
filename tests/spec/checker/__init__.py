"""Tests of spec/checker."""
