"""The modules Json, IOUtils and CSV: values from files and to files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from raft_ref.spec.syntax.errors import NoValueError
from raft_ref.spec.values.arithmetic import LARGEST, SMALLEST
from raft_ref.spec.values.builtin import Builtin, table
from raft_ref.spec.values.value import (
    Boolean,
    Value,
    boolean,
    elements_of,
    from_python,
    is_sequence,
    items_of,
    record,
    results_of,
    sequence,
    show,
)


def _text(value: Value, operator: str) -> str:
    if type(value) is not str:
        raise NoValueError(f"{operator} needs a string, not {show(value)}")
    return value


def _plain(value: Value) -> Any:
    """Return a value as JSON: a set as an array, a function by what its arguments read."""
    if type(value) is Boolean:
        return value.holds
    if type(value) is int or type(value) is str:
        return value
    if type(value) is tuple:
        if is_sequence(value):
            return [_plain(each) for each in results_of(value)]
        return {
            key if type(key) is str else show(key): _plain(each) for key, each in items_of(value)
        }
    if type(value) is frozenset or hasattr(value, "enumerated"):
        return [_plain(each) for each in elements_of(value)]
    return show(value)


def _value(plain: Any, operator: str) -> Value:
    if isinstance(plain, bool):
        return boolean(plain)
    if isinstance(plain, int) and not SMALLEST <= plain <= LARGEST:
        raise NoValueError(f"{operator}: {plain} does not fit in 32 bits")
    if isinstance(plain, list):
        return sequence(_value(each, operator) for each in plain)
    if isinstance(plain, dict):
        return record({str(key): _value(each, operator) for key, each in plain.items()})
    if isinstance(plain, int | str):
        return plain
    raise NoValueError(f"{operator}: {plain!r} is no value of TLA+")


def _read(path: Value, operator: str) -> str:
    name = _text(path, operator)
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NoValueError(f"{operator}: {name} cannot be read: {error}") from None


def _write(path: Value, text: str, operator: str, *, append: bool = False) -> bool:
    name = _text(path, operator)
    try:
        with Path(name).open("a" if append else "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise NoValueError(f"{operator}: {name} cannot be written: {error}") from None
    return True


def _parsed(text: str, operator: str) -> Value:
    try:
        return _value(json.loads(text), operator)
    except ValueError as error:
        raise NoValueError(f"{operator}: no JSON: {error}") from None


def to_json(value: Value) -> str:
    """ToJson(value)."""
    return json.dumps(_plain(value), separators=(",", ":"))


def json_lines(value: Value) -> list[str]:
    """Return a line of JSON for each element of a sequence."""
    if not is_sequence(value):
        raise NoValueError(f"ndJsonSerialize needs a sequence, not {show(value)}")
    return [to_json(each) + "\n" for each in results_of(value)]  # type: ignore[arg-type]


def json_read(path: Value) -> Value:
    """JsonDeserialize(path)."""
    return _parsed(_read(path, "JsonDeserialize"), "JsonDeserialize")


def json_lines_read(path: Value) -> Value:
    """Return what ndJsonDeserialize(path) is: the sequence of its lines."""
    lines = _read(path, "ndJsonDeserialize").splitlines()
    return sequence(_parsed(each, "ndJsonDeserialize") for each in lines if each.strip())


def json_write(path: Value, value: Value) -> bool:
    """JsonSerialize(path, value)."""
    return _write(path, to_json(value) + "\n", "JsonSerialize")


def json_lines_write(path: Value, value: Value) -> bool:
    """Write a sequence as ndJsonSerialize(path, value) does."""
    return _write(path, "".join(json_lines(value)), "ndJsonSerialize")


def environment() -> Value:
    """IOEnv: the variables of the environment as a record."""
    return from_python(dict(os.environ))


def to_number(text: Value) -> int:
    """Return the number that atoi(text) is."""
    try:
        return int(_text(text, "atoi"))
    except ValueError:
        raise NoValueError(f"atoi: {show(text)} is no number") from None


def _filled(template: Value, values: Value, operator: str) -> str:
    """Return a template of the form "%1$s,%2$s" with values in it."""
    text = _text(template, operator)
    if not is_sequence(values):
        raise NoValueError(f"{operator} needs a sequence, not {show(values)}")
    for place, each in reversed([*enumerate(results_of(values), start=1)]):  # type: ignore[arg-type]
        shown = each if type(each) is str else show(each)
        text = text.replace(f"%{place}$s", shown).replace(f"%{place}$d", shown)
    return text


def csv_write(template: Value, values: Value, path: Value) -> bool:
    """CSVWrite(template, values, path): a line more."""
    line = _filled(template, values, "CSVWrite") + "\n"
    return _write(path, line, "CSVWrite", append=True)


def csv_records(path: Value) -> int:
    """CSVRecords(path)."""
    name = _text(path, "CSVRecords")
    return len(_read(path, "CSVRecords").splitlines()) if Path(name).is_file() else 0


def csv_read(columns: Value, delimiter: Value, path: Value) -> Value:
    """CSVRead(columns, delimiter, path): a sequence of records of strings."""
    if not is_sequence(columns):
        raise NoValueError(f"CSVRead needs a sequence of columns, not {show(columns)}")
    names = [_text(each, "CSVRead") for each in results_of(columns)]  # type: ignore[arg-type]
    lines = _read(path, "CSVRead").splitlines()
    cells = [each.split(_text(delimiter, "CSVRead")) for each in lines]
    return sequence(record(dict(zip(names, each, strict=False))) for each in cells)


def io_write(value: Value, path: Value, _compress: Value) -> bool:
    """IOSerialize(value, path, compress): as text of TLA+ here."""
    return _write(path, show(value) + "\n", "IOSerialize")


def written(text: Value, path: Value, _options: Value) -> Value:
    """Serialize(text, path, options) of a string."""
    _write(path, _text(text, "Serialize"), "Serialize", append=True)
    return record({"exitValue": 0, "stdout": "", "stderr": ""})


MODULES: Final[Mapping[str, Mapping[str, Builtin]]] = {
    "Json": table(
        Builtin("ToJson", 1, to_json),
        Builtin("ToJsonArray", 1, to_json),
        Builtin("ToJsonObject", 1, to_json),
        Builtin("JsonDeserialize", 1, json_read, varies=True),
        Builtin("JsonSerialize", 2, json_write, "formula", varies=True),
        Builtin("ndJsonDeserialize", 1, json_lines_read, varies=True),
        Builtin("ndJsonSerialize", 2, json_lines_write, "formula", varies=True),
    ),
    "IOUtils": table(
        Builtin("IOEnv", 0, environment, "function"),
        Builtin("atoi", 1, to_number, "number"),
        Builtin("zeroPadN", 2, lambda value, size: show(value).zfill(int(str(size)))),
        Builtin("IOSerialize", 3, io_write, "formula", varies=True),
        Builtin("IODeserialize", 2, None),
        Builtin("Serialize", 3, written, varies=True),
        Builtin("Deserialize", 2, None),
        Builtin("IOExec", 1, None),  # a specification starts no programs
        Builtin("IOEnvExec", 2, None),
        Builtin("IOExecTemplate", 2, None),
        Builtin("IOEnvExecTemplate", 3, None),
        Builtin("IOEnvPermitExec", 0, None),
    ),
    "CSV": table(
        Builtin("CSVWrite", 3, csv_write, "formula", varies=True),
        Builtin("CSVRecords", 1, csv_records, "number", varies=True),
        Builtin("CSVRead", 3, csv_read, varies=True),
    ),
}
