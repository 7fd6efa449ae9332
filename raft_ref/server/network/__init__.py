"""What a real cluster speaks by: sockets, bytes in frames, and who is let in.

In: addresses, and what is to be sent. Out: what came in, from whom it is. `sockets` connects
servers with each other and clients with them, `framing` cuts streams into messages, `tls` says by
which certificates, `greeting` whether servers are who they say, and `names` what they may be
called.
"""
