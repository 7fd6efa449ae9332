"""Traces and graphs as pictures and pages.

In: a trace, or a graph. Out: text in Graphviz's language, pictures (`render`), and HTML (`page`).

A trace becomes a `scene` (what is shown, logs as `cells`), which gets its places by `layout` and
the widths of texts (`metrics`); `refused` is what is marked of a line that no step explains.
`diagram` writes it, with what stands around it (`frames`), in the labels of `markup` and the
colours of `style`. `graphs` draws state graphs, `history` what clients saw of a store.
"""
