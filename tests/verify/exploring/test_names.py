"""The names of steps: readable, each its own, and found again by what they say."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raft_ref import AppendEntriesRequest, ClientRequest, Entry, Timeout
from raft_ref.verify.exploring.names import BETWEEN, described, found, names_of


def append(*entries: Entry) -> AppendEntriesRequest:
    return AppendEntriesRequest("s1", "s2", 1, 0, 0, entries, 0)


@pytest.mark.parametrize(
    ("step", "name"),
    [
        (described("Timeout", "s1", Timeout(), None), "s1.Timeout"),
        (described("ClientRequest", "s1", ClientRequest("v1"), None), "s1.ClientRequest(v1)"),
        (described("Restart", "s3", None, None), "s3.Restart"),
        (described("Receive", "s2", None, append()), "s2.Receive(AppendEntriesRequest,s1,term=1)"),
        (
            described("DropMessage", None, None, append()),
            "DropMessage(AppendEntriesRequest,s1,s2,term=1)",
        ),
    ],
)
def test_a_step_is_named_by_who_does_what(step, name):  # type: ignore[no-untyped-def]
    assert names_of([step]) == [name]


def test_what_a_message_says_besides_tells_apart_what_is_alike() -> None:
    steps = [described("Receive", "s2", None, each) for each in (append(), append(Entry(1, "v1")))]
    assert names_of(steps) == [
        "s2.Receive(AppendEntriesRequest,s1,term=1,entries=)",
        "s2.Receive(AppendEntriesRequest,s1,term=1,entries=1:v1)",
    ]


def test_a_name_stays_right_where_there_is_less_to_be_told_apart() -> None:
    one, other = (
        described("Receive", "s2", None, each) for each in (append(), append(Entry(1, "v1")))
    )
    long = names_of([one, other])[1]
    assert found(long, [other]) == [0]
    assert found("s2.Receive(AppendEntriesRequest,s1,term=1)", [one, other]) == [0, 1]
    assert found("s2.Receive(AppendEntriesRequest,s1,term=2)", [one, other]) == []
    assert found("s2.Receive(AppendEntriesRequest,s3,term=1)", [one, other]) == []


def test_a_name_that_was_escaped_on_its_way_is_the_same() -> None:
    step = described("Receive", "s2", None, append())
    assert found("s2.Receive%28AppendEntriesRequest%2Cs1%2Cterm%3D1%29", [step]) == [0]


@dataclass(frozen=True)
class Say:
    word: str
    loudly: bool


@settings(max_examples=25)
@given(st.lists(st.builds(Say, st.text(), st.booleans()), max_size=6))
def test_no_two_names_are_the_same_whatever_a_node_says(actions: list[Say]) -> None:
    steps = [described("Say", "s/1", each, None) for each in actions]
    names = names_of(steps)
    assert len({*names}) == len(names)
    assert not any(BETWEEN in name or " " in name for name in names)
    assert [found(name, steps) for name in names] == [[place] for place in range(len(steps))]
