"""Whole clusters in one process, on a simulated clock and network.

In: a seed and faults. Out: what happened, and whether what clients saw is linearizable.
"""
