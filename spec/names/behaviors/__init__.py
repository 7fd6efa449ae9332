"""Formulas of behaviors, taken apart.

In: an operator whose body is such a formula. Out: what it says of states, of steps and of whole
behaviors. `formulas` has the connectives of temporal logic, and `expanding` makes them of a tree;
`specification` finds Init and Next, `properties` what single states and steps decide of a property,
`goals` the few forms that the explorer asks for.
"""
