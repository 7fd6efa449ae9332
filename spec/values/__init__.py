"""The values of TLA+ and the operators on them, as TLC has them. Nothing of syntax is known here.

`value` has numbers, strings, finite sets, functions: immutable, hashable Python objects. `sets` are
those that are not listed element by element, such as Nat or [S -> T]. On them work the operators
(`arithmetic`, `operators`, `sequences`, `bags`), each a `builtin`, which `standard` lists by their
names in TLA+; `community/` has further modules.
`runtime` is what generated code calls besides.
"""
