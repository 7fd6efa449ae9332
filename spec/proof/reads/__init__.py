"""The proof of reads by ReadIndex, beside that of Raft and upon it.

In: the protocol and the conjuncts of Raft. Out: `protocol`, the actions that reads add to it, and
`invariant`, the conjuncts that make LinearizableReads inductive together with those of Raft;
`relations` has their words.
"""
