"""What each name stands for, and what is known of an operator before it is evaluated.

In: the tree of a module. Out: the tree's meanings. `loading` reads a module's files and those that
it uses; `scope` finds the declaration of each name, and `instances` the names of an INSTANCE.
`analysis` knows what variables an operator reads. `labels` takes a next-state relation apart into
named actions; `temporal`, `properties` and `goals` do so with formulas of behaviours. `environment`
is for the code of actions: what a name stands for at some place of it.
"""
