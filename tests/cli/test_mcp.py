"""What is asked by the Model Context Protocol, and what is answered: by a client of the SDK."""

import asyncio
import json
import sys
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from raft_ref.cli.commands.mcp.tools import server


def asked(tool: str, **arguments: Any) -> tuple[bool, Any]:
    """Return whether a tool failed, and what it says."""

    async def ask() -> tuple[bool, Any]:
        async with Client(server()) as client:
            answer = await client.call_tool(tool, arguments)
            text = "".join(getattr(each, "text", "") for each in answer.content)
            return bool(answer.is_error), text

    failed, text = asyncio.run(ask())
    try:
        return failed, json.loads(text)
    except ValueError:
        return failed, text


FIRST = "s1.Timeout/s2.Receive(RequestVoteRequest,s1,term=1)"


def test_a_place_is_told() -> None:
    failed, place = asked("at", address=FIRST)
    assert not failed
    assert place["servers"]["s2"]["votedFor"] == "s1"
    assert "s1.Receive(RequestVoteResponse,s2,term=1)" in place["enabled"]
    assert place["broken"] == {}
    assert len(place["steps"]) == 2


def test_a_formula_is_true_or_not() -> None:
    leads = r'\E i \in Server : role[i] = "Leader"'
    assert asked("evaluate", formula=leads, address=FIRST) == (False, False)
    after = f"{FIRST}/s1.Receive(RequestVoteResponse,s2,term=1)"
    assert asked("evaluate", formula=leads, address=after) == (False, True)
    failed, said = asked("evaluate", formula="role[", address=FIRST)
    assert failed
    assert "formula: line 1" in said


def test_the_shortest_way_is_found() -> None:
    failed, way = asked("shortest_way", goal="SometimesLeader", bounds={"max_restarts": 0})
    assert not failed
    assert way["outcome"] == "found"
    assert len(way["steps"]) == 3
    failed, said = asked("shortest_way", goal="ElectionSafty")
    assert failed
    assert "ElectionSafety" in said


def test_an_address_that_leads_nowhere_is_told() -> None:
    failed, said = asked("at", address="s1.Timeoutt")
    assert failed
    assert "did you mean s1.Timeout?" in said


def test_a_schedule_is_played() -> None:
    failed, said = asked(
        "play", schedule="servers s1 s2 s3\ns1 is elected by s2\ns1 leads term 1\n"
    )
    assert not failed
    assert "PLAYED" in said
    assert said.endswith("exit code 0")


@pytest.mark.long
def test_commands_are_run_and_nothing_but_answers_is_printed() -> None:
    """By the command itself, over standard input and output."""

    async def ask() -> list[str]:
        parameters = StdioServerParameters(command=sys.executable, args=["-m", "raft_ref", "mcp"])
        said = []
        async with Client(stdio_client(parameters)) as client:
            for tool, arguments in (
                ("check", {"options": ["--bug", "vote-not-persisted"]}),
                ("validate", {"path": "traces/recorded/vote-not-persisted.ndjson"}),
            ):
                answer = await client.call_tool(tool, arguments)
                said.append("".join(getattr(each, "text", "") for each in answer.content))
        return said

    checked, validated = asyncio.run(ask())
    assert "VIOLATED: ElectionSafety, in 7 steps" in checked
    assert checked.endswith("exit code 1")
    assert "votedFor" in validated
    assert validated.endswith("exit code 1")
