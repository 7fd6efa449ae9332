"""Configurations of TLC's, as they are read and refused."""

from pathlib import Path

import pytest

from raft_ref import spec
from raft_ref.spec.checker.config import Config, load_config, parse_config
from raft_ref.spec.files import MODEL
from raft_ref.spec.values.value import FALSE, TRUE, Value, model_value

SERVERS = frozenset(model_value(name) for name in ("s1", "s2"))
SHIPPED = MODEL.with_suffix(".cfg")


def parse(text: str) -> Config:
    return parse_config(f"INIT Init NEXT Next {text}", "a.cfg")


VALUES: list[tuple[str, Value]] = [
    ("3", 3),
    ("-3", -3),
    ('"text"', "text"),
    ('"a \\"quote\\""', 'a "quote"'),
    ("TRUE", TRUE),
    ("FALSE", FALSE),
    ("s1", model_value("s1")),
    ("2PC", model_value("2PC")),
    ("{}", frozenset()),
    ("{s1, s2}", SERVERS),
    ('{1, "a", {s1, s2}}', frozenset({1, "a", SERVERS})),
    ("\\* a comment\n{s1, (* one (* within another *) *) s2}", SERVERS),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_a_value(text: str, value: Value) -> None:
    (assignment,) = parse(f"CONSTANT C = {text}").constants
    assert (assignment.name, assignment.value) == ("C", value)


def test_every_section_in_one_file() -> None:
    config = parse_config(
        """\
        \\* What to check
        SPECIFICATION Spec
        CONSTANTS A = 1
                  B <- Other   C = c  D <- [M] Other
        INVARIANT One INVARIANTS Two Three
        PROPERTY P
        PROPERTIES Q R
        CONSTRAINT Near CONSTRAINTS Nearer
        ACTION_CONSTRAINT Once ACTION_CONSTRAINTS Twice
        SYMMETRY Symmetry
        VIEW view
        CHECK_DEADLOCK FALSE
        """,
        "all.cfg",
    )
    assert config.specification is not None
    assert config.specification.name == "Spec"
    assert (config.init, config.next) == (None, None)
    assert [(each.name, each.value) for each in config.constants] == [
        ("A", 1),
        ("C", model_value("c")),
    ]
    assert [(each.name, each.by, each.module) for each in config.replacements] == [
        ("B", "Other", None),
        ("D", "Other", "M"),
    ]
    assert [each.name for each in config.invariants] == ["One", "Two", "Three"]
    assert [each.name for each in config.properties] == ["P", "Q", "R"]
    assert [each.name for each in config.constraints] == ["Near", "Nearer"]
    assert [each.name for each in config.action_constraints] == ["Once", "Twice"]
    assert config.symmetry is not None
    assert config.view is not None
    assert (config.symmetry.name, config.view.name) == ("Symmetry", "view")
    assert config.check_deadlock is False
    assert (config.invariants[1].at.line, config.invariants[1].at.column) == (5, 34)


def test_what_is_not_said_is_not_there() -> None:
    assert parse("") == Config("a.cfg", parse("").init, parse("").next)


def test_the_shipped_configuration() -> None:
    config = load_config(SHIPPED)
    assert {each.name: each.value for each in config.constants}["MaxTerm"] == 2
    assert len(config.invariants) == 9
    assert len(config.properties) == 5


ERRORS = [
    ("INIT Init", "1:6: expected either SPECIFICATION or both of INIT and NEXT"),
    ("INVARIANT P", "1:1: expected either SPECIFICATION or both of INIT and NEXT"),
    ("INIT I NEXT N SPECIFICATION S", "1:29: expected either SPECIFICATION or both of"),
    ("INIT I INIT J NEXT N", "1:8: INIT is given twice"),
    ("INVARIANT\n  = 3", "2:3: expected the name of an operator, not '='"),
    ("INIT", "1:5: expected the name of an operator, not the end of the file"),
    ("INIT NEXT N", "1:6: expected the name of an operator, not 'NEXT'"),
    ("Init", "1:1: expected a keyword such as INIT, CONSTANTS or INVARIANTS, not 'Init'"),
    ("CONSTANT C 3", "1:12: expected = or <- after C, not '3'"),
    ("CONSTANT C = ", "1:14: expected a number, a string, a model value or a set of these, not"),
    ("CONSTANT C = NEXT", "1:14: expected a number, a string, a model value or a set of these"),
    ("CONSTANT C = {1 2}", "1:17: expected , or } in a set, not '2'"),
    ("CONSTANT C = {1, ", "1:18: expected a number"),
    ("CONSTANT C = 1 C = 2", "1:16: C is given twice"),
    ("CONSTANT C <- [M D", "1:18: expected ] after M, not 'D'"),
    ("CONSTANT C = 1.5", "1:15: unexpected character '.'"),
    ('CONSTANT C = "open', "1:14: unexpected character '\"'"),
    ("(* a comment\nINIT I", "1:1: the comment has no end"),
    ("CHECK_DEADLOCK perhaps", "1:16: expected TRUE or FALSE, not 'perhaps'"),
]


@pytest.mark.parametrize(("text", "message"), ERRORS)
def test_an_error_says_where_and_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(spec.SpecError) as refused:
        parse_config(text, "a.cfg")
    assert str(refused.value).startswith(f"a.cfg:{message}")


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.cfg"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(spec.SpecError, match="not UTF-8 text"):
        load_config(path)
