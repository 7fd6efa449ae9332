"""Adapters of other implementations, and what records them."""
