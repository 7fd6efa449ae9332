"""Mutants of one token each."""
