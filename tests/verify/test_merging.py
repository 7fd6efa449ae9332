"""One report of many: what is added up, and what is not of one search."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raft_ref.cli import main

SEARCH = ["check", "--random", "--json", "--seed", "1", "--steps", "60", "--jobs", "1"]
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Make:
    """Return what makes the report of a search with more options; two equal ones are made once."""
    made: dict[tuple[str, ...], Path] = {}

    def make(*more: str) -> Path:
        if more not in made:
            main([*SEARCH, *more])
            made[more] = tmp_path / f"{len(made) + 1}.json"
            made[more].write_text(capsys.readouterr().out, encoding="utf-8")
        return made[more]

    return make


def merged(capsys: pytest.CaptureFixture[str], *paths: Path) -> tuple[int, dict[str, Any]]:
    code = main(["merge", "--json", *map(str, paths)])
    return code, json.loads(capsys.readouterr().out)


def test_shards_are_merged(capsys: pytest.CaptureFixture[str], make: Make) -> None:
    parts = [make("--runs", "5", "--shard", shard) for shard in ("1/2", "2/2")]
    whole = json.loads(make("--runs", "5").read_text())
    code, report = merged(capsys, *parts)
    assert (code, report["verdict"], report["missing"]) == (3, "INCOMPLETE", [])
    assert report["runs_done"] == 5
    for name in ("transitions", "actions", "cut_off", "sometimes", "never_taken", "properties"):
        assert report[name] == whole[name]
    least, most = report["distinct_states"].values()
    assert least <= whole["distinct_states"] <= most
    assert main(["merge", *map(str, parts)]) == 3
    assert capsys.readouterr().out.startswith("NOTHING FOUND in 5 random walks")


def test_a_missing_shard_is_told(capsys: pytest.CaptureFixture[str], make: Make) -> None:
    code, report = merged(capsys, make("--runs", "5", "--shard", "2/2"))
    assert (code, report["missing"]) == (3, ["1/2 of seed 1"])
    main(["merge", str(make("--runs", "5", "--shard", "2/2"))])
    assert capsys.readouterr().out.startswith("INCOMPLETE: 2 random walks were done, and not all")


def test_any_violation_is_told_with_its_seed(
    capsys: pytest.CaptureFixture[str], make: Make
) -> None:
    bug = ["--bug", "log-not-compared-before-vote", "--steps", "200", "--runs", "4"]
    paths = [make(*bug, "--shard", shard) for shard in ("1/2", "2/2")]
    code, report = merged(capsys, *paths)
    assert (code, report["verdict"]) == (1, "VIOLATED")
    [violation] = report["violations"]
    assert (violation["seed"], violation["report"]) == (2, str(paths[1]))
    assert main(["merge", *map(str, paths)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "VIOLATED: LeaderCompleteness"
    [replay] = [line for line in lines if line.startswith("    replay: raft-ref ")]
    assert main(replay.removeprefix("    replay: raft-ref ").split()) == 1
    assert json.loads(capsys.readouterr().out)["random"]["found_with_seed"] == 2


def test_searches_with_seeds_of_their_own_are_merged(
    capsys: pytest.CaptureFixture[str], make: Make
) -> None:
    code, report = merged(capsys, make("--runs", "2"), make("--runs", "2", "--seed", "3"))
    assert (code, report["runs_done"]) == (3, 4)


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ("", "", "the walk of seed 1 is in "),
        ("", "--shard 2/2 --seed 0", "the walk of seed 1 is in "),
        ("", "--seed 9 --steps 50", "steps 50, and of "),
        ("", "--seed 9 --max-term 9", "bounds max_term 9, "),
        ("", "--seed 9 --servers 2", "servers 2, and of "),
        ("", "--seed 9 --network fifo", "network fifo, and of "),
        ("", "--seed 9 --invariant TypeOK", "properties TypeOK, and of "),
        ("", "--seed 9 --bug quorum-of-half --servers 3", "cluster quorum-of-half, and of "),
    ],
)
def test_reports_of_different_things_are_refused(
    capsys: pytest.CaptureFixture[str], make: Make, one: str, other: str, message: str
) -> None:
    paths = [make("--runs", "2", *one.split()), make("--runs", "2", *other.split())]
    assert main(["merge", *map(str, paths)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"raft-ref: {paths[1]}: {message}")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"random": {}}', '{"verdict": "VIOLATED"}'])
def test_what_is_no_report(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str) -> None:
    path = tmp_path / "some.json"
    path.write_text(text)
    assert main(["merge", str(path)]) == 2
    assert capsys.readouterr().err == f"raft-ref: {path}: no report of check --random --json\n"


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["merge", str(tmp_path / "none.json")]) == 2
    assert capsys.readouterr().err.endswith("none.json: No such file or directory\n")
