from raft_ref.explorer import Bounds, System
from raft_ref.explorer.testing import state_machine
from ring import Ring

SERVERS = ("s1", "s2", "s3")
ring = Ring(SERVERS, values=())
system = System(ring, SERVERS, Bounds(max_duplicates=5))

TestRing = state_machine(system, ring.properties()).TestCase
