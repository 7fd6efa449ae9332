"""Configurations of a cluster (spec/features/Configuration.tla), as values of the spec and in JSON.

A value in a log is a configuration, or a string.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from raft_ref.spec.values.value import (
    Function,
    LazySet,
    ModelValue,
    Value,
    items_of,
    record,
)
from raft_ref.traces.format.trace import JsonObject

VOTER, LEARNER = "voter", "learner"
PARTS = ("voters", "outgoingVoters", "learners")
"""The parts of a configuration, each of them a set of servers."""


class Values(LazySet):
    """What clients may ask for: all strings, of which a configuration is none.

    STRING itself says nothing of records, as the spec's language has it.
    """

    is_infinite = True

    def _contains(self, value: Value) -> bool:
        return type(value) is str

    def text(self) -> str:
        """Return how the set is written."""
        return "STRING"


def shows_configuration(value: Any) -> bool:
    """Tell whether a value in a log, as a trace has it, stands for a configuration."""
    return type(value) is dict


def is_sound(value: Any, servers: Collection[str]) -> bool:
    """Tell whether a trace's object has just the parts of a configuration, or some of them."""
    return (
        type(value) is dict
        and {*value} <= {*PARTS}
        and all(
            type(part) is list and all(type(each) is str and each in servers for each in part)
            for part in value.values()
        )
    )


def changed(old: JsonObject, changes: Mapping[str, str | None], is_joint: bool) -> JsonObject:
    """Return what changes make of a configuration: of each server a voter, a learner or nothing.

    By way of C_old,new who is to be a learner and votes yet is none before that is left.
    """
    voters, learners = [*old["voters"]], [*old["learners"]]
    for server, what in changes.items():
        voters = [each for each in voters if each != server]
        learners = [each for each in learners if each != server]
        if what == VOTER:
            voters.append(server)
        elif what == LEARNER and not (is_joint and server in old["voters"]):
            learners.append(server)
    outgoing = old["voters"] if is_joint else []
    return {"voters": voters, "outgoingVoters": outgoing, "learners": learners}


def left(old: JsonObject, changes: Mapping[str, str | None]) -> JsonObject:
    """Return what comes after C_old,new, with those who are learners from then on."""
    learners = [*old["learners"], *(each for each in changes if each not in old["voters"])]
    return {**old, "outgoingVoters": [], "learners": learners}


def wanted(old: JsonObject, asked: JsonObject) -> Iterator[JsonObject]:
    """Yield what a change may lead to: the configuration that is told, or that the changes make."""
    if "changes" not in asked:
        yield {**old, **asked.get("configuration", {})}
    elif asked.get("isLeft"):
        yield left(old, asked["changes"])
    else:
        ways = [asked["isJoint"]] if "isJoint" in asked else [False, True]
        yield from (changed(old, asked["changes"], is_joint) for is_joint in ways)


def configuration(servers: Mapping[str, ModelValue], shown: JsonObject) -> Function:
    """Return a configuration as the spec has it; of what is left out, nobody."""
    return record({
        part: frozenset(servers[each] for each in shown.get(part, ())) for part in PARTS
    })  # fmt: skip


def to_json(value: Function) -> dict[str, list[str]]:
    """Return a configuration as a trace has it."""
    held: dict[Any, Any] = dict(items_of(value))
    return {part: sorted(each.name for each in held[part]) for part in PARTS}


def text(value: Function) -> str:
    """Return a configuration as it is digested: JSON without blanks, its servers by name."""
    return json.dumps(to_json(value), separators=(",", ":"))


def is_as_shown(held: Any, shown: JsonObject) -> bool:
    """Tell whether a value in a log is a configuration, and as a trace has it."""
    return type(held) is not str and agrees(held, shown)


def agrees(held: Function, shown: JsonObject) -> bool:
    """Tell whether a configuration is as a trace has it, as far as that tells of it."""
    known = to_json(held)
    return all(known[part] == sorted(given) for part, given in shown.items())
