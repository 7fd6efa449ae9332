"""A long run of real servers under faults: `python -m tests.nemesis --minutes N --seed N`.

Three servers, each a process, and clients that write and read. Again and again one of the servers
is killed and started, stopped for a while, cut off from others (in network namespaces, where there
can be any: that takes root), has its clock set or run at another rate (by libfaketime, where that
is installed), a slow disk, or a full one; or it is killed and a byte of its disk is flipped: then
it must refuse to start, in a line that names the file, and another one joins in its place. What the
clients saw must be explained by one store, as our checker and porcupine (where there is Go) have
it. Ends with figures, and with what there was not; exits 0 if nothing was lost.

`run` is such a run, of `servers` in a `network`; `porcupine` asks that, by `judge/`.
"""
