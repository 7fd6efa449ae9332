"""The trace format: what is written is read again, and what is wrong is refused in one line."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raft_ref.traces import (
    JsonObject,
    Trace,
    TraceError,
    TraceStep,
    Violation,
    read,
    states,
    write,
)
from raft_ref.traces.format.flights import flights
from tests.support.files import TRACES

GOLDEN = TRACES

HEADER: dict[str, Any] = {
    "format": "raft-ref-trace",
    "version": 1,
    "servers": ["s1", "s2"],
    "initial": {"s1": {"currentTerm": 0}, "s2": {"currentTerm": 0}},
}
VOTE = {"type": "RequestVoteRequest", "source": "s1", "dest": "s2", "term": 1}
SEND = {"step": "Timeout", "server": "s1", "sends": [VOTE], "changes": {"currentTerm": 1}}
RECEIVE = {"step": "Receive", "server": "s2", "message": VOTE}

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=5,
)
objects = st.dictionaries(st.text(), json_values, max_size=3)


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """Draw a trace of any node: servers send what they like, the network does what it may."""
    servers = tuple(draw(st.lists(st.text(min_size=1), min_size=1, max_size=4, unique=True)))
    network = draw(st.sampled_from(["set", "fifo"]))
    in_flight: list[JsonObject] = []
    steps = []
    for _ in range(draw(st.integers(0, 8))):
        taken = None
        name = draw(st.sampled_from(["Receive", "ReceiveDuplicate", "DropMessage", "Work"]))
        if name != "Work" and in_flight:
            # The oldest message may be taken from a set and from a queue alike.
            taken = in_flight[0] if name == "ReceiveDuplicate" else in_flight.pop(0)
        elif name != "Work":
            name = "Work"
        server = draw(st.sampled_from(servers)) if taken is None else taken["dest"]
        if name == "DropMessage":
            steps.append(TraceStep(name, message=taken))
            continue
        sends = [
            {**draw(objects), "type": draw(st.text()), "source": server, "dest": dest}
            for dest in draw(st.lists(st.sampled_from(servers), max_size=2))
        ]
        for message in sends:
            known = [json.dumps(other, sort_keys=True) for other in in_flight]
            if network == "fifo" or json.dumps(message, sort_keys=True) not in known:
                in_flight.append(message)
        extra = {"arguments": draw(objects), "changes": draw(objects), "history": draw(objects)}
        actions = tuple(draw(st.lists(st.text(), max_size=2)))
        steps.append(
            TraceStep(
                name,
                server,
                None or extra["arguments"],
                taken,
                actions,
                tuple(sends),
                extra["changes"],
                extra["history"],
            )
        )
    broken = st.builds(Violation, st.text(), st.text(), st.lists(st.text()).map(tuple))
    return Trace(
        servers=servers,
        initial={server: draw(objects) for server in servers},
        steps=tuple(steps),
        source=draw(st.text()),
        network=network,
        bounds=draw(objects),
        violation=draw(st.none() | broken),
        loop=draw(st.none() | st.integers(0, len(steps))),
    )


@given(trace=traces())
@settings(deadline=None, max_examples=60)
def test_what_is_written_is_read_again(
    trace: Trace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "round-trip.ndjson"
    write(trace, path)
    assert read(path) == trace


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.ndjson")), ids=lambda path: path.stem)
def test_golden_traces_are_written_as_they_stand(path: Path, tmp_path: Path) -> None:
    write(read(path), tmp_path / "again.ndjson")
    assert (tmp_path / "again.ndjson").read_bytes() == path.read_bytes()


def test_a_line_holds_what_the_format_says(tmp_path: Path) -> None:
    path = tmp_path / "trace.ndjson"
    state: JsonObject = {"votedFor": None}
    step = TraceStep("Restart", "s1", actions=("Restart",), changes={"votedFor": None})
    write(Trace(("s1",), {"s1": state}, (step,), source="raft-ref check"), path)
    assert path.read_text().splitlines() == [
        '{"format":"raft-ref-trace","version":1,"source":"raft-ref check","servers":["s1"],'
        '"network":"set","bounds":{},"initial":{"s1":{"votedFor":null}},"violation":null}',
        '{"step":"Restart","server":"s1","actions":["Restart"],"sends":[],'
        '"changes":{"votedFor":null}}',
    ]


def lines(*objects: Any) -> str:
    return "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in objects)


BAD_FILES = [
    ("", ":1: the file is empty; the first line is the header"),
    ("{", ":1: not JSON: Expecting property name enclosed in double quotes at column 2"),
    ("[1]", ":1: a line is a JSON object"),
    ("[" * 100_000, ":1: not JSON that can be read: "),
    ("{}", ':1: the header must have "format": "raft-ref-trace"'),
    (
        lines({**HEADER, "version": 2}),
        ":1: version 2 of the format is unknown; this reads 1",
    ),
    (lines({**HEADER, "version": True}), ':1: "version" must be an integer'),
    (lines({**HEADER, "servers": "s1"}), ':1: "servers" must be a list'),
    (lines({**HEADER, "servers": [1]}), ':1: "servers" must be a list of strings'),
    (
        lines({**HEADER, "servers": ["s1", "s1"]}),
        ':1: "servers" must name each server once, and at least one',
    ),
    (lines({**HEADER, "network": "tcp"}), ':1: "network" must be one of set, fifo, bag, not "tcp"'),
    (lines({**HEADER, "initial": {"s1": {}}}), ':1: "s2" is missing'),
    (lines({**HEADER, "initial": {"s1": {}, "s2": 0}}), ':1: "s2" must be an object'),
    (lines({**HEADER, "bounds": {"a": float("nan")}}), ":1: not JSON that can be read: NaN"),
    (
        lines(HEADER).replace('"version": 1', '"version": 1e999'),
        ":1: not JSON that can be read: 1e999",
    ),
    (lines({**HEADER, "violation": {}}), ':1: "property" is missing'),
    (
        lines({**HEADER, "loop": 2}, SEND),
        ':1: "loop" is 2: expected the number of a step, or 0, of 1',
    ),
    (lines({**HEADER, "loop": "s"}, SEND), ':1: "loop" must be an integer'),
    (
        lines({**HEADER, "initial": {"s9": {}}}),
        ':1: unknown server "s9"; the header names s1, s2',
    ),
    (lines(HEADER, "\n", {"server": "s1"}), ':3: "step" is missing'),
    (lines(HEADER, {"step": "Timeout"}), ':2: Timeout lacks "server"'),
    (
        lines(HEADER, {"step": "Timeout", "server": "s3"}),
        ':2: unknown server "s3"; the header names s1, s2',
    ),
    (lines(HEADER, {**SEND, "sends": {}}), ':2: "sends" must be a list'),
    (lines(HEADER, {**SEND, "sends": [1]}), ":2: a message must be an object"),
    (lines(HEADER, {**SEND, "sends": [{}]}), ':2: "type" is missing'),
    (lines(HEADER, {**SEND, "changes": []}), ':2: "changes" must be an object'),
    (lines(HEADER, {**SEND, "server": "s2"}), ":2: s2 sends a message of s1"),
    (lines(HEADER, SEND, {**RECEIVE, "server": "s1"}), ":3: s1 receives a message for s2"),
    (lines(HEADER, {"step": "Receive", "server": "s2"}), ':2: Receive lacks "message"'),
    (
        lines(HEADER, {**SEND, "message": VOTE}),
        ":2: Timeout takes no message; Receive, ReceiveDuplicate, DropMessage do",
    ),
    (
        lines(HEADER, {"step": "DropMessage", "server": "s1", "message": VOTE}),
        ":2: DropMessage is a step of the network: no server acts",
    ),
    (lines(HEADER, RECEIVE), ":2: RequestVoteRequest from s1 to s2 is not in flight"),
    (
        lines(HEADER, SEND, SEND, RECEIVE, RECEIVE),
        ":5: RequestVoteRequest from s1 to s2 is not in flight",
    ),
    (
        lines(
            {**HEADER, "network": "fifo"},
            {**SEND, "sends": [{**VOTE, "term": 0}, VOTE]},
            RECEIVE,
        ),
        ":3: RequestVoteRequest from s1 to s2 is not the next message of its channel",
    ),
]


@pytest.mark.parametrize(("text", "reason"), BAD_FILES, ids=[reason for _, reason in BAD_FILES])
def test_a_bad_file_is_refused_with_its_place(text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.ndjson"
    path.write_text(text)
    with pytest.raises(TraceError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}{reason}")
    assert "\n" not in str(error.value)


def test_files_that_are_no_text_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(TraceError, match=r"binary: not UTF-8 text \(byte 0\)$"):
        read(tmp_path / "binary")
    with pytest.raises(TraceError, match=r"absent: No such file or directory$"):
        read(tmp_path / "absent")


def test_keys_that_are_not_known_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "trace.ndjson"
    path.write_text(lines({**HEADER, "colour": 1}, {**SEND, "clock": 17}, RECEIVE))
    assert [step.step for step in read(path).steps] == ["Timeout", "Receive"]


def test_true_and_1_are_different_messages(tmp_path: Path) -> None:
    path = tmp_path / "trace.ndjson"
    path.write_text(lines(HEADER, SEND, {**RECEIVE, "message": {**VOTE, "term": True}}))
    with pytest.raises(TraceError, match="is not in flight"):
        read(path)


def test_states_replay_the_changes() -> None:
    trace = read(GOLDEN / "vote-not-persisted.ndjson")
    votes = [state["s2"]["votedFor"] for state in states(trace)]
    assert votes == [None, None, None, "s1", "s1", None, "s3", "s3"]


def test_a_flight_is_sent_once_and_may_be_received_twice() -> None:
    ways = flights(read(GOLDEN / "token-ring.ndjson"))
    assert [(way.sent, way.delivered, way.over) for way in ways] == [
        (1, [2, 5], True),
        (3, [4], True),
    ]


def test_a_set_keeps_one_of_two_equal_messages_and_a_queue_keeps_both() -> None:
    step = TraceStep("Timeout", "s1", sends=(VOTE,))
    initial: dict[str, JsonObject] = {"s1": {}, "s2": {}}
    for network, count in (("set", 1), ("fifo", 2)):
        assert len(flights(Trace(("s1", "s2"), initial, (step, step), network=network))) == count
