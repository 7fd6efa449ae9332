"""A schedule as text, a sentence a line: what is to happen to which server.

The words, for servers s1, s2, ... (commas are as good as spaces, # begins a comment):

    servers s1 s2 s3                 the first line: who they are
    s1 begins with log 1 1 4         entries of these terms, before the first step; `in term 5`
    s1 times out                     it stands for a new term
    s1 is elected by s2 s3           it times out, asks these, and has their answers
    s1 takes x                       a client's request
    s1 appends to s2 s3              it sends what it has, and they receive that
    s1 replicates to s2 s3           the same with the answers, again until they have all
    s1 sends s2 1 entry              it sends that; or `a heartbeat`, or `a snapshot`
    s1 -> s2 vote                    s2 receives what s1 has sent last; perhaps of a kind, of a term
    s1 => s2                         the same, and a copy stays in flight
    s1 -x s2                         that is lost
    s1 crashes                       it keeps what is on stable storage, and is down until
    s1 restarts                      of one that is up: it crashes, and is up at once
    s1 compacts to 2                 it takes a snapshot
    s1 leads term 2                  expected here, as the next ones are
    s1 is a candidate                or a follower
    s1 has log 1 2                   of which terms its entries are
    s1 has committed 1               up to where

A comment of its own line is a heading of what follows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from raft_ref.spec.requests import probably
from raft_ref.traces.format.trace import TraceError


@dataclass(frozen=True, slots=True)
class Instruction:
    """One line: a verb, who does it, with whom, and what else it says.

    `text` is the line as it stands; `headings` are the comments above it.
    """

    line: int
    text: str
    verb: str
    server: str
    others: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    words: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()

    @property
    def expects(self) -> bool:
        """Whether it says how something is, and lets nothing happen."""
        return self.verb in ("leads", "has") or (self.verb == "is" and not self.others)


@dataclass(frozen=True, slots=True)
class Script:
    """A schedule: the servers, and what happens to them; `closing` are comments at the end."""

    servers: tuple[str, ...]
    instructions: tuple[Instruction, ...]
    closing: tuple[str, ...] = ()


_NAMES, _NUMBERS = r"(?P<others>\S+(?: \S+)*)", r"(?P<numbers>\d+(?: \d+)*)"
_WHICH = r"(?P<others>\S+)(?: (?P<words>[A-Za-z]+))?(?: t(?P<numbers>\d+))?"

_VERBS: Final[Mapping[str, tuple[str, str]]] = {
    "begins": (
        "begins with log TERMS in term TERM",
        rf"with log(?: {_NUMBERS})?(?: in term (?P<words>\d+))?",
    ),
    "times": ("times out", "out"),
    "is": (
        "is elected by SERVERS, or is a candidate (a follower)",
        rf"(?:elected by {_NAMES}|a (?P<words>candidate|follower))",
    ),
    "takes": ("takes VALUE", r"(?P<words>\S+)"),
    "appends": ("appends to SERVERS", f"to {_NAMES}"),
    "replicates": ("replicates to SERVERS", f"to {_NAMES}"),
    "sends": (
        "sends SERVER 1 entry (2 entries, a heartbeat, a snapshot)",
        r"(?P<others>\S+) (?:(?P<numbers>\d+) (?:entry|entries)|a (?P<words>heartbeat|snapshot))",
    ),
    "->": ("-> SERVER [KIND] [tTERM]", _WHICH),
    "=>": ("=> SERVER [KIND] [tTERM]", _WHICH),
    "-x": ("-x SERVER [KIND] [tTERM]", _WHICH),
    "crashes": ("crashes", ""),
    "restarts": ("restarts", ""),
    "compacts": ("compacts to INDEX", r"to (?P<numbers>\d+)"),
    "leads": ("leads term TERM", r"term (?P<numbers>\d+)"),
    "has": ("has log TERMS, or has committed INDEX", rf"(?P<words>log|committed)(?: {_NUMBERS})?"),
}
"""By its first word, a form in words, and what follows that word as a pattern."""

KINDS: Final[Mapping[str, str]] = {
    "RequestVote": "RequestVoteRequest",
    "vote": "RequestVoteResponse",
    "AppendEntries": "AppendEntriesRequest",
    "appended": "AppendEntriesResponse",
    "InstallSnapshot": "InstallSnapshotRequest",
    "installed": "InstallSnapshotResponse",
}
"""Messages as pictures call them, and their types."""


def parsed(text: str) -> Script:
    """Return a schedule. Raises `TraceError` (`line: reason`) for what is none."""
    servers: tuple[str, ...] = ()
    made: list[Instruction] = []
    headings: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        said, _, comment = line.partition("#")
        words = said.replace(",", " ").split()
        if not words:
            if comment.strip():
                headings.append(comment.strip())
            continue
        try:
            if servers:
                made.append(_instruction(number, words, servers, tuple(headings)))
                headings = []
            else:
                servers = _servers(words)
        except TraceError as error:
            raise TraceError(f"{number}: {error}") from None
    if not servers:
        raise TraceError("1: the first line names the servers: servers s1 s2 s3")
    return Script(servers, tuple(made), tuple(headings))


def _servers(words: list[str]) -> tuple[str, ...]:
    if words[0] != "servers":
        raise TraceError(f'the first line names the servers ("servers s1 s2 s3"), not {words[0]}')
    names = tuple(words[1:])
    if len(names) < 2 or len(set(names)) != len(names):
        raise TraceError("each server is named once, and two at least")
    if wrong := next((each for each in names if not re.fullmatch(r"\w[\w.-]*", each)), None):
        raise TraceError(f"{wrong} is no name of a server: expected letters and digits")
    return names


def _instruction(
    number: int, words: list[str], servers: tuple[str, ...], headings: tuple[str, ...]
) -> Instruction:
    server = _known(words[0], servers)
    if len(words) == 1:
        raise TraceError(f"what does {server} do? it {', '.join(_FORMS)}")
    verb, rest = words[1], " ".join(words[2:])
    if verb not in _VERBS:
        raise TraceError(f"{verb}: {probably(verb, _VERBS)}")
    form, pattern = _VERBS[verb]
    match = re.fullmatch(pattern, rest)
    if match is None:
        raise TraceError(f'expected "{server} {form}"')
    found = match.groupdict()
    others = tuple(_known(each, servers) for each in (found.get("others") or "").split())
    if server in others or len(set(others)) != len(others):
        raise TraceError(f"{server} and the others are each named once")
    return Instruction(
        line=number,
        text=" ".join(words),
        verb=verb,
        server=server,
        others=others,
        numbers=tuple(map(int, (found.get("numbers") or "").split())),
        words=tuple((found.get("words") or "").split()),
        headings=headings,
    )


_FORMS = [form for form, _ in _VERBS.values()]


def _known(name: str, servers: tuple[str, ...]) -> str:
    if name not in servers:
        raise TraceError(f"no server {name}; {probably(name, servers)}")
    return name
