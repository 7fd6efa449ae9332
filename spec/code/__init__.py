"""From operators to Python: a function for each.

In: a tree whose names have a meaning (`names`), and values for its constants. Out: a `Program`:
Python functions from the values of variables to a value. `generator` writes their text (`writer`),
with `forms`, `function_forms` and `binder_forms` for the forms of expressions; `effects` keeps what
Print shows. `predicate` is a function as a user calls it. `explain` and `conditions` say why
a formula is false; `indexed_formulas` are evaluated instance by instance.
"""
