"""`raft-ref member`: who the servers of a cluster are, and changes of that."""

import argparse

from raft_ref.cli.commands.member import changing, listing
from raft_ref.cli.commands.member.asking import EXIT_CODES

_EXAMPLES = """
examples (a fourth server for a cluster of three, in the place of the first):
  raft-ref serve --id 4 --join --data /tmp/4 \\
      --peers 1=127.0.0.1:7001,2=127.0.0.1:7002,3=127.0.0.1:7003,4=127.0.0.1:7004
  raft-ref member add 4=127.0.0.1:7004 --cluster 127.0.0.1:7001,127.0.0.1:7002,127.0.0.1:7003
  raft-ref member promote 4 --cluster ...
  raft-ref member remove 1 --cluster ...
  raft-ref member list --cluster ... --json

Who is added waits for that (the leader looks whether it does), and is a learner: it is sent all
that there is, and counts in no majority. Once it has caught up it can be promoted, and votes. Who
is removed stops, and says so. One change is made at a time, and is done when it is committed; one
that was made already is done at once. A name is used once: a server that has lost its disk, and
with it what it voted for, is removed, and joins again under a new name.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = "Tell who the servers of a cluster are, or change that while it runs."
    parser.epilog = f"{_EXAMPLES}\n{EXIT_CODES}"
    kinds = parser.add_subparsers(title="what to do", metavar="WHAT", required=True)
    listing.configure(kinds)
    changing.configure(kinds)
