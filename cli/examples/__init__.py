"""What `raft-ref new` writes for a user to begin with.

In: nothing. Out: files, as they stand here: `my_raft` is a whole small Raft, and `test_my_raft` its
test. They are written as by somebody who knows the paper, and of raft_ref what README.md says. What
a Raft in another language is traced and driven by stands in `adapters`.
"""
