"""`raft-ref explore`: walk through a cluster in the browser, step by step.

In: what was parsed, and what the page asks. Out: pages and JSON, on this machine alone, to whoever
knows the token in the address. `serving` listens, and the `server` answers: `asked` reads what the
page asks, `sessions` keeps the walks that are open, and `searches` run in the background. `site/`
is the page: no libraries, nothing from elsewhere. All but this needs an extra.
"""

import argparse
import importlib
import importlib.util
import secrets
import webbrowser
from dataclasses import replace
from pathlib import Path

from raft_ref.cli.commands.explore.sessions import Sessions
from raft_ref.cli.options.cluster import add_node, add_own_bounds, node_of
from raft_ref.cli.options.errors import UsageError
from raft_ref.cli.options.features import add_features, features_of
from raft_ref.cli.options.sizes import add_sizes, given_sizes_of
from raft_ref.spec.files import INVARIANTS
from raft_ref.traces import read
from raft_ref.verify import ClusterRequest, PropertyRequest
from raft_ref.verify.exploring import Session

EXIT_CODES = "exit codes: 0 stopped by Ctrl-C or SIGTERM; 2 bad input or usage"

EXAMPLES = """\
examples:
  raft-ref explore                                  the reference node, three servers
  raft-ref explore --servers 5 --values 4           room for figure 8 of the paper
  raft-ref explore --bug older-term-committed
  raft-ref explore --with pre-vote,membership
  raft-ref explore --node my_raft:MyRaft            your own node
  raft-ref explore found.ndjson --bug quorum-of-half
                                                    begin at the end of a trace
  raft-ref explore traces/gallery/quorum-of-half.ndjson
                                                    or where the node takes no such step
  raft-ref explore --port 8080 --no-browser
"""

NO_SERVER = "explore needs a small web server: pip install 'raft-ref[explore]'"
"""What is said where it is not installed."""

_BYTES_OF_TOKEN = 18


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Walk through a cluster in the browser: click on what shall happen next, of all that can, "
        "and see each server, the messages, which properties are true, and the action of Raft.tla "
        "beside the Python that took the step. The address is the list of the steps: a link is a "
        "test case. Served on this machine alone, at an address that nobody can guess; what is "
        "not bounded here is not bounded."
    )
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    parser.add_argument(
        "trace",
        type=Path,
        nargs="?",
        metavar="TRACE",
        help="begin at the end of this trace, or before its first step that is none here",
    )
    what = parser.add_argument_group("what is explored")
    add_node(what, "a known bug; `raft-ref bugs` lists them")
    add_features(what)
    what.add_argument(
        "--spec", metavar="FILE.tla", type=Path,
        help=f"the module of properties (default: {INVARIANTS.name})",
    )  # fmt: skip
    what.add_argument("--raft", metavar="DIR", type=Path, help="a folder with your own Raft.tla")
    what.add_argument(
        "--network", choices=["set", "fifo"], default="set",
        help="set: any message may arrive next; fifo: in order between two servers (default: set)",
    )  # fmt: skip
    bounds = parser.add_argument_group(
        "bounds (those that are given hold for every step, the others for searches alone)"
    )
    add_sizes(bounds, "or what the bug needs")
    add_own_bounds(bounds)
    served = parser.add_argument_group("the page")
    served.add_argument(
        "--port", type=int, default=0, metavar="N", help="where it is served (default: a free one)"
    )
    served.add_argument(
        "--no-browser", action="store_true", help="print the address, and open no browser"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve the page until it is interrupted; return the exit code."""
    if any(importlib.util.find_spec(each) is None for each in ("starlette", "uvicorn")):
        raise UsageError(NO_SERVER)
    trace = None if options.trace is None else read(options.trace)
    sizes = given_sizes_of(options)
    if trace is not None and sizes.servers is None:
        sizes = replace(sizes, servers=len(trace.servers))
    request = ClusterRequest(
        node=node_of(options),
        node_name=options.node,
        bug=options.bug,
        sizes=sizes,
        bounds=dict(options.bound),
        network=options.network,
        features=features_of(options),
        properties=PropertyRequest(spec=options.spec, raft=options.raft),
    )
    # What is wrong with the request is said here, and not in the browser.
    session = Session(request)
    place, refused = session.start, ""
    if trace is not None:
        place, refused = session.follow_far(trace)
    serving = importlib.import_module("raft_ref.cli.commands.explore.serving")  # needs the extra
    listening = serving.listening_at(options.port)
    port, token = listening.getsockname()[1], secrets.token_urlsafe(_BYTES_OF_TOKEN)
    address = f"http://127.0.0.1:{port}/{token}/" + (f"#{place.text}" if place.address else "")
    print(f"exploring {session.cluster.description} at {address}", flush=True)
    if refused:
        print(refused, flush=True)
    print("Ctrl-C ends it", flush=True)
    if not options.no_browser:
        webbrowser.open(address)
    serving.serve(Sessions(request, place.text, refused), token, port, listening)
    return 0
