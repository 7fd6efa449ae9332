"""One-token mutants of the node and of the specification, and what notices them.

`of_tla` and `of_python` make all that can be made of a file (a `mutant` each); `run` runs one in a
process of its own: `checks_of_spec` or `checks_of_node`, the cheapest first, by what the node did
once (`recorded`), searches, and tests (`by_tests`). What is read as before (`reading`) is no other
formula, and what is as before is loaded once (`loaded`). What became of all stands in a `table`;
`python -m tests.support.mutants` fills it.
"""
