"""`raft-ref serve`: one server of a real cluster."""

import argparse
import asyncio
import contextlib
import json
import logging
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from raft_ref.cli.options.errors import UsageError, positive
from raft_ref.cli.options.features import add_features, features_of
from raft_ref.cli.options.network import add_tls, address, certificate, peers
from raft_ref.features import Feature
from raft_ref.server import (
    IN_PRACTICE,
    SERVED,
    Address,
    Server,
    ServerRequest,
    StorageError,
    Timing,
    named,
)

_EXAMPLES = """
examples (the first of three servers on one machine; two processes; a network):
  raft-ref serve --bootstrap --id 1 --data /tmp/1 \\
      --peers 1=127.0.0.1:7001,2=127.0.0.1:7002,3=127.0.0.1:7003
  raft-ref serve --bootstrap --id 2 --data /tmp/2 --peers 1=unix:/tmp/1.sock,2=unix:/tmp/2.sock
  raft-ref serve --bootstrap --id a --data /srv/raft \\
      --tls-cert a.pem --tls-key a.key --tls-ca ca.pem \\
      --peers a=a.example:7001,b=b.example:7001,c=c.example:7001
  raft-ref serve --id d --join --data /srv/raft ...    a server that waits for `member add`
  raft-ref serve --with pre-vote,membership ...        leadership is not transferred
  raft-ref serve --with none ...                       Raft as the paper has it
  raft-ref serve --reads any ...                       for `kv get --from-any`
  raft-ref serve --reads lease --clock-drift 0.01 ...  on machines with good clocks

A server that is stopped by Ctrl-C or SIGTERM lets another one lead first, if it leads, for a second
at most; another signal stops it at once. Servers with different features work together, and say so:
they are as safe, and what a feature promises, it does where all of them have it.

Nothing can be written while no server leads: for up to twice the election timeout after a leader
has gone, and a few messages more. Where the way takes 100 ms, --election-timeout 1 leaves room for
some that are lost. A leader is heard while its disk is at work, for three seconds; elections wait
for as long as disks take, and a disk that takes longer than the election timeout is told of.

All reads are linearizable. For each batch of them a leader asks whether it still leads: with its
messages (--reads leader), or in rounds of their own, and for reads at other servers as well
(--reads any). By lease (--reads lease) it does not ask while a majority of servers that run so has
promised to elect nobody else. ASSUMED then: no clock of the cluster runs faster than another by
more than --clock-drift, is set, or stands still, as a machine's does that is suspended. Where that
is not so, a read may miss what was written before it.

The first start of a server is asked for: --bootstrap makes its folder, and with its peers a new
cluster; later it says nothing, and may be left out. Without it a folder that is empty is refused,
as it may be mistyped. The first server, by name, draws what the cluster is known by, and the others
wait for it at their first start. Servers of another cluster, or that began with other servers, are
refused, and so is a second one under a name, and one whose disk is older than it was. A disk that
is damaged is refused with the file and what is to be done: the server joins as a new one.

A server that joins is in no configuration, and empty, until `raft-ref member add` (see there); it
is started again in the same words. What the members are is in the log from the first change on, and
--peers says no more than who the cluster began with. Each server remembers by which disk the others
are known; one that comes back with another disk is refused and stops, for what it voted for is
lost: remove it, and let it join under a new name. Where --with leaves membership out, a server
keeps to its peers for good, and takes no part in changes.

exit codes: 0 stopped by Ctrl-C or SIGTERM, or removed from the cluster; 1 it could not go on, such
as for want of room on the disk; 2 bad input or usage
"""

_READS: Mapping[str, frozenset[Feature]] = {
    "leader": frozenset(),
    "any": frozenset({Feature.READ_INDEX}),
    "lease": frozenset({Feature.READ_INDEX, Feature.LEASES}),
}
"""What reads are by, as features."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Run one server of a replicated key-value store: the node that is checked, "
        "with a disk and a network. Nothing is acknowledged that a crash could take away."
    )
    parser.epilog = _EXAMPLES
    parser.add_argument("--id", required=True, metavar="NAME", help="which of the peers this is")
    parser.add_argument(
        "--peers",
        required=True,
        type=peers,
        metavar="NAME=ADDRESS,...",
        help="all servers that the cluster begins with, this one included, the same everywhere; an "
        "address is host:port or unix:/path",
    )
    first = parser.add_mutually_exclusive_group()
    first.add_argument(
        "--bootstrap",
        action="store_true",
        help="begin a new cluster with the peers, if this is the server's first start",
    )
    first.add_argument(
        "--join",
        action="store_true",
        help="wait to be added to the cluster of the other peers, some of its servers",
    )
    parser.add_argument(
        "--data", required=True, type=Path, metavar="DIR", help="the folder of this server's disk"
    )
    parser.add_argument(
        "--listen",
        type=address,
        metavar="ADDRESS",
        help="where to listen, if that is not the address among the peers",
    )
    parser.add_argument(
        "--without-tls",
        action="store_true",
        help="listen beyond this machine without TLS: whoever reaches the port is let in",
    )
    add_features(parser, SERVED, named(SERVED))
    parser.add_argument(
        "--reads",
        choices=_READS,
        default="leader",
        help="leader: the leader serves reads and asks a majority for each batch of them; any: all "
        "servers do, and ask the leader; lease: likewise, and the leader asks nobody while it has "
        "a lease, which relies on clocks (default: %(default)s)",
    )
    parser.add_argument(
        "--clock-drift",
        type=positive,
        metavar="RATIO",
        help="with --reads lease: how much faster than another the clock of a server may run, "
        f"which is assumed (default: {IN_PRACTICE.clock_drift:g}, a tenth)",
    )
    parser.add_argument(
        "--election-timeout",
        type=positive,
        metavar="SECONDS",
        help="how long a leader is silent that is taken for gone, at least; at most it is twice as "
        f"long (default: {IN_PRACTICE.election_timeout[0]:g}). Several times the time that a "
        "message takes there and back, and the same on all servers",
    )
    parser.add_argument(
        "--heartbeat",
        type=positive,
        metavar="SECONDS",
        help="how often a leader is heard, at most half of the election timeout (default: a third)",
    )
    parser.add_argument(
        "--uvloop",
        action="store_true",
        help="run on uvloop in the place of Python's own event loop (with the extra [fast])",
    )
    parser.add_argument("--quiet", action="store_true", help="log warnings alone")
    parser.add_argument("--log-json", action="store_true", help="log objects, one a line")
    add_tls(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run `raft-ref serve`. Raises UsageError, StorageError and TlsError."""
    if options.clock_drift is not None and options.reads != "lease":
        raise UsageError("--clock-drift: only with --reads lease")
    request = _request(options)
    if request.is_exposed:
        raise UsageError(
            f"{request.address} can be reached from other machines: give --tls-cert, --tls-key and "
            "--tls-ca, or say --without-tls"
        )
    loop = _uvloop() if options.uvloop else asyncio.new_event_loop
    _log(options)
    _allow_many_files()
    server = request.server()
    with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(_served(server, request.address))
    return 0


def _uvloop() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes an event loop of uvloop. Raises UsageError."""
    try:
        made: Callable[[], asyncio.AbstractEventLoop] = import_module("uvloop").new_event_loop
    except ImportError:
        raise UsageError("--uvloop: it is not installed: pip install 'raft-ref[fast]'") from None
    return made


def _request(options: argparse.Namespace) -> ServerRequest:
    try:
        return ServerRequest(
            options.id,
            options.peers,
            options.data,
            options.listen,
            certificate(options),
            options.without_tls,
            features_of(options, SERVED) | _READS[options.reads],
            _timing(options),
            options.join,
            options.bootstrap,
        )
    except ValueError as error:
        raise UsageError(f"--{error}") from error


class _JsonLines(logging.Formatter):
    """Each line of the log is an object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a line: when, how grave, and what."""
        told = {
            "time": record.created,
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        return json.dumps(told)


def _log(options: argparse.Namespace) -> None:
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(message)s")
    handler.setFormatter(_JsonLines() if options.log_json else text)
    level = logging.WARNING if options.quiet else logging.INFO
    logging.basicConfig(level=level, handlers=[handler])


def _allow_many_files() -> None:
    """Let there be as many connections as the system allows for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = min(hard, 65_536) if hard != resource.RLIM_INFINITY else 65_536
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _timing(options: argparse.Namespace) -> Timing:
    """Return how long the server waits. Raises ValueError."""
    timing = IN_PRACTICE
    if options.election_timeout is not None or options.heartbeat is not None:
        timeout = options.election_timeout or IN_PRACTICE.election_timeout[0]
        timing = Timing.of(timeout, options.heartbeat)
    drift = IN_PRACTICE.clock_drift if options.clock_drift is None else options.clock_drift
    return replace(timing, clock_drift=drift)


async def _served(server: Server, listen: Address) -> int:
    task = asyncio.ensure_future(server.run(listen))
    stops: list[asyncio.Task[None]] = []

    def stop() -> None:
        if stops:
            task.cancel()
        else:
            stops.append(asyncio.ensure_future(server.stop()))

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as SIGINT is in a background job
            loop.add_signal_handler(number, stop)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await task
    except StorageError as error:
        print(f"raft-ref: {error}; the server stops", file=sys.stderr)
        return 1
    return 0
