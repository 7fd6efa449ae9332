"""What each name stands for, and what is known of an operator before it is evaluated.

In: the tree of a module. Out: the tree's meanings. `loading` reads a module's files and those that
it uses; `scope` finds the declaration of each name, `instances` the names of an INSTANCE,
`subexpressions` what `Op!1` means, and `suggestions` what a name without a meaning may have been
meant for. `substitution` copies expressions with others in the place of names; `order` puts
definitions after those that they call. `analysis` knows what variables an operator reads. `labels`
takes a next-state relation apart into named actions; `behaviors/` does so with formulas of
behaviors. `environment` is for the code of actions: what a name stands for at some place of it.
"""
