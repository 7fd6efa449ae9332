"""The format of the golden files: what a file says, what is refused, what is rewritten."""

from pathlib import Path

import pytest

from tests.support import golden
from tests.support.golden import Case, GoldenError, golden_module, main, read, rewritten

TEXT = """\
# Two cases.

# a sum
1 + 1
----
2

# a list in bullets,
# and a comment of two lines
/\\ 1 = 1
/\\ 1 = "a"
----
error: 2:4: cannot compare 1 with "a"
TLC says: Attempted to check equality
"""


def test_a_file_is_read() -> None:
    assert read(TEXT, "some.txt") == [
        Case("some.txt", 3, "1 + 1", 6, "2"),
        Case(
            "some.txt",
            8,
            '/\\ 1 = 1\n/\\ 1 = "a"',
            13,
            'error: 2:4: cannot compare 1 with "a"',
            "Attempted to check equality",
        ),
    ]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("\n1\n----\n1\n", "2: a comment is missing that says what the case shows"),
        ("# one\n1\n", "2: a line ---- is missing after the expression"),
        ("# one\n1\n\n----\n1\n", "2: a line ---- is missing after the expression"),
        ("# one\n----\n1\n", "2: an expression is missing before ----"),
        ("# one\n1\n----\n", "3: nothing is expected after ----"),
        ("# one\n1\n----\n1\n2\n", "5: only `TLC says: ...` may stand here, once and after an err"),
        ("# one\n1\n----\n1\nTLC says: 1\n", "5: only `TLC says: ...` may stand here, once and a"),
        (
            "# one\n1\n----\nerror: 1:1: no\nTLC says: no\n# two\n",
            "6: the case has ended: an empty line is missing",
        ),
        (
            "# one\n1\n----\nerror: no\n",
            "4: an error is expected as `error: line:column: reason`",
        ),
        ("# one\n1\n----\nerror:\n", "4: an error is expected as `error: line:column: reason`"),
    ],
)
def test_a_malformed_file_is_refused_at_its_line(text: str, error: str) -> None:
    with pytest.raises(GoldenError) as raised:
        read(text, "some.txt")
    assert str(raised.value).startswith(f"some.txt:{error}")


def test_what_is_expected_is_rewritten_and_the_rest_stays(tmp_path: Path) -> None:
    module = golden_module(tmp_path)
    assert rewritten(TEXT, "some.txt", module) == TEXT
    damaged = TEXT.replace("\n2\n", "\n").replace("error: 2:4: cannot compare", "error: 1:1: no")
    assert rewritten(damaged, "some.txt", module) == TEXT


def test_words_of_tlcs_go_with_the_error_that_they_belong_to(tmp_path: Path) -> None:
    text = "# a sum\n1 + 1\n----\nerror: 1:1: no\nTLC says: no\n\n# another\n2\n----\n"
    found = rewritten(text, "some.txt", golden_module(tmp_path))
    assert found == "# a sum\n1 + 1\n----\n2\n\n# another\n2\n----\n2\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder that the command takes for that of the golden files."""
    monkeypatch.setattr(golden, "GOLDEN", tmp_path)
    return tmp_path


def test_the_command_says_what_differs_and_writes_what_is_found(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "some.txt").write_text(TEXT.replace("\n2\n", "\n3\n"))
    assert main([]) == 1
    assert capsys.readouterr().err == "some.txt:3: 3 is expected, and 2 is found\n"
    assert main(["--write"]) == 0
    assert (folder / "some.txt").read_text() == TEXT
    assert main([]) == 0


def test_an_expression_stands_once_in_all_files(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "one.txt").write_text("# one\n1\n----\n1\n")
    (folder / "two.txt").write_text("# one again\n1\n----\n1\n")
    assert main([]) == 1
    assert capsys.readouterr().err == "two.txt:1: the expression stands at one.txt:1 too\n"
