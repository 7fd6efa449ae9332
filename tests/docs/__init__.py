"""Tests of docs, and of README.md."""
