"""What a service that runs checks reads of a report: JUnit, and annotations of a line of a file."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

CODES = {1: "failure", 2: "error", 3: "error"}
"""What an exit code is called in a JUnit report."""


def junit(command: str, name: str, code: int, lines: Sequence[str], seconds: float = 0.0) -> bytes:
    """Return a report as a JUnit file of one test.

    Arguments: the command; what was tested; the exit code; the report as lines, the verdict first.
    """
    kind = CODES.get(code)
    suite = ElementTree.Element(
        "testsuite", name=f"raft-ref {command}", tests="1", failures=str(int(kind == "failure")),
        errors=str(int(kind == "error")), time=f"{seconds:.3f}",
    )  # fmt: skip
    case = ElementTree.SubElement(
        suite, "testcase", classname=command, name=name, time=f"{seconds:.3f}"
    )
    if kind is not None:
        ElementTree.SubElement(case, kind, message=lines[0]).text = "\n".join(lines)
    return bytes(ElementTree.tostring(suite, "utf-8", xml_declaration=True))


def annotation(title: str, text: str, path: Path | None = None, line: int | None = None) -> str:
    """Return an error in the words that GitHub shows at a line of a file."""
    told = {"title": title}
    if path is not None:
        told |= {"file": str(path), "line": str(line or 1)}
    listed = ",".join(f"{name}={_escaped(value, ',:')}" for name, value in told.items())
    return f"::error {listed}::{_escaped(text)}"


def _escaped(text: str, beside: str = "") -> str:
    for each in ("%", "\r", "\n", *beside):
        text = text.replace(each, f"%{ord(each):02X}")
    return text
