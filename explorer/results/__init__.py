"""What a search found, whoever searched.

In: a system, and the steps that a search took. Out: a `report` that is never rounded up: verdict,
coverage and, if something is violated, a `counterexample`. `progress` answers whether what is due
can still happen, within `larger` bounds if not within these; `behavior` takes steps again, `graph`
is the graph of all states.
"""
