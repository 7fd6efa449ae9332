"""traces/gallery is what `raft-ref bugs --gallery` writes now."""

import json
from pathlib import Path

import pytest

from raft_ref.cli import main
from raft_ref.cli.commands import bugs
from raft_ref.server.simulation.bugs import SERVER_BUGS
from raft_ref.traces import draw, read
from raft_ref.verify import ZOO, find, gallery
from raft_ref.zoo import EXPLORED, WAITING
from tests.raft_ref.test_bugs import LEFT_TO_THE_GALLERY, SHORTEST
from tests.support.files import GALLERY

PAGE = (GALLERY / gallery.INDEX).read_text(encoding="utf-8")

OPERATIONS = {
    # Of clients, until they have seen what no single store could have shown them; the trial.
    "read-before-commit-of-term": (6, 801),
    "read-without-quorum": (6, 84),
    "retry-applied-twice": (2, 14),
    "save-error-swallowed": (10, 1_655),
    "sent-before-saved": (4, 472),
    "clock-drift-ignored": (6, 81),
    "promise-not-saved": (4, 43),
    "lease-kept-in-transfer": (4, 41),
}


@pytest.mark.parametrize("name", [name for name in EXPLORED if name not in LEFT_TO_THE_GALLERY])
def test_a_bug_is_shown_as_it_is_found(name: str) -> None:
    found = find(name, lambda progress: None)
    assert found.trace == read(GALLERY / f"{name}.ndjson")
    picture = (GALLERY / f"{name}.svg").read_text(encoding="utf-8")
    assert picture.endswith(f"<!-- {gallery.as_text(draw(found.trace).source)} -->\n")
    assert gallery.section(found) in PAGE
    assert all(line in PAGE for line in gallery.index([found]).splitlines())


@pytest.mark.long
def test_each_bug_is_found_in_as_many_steps_as_ever_and_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the command; those that were found above are left out."""
    asked = [*LEFT_TO_THE_GALLERY, *SERVER_BUGS]
    monkeypatch.setattr(bugs, "ZOO", asked)
    assert main(["bugs", "--json", "--gallery", str(tmp_path)]) == 0
    found = json.loads(capsys.readouterr().out)
    rows = {each["name"]: (each["steps"], each["tried"]) for each in found["bugs"]}
    assert rows == {name: {**SHORTEST, **OPERATIONS}[name] for name in asked}
    assert {each["found_by"] for each in found["bugs"]} == {"search", "progress", "simulation"}
    assert found["not_searched"] == 0
    assert found["waiting"] == WAITING
    written = {each.name: each for each in tmp_path.iterdir()}
    page = written.pop(gallery.INDEX).read_text(encoding="utf-8")
    assert page.split("\n|", 1)[0] == PAGE.split("\n|", 1)[0]
    assert all(line in PAGE for line in page.splitlines())
    assert {name.partition(".")[0] for name in written} == {*asked}
    for name, path in written.items():
        now, kept = (each.read_text(encoding="utf-8") for each in (path, GALLERY / name))
        if path.suffix == ".svg":  # Graphviz may differ, but not what it was to draw
            now, kept = now.splitlines()[-1], kept.splitlines()[-1]
        assert now == kept


def test_the_page_shows_all_in_their_order() -> None:
    assert [line[3:] for line in PAGE.splitlines() if line.startswith("## ")] == [*ZOO]
    assert [line.split("]")[0][3:] for line in PAGE.splitlines() if line[:3] == "| ["] == [*ZOO]


def test_nothing_else_is_there() -> None:
    traces = {f"{name}.ndjson" for name in EXPLORED}
    pictures = {f"{name}.svg" for name in (*EXPLORED, *SERVER_BUGS)}
    assert {each.name for each in GALLERY.iterdir()} == {gallery.INDEX, *traces, *pictures}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["bugs", "--gallery", "{tmp}/none"], "there is no such folder"),
        (["bugs", "quorum-of-half", "--gallery", "{tmp}"], "--gallery: of all bugs"),
    ],
)
def test_bad_usage(
    arguments: list[str], error: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([each.format(tmp=tmp_path) for each in arguments]) == 2
    assert error in capsys.readouterr().err
