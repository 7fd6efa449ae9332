"""The servers of a run: processes that come and go, with what can be done to each."""

import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from raft_ref.server import Address
from tests.nemesis import network
from tests.raft_ref.server.test_processes import Cluster
from tests.support import processes
from tests.support.files import ROOT

COMMAND = (sys.executable, "-m", "tests.nemesis.slow")


def faketime() -> Path | None:
    """Return the library that sets clocks, if it is installed (Debian: libfaketime)."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return found[0] if found else None


class Servers(Cluster):
    """Those after the first three have joined.

    Each has a network namespace, a clock and a disk of its own, where that can be had.
    """

    def __init__(self, folder: Path) -> None:
        self.network: network.Network | None = None
        self.clocks = faketime()
        self.members = list("123")
        self._told: dict[str, list[str]] = {}
        self._rates: dict[str, float] = {}
        self._logs: dict[int, tuple[list[str], threading.Thread]] = {}
        super().__init__(folder)

    def open(self) -> None:
        """Make the network, which is there until `close`."""
        if network.is_allowed():
            self.network = network.Network()
            self.addresses = {name: self.network.add(name) for name in self.addresses}

    def without(self) -> list[str]:
        """Return what there is not, on this machine."""
        lacking = {
            "network namespaces: nobody is cut off": self.network,
            "libfaketime: no clock is set": self.clocks,
        }
        return [what for what, found in lacking.items() if found is None]

    def told(self, server: str) -> list[str]:
        """Return what a server is told: who the cluster began with, or who were members then.

        One that joins hears from some of these which cluster it is.
        """
        names = self._told.setdefault(server, [*self.members])
        known = dict.fromkeys([*names, server])
        peers = ",".join(f"{name}={self.addresses[name]}" for name in known)
        return ["--peers", peers, "--without-tls"]

    def first_start(self, server: str) -> list[str]:
        """Return what is said at the first start of a server."""
        return super().first_start(server) if server in "123" else ["--join"]

    def added(self) -> str:
        """Return the name of a new server."""
        name = str(len(self.addresses) + 1)
        where = Address(str(self.folder / f"{name}.sock"), 0)
        self.addresses[name] = where if self.network is None else self.network.add(name)
        return name

    def start(self, name: str, command: Sequence[str] = COMMAND, features: str = "") -> None:
        """Start a server, or start it again, with a disk that is not slow."""
        within = [] if self.network is None else self.network.within(name)
        self.slow_down(name, 0.0)
        arguments = [str(self._said(name, "slow")), "serve", "--id", name, *self.told(name)]
        arguments += [*self.first_start(name), "--data", str(self.folder / name)]
        self.processes[name] = process = processes.start(
            [*within, *command, *arguments],
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, **self._clock(name)},
        )
        self._listen_to(process)

    def _listen_to(self, process: "subprocess.Popen[str]") -> None:
        """Take what a server logs, which it waits for otherwise once the pipe is full."""
        lines: list[str] = []

        def listen() -> None:
            with contextlib.suppress(ValueError):  # it was closed
                lines.extend(process.stderr or ())

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        self._logs[process.pid] = lines, thread

    def ended(self, process: "subprocess.Popen[str]", seconds: float) -> tuple[int, str]:
        """Wait for the end of a server; return its exit code, and what it logged."""
        code = process.wait(seconds)
        lines, thread = self._logs.pop(process.pid)
        thread.join(seconds)
        return code, "".join(lines)

    def kill(self, name: str) -> None:
        """Kill a server."""
        process = self.processes.pop(name)
        process.kill()
        self.ended(process, 30)

    def stop_all(self) -> list[tuple[int, str]]:
        """Stop all servers; return their exit codes and what they logged."""
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        ended = [self.ended(process, 60) for process in self.processes.values()]
        self.processes.clear()
        return ended

    def _said(self, name: str, what: str) -> Path:
        return self.folder / f"{name}.{what}"

    def _clock(self, name: str) -> dict[str, str]:
        if self.clocks is None:
            return {}
        path = self._said(name, "clock")
        if not path.exists():
            self.set_clock(name)
        return {
            "LD_PRELOAD": str(self.clocks),
            "FAKETIME_TIMESTAMP_FILE": str(path),
            "FAKETIME_NO_CACHE": "1",
        }

    def set_clock(self, name: str, seconds: float = 0.0, rate: float | None = None) -> None:
        """Let the clock of a server be off by so much, and from its next start on run at a rate."""
        rate = self._rates.get(name, 1.0) if rate is None else rate
        self._rates[name] = rate
        path = self._said(name, "clock.next")
        path.write_text(f"{seconds:+g} x{rate:g}\n", encoding="utf-8")
        path.rename(self._said(name, "clock"))

    def slow_down(self, name: str, seconds: float) -> None:
        """Let each sync of a server take so much longer."""
        path = self._said(name, "slow.next")
        path.write_text(str(seconds), encoding="utf-8")
        path.rename(self._said(name, "slow"))

    def fill(self, name: str) -> None:
        """Let a server find its disk full, as soon as it writes."""
        resource.prlimit(self.processes[name].pid, resource.RLIMIT_FSIZE, (0, 0))

    def wait(self) -> None:
        """Wait until all servers listen."""
        for name in self.processes:
            self.wait_for(name)

    def wait_for(self, name: str) -> None:
        """Wait until a server listens, or has ended."""
        address = self.addresses[name]
        unix = socket.AF_UNIX if address.is_unix else socket.AF_INET
        while self.processes[name].poll() is None:
            with socket.socket(unix) as found:
                found.settimeout(1.0)
                if not found.connect_ex(address.host if address.is_unix else tuple(address)):
                    return
            time.sleep(0.02)

    def close(self) -> None:
        """Kill what is left, and take the network away."""
        for process in self.processes.values():
            process.send_signal(signal.SIGKILL)
        if self.network is not None:
            self.network.close()
