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
- A cluster may begin with its members as the first entries of each log, committed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from raft_ref.traces.format.trace import JsonObject, TraceError
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
_BEFORE_THE_START = ("InitState", "BecomeFollower", "ApplyConfChange", "ChangeConf")
_MOVES: dict[str, tuple[str, ...]] = {
    "InitState": (),
    "BecomeFollower": ("Stay", "AdoptTerm", "StepDown"),
    "BecomeCandidate": ("Timeout",),
    "BecomeLeader": ("Stay", "TakeLead"),
    "Commit": ("Stay", "Commit"),
    "Replicate": ("Stay",),
    "ChangeConf": ("Stay",),
    "ApplyConfChange": ("Stay",),
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
_MOST_LINES_OF_A_START = 10_000


def etcd(lines: Lines) -> Recording:
    """Read a trace of etcd's raft library."""
    events = ((lines.number, line) for each in lines if (line := _event(each)) is not None)
    start: list[tuple[int, JsonObject]] = []
    servers: tuple[str, ...] = ()
    for number, line in events:
        start.append((number, line))
        if len(start) > _MOST_LINES_OF_A_START:
            raise TraceError("no line so far shows a server at work")
        if line.get("name") not in _BEFORE_THE_START:
            servers = _members(line)
            break
    if not servers:
        raise TraceError("no line shows a server at work")
    return Recording(servers, {}, LIBERTIES, _Reader(servers).events(chain(start, events)))


def _event(line: JsonObject) -> JsonObject | None:
    """Return what a line tells: an event by itself, or what a logger has put around it."""
    if "name" in line:
        return line
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
    if not all(type(each) is str for each in members) or len(set(members)) < 2:
        raise TraceError('"conf" must name two servers at least, each as a string')
    return tuple(members)


class _Reader:
    """Reads the lines, once the members of the cluster are known."""

    def __init__(self, servers: tuple[str, ...]) -> None:
        self._servers = servers
        self._started: set[str] = set()
        self._restarting: set[str] = set()

    def events(self, lines: Iterator[tuple[int, JsonObject]]) -> Iterator[Event]:
        """Yield what the lines say, but for those before a server starts."""
        for number, line in lines:
            name, server = line.get("name"), line.get("nid")
            if type(name) is not str or name not in _MOVES:
                raise TraceError(f'"name" must be one of {", ".join(_MOVES)}')
            if server not in self._servers:
                raise TraceError(f'unknown server "{server}"; there are {", ".join(self._servers)}')
            state = self._state(line)
            if server not in self._started:
                if name in _BEFORE_THE_START:
                    continue
                self._started.add(server)
                yield Event(number, server, "Start", ("Start",), after=self._first(state))
            elif name == "InitState":
                self._restarting.add(server)
            if server not in self._restarting:
                yield self._made(number, server, name, state, line)
            elif name == "BecomeFollower":
                self._restarting.remove(server)
                yield Event(number, server, name, ("Restart",), after=state)

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
        checked_state(state, self._servers, "state")
        return state

    def _first(self, state: dict[str, Any]) -> JsonObject:
        """Return the state in which a server starts: with the members in its log, or nothing."""
        last = state["log"]["lastIndex"]
        if last not in (0, len(self._servers)) or state["commitIndex"] != last:
            raise TraceError("the trace must begin with the start of the cluster")
        members = [{"term": 1, "value": f"member {each}"} for each in self._servers[:last]]
        return {
            **state,
            "log": members,
            "role": "Follower",
            "votedFor": None,
            "currentTerm": last and 1,
        }

    def _made(
        self, number: int, server: str, name: str, state: dict[str, Any], line: JsonObject
    ) -> Event:
        moves, message = _MOVES[name], None
        if moves[0] in ("Send", "Await"):
            shown = line.get("msg")
            if type(shown) is not dict:
                raise TraceError(f'{name} needs its "msg"')
            if shown.get("from") == shown.get("to"):
                moves = ("Stay",)
            else:
                message = checked_message(_message(shown), self._servers)
                if message["source" if moves == ("Send",) else "dest"] != server:
                    raise TraceError(f'{name}: the "msg" is not of {server}')
        is_before = moves == ("Await",) or name.startswith("Receive") or name == "Replicate"
        if name == "SendRequestVoteResponse" and message and message["voteGranted"]:
            state = {each: value for each, value in state.items() if each != "votedFor"}
        return Event(
            number,
            server,
            name,
            moves,
            message,
            before=state if is_before else {},
            after={} if is_before else state,
        )


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
            snapshot = {"lastIncludedIndex": shown.get("entries")}
            return {"type": "InstallSnapshotRequest", **head, "snapshot": snapshot}
    raise TraceError(f'unknown message "{shown.get("type")}"')
