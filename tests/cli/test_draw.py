"""`raft-ref draw`, as a user meets it."""

import re
from pathlib import Path

import pytest

from raft_ref import ROLE_CHANGES, Role
from raft_ref.cli import main
from raft_ref.spec.files import RAFT
from raft_ref.verify import ClusterRequest, role_changes, unseen
from tests.support.files import TRACES

GOLDEN = TRACES / "vote-not-persisted.ndjson"


@pytest.mark.parametrize(
    ("name", "begins"),
    [("t.svg", b"<?xml"), ("t.png", b"\x89PNG"), ("t.pdf", b"%PDF"), ("t.gv", b"digraph"),
     ("t.html", b"<!DOCTYPE html>")],
)  # fmt: skip
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_trace_is_drawn(
    name: str, begins: bytes, theme: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["draw", str(GOLDEN), "-o", str(tmp_path / name), "--theme", theme]) == 0
    assert (tmp_path / name).read_bytes().startswith(begins)
    assert capsys.readouterr().out == f"drawn to {tmp_path / name}\n"


def test_a_page_shows_a_protocol_of_ones_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The actions and the properties are those of the user's files, from either option."""
    raft, mine = tmp_path / RAFT.name, tmp_path / "Mine.tla"
    raft.write_text(RAFT.read_text().replace("Timeout(i) ==", "Timeout(i) ==  \\* my own rule"))
    nobody = 'NobodyLeads == \\A i \\in Server : role[i] # "Leader"'
    mine.write_text(f"---- MODULE Mine ----\nEXTENDS RaftInvariants\n{nobody}\n====\n")
    page = tmp_path / "t.html"
    for own in (["--raft", str(tmp_path)], ["--spec", str(mine)]):
        assert main(["draw", str(GOLDEN), "-o", str(page), *own]) == 0
        assert "my own rule" in page.read_text()
    assert "Violated on the way, too: NobodyLeads in step 4." in page.read_text()
    mine.write_text("---- MODULE Mine ----\nEXTENDS RaftInvariants\nNobodyLeads == roles\n====\n")
    capsys.readouterr()
    assert main(["draw", str(GOLDEN), "-o", str(page), "--spec", str(mine)]) == 2
    assert capsys.readouterr().err.startswith(f"raft-ref: {mine}:3:")
    assert main(["draw", str(GOLDEN), "-o", str(tmp_path / "t.svg"), "--raft", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "raft-ref: --raft: of a page, -o FILE.html\n"


def test_themes_differ(tmp_path: Path) -> None:
    for theme in ("light", "dark"):
        main(["draw", str(GOLDEN), "-o", str(tmp_path / f"{theme}.gv"), "--theme", theme])
    light, dark = ((tmp_path / f"{theme}.gv").read_text() for theme in ("light", "dark"))
    assert "#ffffff" in light
    assert "#16191d" not in light
    assert "#16191d" in dark


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["{golden}", "-o", "{tmp}/t.bmp"], "t.bmp: it must end in one of .svg, .png, .pdf, .gv"),
        (["{golden}", "-o", "{tmp}/none/t.svg"], "there is no folder"),
        (["{tmp}/none.ndjson", "-o", "{tmp}/t.svg"], "No such file"),
        (["{tmp}/bad.ndjson", "-o", "{tmp}/t.svg"], "bad.ndjson:1: not JSON"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], error: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.ndjson").write_text("{\n")
    given = [each.format(golden=GOLDEN, tmp=tmp_path) for each in arguments]
    assert main(["draw", *given]) == 2
    told = capsys.readouterr()
    assert error in told.err
    assert told.err.count("\n") == 1


SMALL = ["--servers", "2", "--max-term", "1", "--max-log", "0", "--max-snapshot", "0"]
SMALL += ["--max-restarts", "0", "--max-drops", "0", "--max-duplicates", "0"]


def drawn(tmp_path: Path, *arguments: str) -> str:
    picture = tmp_path / "graph.gv"
    assert main(["draw", *arguments, "-o", str(picture)]) == 0
    return picture.read_text()


def test_a_small_state_graph(tmp_path: Path) -> None:
    text = drawn(tmp_path, "--graph", *SMALL)
    assert "reference node, 2 servers: 22 states, 36 steps (max_term 1, max_messages 2)" in text
    assert len(re.findall(r"^\tn\d+ \[", text, re.MULTILINE)) == 22
    assert "#b3261e" not in text  # nothing is red


def test_a_large_one_projected_with_the_way_to_a_violation(tmp_path: Path) -> None:
    text = drawn(tmp_path, "--graph", "--show", "role,currentTerm", "--bug", "vote-not-persisted")
    assert len(re.findall(r"^\tn\d+ \[", text, re.MULTILINE)) == 11
    assert "162 states" in text
    assert text.count("ElectionSafety") == 1
    hot = re.findall(r"^\tn\d+ -> n\d+ \[.*color=\"#b3261e\"", text, re.MULTILINE)
    assert len(hot) == 7


def test_the_automaton_is_the_table(tmp_path: Path) -> None:
    """Within the default bounds no other edges show, and all but six of ROLE_CHANGES."""
    found = role_changes(ClusterRequest())
    seen = {edge: set(after) for edge, after in found.items()}
    assert all(after <= ROLE_CHANGES[edge] for edge, after in seen.items())
    assert unseen(found) == [
        "Candidate to Follower by HandleRequestVoteResponse",
        "Leader to Follower by HandleRequestVoteResponse",
        "Candidate to Candidate by HandleAppendEntriesResponse",
        "Candidate to Follower by HandleAppendEntriesResponse",
        "Candidate to Candidate by HandleInstallSnapshotResponse",
        "Candidate to Follower by HandleInstallSnapshotResponse",
    ]
    text = drawn(tmp_path, "--automaton")
    for role in Role:
        assert f'label="{role.value.upper()}\\n' in text
    assert text.count("Timeout") == 2  # follower to candidate; candidates stay so


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], "draw a TRACE, or --graph, or --automaton"),
        (["--graph", str(GOLDEN)], "draw a TRACE, or --graph, or --automaton"),
        (["--graph", "--show", "votes"], "--show votes: no such variable; there are currentTerm"),
        (["--graph", "--max-term", "1", "--max-log", "0"], "nodes are too many to look at"),
        (["--graph", "--bug", "nothing"], "--bug nothing: no such bug"),
    ],
)
def test_bad_graphs(
    arguments: list[str], error: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["draw", *arguments, "-o", str(tmp_path / "graph.svg")]) == 2
    assert error in capsys.readouterr().err
