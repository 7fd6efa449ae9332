"""From operators to Python: a function for each.

In: a tree whose names have a meaning (`names`), and values for its constants. Out: a `program`:
Python functions from the values of variables to a value. `generator` writes their text (`writer`),
with a function for each form of expression (`forms`, `call_forms`, `binder_forms`,
`function_forms`), and runs it in a `namespace`; `effects` keeps what Print shows. `predicate` is
a function as a user calls it. `explain` says why a formula is false, `context` what was being
evaluated where an error occurs; `indexed_formulas` are evaluated instance by instance.
"""
