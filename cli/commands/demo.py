"""`raft-ref demo`: a cluster in one process, to look at and to break."""

import argparse
import random
import select
import sys
import termios
import time
import tty
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from raft_ref import Role, State
from raft_ref.cli.options.errors import UsageError, demand_writable, positive
from raft_ref.server import (
    Conditions,
    Happening,
    Kind,
    Operation,
    Result,
    SimulatedClient,
    Simulation,
)
from raft_ref.traces import write
from raft_ref.traces.format.simulated import trace_of

_EXAMPLES = """
keys: 1 to 9 crash a server, or start it again; l cut the leader off; h heal the network;
      x lose a fifth of the messages, or none; d deliver a fifth twice, or none; q quit

examples:
  raft-ref demo
  raft-ref demo --servers 5 --loss 0.1 --seed 7
  raft-ref demo --seconds 3 --crash 1 --trace demo.ndjson        without a terminal, too

exit codes: 0 it came to its end; 2 bad input or usage
"""

_STYLES = {Role.FOLLOWER: "white", Role.CANDIDATE: "bold yellow", Role.LEADER: "bold white on blue"}
_LOG_SHOWN, _EVENTS_SHOWN = 8, 10
_FRAME = 0.05


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
    parser.add_argument("--trace", type=Path, metavar="FILE", help="keep all steps as NDJSON")
    parser.set_defaults(run=run)


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected 0 or more, and less than 1")
    return share


def run(options: argparse.Namespace) -> int:
    """Run `raft-ref demo`. Raises UsageError."""
    if not 2 <= options.servers <= 9:
        raise UsageError(f"--servers {options.servers}: expected 2 to 9")
    if options.trace:
        demand_writable("--trace", options.trace)
    demo = Demo(options)
    if sys.stdin.isatty() and sys.stdout.isatty():
        _watch(demo, options)
    else:
        demo.pass_time(options.seconds or 5.0)
        for line in demo.events:
            print(line)
        print(demo.summary())
    if options.trace:
        write(trace_of(demo.first, demo.happenings, "raft-ref demo"), options.trace)
    return 0


def _watch(demo: "Demo", options: argparse.Namespace) -> None:
    with _keys() as pressed, Live(console=Console(), screen=True, auto_refresh=False) as live:
        while not options.seconds or demo.simulation.now < options.seconds:
            began = time.monotonic()
            for key in pressed():
                if key == "q":
                    return
                demo.press(key)
            demo.pass_time(_FRAME * options.speed)
            live.update(demo.picture(), refresh=True)
            time.sleep(max(0.0, _FRAME - (time.monotonic() - began)))


@contextmanager
def _keys() -> Iterator[Any]:
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


class Demo:
    """A simulated cluster with a client, what happened in it, and how it looks."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.happenings: list[Happening] = []
        self.events: deque[str] = deque(maxlen=1000)
        self.done = 0
        self._is_recorded = options.trace is not None
        delay = options.delay
        conditions = Conditions(
            delay=(delay / 2, delay * 1.5), loss=options.loss, duplication=options.duplication
        )
        names = tuple(f"s{number}" for number in range(1, options.servers + 1))
        self.simulation = Simulation(names, options.seed, conditions, observe=self._note)
        self.first = dict(self.simulation.settled)
        self._client = SimulatedClient(self.simulation, "client", 0.5, lambda: 0.05)
        self._chance = random.Random(options.seed)
        self.simulation.at(0.3, self._write)
        for number in range(options.crash):
            self.simulation.at(1.0 + number, self._crash_leader)
        for number in range(options.partition):
            self.simulation.at(1.5 + number, self._cut_leader)
            self.simulation.at(2.0 + number, self._heal)

    # What happens

    def pass_time(self, seconds: float) -> None:
        """Let the cluster live for some seconds."""
        self.simulation.run(seconds)

    def press(self, key: str) -> None:
        """Do what a key stands for."""
        names = list(self.simulation.servers)
        if key.isdigit() and 0 < int(key) <= len(names):
            self._toggle(names[int(key) - 1])
        elif key == "l":
            self._cut_leader()
        elif key == "h":
            self._heal()
        elif key in "xd":
            self._change("loss" if key == "x" else "duplication")

    def _toggle(self, name: str) -> None:
        server = self.simulation.servers[name]
        if server.replica is None:
            server.start()
        else:
            server.crash()
            self._tell(f"{name} crashes")

    def _crash_leader(self) -> None:
        leader = self.simulation.leader
        if leader is not None:
            self._toggle(leader)
            self.simulation.at(0.5, self.simulation.servers[leader].start)

    def _cut_leader(self) -> None:
        leader = self.simulation.leader
        if leader is not None:
            self._tell(f"{leader} is cut off from the others")
            self.simulation.cut_off([leader])

    def _heal(self) -> None:
        self._tell("all servers reach each other")
        self.simulation.heal()

    def _change(self, name: str) -> None:
        conditions = self.simulation.conditions
        share = 0.0 if getattr(conditions, name) else 0.2
        changes: dict[str, Any] = {name: share}
        self.simulation.conditions = replace(conditions, **changes)
        self._tell(f"{name} is {share:g}")

    # A client

    def _write(self) -> None:
        key = self._chance.choice("xyz")
        self._client.do(Operation(Kind.PUT, key, str(self.done + 1)), self._is_written)

    def _is_written(self, result: Result | None) -> None:
        self.done += 1
        self.simulation.at(0.1, self._write)

    # What is seen

    def _note(self, happening: Happening) -> None:
        if self._is_recorded:
            self.happenings.append(happening)
        before, after = happening.before, happening.step.state
        if happening.event is None:
            self._tell(f"{happening.server} starts again, in term {after.current_term}")
        elif (before.role, before.current_term) != (after.role, after.current_term) and (
            Role.LEADER in (before.role, after.role) or after.role is Role.CANDIDATE
        ):
            what = "leads" if after.role is Role.LEADER else f"is a {after.role.lower()}"
            self._tell(f"{happening.server} {what} in term {after.current_term}")
        if after.compacted > before.compacted and happening.event is not None:
            self._tell(f"{happening.server} has a snapshot up to index {after.compacted}")

    def _tell(self, text: str) -> None:
        self.events.append(f"{self.simulation.now:8.3f} s  {text}")

    def summary(self) -> str:
        """Return how it stands, in one line."""
        leader = self.simulation.leader
        term = max(state.current_term for state in self.simulation.settled.values())
        committed = max(state.commit_index for state in self.simulation.settled.values())
        return (
            f"{self.simulation.now:.3f} s: {leader or 'nobody'} leads in term {term}; "
            f"{committed} entries committed, {self.done} writes answered"
        )

    def picture(self) -> Group:
        """Return the cluster as it is now."""
        table = Table(expand=True, box=None, padding=(0, 1))
        for name in ("server", "role", "term", "voted for", "commit", "log"):
            table.add_column(name, no_wrap=True)
        for name, server in self.simulation.servers.items():
            state = self.simulation.settled[name]
            if server.replica is None:
                table.add_row(name, Text("crashed", "bold red"), style="dim")
                continue
            table.add_row(
                name,
                Text(state.role.value.lower(), _STYLES[state.role]),
                str(state.current_term),
                state.voted_for or "",
                str(state.commit_index),
                _log(state),
            )
        cut = sorted({f"{a}-{b}" for a, b in self.simulation.cut if a < b})
        conditions = self.simulation.conditions
        facts = (
            f"loss {conditions.loss:g}, duplication {conditions.duplication:g}, "
            f"cut: {', '.join(cut) or 'nothing'}"
        )
        events = Text("\n".join([*self.events][-_EVENTS_SHOWN:]), "cyan")
        keys = Text(
            "1-9 crash/start  l cut the leader off  h heal  x loss  d duplication  q quit",
            "dim",
        )
        above = Text(self.summary(), "bold"), Text(facts), Text()
        return Group(*above, table, Text(), events, Text(), keys)


def _log(state: State) -> Text:
    """Return the end of a log: index and term of each entry, the committed ones underlined."""
    shown = Text()
    if state.compacted:
        shown.append(f"[snapshot to {state.compacted}] ", "magenta")
    first = max(state.compacted, state.last_index - _LOG_SHOWN) + 1
    for index in range(first, state.last_index + 1):
        style = "underline green" if index <= state.commit_index else "yellow"
        shown.append(f"{index}:t{state.term_at(index)}", style)
        shown.append(" ")
    return shown
