"""What etcd's raft library writes when it is built with the tag with_tla (its state_trace.go).

Names and fields are those of `TracingEvent` in go.etcd.io/raft/v3. What to know of it:

- A line about a message that is received is written before it is handled, and so shows the state
  before; what becomes of it shows in the next lines of its server (Await). So is a line about an
  entry that a leader appends.
- The log is the index of its last entry, the entries of a message are how many they are.
- A heartbeat is a message of its own and is not held against the log: its commit index is at most
  what the follower has acknowledged. It is an AppendEntriesRequest without entries at that index.
- Where a server starts again, its term, vote and commit index show from BecomeFollower on.
- A vote is shown as sent before it is cast.
- Votes and acknowledgements to oneself travel as messages: the spec counts one's own at once.
- A cluster may begin with its members as the first entries of each log, committed, or behind a
  snapshot, in term 0. Of a log that is there already, no line tells the terms: the messages do.
- Changes of membership, and learners, are told by the lines themselves: `etcd_membership` reads
  them. Of a stream no line can be read ahead: a line of the configuration says who there will ever
  be, `"Servers": ["1", "2", "3", "4"]`; without that it is read as long as its members stay.
- Reads are beyond Raft.tla, and a line that tells of them says so, unless a line of the
  configuration says how they are made: `"ReadOnlyOption": "ReadOnlySafe"`, or
  `"ReadOnlyLeaseBased"`, for which clocks are read, and no line tells of that: such a read is held
  to what the servers have committed by then. `etcd_reads` tells of both.
- Of pre-votes, transfers of leadership and their messages the library tells nothing. Who drives it
  can, in lines of the same form, under the names below (`_OF_FEATURES`), and says so in a line of
  its configuration before all others, under the library's names:
  `{"tag": "config", "config": {"PreVote": true, "CheckQuorum": true, "LeadershipTransfer": true}}`.
  Without that line nothing is known of features.
- Who asks for pre-votes has a role of its own, and is a follower here. Without CheckQuorum a server
  that leads, or has a leader, grants pre-votes all the same. A pre-vote of an earlier request
  counts, if its term has begun meanwhile. When an election timeout passes is not told, nor that a
  transfer is given up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice
from typing import Any

from raft_ref.traces.format.features import MAY_BE_ALLOWED, STEPS, known
from raft_ref.traces.format.trace import JsonObject, TraceError
from raft_ref.traces.profiles import etcd_membership, etcd_reads
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.lines.profile import Liberties, Lines, Recording
from raft_ref.traces.validation.rules.checks import checked_message, checked_state

LIBERTIES = Liberties(silent={"ClientRequest": 64, "Commit": 1, "StepDown": 1})

_ROLES = {
    "StateFollower": "Follower",
    "StatePreCandidate": "Follower",
    "StateCandidate": "Candidate",
    "StateLeader": "Leader",
}
_READS = {"ReadOnlySafe": ("ReadIndex",), "ReadOnlyLeaseBased": ("ReadIndex", "TrustClock")}
_BEFORE_THE_START = ("InitState", "BecomeFollower", "ApplyConfChange")
_MOVES: dict[str, tuple[str, ...]] = {
    "InitState": (),
    "BecomeFollower": ("Stay", "AdoptTerm", "StepDown"),
    "BecomeCandidate": ("Timeout",),
    "BecomeLeader": ("Stay", "TakeLead"),
    "Commit": ("Stay", "Commit"),
    "Replicate": ("Stay",),
    "ApplyConfChange": ("Stay",),
    "ApplyEntries": ("Stay",),
    "CompactLog": ("CompactLog",),
    "Ready": ("Stay",),
    "SendAppendEntriesRequest": ("Send",),
    "ReceiveAppendEntriesRequest": ("Await",),
    "SendAppendEntriesResponse": ("Send",),
    "ReceiveAppendEntriesResponse": ("Await",),
    "SendRequestVoteRequest": ("Send",),
    "ReceiveRequestVoteRequest": ("Await",),
    "SendRequestVoteResponse": ("Send",),
    "ReceiveRequestVoteResponse": ("Await",),
    "SendSnapshot": ("Send",),
    "ReceiveSnapshot": ("Await",),
}
_OF_FEATURES: Mapping[str, tuple[str, ...]] = {
    "BecomePreCandidate": ("RequestPreVotes",),
    "SendPreVoteRequest": ("Send",),
    "ReceivePreVoteRequest": ("Await",),
    "SendPreVoteResponse": ("Send",),
    "ReceivePreVoteResponse": ("Await",),
    "TransferLeader": ("TransferLeadership", "Stay"),
    "SendTimeoutNowRequest": ("Send",),
    "ReceiveTimeoutNowRequest": ("Await",),
    "ForgetLeader": ("MissLeader", "Stay"),
    "CheckQuorum": ("CheckQuorum",),
}
_SAID_BY_NAME = ("PreVote", "CheckQuorum", "LeadershipTransfer")
_SILENT_WITH_FEATURES = ("MissLeader", "AbortTransfer")
_MOST_LINES_OF_A_START = 10_000
_BEFORE_IT = ("Replicate", "TransferLeader", "ForgetLeader", "CheckQuorum")
"""Lines that are written before what they tell of is done."""
_BEYOND = {
    "ChangeConf": "a change of membership",
    "ReceiveReadIndex": "a read",
    "ReadIndexQuorumAck": "a read",
}
"""Lines of what Raft.tla knows nothing of."""


def etcd(lines: Lines) -> Recording:
    """Read a trace of etcd's raft library."""
    on: set[str] = set()
    named: set[str] = set()
    told = etcd_membership.looked_ahead(lines)
    read = ((lines.number, _event(each, on, named)) for each in lines)
    events = ((number, line) for number, line in read if line is not None)
    start: list[tuple[int, JsonObject]] = []
    servers: tuple[str, ...] = ()
    for number, line in events:
        start.append((number, line))
        if len(start) > _MOST_LINES_OF_A_START:
            raise TraceError("no line so far shows a server at work")
        if line.get("name") not in _BEFORE_THE_START:
            members = _members(line)
            known = named | (told.servers if told.is_changing else set())
            servers = (*members, *sorted(known.difference(members)))
            break
    if not servers:
        raise TraceError("no line shows a server at work")
    if told.is_changing or named:
        on.update(etcd_membership.FEATURES)
    allowed = on.intersection(MAY_BE_ALLOWED)
    ahead, features = _Ahead(chain(start, events)), frozenset(on - allowed)
    reader = _Reader(lines, ahead, servers, features, told.shows_learners)
    liberties = _liberties(features, allowed)
    return Recording(servers, {}, liberties, reader.events(), features=features)


def _liberties(features: frozenset[str], said: set[str]) -> Liberties:
    """Return what is asked besides, while features are on; `said` is what else is allowed."""
    if not features:
        return LIBERTIES
    known_here = known(STEPS, features)
    silent = {name: 1 for name in _SILENT_WITH_FEATURES if name in known_here}
    if "ReadIndex" in features:
        silent |= dict.fromkeys(etcd_reads.SILENT, 1)
    first: dict[str, int] = {}
    if "Membership" in features:
        # Of an entry that no line tells of it is the first to think of: C_old,new is left at once.
        first = dict.fromkeys(etcd_membership.SILENT, 1)
    allowed = said | ({"CountOfEarlierTerm"} if "PreVote" in features else set())
    if "PreVote" in features and "CheckQuorum" not in features:
        allowed.add("GrantInSpiteOfLeader")
    return replace(
        LIBERTIES,
        silent={**first, **LIBERTIES.silent, **silent},
        allowed=frozenset(allowed),
    )


class _Ahead:
    """Lines, some of which may be looked at before they are read.

    Only where they have to be: an implementation that is driven writes what it is asked for.
    """

    def __init__(self, lines: Iterator[tuple[int, JsonObject]]) -> None:
        self._lines = lines
        self._seen: deque[tuple[int, JsonObject]] = deque()

    def __iter__(self) -> Iterator[tuple[int, JsonObject]]:
        while True:
            if self._seen:
                yield self._seen.popleft()
            elif (line := next(self._lines, None)) is not None:
                yield line
            else:
                return

    def term_at(self, index: int) -> int | None:
        """Return the term of an entry, as the next message that begins there tells it."""
        for _, line in [*self._seen]:
            if (term := _told_term(line, index)) is not None:
                return term
        for number, line in islice(self._lines, _MOST_LINES_OF_A_START):
            self._seen.append((number, line))
            if (term := _told_term(line, index)) is not None:
                return term
        return None


def _told_term(line: JsonObject, index: int) -> int | None:
    """Return the term that a line's message tells of the entry at an index, if it does."""
    shown = line.get("msg")
    if type(shown) is not dict or shown.get("type") not in ("MsgVote", "MsgApp"):
        return None
    term = shown.get("logTerm")
    return term if shown.get("index") == index and type(term) is int else None


def _event(line: JsonObject, on: set[str], named: set[str]) -> JsonObject | None:
    """Return what a line tells: an event by itself, or what a logger has put around it.

    Which features are on, a line of the configuration tells, and who there is in a stream in which
    the membership changes.
    """
    if "name" in line:
        return line
    config = line.get("config")
    if line.get("tag") == "config" and type(config) is dict:
        on.update(name for name in _SAID_BY_NAME if config.get(name) is True)
        on.update(_READS.get(str(config.get("ReadOnlyOption")), ()))
        servers = config.get("Servers", [])
        if type(servers) is not list or not all(type(each) is str for each in servers):
            raise TraceError('"Servers" of the configuration must be a list of servers')
        named.update(servers)
    if line.get("tag", "trace") != "trace":
        return None
    event = line.get("event")
    if type(event) is not dict:
        raise TraceError('"event" must be an object')
    return event


def _members(line: JsonObject) -> tuple[str, ...]:
    conf = line.get("conf")
    if type(conf) is not list or not conf or type(conf[0]) is not list:
        raise TraceError('"conf" must be two lists of servers')
    members = conf[0]
    if not all(type(each) is str for each in members) or len(set(members)) != len(members):
        raise TraceError('"conf" must name servers, each as a string')
    return tuple(members)


class _Reader:
    """Reads the lines, once the members of the cluster are known."""

    def __init__(
        self,
        lines: Lines,
        ahead: _Ahead,
        servers: tuple[str, ...],
        features: frozenset[str] = frozenset(),
        shows_learners: bool = False,
    ) -> None:
        self._features = features
        named = features.difference(etcd_membership.FEATURES)
        self._moves = {**_MOVES, **(_OF_FEATURES if named else {})}
        self._configurations = None
        if "Membership" in features:
            self._configurations = etcd_membership.Configurations(servers, shows_learners)
            self._moves |= etcd_membership.MOVES
        self._reads = etcd_reads.Reads(servers) if "ReadIndex" in features else None
        names = (*self._moves, *(etcd_reads.NAMES if self._reads else ()))
        self._beyond_raft = {n: what for n, what in _BEYOND.items() if n not in names}
        self._names = (*names, *self._beyond_raft)
        self._lines = lines
        self._ahead = ahead
        self._servers = servers
        self._terms: dict[int, int | None] = {}
        self._beginnings: dict[str, JsonObject] = {}
        self._started: set[str] = set()
        self._complete: set[Any] = set()
        """Who has all members: they come one by one where a cluster begins, and at a restart."""
        self._restarting: set[str] = set()

    def events(self) -> Iterator[Event]:
        """Yield what the lines say, but for those before a server starts."""
        for number, line in self._ahead:
            self._lines.number = number  # others may have been looked at
            name, server = line.get("name"), line.get("nid")
            if type(name) is not str or name not in self._names:
                raise TraceError(f'"name" must be one of {", ".join(self._names)}')
            if beyond := self._beyond(name, server, line):
                yield Event(number, self._servers[0], name, beyond=beyond)
                return
            if server not in self._servers:
                continue  # it starts, and is no member yet
            state = self._state(line)
            if server not in self._started:
                if name in _BEFORE_THE_START:
                    self._beginnings[server] = line
                    if self._configurations is not None:
                        self._configurations.begins(server, line)
                    continue
                self._started.add(server)
                first = self._first(server, self._beginnings.get(server, line), line)
                yield Event(number, server, "Start", ("Start",), after=first)
            elif name == "InitState":
                self._restarting.add(server)
                if self._reads is not None:
                    self._reads.restarts(server)
                self._complete.discard(server)
            if server not in self._restarting:
                yield from self._events(number, server, name, state, line)
            elif name == "BecomeFollower":
                self._restarting.remove(server)
                yield Event(number, server, name, ("Restart",), after=state)

    def _beyond(self, name: str, server: Any, line: JsonObject) -> str:
        """Return what a line tells of that Raft.tla knows nothing of."""
        if name in self._beyond_raft:
            return f"{name}: Raft.tla knows nothing of {self._beyond_raft[name]}"
        if self._configurations is not None:
            return ""
        if line.get("learners"):
            return f"{name}: Raft.tla knows nothing of learners"
        conf = line.get("conf")
        voters = conf[0] if type(conf) is list and conf else None
        if voters == [*self._servers]:
            self._complete.add(server)
        elif server in self._complete and voters:
            return f"{name}: the members change, and Raft.tla knows nothing of that"
        if type(server) is str and server not in self._servers and name not in _BEFORE_THE_START:
            return f"{name}: {server} is no member, and Raft.tla knows nothing of that"
        return ""

    def _state(self, line: JsonObject) -> dict[str, Any]:
        shown, role = line.get("state"), line.get("role")
        if type(shown) is not dict or role not in _ROLES:
            raise TraceError(f'a line has its "state", and a "role": {", ".join(_ROLES)}')
        vote = shown.get("vote")
        state = {
            "currentTerm": shown.get("term"),
            "votedFor": None if vote == "0" else vote,
            "role": _ROLES[role],
            "commitIndex": shown.get("commit"),
            "log": {"lastIndex": line.get("log")},
        }
        if self._configurations is not None:
            state["configuration"] = self._configurations.of(line)
        checked_state(state, self._servers, "state", self._features)
        return state

    def _first(self, server: str, line: JsonObject, now: JsonObject) -> JsonObject:
        """Return the state in which a server starts, as its last line before that shows it.

        What it was started with has been applied by the line that shows it at work.
        """
        state, shown = self._state(line), line["state"]
        last, compacted = line.get("log"), shown.get("snapshotIndex", 0)
        found = {**state, "role": "Follower"}
        members: list[JsonObject]
        members = [{"term": 1, "value": f"member {each}"} for each in self._servers]
        if self._configurations is not None:
            found["configuration"] = self._configurations.of(now)
            members = self._configurations.members(server, now)
        if last and last == shown.get("commit") == len(members) and not compacted:
            # The members stand there.
            found.pop("configuration", None)
            return {**found, "log": members, "currentTerm": max(1, state["currentTerm"])}
        if last != compacted:
            term = self._term_at(state["log"]["lastIndex"])
            found["log"] = {
                "lastIndex": last,
                "lastTerm": state["currentTerm"] if term is None else term,
            }
        if compacted:
            found["snapshot"] = {
                "lastIncludedIndex": compacted,
                "lastIncludedTerm": shown.get("snapshotTerm"),
            }
        checked_state(found, self._servers, "state", self._features)
        return found

    def _term_at(self, index: int) -> int | None:
        if index and index not in self._terms:
            self._terms[index] = self._ahead.term_at(index)
        return self._terms.get(index)

    def _events(
        self, number: int, server: str, name: str, state: dict[str, Any], line: JsonObject
    ) -> Iterator[Event]:
        """Yield what a line says, of a server at work."""
        if self._configurations is not None:
            if name == "ChangeConf":
                yield self._configurations.changed(number, server, state, line)
                return
            yield from self._configurations.left(number, server, line)
            if name == "ApplyConfChange":
                yield self._configurations.applied(number, server, state, line)
                return
        if self._reads is None:
            yield self._made(number, server, name, state, line)
        elif name in etcd_reads.NAMES:
            yield from self._reads.events(number, server, name, state, line)
        else:
            yield self._made(number, server, name, state, line)
            yield from self._reads.beat(number, server, name, line)

    def _made(
        self, number: int, server: str, name: str, state: dict[str, Any], line: JsonObject
    ) -> Event:
        moves, message = self._moves[name], None
        arguments = _compacted(line) if name == "CompactLog" else {}
        if name == "TransferLeader":
            arguments = self._transferee(line)
        if moves[0] in ("Send", "Await"):
            shown = line.get("msg")
            if type(shown) is not dict:
                raise TraceError(f'{name} needs its "msg"')
            if shown.get("from") == shown.get("to"):
                moves = ("Stay",)
            else:
                message = checked_message(_message(shown), self._servers, self._features)
                if message["source" if moves == ("Send",) else "dest"] != server:
                    raise TraceError(f'{name}: the "msg" is not of {server}')
        is_before = moves == ("Await",) or name.startswith("Receive") or name in _BEFORE_IT
        if name == "SendRequestVoteResponse" and message and message["voteGranted"]:
            # Whom it has voted for before can be nobody else.
            state = {
                each: value
                for each, value in state.items()
                if each != "votedFor" or value is not None
            }
        return Event(
            number,
            server,
            name,
            moves,
            message,
            arguments,
            before=state if is_before else {},
            after={} if is_before else state,
        )

    def _transferee(self, line: JsonObject) -> JsonObject:
        """Return who is to lead."""
        prop = line.get("prop") or {}
        if type(prop) is not dict or prop.get("transferee") not in self._servers:
            raise TraceError('"transferee" in the "prop" of TransferLeader must be a server')
        return {"peer": prop["transferee"]}


def _compacted(line: JsonObject) -> JsonObject:
    """Return up to where a log is compacted, if that was logged."""
    prop = line.get("prop") or {}
    if type(prop) is not dict or type(prop.get("compactIndex", 0)) is not int:
        raise TraceError('"compactIndex" in the "prop" of CompactLog must be a number')
    return {"index": prop["compactIndex"]} if "compactIndex" in prop else {}


def _message(shown: JsonObject) -> dict[str, Any]:
    """Return a message as the spec has it."""
    head = {"source": shown.get("from"), "dest": shown.get("to"), "term": shown.get("term")}
    index, rejected = shown.get("index"), shown.get("reject")
    match shown.get("type"):
        case "MsgVote":
            own = {"lastLogIndex": index, "lastLogTerm": shown.get("logTerm")}
            return {"type": "RequestVoteRequest", **head, **own}
        case "MsgVoteResp":
            return {"type": "RequestVoteResponse", **head, "voteGranted": rejected is False}
        case "MsgPreVote":
            own = {"lastLogIndex": index, "lastLogTerm": shown.get("logTerm")}
            return {"type": "PreVoteRequest", **head, **own}
        case "MsgPreVoteResp":
            return {"type": "PreVoteResponse", **head, "voteGranted": rejected is False}
        case "MsgTimeoutNow":
            return {"type": "TimeoutNowRequest", **head}
        case "MsgApp":
            return {
                "type": "AppendEntriesRequest", **head,
                "prevLogIndex": index, "prevLogTerm": shown.get("logTerm"),
                "entries": shown.get("entries"), "leaderCommit": shown.get("commit"),
            }  # fmt: skip
        case "MsgHeartbeat":
            commit = shown.get("commit")
            own = {"prevLogIndex": commit, "entries": 0, "leaderCommit": commit}
            return {"type": "AppendEntriesRequest", **head, **own}
        case "MsgAppResp":
            own = {"success": rejected is False, "matchIndex": 0 if rejected else index}
            return {"type": "AppendEntriesResponse", **head, **own}
        case "MsgHeartbeatResp":
            return {"type": "AppendEntriesResponse", **head, "success": True, "matchIndex": 0}
        case "MsgSnap":
            # Versions differ in where they show how far it goes.
            snapshot = {"lastIncludedIndex": index, "lastIncludedTerm": shown.get("logTerm")}
            if not index:
                snapshot = {"lastIncludedIndex": shown.get("entries")}
            return {"type": "InstallSnapshotRequest", **head, "snapshot": snapshot}
    raise TraceError(f'unknown message "{shown.get("type")}"')
