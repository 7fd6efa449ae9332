"""Conformance: scenarios for other implementations, and an adapter through which they are driven."""
