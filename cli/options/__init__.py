"""Options that several commands share: what they are called, and what the libraries get of them.

In: a group of a parser, to which options are added; what was parsed. Out: typed values: a
`cluster`, its `features` and `sizes`, `symmetry`, an `engine`, the `ladder` where no sizes are
given, a goal (`live`), `walks`, addresses on a `network`, what becomes of the `output`, the `ranks`
where there are several processes. `errors` is what users get wrong.
"""
