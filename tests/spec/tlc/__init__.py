"""Tests of spec/tlc."""
