"""Conformance: scenarios for other implementations, and the adapters that drive them."""
