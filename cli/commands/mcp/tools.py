"""The tools: what can be asked, and by what it is answered.

The rule: nothing is computed here. A command is run as a person would run it, in a process of its
own, which may end as it likes; places of a cluster are those of `verify.exploring`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from raft_ref import __version__
from raft_ref.explorer import ActorError
from raft_ref.features import Feature
from raft_ref.spec.requests import RequestError, named
from raft_ref.spec.syntax.errors import SpecError
from raft_ref.verify import ClusterRequest, GivenSizes
from raft_ref.verify.exploring import AddressError, Goal, Place, Search, Session, is_true, told

INSTRUCTIONS = """\
raft-ref checks Raft: a reference node, known bugs of it, nodes of the user's own, and what other
implementations log. A verdict says no more than was found; pass its words on as they are. A place
of a cluster is told by its address, the names of the steps that lead there with / between them;
"" is the beginning. `at` tells which steps can be taken next, by name.
"""
MOST_SECONDS = 600
"""How long a command may take."""


def server() -> MCPServer:
    """Return the server with all tools."""
    made = MCPServer("raft-ref", version=__version__, instructions=INSTRUCTIONS)
    for tool in (check, validate, play, at, evaluate, shortest_way):
        made.add_tool(tool)
    return made


def check(options: list[str]) -> str:
    """Explore a cluster exhaustively within bounds: the report of `raft-ref check OPTIONS`.

    Without options the reference node, by searches of a minute. ["--bug", "NAME"] for a known bug
    (["--bug", "list"] lists them), ["--node", "MODULE:CLASS"] for a node of the user's own,
    ["--time", "20s"] for less or more; bounds such as ["--servers", "3", "--max-messages", "3"].
    """
    return _said("check", *options)


def validate(path: str, options: list[str] | None = None) -> str:
    """Judge a log of any implementation: ACCEPTED, REFUSED with what explains it, INCONCLUSIVE.

    Options as of `raft-ref validate`: ["--profile", "etcd"] for another format, ["--advice"] for
    what the log lacks.
    """
    return _said("validate", *(options or ()), path)


def play(schedule: str, bug: str = "") -> str:
    """Play a schedule on the reference node, or on a known bug, and tell what happens.

    A schedule is text, a sentence a line, such as "servers s1 s2 s3", "s1 is elected by s2",
    "s1 takes x", "s1 replicates to s2", "s2 has committed 1"; `raft-ref play --help` has all words.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "schedule.txt"
        path.write_text(schedule, encoding="utf-8")
        return _said("play", *(("--bug", bug) if bug else ()), str(path))


def at(
    address: str = "", bug: str = "", node: str = "", features: str = "", servers: int = 3
) -> dict[str, Any]:
    """Tell of a place in a cluster: what is there, what can be done, and what is broken.

    That is the servers, the messages in flight, the steps that are enabled, by name, and which
    properties are false, and why. `bug` is a known bug or `node` a MODULE:CLASS in the place of
    the reference node, `features` a list such as "pre-vote,membership".
    """
    with _at(address, bug, node, features, servers) as (session, place):
        known = told(session, place)
        return {
            "cluster": session.cluster.description,
            "steps": [each["words"] for each in known["rows"]],
            "servers": place.teller.now,
            "in flight": [each["text"] for each in known["flights"] if not each["over"]],
            "enabled": {each.name: each.words for each in session.enabled(place)},
            "broken": {
                each.property.name: [*each.instances]
                for each in session.verdicts(place)
                if not (each.holds or each.property.is_sometimes)
            },
        }


def evaluate(
    formula: str,
    address: str = "",
    bug: str = "",
    node: str = "",
    features: str = "",
    servers: int = 3,
) -> bool:
    r"""Evaluate a formula of TLA+ at a place of a cluster, in the words of RaftInvariants.tla.

    For example: \E i \in Server : role[i] = "Leader". Arguments as of `at`.
    """
    with _at(address, bug, node, features, servers) as (session, place):
        return is_true(session, place, formula)


def shortest_way(
    goal: str,
    address: str = "",
    bug: str = "",
    node: str = "",
    features: str = "",
    servers: int = 3,
    bounds: dict[str, int] | None = None,
) -> dict[str, Any]:
    """Find the shortest way from a place to where a goal is reached, within bounds.

    `goal` is the name of a property that is to be broken, or of a Sometimes... that is to be
    reached, or a formula of TLA+ that is to be true; `bounds` say how much more than now there may
    be, such as {"max_term": 2, "max_messages": 3}. That nothing is found says something of these
    bounds alone. Other arguments as of `at`.
    """
    wanted = Goal(property=goal) if goal.isidentifier() else Goal(formula=goal)
    with _at(address, bug, node, features, servers) as (session, place):
        search = Search(session, place, wanted, bounds or {})
        search.demand()
        return search.run().as_json()


@contextmanager
def _at(
    address: str, bug: str, node: str, features: str, servers: int
) -> Iterator[tuple[Session, Place]]:
    """Lend a session and a place in it to one question at a time.

    Who asks is told what was wrong with the question.
    """
    try:
        session = _session(bug, node, features, servers)
        with session.lock:
            yield session, session.at(address)
    except (AddressError, RequestError, SpecError, ActorError, ValueError) as error:
        raise ToolError(str(error)) from error


@lru_cache(maxsize=8)
def _session(bug: str, node: str, features: str, servers: int) -> Session:
    """Return a session, the same for the same cluster: what it has computed is of use again."""
    request = ClusterRequest(
        node=named("node", node) if node else None,
        node_name=node or None,
        bug=bug or None,
        features=Feature.of_option(features or "none"),
        sizes=GivenSizes(servers=servers),
    )
    return Session(request)


def _said(*words: str) -> str:
    """Return what a command says."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "raft_ref", *words],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=MOST_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"stopped after {MOST_SECONDS} s: ask for less") from error
    return f"{done.stdout}{done.stderr}exit code {done.returncode}"
