"""What a real cluster speaks by: sockets, bytes in frames, and who is let in.

In: addresses, and what is to be sent. Out: what came in, from whom it is. `sockets` connects
servers with each other and clients with them, at `addresses`: by `links` to peers, and a `listener`
for them and clients, whose connections are `incoming`. `framing` cuts streams into messages, and
`hello` is the first of these. Who is let in `tls` says by certificates, `greeting` by what each
says of itself, and `names` by what servers may be called; `admission` says which messages are.
`pieces` brings snapshots that are larger than a message, and `report` is what a server tells of
itself.
"""
