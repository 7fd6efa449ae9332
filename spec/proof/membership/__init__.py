"""The proof of changes of membership: quorums are of the configuration that a server goes by.

In: the protocol and the conjuncts of Raft, but for those that speak of quorums. Out: `protocol`,
their actions by configurations, with those that change them; `invariant`, the conjuncts that are
inductive together; `argument`, the lemmas by which a change does no harm. `relations` has the
words, and what is taken for granted of quorums: `majorities` proves that of majorities. `hints` say
what of all that is looked at first.
"""
