"""What answers the page: to whom, and what a reader gets wrong is one line."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from raft_ref.cli.commands.explore import asked
from raft_ref.cli.commands.explore.server import HEADERS, MOST_BYTES, application
from raft_ref.cli.commands.explore.sessions import MOST_SESSIONS, Sessions
from raft_ref.verify import ClusterRequest
from raft_ref.verify.exploring import KINDS

pytestmark = pytest.mark.long

TOKEN, PORT = "a-token", 4321


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    app = application(Sessions(ClusterRequest()), TOKEN, PORT)
    yield TestClient(app, base_url=f"http://127.0.0.1:{PORT}")
    app.state.searches.end()


def ask(client: TestClient, name: str, **question: Any) -> Any:
    return client.post(f"/{TOKEN}/api/{name}", json=question).json()


def test_the_page_is_served_and_loads_nothing_from_elsewhere(client: TestClient) -> None:
    reply = client.get(f"/{TOKEN}/")
    assert reply.status_code == 200
    assert "<title>raft-ref explore</title>" in reply.text
    assert {name: reply.headers[name] for name in HEADERS} == HEADERS
    size = 0
    for name in ("main.js", "diagram.js", "style.css", "index.html"):
        text = client.get(f"/{TOKEN}/{name}")
        assert text.status_code == 200
        assert "https://" not in text.text
        size += len(text.content)
    assert client.get(f"/{TOKEN}/main.js").headers["content-type"].startswith("text/javascript")
    assert size < 200_000


@pytest.mark.parametrize("path", ["/", "/another/", "//", f"/{TOKEN}x/", "/another/api/place"])
def test_nothing_is_told_without_the_token(client: TestClient, path: str) -> None:
    reply = client.get(path)
    assert (reply.status_code, reply.text) == (403, "refused: the address lacks the token")


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"origin": "http://elsewhere.example"}, "refused: another Origin"),
        ({"origin": "null"}, "refused: another Origin"),
        ({"origin": f"http://127.0.0.1:{PORT + 1}"}, "refused: another Origin"),
        ({"host": "elsewhere.example"}, "refused: another Host"),
        ({"host": "127.0.0.1"}, "refused: another Host"),
    ],
)
def test_another_page_and_another_name_are_refused(
    client: TestClient, headers: dict[str, str], why: str
) -> None:
    reply = client.post(f"/{TOKEN}/api/place", json={}, headers=headers)
    assert (reply.status_code, reply.text) == (403, why)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_page_itself_is_let_in(client: TestClient, host: str) -> None:
    own = {"host": f"{host}:{PORT}", "origin": f"http://{host}:{PORT}"}
    assert client.post(f"/{TOKEN}/api/place", json={}, headers=own).status_code == 200


@pytest.mark.parametrize("name", ["server.py", "..%2fserver.py", "nothing.js", "%2e%2e"])
def test_no_other_file_is_served(client: TestClient, name: str) -> None:
    assert client.get(f"/{TOKEN}/{name}").status_code == 404


def test_a_place_is_told(client: TestClient) -> None:
    found = ask(client, "place", at=["s1.Timeout"])
    assert found["address"] == ["s1.Timeout"]
    assert found["words"].startswith("s1 times out")


WRONG: list[tuple[str, Any, str]] = [
    ("place", {"at": ["s1.Timeuot"]}, "step 1: s1.Timeuot: no step of this name is enabled; did"),
    ("place", {"at": "s1.Timeout"}, "at: expected a list of names of steps"),
    ("place", {"at": [7]}, "at: expected a list of names of steps"),
    ("place", {"at": ["x"] * (asked.MOST_STEPS + 1)}, "at: 5001 steps, expected at most 5000"),
    ("place", {"cluster": {"bug": "quorum-of-hlaf"}}, "bug quorum-of-hlaf: no such bug; did you"),
    ("place", {"cluster": {"bug": 7}}, "bug: expected a text"),
    ("place", {"cluster": {"node": "os:system"}}, "node: a link knows bug, with, servers"),
    ("place", {"cluster": {"servers": "many"}}, "servers many: expected a number up to 9"),
    ("place", {"cluster": {"servers": 100}}, "servers 100: expected a number up to 9"),
    ("place", {"cluster": {"servers": "1"}}, "servers 1: expected 2 or more"),
    ("place", {"cluster": {"with": "pre-vtoe"}}, "with 'pre-vtoe': expected pre-vote"),
    ("place", {"cluster": []}, "cluster: expected an object"),
    ("place", [], "what is asked: expected an object"),
    ("export", {"kind": "zip"}, "kind: expected one of trace, schedule"),
    ("tours", {"tour": "nowhere"}, "tour nowhere: no such tour"),
    ("search", {"property": "Nothing"}, "goal Nothing: no such property"),
    ("search", {"formula": "1 +"}, "formula: line 1: syntax error"),
    ("search", {"property": "SometimesLeader", "bounds": {"max_x": 1}}, "bounds: no max_x"),
    ("progress", {"search": "7"}, "search: it is not known"),
    ("stop", {}, "search: it is not known"),
]


@pytest.mark.parametrize(("name", "question", "why"), WRONG)
def test_what_is_wrong_is_one_line(client: TestClient, name: str, question: Any, why: str) -> None:
    reply = client.post(f"/{TOKEN}/api/{name}", json=question)
    assert reply.status_code == 400
    assert reply.json().keys() == {"error"}
    assert reply.json()["error"].startswith(why)
    assert "\n" not in reply.json()["error"]


def test_what_is_no_question_is_refused(client: TestClient) -> None:
    address = f"/{TOKEN}/api/place"
    assert client.post(address, content=b"{").json() == {"error": "what is asked is no JSON"}
    assert client.post(address, content=b"\xff").status_code == 400
    assert client.post(address, content=b"[" * 100_000).status_code == 400
    assert client.post(address, content=b" " * (MOST_BYTES + 1)).status_code == 413
    assert client.post(f"/{TOKEN}/api/nothing", json={}).status_code == 404
    assert client.get(address).status_code in (404, 405)


def test_a_link_may_name_a_known_bug_and_features(client: TestClient) -> None:
    named = {"bug": "quorum-of-half", "servers": "4", "tour": ""}
    with pytest.raises(KeyError):
        ask(client, "place", cluster=named)["cluster"]
    found = ask(client, "place", cluster={"bug": "quorum-of-half", "servers": "4"})["cluster"]
    assert (found["description"], len(found["servers"])) == ("quorum-of-half", 4)
    with_pre_vote = ask(client, "place", cluster={"with": "pre-vote"})["cluster"]
    assert with_pre_vote["features"] == ["pre-vote"]


@pytest.mark.parametrize("kind", ["trace", "schedule", "test", "gv"])
def test_a_way_is_saved_under_a_name(client: TestClient, kind: str) -> None:
    question = {"kind": kind, "at": ["s1.Timeout"]}
    reply = client.post(f"/{TOKEN}/api/export", json=question)
    assert reply.status_code == 200
    assert f'filename="walk{KINDS[kind].suffix}"' in reply.headers["content-disposition"]
    assert b"Timeout" in reply.content or kind == "gv"


def finished(client: TestClient, search: str) -> Any:
    for _ in range(600):
        found = ask(client, "progress", search=search)
        if found["answer"]:
            return found["answer"]
        time.sleep(0.05)
    raise AssertionError("the search does not end")


def test_where_a_trace_goes_on_otherwise_it_is_said() -> None:
    sessions = Sessions(ClusterRequest(), "s1.Timeout", "step 2 is none")
    noting = TestClient(application(sessions, TOKEN, PORT), base_url=f"http://127.0.0.1:{PORT}")
    assert ask(noting, "place", at=["s1.Timeout"])["note"] == "step 2 is none"
    assert ask(noting, "place")["note"] == ""
    assert ask(noting, "place", cluster={"servers": "3"}, at=["s1.Timeout"])["note"] == ""


def test_a_search_runs_in_the_background(client: TestClient) -> None:
    begun = ask(client, "search", at=["s1.Timeout"], property="SometimesLeader")
    answer = finished(client, begun["search"])
    assert answer["outcome"] == "found"
    assert answer["steps"] == [
        "s2.Receive(RequestVoteRequest,s1,term=1)",
        "s1.Receive(RequestVoteResponse,s2,term=1)",
    ]


def test_a_search_is_stopped(client: TestClient) -> None:
    large = {"max_term": 4, "max_log_length": 3, "max_messages": 6}
    formula = "\\E i \\in Server : currentTerm[i] = 99"
    begun = ask(client, "search", formula=formula, bounds=large)
    ask(client, "stop", search=begun["search"])
    assert finished(client, begun["search"])["outcome"] == "stopped"


def test_what_a_formula_gets_wrong_at_a_state_is_told(client: TestClient) -> None:
    begun = ask(client, "search", formula="currentTerm[7] = 1")
    answer = finished(client, begun["search"])
    assert (answer["outcome"], answer["error"]) == (
        "error",
        "formula: line 1: 7 is not in the domain of (s1 :> 0 @@ s2 :> 0 @@ s3 :> 0)",
    )


@pytest.mark.deep
def test_sessions_are_closed_when_there_are_many() -> None:
    sessions = Sessions(ClusterRequest())
    requests = [
        asked.cluster_of({"cluster": {"servers": "2", "values": str(number)}}, sessions.default)
        for number in range(1, MOST_SESSIONS + 2)
    ]
    with sessions.of(requests[0]) as first, sessions.of(requests[0]) as again:
        assert first is again
    for request in requests[1:]:
        with sessions.of(request):
            pass
    with sessions.of(requests[0]) as later:
        assert later is not first
