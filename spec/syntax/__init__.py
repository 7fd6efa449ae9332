"""From text to a syntax tree.

In: the text of a module. Out: its tree (`expressions`), each node with its place, or a `SpecError`
(`errors`) that says where the text is wrong. `tree_sitter` reads the text, `symbols` knows what
operators there are, `parser` makes our tree of what was read.
"""
