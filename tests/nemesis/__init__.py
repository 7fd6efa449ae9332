"""A long run of real servers under faults: `python -m tests.nemesis --minutes N --seed N`.

Three servers, each a process, and clients that write and read. Again and again one of the servers
is killed and started, or stopped for a while, or killed and a byte of its disk is flipped: then it
must refuse to start, in a line that names the file, and another one joins in its place. What the
clients saw must be explained by one store. Ends with figures; exits 0 if nothing was lost.
"""
