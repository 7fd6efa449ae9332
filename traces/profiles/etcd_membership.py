"""What etcd's raft library tells of its configurations: ConfChange, ConfChangeV2, C_old,new, learners.

What to know of it, beside what `etcd` says:

- Each line has the configuration in force: `"conf"` (voters, and those of C_old), `"learners"`. It
  is used once it is applied (AppliedMembership), which ApplyConfChange tells before it is done, one
  configuration after another.
- ChangeConf is written before the entry is appended, at the index `"pendingConfIndex"`. The entry
  holds changes; what they lead to is known, since no other one is open.
- C_old,new is left by itself, once it is applied: that has no line, but `"pendingConfIndex"` grows.
- Who leads on in a configuration of which it is no voter leads on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from raft_ref.traces.format.trace import JsonObject, TraceError
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.lines.profile import Lines

FEATURES = ("Membership", "JointConsensus", "AppliedMembership")
MOVES: dict[str, tuple[str, ...]] = {
    "ChangeConf": ("ChangeTo",),
    "ApplyConfChange": ("ApplyConfiguration", "Stay"),
}
SILENT = ("LeaveJoint",)

_TOLD = re.compile(
    r'"nid"\s*:\s*"(?P<server>[^"]*)"'
    r'|(?P<change>"name"\s*:\s*"ChangeConf"|"learners"\s*:\s*\[\s*"'
    r'|"conf"\s*:\s*\[\s*\[[^\]]*\]\s*,\s*\[\s*")'
)
_ADD, _ADD_LEARNER, _REMOVE = "AddNewServer", "AddLearner", "RemoveServer"


def servers_if_they_change(lines: Lines) -> frozenset[str]:
    """Return all servers that a file names, if any line tells of a change or a learner."""
    found = lines.found_ahead(_TOLD)
    if not any(group == "change" for group, _ in found):
        return frozenset()
    return frozenset(text.split('"')[-2] for group, text in found if group == "server")


class Configurations:
    """Reads what lines say of configurations; argument: all servers that there are."""

    def __init__(self, servers: Iterable[str]) -> None:
        self._servers = tuple(servers)
        self._pending: dict[str, int] = {}
        self._beginnings: dict[str, list[list[str]]] = {}
        self._demoted: list[str] = []
        """Who is to be a learner once C_old,new is left."""

    def of(self, line: JsonObject) -> JsonObject:
        """Return the configuration that a line shows."""
        conf, learners = line.get("conf"), line.get("learners") or []
        if type(conf) is not list or not 1 <= len(conf) <= 2:
            raise TraceError('"conf" must be two lists of servers')
        parts = (*conf, []) if len(conf) == 1 else tuple(conf)
        shown = dict(zip(("voters", "outgoingVoters"), parts, strict=True))
        return {**shown, "learners": self._checked(learners)}

    def _checked(self, value: Any) -> list[str]:
        if type(value) is not list or not all(each in self._servers for each in value):
            raise TraceError("a configuration must be of servers that the lines name")
        return value

    def begins(self, server: str, line: JsonObject) -> None:
        """Note what a line tells that is written while a server starts."""
        if line.get("name") == "InitState":
            self._beginnings[server] = []
            self._pending.pop(server, None)
        told = self._told(line).get("newconf")
        if told:
            self._beginnings.setdefault(server, []).append(self._checked(told))

    def members(self, server: str, line: JsonObject) -> list[JsonObject]:
        """Return the entries with which a log begins that holds its members one by one."""
        voters = self.of(line)["voters"]
        known = self._beginnings.get(server, [])
        if [len(each) for each in known] != [*range(1, len(voters) + 1)]:
            known = [voters[:count] for count in range(1, len(voters) + 1)]
        return [{"term": 1, "value": {"voters": each}} for each in known]

    def _told(self, line: JsonObject) -> JsonObject:
        changes = (line.get("prop") or {}).get("cc") or {}
        if type(changes) is not dict:
            raise TraceError('"cc" in the "prop" of a line must be an object')
        return changes

    def changed(self, number: int, server: str, state: JsonObject, line: JsonObject) -> Event:
        """Return what ChangeConf says."""
        told, joint = self._told(line), bool((line.get("prop") or {}).get("enterJoint"))
        changes = told.get("changes") or []
        if type(changes) is not list or not all(type(each) is dict for each in changes):
            raise TraceError('"changes" must be a list of objects')
        configuration = self._after(self.of(line), changes, joint)
        index = line["state"].get("pendingConfIndex") or state["log"]["lastIndex"] + 1
        self._pending[server] = index
        before = {**state, "log": {"lastIndex": index - 1}}
        given = {"configuration": configuration}
        return Event(number, server, "ChangeConf", MOVES["ChangeConf"], None, given, before=before)

    def _after(self, old: JsonObject, changes: list[JsonObject], joint: bool) -> JsonObject:
        """Return the configuration that changes lead to; none of them leave C_old,new."""
        if not changes:
            return self._left(old)
        voters, learners = [*old["voters"]], [*old["learners"]]
        demoted: list[str] = []
        for each in changes:
            server, action = each.get("nid"), each.get("action")
            if server not in self._servers:
                raise TraceError(f"a change of {server}, which no line is of")
            if joint and action == _ADD_LEARNER and server in old["voters"]:
                demoted.append(server)
            kept = [one for one in learners if one != server]
            learners = [*kept, server] if action == _ADD_LEARNER else kept
            kept = [one for one in voters if one != server]
            voters = [*kept, server] if action == _ADD else kept
        if not joint:
            return {"voters": voters, "outgoingVoters": [], "learners": learners}
        self._demoted = demoted
        learners = [each for each in learners if each not in demoted]
        return {"voters": voters, "outgoingVoters": old["voters"], "learners": learners}

    def _left(self, old: JsonObject) -> JsonObject:
        return {**old, "outgoingVoters": [], "learners": [*old["learners"], *self._demoted]}

    def left(self, number: int, server: str, line: JsonObject) -> Iterator[Event]:
        """Yield C_old,new left by itself, if a line tells that it was."""
        pending, before = line["state"].get("pendingConfIndex"), self._pending.get(server)
        if type(pending) is not int:
            return
        self._pending[server] = pending
        is_own = line.get("role") == "StateLeader" and line.get("name") != "BecomeLeader"
        old = self.of(line)
        if is_own and before is not None and pending > before and old["outgoingVoters"]:
            shown = {"log": {"lastIndex": pending - 1}}
            given = {"configuration": self._left(old)}
            yield Event(number, server, "LeaveJoint", ("ChangeTo",), None, given, before=shown)

    def applied(self, number: int, server: str, state: JsonObject, line: JsonObject) -> Event:
        """Return what ApplyConfChange says, which is written before it is done."""
        told = self._told(line)
        after: JsonObject = {}
        if told.get("newconf"):
            after = {"voters": self._checked(told["newconf"])}
            if told.get("leaveJoint"):
                after["outgoingVoters"] = []
        moves = MOVES["ApplyConfChange"]
        shown = {"configuration": after} if after else {}
        return Event(number, server, "ApplyConfChange", moves, before=state, after=shown)
