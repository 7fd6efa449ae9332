"""`python -m raft_ref`: the command line."""

import sys

from raft_ref.cli import main

sys.exit(main())
