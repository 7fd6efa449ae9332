"""traces/gallery is what `raft-ref bugs --gallery` writes now."""

from pathlib import Path

import pytest

from raft_ref.server.bugs import SERVER_BUGS
from raft_ref.zoo import EXPLORED
from raft_ref_cli import gallery, main
from raft_ref_cli.hunting import find
from traces import draw, read

GALLERY = Path(__file__).parent.parent / "traces" / "gallery"
PAGE = (GALLERY / gallery.INDEX).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", EXPLORED)
def test_a_bug_is_shown_as_it_is_found(name: str) -> None:
    found = find(name, lambda progress: None)
    assert found.trace == read(GALLERY / f"{name}.ndjson")
    picture = (GALLERY / f"{name}.svg").read_text(encoding="utf-8")
    assert picture.endswith(f"<!-- {gallery.told(draw(found.trace).source)} -->\n")
    assert gallery.section(found) in PAGE


@pytest.mark.long
def test_the_page_is_up_to_date() -> None:
    found = [find(name, lambda progress: None) for name in (*EXPLORED, *SERVER_BUGS)]
    assert gallery.index(found) == PAGE
    for each in found:
        picture = (GALLERY / f"{each.row.name}.svg").read_text(encoding="utf-8")
        assert picture.endswith(f"<!-- {gallery.told(each.diagram() or '')} -->\n")


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
