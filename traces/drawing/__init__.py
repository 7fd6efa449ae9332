"""Traces and graphs as pictures and pages.

In: a trace, or a graph. Out: Graphviz's language, pictures of it, and pages of HTML.
"""
