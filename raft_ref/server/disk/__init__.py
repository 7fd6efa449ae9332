"""A real disk: a chained journal of what a server has promised, in a folder of its own.

In: what is to be saved, and a folder. Out: what was saved, all of it, or a refusal that names the
file. `journal` keeps records of bytes and knows nothing of Raft; `storage` says what they mean, and
a `worker` does what takes long beside all else.
"""
