"""Tests of spec/proof."""
