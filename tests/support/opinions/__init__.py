"""What the specification says once more, in Python: a second opinion, on what there is at random.

`liberties` is that of RaftTrace.tla and `extended_liberties` that of ExtendedRaftTrace.tla; of
spec/features `properties` is what the properties say, asked of `steps`, some of kinds that are
`rare`. Of what servers do by Raft.tla and ExtendedRaft.tla the nodes are the second opinion
(tests.support.any_server and any_extended_server).
"""
