"""The modules that Python evaluates beyond the standard ones: Json, IOUtils, chance, TLCExt."""

from pathlib import Path

import pytest

from raft_ref import spec
from raft_ref.spec.values.community import COMMUNITY
from tests.support.modules import load_text

EXTENDED = "Reals, Sequences, FiniteSets, TLC, " + ", ".join(COMMUNITY)

VALUES = [
    ("1 \\in Real /\\ -1 \\in Real", "TRUE"),
    ("RandomSubset(2, {1, 2})", "{1, 2}"),
    ("Cardinality(RandomSubset(2, 1..9))", "2"),
    ("\\A S \\in RandomSetOfSubsets(5, 2, 1..9) : S \\subseteq 1..9", "TRUE"),
    ('TLCModelValue("m")', "m"),
    ("AssertEq(1, 2)", "FALSE"),
    ("TLCCache(1, {2})", "1"),
    ("TLCNoOp(3)", "3"),
    ("TLCDefer(TRUE)", "TRUE"),
    ("TLCGetOrDefault(77, 4)", "4"),
    ("TLCFP(1) = TLCFP(1)", "TRUE"),
    ("PickSuccessor(TRUE)", "TRUE"),
    ('ToJson([a |-> {1}, b |-> <<TRUE, "x">>])', '"{\\"a\\":[1],\\"b\\":[true,\\"x\\"]}"'),
    ("ToJsonArray(<<1, 2>>)", '"[1,2]"'),
    ('ToJsonObject("a" :> 1)', '"{\\"a\\":1}"'),
    ('"PATH" \\in DOMAIN IOEnv', "TRUE"),
    ('atoi("12")', "12"),
    ("zeroPadN(7, 3)", '"007"'),
]

ERRORS = [
    ("RandomSubset(3, {1})", "has no subset of 3 elements"),
    ("TLCModelValue(1)", "TLCModelValue needs a string"),
    ('JsonDeserialize("missing.json")', "missing.json cannot be read"),
    ("ndJsonSerialize(1, 2)", "ndJsonSerialize needs a sequence, not 2"),
    ('atoi("a")', "is no number"),
    ('CSVWrite("a", 1, "b")', "CSVWrite needs a sequence"),
    ('CSVRead(1, ",", "b")', "CSVRead needs a sequence of columns"),
    *(
        (text, "not supported here")
        for text in (
            "Trace",
            "CounterExample",
            "ToTrace(1)",
            "TLCEvalDefinition(1)",
            'AssertError("a", 1)',
            "TLCGetAndSet(1, +, 2, 3)",
            "IOExec(<<>>)",
            "IOEnvExec(<<>>, <<>>)",
            'IOExecTemplate("a", <<>>)',
            'IOEnvExecTemplate(<<>>, "a", <<>>)',
            "IOEnvPermitExec",
            'IODeserialize("a", TRUE)',
            'Deserialize("a", <<>>)',
        )
    ),
]


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> spec.Module:
    return load_text(tmp_path_factory.mktemp("modules"), "Nothing == TRUE", extended=EXTENDED)


@pytest.mark.parametrize(("expression", "value"), VALUES)
def test_values(module: spec.Module, expression: str, value: str) -> None:
    assert spec.show(module.constant(expression)) == value


@pytest.mark.parametrize(("expression", "reason"), ERRORS)
def test_errors(module: spec.Module, expression: str, reason: str) -> None:
    with pytest.raises(spec.SpecError, match=reason):
        module.constant(expression)


def test_files_are_written_and_read(
    module: spec.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for expression, value in [
        ('JsonSerialize("a", [x |-> <<1, TRUE>>])', "TRUE"),
        ('JsonDeserialize("a")', "[x |-> <<1, TRUE>>]"),
        ('ndJsonSerialize("b", <<1, [y |-> 2]>>)', "TRUE"),
        ('ndJsonDeserialize("b")', "<<1, [y |-> 2]>>"),
        ('CSVRecords("c")', "0"),
        ('CSVWrite("%1$s,%2$s", <<1, "u">>, "c")', "TRUE"),
        ('CSVRecords("c")', "1"),
        ('CSVRead(<<"p", "q">>, ",", "c")', '<<[p |-> "1", q |-> "u"]>>'),
        ('Serialize("text", "d", <<>>).exitValue', "0"),
        ('IOSerialize(1, "e", FALSE)', "TRUE"),
    ]:
        assert spec.show(module.constant(expression)) == value, expression
    assert (tmp_path / "d").read_text() == "text"


def test_every_operator_is_tried() -> None:
    text = Path(__file__).read_text()
    for table in COMMUNITY.values():
        assert [name for name in table if name not in text] == []
