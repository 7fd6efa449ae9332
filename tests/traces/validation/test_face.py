"""Validation as a user of the library meets it."""

from pathlib import Path

import pytest

from raft_ref.spec.requests import RequestError
from raft_ref.traces.profiles import PROFILES, profile_of
from raft_ref.traces.validation import FileReport, Outcome, ValidationRequest
from tests.support.files import RECORDED

ETCD = RECORDED / "etcd" / "seed-1.ndjson"
REFUSED = RECORDED / "vote-not-persisted.ndjson"


def test_a_trace_is_accepted() -> None:
    report = ValidationRequest((ETCD,), PROFILES["etcd"]).run()
    (found,) = report.files
    assert (report.outcome, report.total, report.is_interrupted) == (Outcome.ACCEPTED, 1, False)
    assert (found.path, found.line, found.reason, found.refusal) == (ETCD, None, "", None)
    assert (found.lines, found.readings, found.checked) == (518, 1, 223)
    assert found.actions.most_common(2) == [("Handle", 86), ("SendEntries", 54)]


def test_a_refusal_names_its_line_and_what_stands_against_it() -> None:
    report = ValidationRequest((REFUSED,), PROFILES["raft-ref"]).run()
    (found,) = report.files
    assert (report.outcome, found.lines, found.line) == (Outcome.REFUSED, 2, 4)
    assert found.refusal is not None
    (candidate,) = found.refusal.candidates
    assert candidate.action == "RestartAt(s2, 0)"
    assert candidate.differences == (("votedFor", None, "s1"),)  # logged, and what the spec has
    assert [step.step for step in found.refusal.trace.steps] == ["Timeout", "Receive", "Restart"]


def test_several_files_are_found_in_their_order(tmp_path: Path) -> None:
    missing = tmp_path / "missing.ndjson"
    seen: list[FileReport] = []
    report = ValidationRequest((missing, REFUSED), profile_of("raft-ref")).run(seen.append)
    assert tuple(seen) == report.files
    assert [each.outcome for each in seen] == [Outcome.BAD_INPUT, Outcome.REFUSED]
    assert seen[0].reason == f"{missing}: No such file or directory"
    assert report.outcome is Outcome.BAD_INPUT


def test_a_refusal_is_told_once_whatever_the_order_of_lines() -> None:
    (found,) = ValidationRequest((REFUSED,), PROFILES["raft-ref"], reorder=3).run().files
    (in_order,) = ValidationRequest((REFUSED,), PROFILES["raft-ref"]).run().files
    assert (found.outcome, found.line, found.more) == (Outcome.REFUSED, in_order.line, ())
    assert found.refusal is not None
    assert in_order.refusal is not None
    assert found.refusal.why == in_order.refusal.why


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(RequestError, match=r"^reorder: expected 0 or more$"):
        ValidationRequest((REFUSED,), PROFILES["raft-ref"], reorder=-1)
    with pytest.raises(RequestError, match=r"^profile json:such: module json has no such$"):
        profile_of("json:such")
    with pytest.raises(RequestError, match=r"^profile json:decoder: is a module, which cannot be "):
        profile_of("json:decoder")
