"""A server without any I/O: the node, with what it takes to run it.

In: messages, requests of clients, and the time. Out: what is to be saved, sent and answered. A
`replica` decides when what the node may do is done; an `extended` one has features as well, of
which `membership` and `reading` are two.
"""
