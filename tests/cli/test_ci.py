"""What a service that runs checks is given: action.yml, a recipe for a shell, reports it reads.

The steps of action.yml are run by bash, with the environment that the service gives them.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from raft_ref.cli import main
from tests.support import processes
from tests.support.files import RECORDED, ROOT

ACTION: Any = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: dict[str, Any] = {each["name"]: each for each in ACTION["runs"]["steps"]}
RECIPE = ROOT / "cli" / "examples" / "ci" / "judge.sh"
REFERENCE = f"{sys.executable} -m raft_ref.traces.conformance.reference"
WRONG = RECORDED / "vote-not-persisted.ndjson"


@pytest.fixture
def service(tmp_path: Path) -> dict[str, str]:
    """Return the environment that a step has, with `raft-ref` on the path."""
    tool = tmp_path / "bin" / "raft-ref"
    tool.parent.mkdir()
    code = "import sys; from raft_ref.cli import main; sys.exit(main())"
    tool.write_text(f"#!{sys.executable}\n{code}\n", encoding="utf-8")
    tool.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{tool.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_PATH": str(tmp_path / "path"),
        "RUNNER_TEMP": str(tmp_path),
    }


def taken(name: str, inputs: dict[str, str], service: dict[str, str], folder: Path) -> Any:
    """Take a step of action.yml as the service does, in a folder; return how it ended."""
    known = {each: told.get("default", "") for each, told in ACTION["inputs"].items()} | inputs
    step = STEPS[name]
    given = {
        variable: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: known[found[1]], value)
        for variable, value in step.get("env", {}).items()
    }
    process = processes.start(
        ["bash", "-e", "-o", "pipefail", "-c", step["run"]],
        cwd=folder, env={**service, **given}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    out, _ = process.communicate()
    return process.returncode, out


def test_action_says_what_it_takes() -> None:
    said = set(re.findall(r"inputs\.(\w+)", (ROOT / "action.yml").read_text(encoding="utf-8")))
    assert said == {*ACTION["inputs"]}
    assert ACTION["runs"]["using"] == "composite"
    assert all("shell" in each for each in STEPS.values() if "run" in each)
    variables = set(STEPS["Judge"]["env"])
    assert variables <= set(re.findall(r"RAFT_REF_\w+", RECIPE.read_text(encoding="utf-8")))


def test_gitlab_runs_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    told = yaml.safe_load(RECIPE.with_name("gitlab.yml").read_text(encoding="utf-8"))
    install, judge = told["raft-ref"]["script"]
    code = re.search(r'-c "(.*?)"\)', judge)
    assert code is not None
    found = subprocess.run(
        [sys.executable, "-c", code[1]], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert Path(found.stdout.strip()).samefile(RECIPE)
    assert "wheel.cmake=false" in install
    assert told["raft-ref"]["artifacts"]["when"] == "always"


@pytest.mark.long
def test_a_refused_trace_is_annotated(service: dict[str, str], tmp_path: Path) -> None:
    code, out = taken("Judge", {"traces": str(WRONG)}, service, tmp_path)
    assert code == 1, out
    (line,) = re.findall(r"^::error .*$", out, re.MULTILINE)
    assert line.startswith("::error title=raft-ref%3A refused,file=")
    assert re.search(r"vote-not-persisted\.ndjson,line=\d+::", line)
    report = ElementTree.parse(tmp_path / "raft-ref-report" / "validate.xml").getroot()
    assert report.get("failures") == "1"
    assert (tmp_path / "raft-ref-report" / "refused.svg").exists()
    assert "REFUSED" in (tmp_path / "summary.md").read_text(encoding="utf-8")


@pytest.mark.long
def test_what_is_found_is_followed_first_the_next_time(
    service: dict[str, str], tmp_path: Path
) -> None:
    asked = {"adapter": f"{REFERENCE} --bug vote-not-persisted", "seed": "1", "time": "90s"}
    asked["options"] = "--shrink 60 --consequence 40"
    code, out = taken("Judge", asked, service, tmp_path)
    assert code == 1, out
    assert "of seed 1" in out
    (again,) = re.findall(r"^to see it again: raft-ref (.*\.ndjson)$", out, re.MULTILINE)
    (kept,) = (tmp_path / ".raft-ref").rglob("*.ndjson")
    assert again.endswith(str(kept.relative_to(tmp_path)))
    assert f"file={kept.relative_to(tmp_path)}," in out
    report = ElementTree.parse(tmp_path / "raft-ref-report" / "conform.xml").getroot()
    assert report.get("failures") == "1"
    code, out = taken("Judge", asked, service, tmp_path)
    assert code == 1
    assert f"followed first: {kept.relative_to(tmp_path)} fails still" in out
    assert "0 of 1,000,000 schedules" in out


@pytest.mark.long
def test_nothing_wrong_ends_well_and_in_time(service: dict[str, str], tmp_path: Path) -> None:
    asked = {"adapter": REFERENCE, "time": "4s", "seed": "3"}
    asked["traces"] = f"{RECORDED}/etcd/seed-1.ndjson"
    asked["profile"] = "etcd"
    code, out = taken("Judge", {**asked, "adapter": ""}, service, tmp_path)
    assert code == 0, out
    code, out = taken("Judge", {"adapter": REFERENCE, "time": "4s", "seed": "3"}, service, tmp_path)
    assert code == 0, out
    assert "CONFORMS" in out
    assert "::error" not in out


@pytest.mark.long
@pytest.mark.deep
def test_action_installs_from_its_own_folder(service: dict[str, str], tmp_path: Path) -> None:
    code, out = taken("Install raft-ref", {"python": sys.executable}, service, tmp_path)
    assert code == 0, out
    tool = Path(Path(service["GITHUB_PATH"]).read_text(encoding="utf-8").strip()) / "raft-ref"
    assert subprocess.run([tool, "--version"], check=True).returncode == 0


@pytest.mark.parametrize(
    ("bounds", "code", "kind"),
    [
        ("--servers 2 --max-term 1 --max-log 0 --max-snapshot 0 --max-restarts 0", 3, "error"),
        ("--bug quorum-of-half", 1, "failure"),
    ],
)
def test_check_writes_a_report_for_machines(
    bounds: str, code: int, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "check.xml"
    found = main(["check", *bounds.split(), "--junit", str(path), "--quiet"])
    headline = capsys.readouterr().out.splitlines()[0]
    assert found == code, headline
    suite = ElementTree.parse(path).getroot()
    (case,) = suite
    assert (suite.get("name"), suite.get(f"{kind}s")) == ("raft-ref check", "1")
    assert case[0].tag == kind
    assert case[0].get("message") == headline


def test_annotations_name_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(WRONG), "--annotations", "--quiet"]) == 1
    verdict, annotation = capsys.readouterr().out.splitlines()
    where = re.match(r"REFUSED (.*):(\d+): (.*)", verdict)
    assert where is not None
    path, line, why = where.groups()
    said = why.replace("%", "%25")
    assert annotation == f"::error title=raft-ref%3A refused,file={path},line={line}::{said}"
