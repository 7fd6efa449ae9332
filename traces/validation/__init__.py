"""Validation: whether a recorded trace is a behaviour of the spec."""
