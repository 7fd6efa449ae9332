"""Tests of what serves the page on which a reader walks through a cluster."""
