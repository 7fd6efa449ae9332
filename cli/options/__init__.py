"""Options that several commands share: what they are called, and what the libraries get of them.

In: a group of a parser, to which options are added; what was parsed. Out: typed values.
"""
