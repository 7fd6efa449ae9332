"""The parts of `raft-ref prove`."""
