"""What is misspelt is answered with what was probably meant; a shell completes what is not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from raft_ref.cli import main


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["check", "--max-trm", "3"],
            "check: unrecognized arguments: --max-trm 3; did you mean",
        ),
        (["chek"], "raft-ref: argument COMMAND: no 'chek'; did you mean check?"),
        (["check", "--network", "st"], "argument --network: no 'st'; did you mean set?"),
        (["check", "--engine", "quick"], "no 'quick'; known are auto, native, plain"),
        (["spec", "chck"], "raft-ref spec: argument COMMAND: no 'chck'; did you mean check?"),
    ],
)
def test_what_is_misspelt(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    out, err = capsys.readouterr()
    usage = "usage: raft-ref check" if arguments[0] == "check" else "usage: raft-ref"
    assert (out, err.startswith(usage)) == ("", True)
    assert said in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("bug", "said"),
    [
        ("vote-not-persistd", "no such bug; did you mean vote-not-persisted?"),
        ("what", "no such bug; known are vote-not-persisted, "),
    ],
)
def test_a_bug_that_is_misspelt(bug: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--bug", bug]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "completions"),
    [
        ("raft-ref ch", {"check"}),
        ("raft-ref check --max-m", {"--max-messages"}),
        ("raft-ref check --network ", {"set", "fifo"}),
    ],
)
def test_completion(line: str, completions: set[str], tmp_path: Path) -> None:
    code = "from raft_ref.cli import main; main()"
    asked = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(tmp_path / "found"),
    }
    subprocess.run([sys.executable, "-c", code], env={**os.environ, **asked}, check=False)
    found = {each.strip() for each in (tmp_path / "found").read_text().splitlines()}
    assert completions <= found
