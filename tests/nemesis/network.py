"""Servers in network namespaces, of which some can be cut off: where the system lets us make any.

Each has a way of its own to a bridge, at which the clients are. What one sends to another goes
nowhere while that is cut.
"""

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from raft_ref.server import Address


def ip(*arguments: str, check: bool = True) -> bool:
    """Do something to interfaces; tell whether it was done."""
    done = subprocess.run(["ip", *arguments], check=check, capture_output=True)
    return done.returncode == 0


def is_allowed() -> bool:
    """Tell whether there can be network namespaces, and ways between them, here."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    name = f"raftref{os.getpid()}"
    can = ip("link", "add", name, "type", "veth", "peer", "name", f"{name}p", check=False)
    can = can and ip("netns", "add", name, check=False)
    ip("netns", "delete", name, check=False)
    ip("link", "delete", name, check=False)
    return can


class Network:
    """A network of namespaces, on this machine and for this process alone."""

    def __init__(self) -> None:
        self._tag = f"rr{os.getpid() % 10**6}"
        self._prefix = f"10.{os.getpid() % 200 + 20}.{os.getpid() // 200 % 250}"
        self._hosts: dict[str, str] = {}
        self._ways: dict[str, str] = {}
        self.outside = f"{self._prefix}.254"
        """The host at which clients are."""
        self._cut: set[tuple[str, str]] = set()
        ip("link", "add", self._tag, "type", "bridge")
        ip("address", "add", f"{self.outside}/24", "dev", self._tag)
        ip("link", "set", self._tag, "up")

    def add(self, name: str) -> Address:
        """Return where a new server is to listen."""
        number = len(self._hosts) + 1
        space, way = self._space(name), f"{self._tag}-{number}"
        self._hosts[name] = host = f"{self._prefix}.{number}"
        self._ways[name] = way
        ip("netns", "add", space)
        ip("link", "add", way, "type", "veth", "peer", "name", "eth0", "netns", space)
        ip("link", "set", way, "master", self._tag, "up")
        ip("-n", space, "address", "add", f"{host}/24", "dev", "eth0")
        for each in ("lo", "eth0"):
            ip("-n", space, "link", "set", each, "up")
        return Address(host, 7000)

    def _space(self, name: str) -> str:
        return f"{self._tag}-{name}"

    def within(self, name: str) -> list[str]:
        """Return what a command begins with that is to run where a server is."""
        return ["ip", "netns", "exec", self._space(name)]

    def sent_by(self, name: str) -> int:
        """Return how many bytes a server has sent to others."""
        way = Path("/sys/class/net") / self._ways[name]
        return int((way / "statistics/rx_bytes").read_text())

    def cut(self, ways: Iterable[tuple[str, str]]) -> None:
        """Let what one server sends to another be lost."""
        for source, dest in ways:
            if (source, dest) not in self._cut:
                self._cut.add((source, dest))
                ip("-n", self._space(source), "route", "add", "blackhole", self._hosts[dest])

    def heal(self) -> None:
        """Let all servers reach each other."""
        for source, dest in self._cut:
            ip("-n", self._space(source), "route", "delete", "blackhole", self._hosts[dest])
        self._cut.clear()

    def close(self) -> None:
        """Take it all away."""
        for name in self._hosts:
            ip("netns", "delete", self._space(name), check=False)
        ip("link", "delete", self._tag, check=False)
