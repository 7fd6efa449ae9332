"""What etcd's raft library tells of its configurations: changes by one or more, and learners.

What to know of it, beside what `etcd` says:

- Each line has the configuration in force: `"conf"` (voters, and those of C_old), and, with later
  versions, `"learners"`. It is used once it is applied (AppliedMembership), which ApplyConfChange
  tells before it is done, one configuration after another.
- ChangeConf is written before the entry is appended, at the index `"pendingConfIndex"` where that
  is told. The entry holds changes; what they lead to is known, since no other one is open. Earlier
  versions do not tell whether it is by way of C_old,new: it is with more than one, and may be.
- C_old,new is left by itself, once it is applied: that has no line, but `"pendingConfIndex"` grows.
- Who leads on in a configuration of which it is no voter leads on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from raft_ref.traces.format.trace import JsonObject, TraceError
from raft_ref.traces.validation.lines.events import Event
from raft_ref.traces.validation.lines.profile import Lines
from raft_ref.traces.validation.rules.configurations import LEARNER, VOTER

FEATURES = ("Membership", "JointConsensus", "AppliedMembership")
MOVES: dict[str, tuple[str, ...]] = {
    "ChangeConf": ("ChangeTo",),
    "ApplyConfChange": ("ApplyConfiguration", "Stay"),
}
SILENT = ("LeaveJoint",)

_TOLD = re.compile(
    r'(?P<server>"nid"\s*:\s*"[^"]*")'
    r'|(?P<change>"name"\s*:\s*"ChangeConf")'
    r'|(?P<learners>"learners"\s*:\s*\[\s*")'
    r'|(?P<joint>"conf"\s*:\s*\[\s*\[[^\]]*\]\s*,\s*\[\s*")'
)
_AS = {"AddNewServer": VOTER, "AddLearner": LEARNER}
"""What a change makes of a server; nothing, if it removes that."""


class Ahead(NamedTuple):
    """What the lines to come tell of: servers, whether they change, and whether learners show."""

    servers: frozenset[str]
    is_changing: bool
    shows_learners: bool


def looked_ahead(lines: Lines) -> Ahead:
    """Return what the lines of a file tell of, before they are read."""
    found = lines.found_ahead(_TOLD)
    groups = {group for group, _ in found}
    servers = frozenset(text.split('"')[-2] for group, text in found if group == "server")
    return Ahead(servers, not groups <= {"server"}, "learners" in groups)


class Configurations:
    """Reads what lines say of configurations; arguments: all servers; whether learners show."""

    def __init__(self, servers: Iterable[str], shows_learners: bool) -> None:
        self._servers = tuple(servers)
        self._shows_learners = shows_learners
        self._pending: dict[str, int] = {}
        self._beginnings: dict[str, list[list[str]]] = {}
        self._demoted: list[str] = []
        """Who is to be a learner once C_old,new is left."""

    def of(self, line: JsonObject) -> JsonObject:
        """Return the configuration that a line shows."""
        conf = line.get("conf")
        if type(conf) is not list or not 1 <= len(conf) <= 2:
            raise TraceError('"conf" must be two lists of servers')
        parts = (*conf, []) if len(conf) == 1 else tuple(conf)
        shown = dict(zip(("voters", "outgoingVoters"), parts, strict=True))
        if self._shows_learners:
            shown["learners"] = line.get("learners") or []
        return {name: self._checked(part or []) for name, part in shown.items()}

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
        prop = line.get("prop") or {}
        changes = self._told(line).get("changes") or []
        if type(changes) is not list or not all(type(each) is dict for each in changes):
            raise TraceError('"changes" must be a list of objects')
        asked = {str(each.get("nid")): _AS.get(str(each.get("action"))) for each in changes}
        self._checked([*asked])
        index = line["state"].get("pendingConfIndex") or state["log"]["lastIndex"] + 1
        self._pending[server] = index
        given: dict[str, Any] = {"changes": asked} if changes else self._leave()
        if changes:
            if "enterJoint" in prop:
                given["isJoint"] = bool(prop["enterJoint"])
            voters = self.of(line)["voters"]
            self._demoted = [each for each in asked if asked[each] == LEARNER and each in voters]
        before = {**state, "log": {"lastIndex": index - 1}}
        return Event(number, server, "ChangeConf", MOVES["ChangeConf"], None, given, before=before)

    def _leave(self) -> dict[str, Any]:
        return {"changes": dict.fromkeys(self._demoted, LEARNER), "isLeft": True}

    def left(self, number: int, server: str, line: JsonObject) -> Iterator[Event]:
        """Yield C_old,new left by itself, if a line tells that it was."""
        pending, before = line["state"].get("pendingConfIndex"), self._pending.get(server)
        if type(pending) is not int:
            return
        self._pending[server] = pending
        is_own = line.get("role") == "StateLeader" and line.get("name") != "BecomeLeader"
        is_joint = bool(self.of(line)["outgoingVoters"])
        if is_own and before is not None and pending > before and is_joint:
            shown = {"log": {"lastIndex": pending - 1}}
            moves = MOVES["ChangeConf"]
            yield Event(number, server, "LeaveJoint", moves, None, self._leave(), before=shown)

    def applied(self, number: int, server: str, state: JsonObject, line: JsonObject) -> Event:
        """Return what ApplyConfChange says, which is written before it is done."""
        told = self._told(line)
        after: JsonObject = {}
        if told.get("newconf"):
            after = {"voters": self._checked(told["newconf"])}
            if told.get("leaveJoint"):
                after["outgoingVoters"] = []
        if not self.of(line)["voters"]:
            # A snapshot that is installed begins with nobody, too.
            state = {name: value for name, value in state.items() if name != "configuration"}
        moves = MOVES["ApplyConfChange"]
        shown = {"configuration": after} if after else {}
        return Event(number, server, "ApplyConfChange", moves, before=state, after=shown)
