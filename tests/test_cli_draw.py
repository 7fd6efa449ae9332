"""`raft-ref draw`, as a user meets it."""

from pathlib import Path

import pytest

from raft_ref_cli import main

GOLDEN = Path(__file__).parent / "traces" / "vote-not-persisted.ndjson"


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
