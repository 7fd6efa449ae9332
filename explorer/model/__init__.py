"""What is explored: actors, the network between them, and the properties that they are held to.

In: an `Actor`, names of servers, `bounds`. Out: a `System`, a transition system.

`actor` is the protocol that a user's node speaks (a `watch` tells of its calls that do not end),
`network` what is in flight. All their values are
numbered (`interning`); `local_steps` computes each step of a server once. `system` puts them
together to global states, with a `history` variable if need be. `properties` are evaluated on
them. `reduction` leaves out steps that change nothing but their order. With `symmetry`, states
count as one that a `renaming` makes of each other, and an `examination` sees that no actor minds.
"""
