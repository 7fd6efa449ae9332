"""What is explored: actors, the network between them, and the properties that they are held to.

In: an actor (`Actor`), servers, bounds. Out: a `System`, a transition system whose states are small
integers, and what of two states counts as one.
"""
