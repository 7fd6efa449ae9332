"""TLA+ modules for the tests."""
