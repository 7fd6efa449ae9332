"""From text to a syntax tree.

In: the text of a module. Out: the tree of `expressions`, each node with its place, or
a `SpecError`.
"""
