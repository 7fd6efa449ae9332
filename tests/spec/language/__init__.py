"""Tests of spec/language."""
