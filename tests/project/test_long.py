"""The cases that are listed as long or deep are those of tests."""

import subprocess
import sys

import pytest

from tests.support.files import DATA, ROOT


@pytest.mark.long
def test_what_is_listed_is_there() -> None:
    command = ["pytest", "--collect-only", "--quiet", "--numprocesses", "0", "-m", "long"]
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in ("long.txt", "deep.txt"):
        lines = (DATA / name).read_text(encoding="utf-8").splitlines()
        listed = {line for line in lines if not line.startswith("#")}
        assert len(listed) > 20
        assert listed <= {*done.stdout.splitlines()}
