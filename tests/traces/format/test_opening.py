"""Files as they come: compressed, saved by an editor with a mark and other ends of lines."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from raft_ref.cli import main
from raft_ref.traces import TraceError, read, write
from raft_ref.traces.format.opening import opened, size_of
from tests.support.files import GALLERY
from tests.support.schedules import recorded

GOLDEN = GALLERY / "vote-not-persisted.ndjson"
TEXT = GOLDEN.read_bytes()

FORMS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda text: text,
    "compressed": gzip.compress,
    "with a mark of the byte order": lambda text: b"\xef\xbb\xbf" + text,
    "with ends of lines as on Windows": lambda text: text.replace(b"\n", b"\r\n"),
    "all of it": lambda text: gzip.compress(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n")),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_trace_is_the_same_however_it_is_saved(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "saved.ndjson"
    path.write_bytes(FORMS[form](TEXT))
    assert read(path) == read(GOLDEN)
    assert main(["draw", str(path), "-o", str(tmp_path / "drawn.gv")]) == 0
    assert main(["convert", str(path), str(tmp_path / "t.itf.json")]) == 0
    # The bug that it shows is found, at its line.
    assert main(["validate", str(path), "--quiet"]) == 1
    assert f"REFUSED {path}:4: " in capsys.readouterr().out


@pytest.mark.parametrize("form", FORMS)
def test_files_of_several_servers_are_merged_however_they_are_saved(
    form: str, tmp_path: Path
) -> None:
    header, *lines = TEXT.splitlines()
    clocked = [{**json.loads(line), "clock": n} for n, line in enumerate(lines)]
    parts = []
    for number in (0, 1):
        part = tmp_path / f"{number}.ndjson"
        text = b"\n".join([header, *(json.dumps(each).encode() for each in clocked[number::2])])
        part.write_bytes(FORMS[form](text + b"\n"))
        parts.append(str(part))
    merged = tmp_path / "merged.ndjson"
    assert main(["validate", "--quiet", "--merge", str(merged), *parts]) == 1
    assert [json.loads(line)["clock"] for line in merged.read_bytes().splitlines()[1:]] == [
        *range(len(lines))
    ]
    assert b"\r" not in merged.read_bytes()


def test_a_compressed_file_that_is_cut_short_is_told_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cut.ndjson"
    write(recorded(1, 40), path)
    text = path.read_bytes()
    path.write_bytes(gzip.compress(text)[:-20])
    with pytest.raises(TraceError, match=r"damaged gzip file \(compressed file ended"):
        read(path)
    assert main(["validate", str(path)]) == 2
    assert capsys.readouterr().out.startswith(f"BAD INPUT: {path}: damaged gzip file (")
    path.write_bytes(gzip.compress(text)[:40] + b"nonsense" * 9)
    assert main(["validate", str(path)]) == 2


def test_a_compressed_file_is_read_as_a_stream(tmp_path: Path) -> None:
    """Its first lines are there before the rest is looked at, however damaged that is."""
    path = tmp_path / "long.ndjson.gz"
    path.write_bytes(gzip.compress(b"x\n" * 1_000_000)[:-20])
    assert size_of(GOLDEN) == len(TEXT)
    path.write_bytes(gzip.compress(b"x\n" * 1_000_000))
    assert size_of(path) == 2_000_000
    with opened(path) as file:
        assert file.readline() == "x\n"
