"""`raft-ref demo`: a cluster in one process, to look at and to break."""

import argparse
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.live import Live

from raft_ref.cli.options.errors import UsageError, demand_writable, positive
from raft_ref.cli.options.features import add_features, features_of
from raft_ref.cli.reports.demo import picture, summary
from raft_ref.server import IN_PRODUCTION, named
from raft_ref.server.simulation.demo import Demo, DemoRequest
from raft_ref.traces import write
from raft_ref.traces.sources.simulated import trace_of

_EXAMPLES = """
keys: 1 to 9 crash a server, or start it again; l cut the leader off; h heal the network;
      t let another server lead; x lose a fifth of the messages, or none;
      d deliver a fifth twice, or none; q quit

examples:
  raft-ref demo
  raft-ref demo --servers 5 --loss 0.1 --seed 7
  raft-ref demo --with none                                      Raft as the paper has it
  raft-ref demo --seconds 3 --crash 1 --trace demo.ndjson        without a terminal, too
  raft-ref demo --with none --trace demo.ndjson                  what raft-ref validate judges

exit codes: 0 it came to its end; 2 bad input or usage
"""

_FRAME = 0.05
_WITHOUT_A_TERMINAL = 5.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Run a cluster in one process, on a simulated network and clock, and break it. "
        "A client writes all the time. The same seed and the same faults give the same run."
    )
    parser.epilog = _EXAMPLES
    parser.add_argument("--servers", type=int, default=3, metavar="N", help="2 to 9 (default: 3)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of chance (default: 1)")
    parser.add_argument(
        "--loss", type=_share, default=0.0, metavar="P", help="how likely a message is lost, 0 to 1"
    )
    parser.add_argument(
        "--duplication", type=_share, default=0.0, metavar="P", help="or arrives twice"
    )
    parser.add_argument(
        "--delay", type=positive, default=0.02, metavar="SECONDS", help="that a message takes"
    )
    parser.add_argument(
        "--speed",
        type=positive,
        default=0.2,
        metavar="X",
        help="seconds of the cluster in one second (default: %(default)g, to be watched)",
    )
    parser.add_argument(
        "--seconds",
        type=positive,
        metavar="N",
        help="of the cluster, until the end (default: until q, or 5 without a terminal)",
    )
    parser.add_argument(
        "--crash",
        type=int,
        default=0,
        metavar="N",
        help="crash the leader so often, once a second, and start it again half a second later",
    )
    parser.add_argument(
        "--partition", type=int, default=0, metavar="N", help="and cut it off so often, likewise"
    )
    add_features(parser, IN_PRODUCTION, named(IN_PRODUCTION))
    parser.add_argument("--trace", type=Path, metavar="FILE", help="keep all steps as NDJSON")
    parser.set_defaults(run=run)


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected 0 or more, and less than 1")
    return share


def run(options: argparse.Namespace) -> int:
    """Run `raft-ref demo`. Raises UsageError."""
    request = _request(options)
    if options.trace:
        demand_writable("--trace", options.trace)
    demo = Demo(request)
    if sys.stdin.isatty() and sys.stdout.isatty():
        _watch(demo, options.seconds, options.speed)
    else:
        demo.pass_time(options.seconds or _WITHOUT_A_TERMINAL)
        for line in demo.log:
            print(line)
        print(summary(demo))
    if options.trace:
        write(trace_of(demo.first, demo.steps, "raft-ref demo"), options.trace)
    return 0


def _request(options: argparse.Namespace) -> DemoRequest:
    try:
        return DemoRequest(
            options.servers,
            options.seed,
            options.loss,
            options.duplication,
            options.delay,
            options.crash,
            options.partition,
            options.trace is not None,
            features_of(options, IN_PRODUCTION),
        )
    except ValueError as error:
        raise UsageError(f"--{error}") from error


def _watch(demo: Demo, seconds: float | None, speed: float) -> None:
    with _keys() as pressed, Live(console=Console(), screen=True, auto_refresh=False) as live:
        while not seconds or demo.simulation.now < seconds:
            began = time.monotonic()
            for key in pressed():
                if key == "q":
                    return
                demo.press(key)
            demo.pass_time(_FRAME * speed)
            live.update(picture(demo), refresh=True)
            time.sleep(max(0.0, _FRAME - (time.monotonic() - began)))


@contextmanager
def _keys() -> Iterator[Callable[[], Iterator[str]]]:
    """Yield a function that returns the keys pressed since it was last called."""
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)

    def pressed() -> Iterator[str]:
        while select.select([sys.stdin], [], [], 0)[0]:
            key = sys.stdin.read(1)
            if not key:
                return
            yield key

    try:
        yield pressed
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
