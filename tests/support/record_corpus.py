"""Records what real TLC finds in each specification of the corpus, as `expected.json`.

`python -m tests.support.record_corpus` runs every configuration; with names, such as `Paxos` or
`DieHard.solved`, it runs those alone and leaves the other entries as they are. Configurations are
`MODULE.cfg` and `MODULE.VARIANT.cfg`.

A deadlock is an error unless the configuration says `CHECK_DEADLOCK FALSE`. TLC 2.15 does not know
that keyword, so it reads a copy without it.

An entry holds the verdict (`ok`, `invariant NAME`, `property NAME`, `deadlock`, `liveness` or
`error`), TLC's counts where it had any, the length of the counterexample that it shows (`trace`, 0
if it shows none), and whether deadlocks were checked. Errors have TLC's number (3002: SANY refuses
the module), its words, and the position of the innermost expression. `printed` is what the
specification itself printed. README.md says what each specification is.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from raft_ref.spec.tlc.run import TlcResult, run_tlc
from tests.support.files import CORPUS

EXPECTED = CORPUS / "expected.json"

Entry = dict[str, str | int | float | bool | list[str] | None]

_MESSAGE = re.compile(r"@!@!@STARTMSG (\d+):(\d) @!@!@\n(.*?)@!@!@ENDMSG \1 @!@!@\n?", re.DOTALL)
_BOILERPLATE = re.compile(r"^TLC threw an unexpected exception\.\n(?:.*\n){2}The exception was a ")
_NESTED = re.compile(r"@!@!@STARTMSG (\d+):\d @!@!@")
_CHECK_DEADLOCK = re.compile(r"^\s*CHECK_DEADLOCK\s+(TRUE|FALSE)\s*$", re.MULTILINE)
_POSITION = re.compile(r"^\d+\. (Line .*)$", re.MULTILINE)
_PLACE = re.compile(r"line \d+, col \d+ to line \d+, col \d+ of module \w+")

# TLC's numbers for its messages (tlc2.output.EC).
_STARTING = 2185
_STATE = 2217
_CALL_STACK = 2103
_BACK_TO_STATE = 2122
_STUTTERING = 2218
_VERDICTS = {
    2107: r"Invariant (?P<name>.*) is violated by the initial state",
    2110: r"Invariant (?P<name>.*) is violated\.",
    2108: r"Property (?P<name>.*) is violated by the initial state",
    2112: r"Action property (?P<name>.*) is violated\.",
}
_KINDS = {2107: "invariant", 2110: "invariant", 2108: "property", 2112: "property"}
_DEADLOCK = 2114
_LIVENESS = 2116
_NOT_ERRORS = {_CALL_STACK, 2121, 2264}
_ERROR_CLASS = 1


def split_config(text: str) -> tuple[str, bool]:
    """Return a configuration as TLC 2.15 reads it, and whether deadlocks are to be checked."""
    found = _CHECK_DEADLOCK.search(text)
    return _CHECK_DEADLOCK.sub("", text), found is None or found.group(1) == "TRUE"


def record(config: Path) -> Entry:
    """Run TLC on one configuration."""
    module = CORPUS / f"{config.name.split('.')[0]}.tla"
    text, deadlock = split_config(config.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="raft-ref-corpus-") as folder:
        stripped = Path(folder) / config.name
        stripped.write_text(text, encoding="utf-8")
        result = run_tlc(module, stripped, deadlock=deadlock, extra=["-tool"])
    return read(result, deadlock)


def read(result: TlcResult, deadlock: bool) -> Entry:
    """Read TLC's report in its `-tool` format: each message has a number and a class."""
    messages = [
        (int(number), int(kind), body)
        for number, kind, body in _MESSAGE.findall(result.output)
    ]  # fmt: skip
    shown = [body for number, _, body in messages if number == _STATE]
    loops = any(number in {_BACK_TO_STATE, _STUTTERING} for number, _, body in messages)
    # An initial state that fails is shown within the message, and not as a trace.
    initial = any(number in {2107, 2108} for number, _, _ in messages)
    entry: Entry = {
        "deadlock": deadlock,
        "depth": result.depth,
        "distinct": result.distinct_states,
        "generated": result.generated_states,
        "seconds": round(result.seconds, 1),
        "trace": 1 if initial else len(shown),
        "verdict": "ok",
    }
    if loops:
        entry["lasso"] = True
    if printed := list(_printed(result.output)):
        entry["printed"] = printed
    errors = [
        (number, body)
        for number, kind, body in messages
        if kind == _ERROR_CLASS and number not in _NOT_ERRORS
    ]
    if not errors:
        if result.ok:
            return entry
        # SANY's complaints are not marked as messages.
        entry["verdict"] = "error"
        entry["message"] = "\n".join(_refusal(result.output))
        return entry
    number, body = errors[0]
    if number in _VERDICTS and (match := re.search(_VERDICTS[number], body)):
        entry["verdict"] = f"{_KINDS[number]} {match['name']}"
    elif number == _DEADLOCK:
        entry["verdict"] = "deadlock"
    elif number == _LIVENESS:
        entry["verdict"] = "liveness"
    else:
        entry["verdict"] = "error"
        nested = _NESTED.search(body)
        entry["code"] = int(nested.group(1)) if nested else number
        entry["message"] = _tidy("\n".join(body for _, body in errors))
        if refusal := list(_refusal(result.output)):
            entry["message"] = "\n".join(refusal)
        stack = [body for number, _, body in messages if number == _CALL_STACK]
        positions = _POSITION.findall("".join(stack)) or _PLACE.findall(str(entry["message"]))[:1]
        if positions:
            entry["position"] = positions[-1]
    return entry


def _printed(output: str) -> Iterator[str]:
    """Yield the lines that the specification itself printed."""
    _, _, rest = output.partition(f"@!@!@STARTMSG {_STARTING}:0")
    rest = f"@!@!@STARTMSG {_STARTING}:0" + rest if rest else ""
    yield from filter(None, _MESSAGE.sub("", rest).split("\n"))


def _refusal(output: str) -> Iterator[str]:
    """Yield what SANY says on a module that it refuses."""
    inside = False
    for line in _MESSAGE.sub("", output).split("\n"):
        inside = inside or line.startswith(("*** ", "***Parse", "Fatal errors", "line "))
        if inside and line.strip():
            yield line


def _tidy(message: str) -> str:
    """Return a message without what changes from run to run."""
    lines = [re.sub(r"@[0-9a-f]{5,8}\b", "@...", line).rstrip() for line in message.split("\n")]
    text = "\n".join(line for line in lines if line and not line.startswith("\tat "))
    text = _BOILERPLATE.sub("", text)
    return re.sub(r"@!@!@(STARTMSG \d+:\d|ENDMSG \d+) @!@!@\s*", "", text)


def configurations(names: Sequence[str]) -> list[Path]:
    """Return the configurations of the given names, or all."""
    found = sorted(CORPUS.glob("*.cfg"))
    if not names:
        return found
    return [path for path in found if path.stem in names or path.name.split(".")[0] in names]


def main(names: Sequence[str]) -> None:
    """Record and write."""
    old: dict[str, Entry] = json.loads(EXPECTED.read_text("utf-8")) if EXPECTED.exists() else {}
    known = {path.stem for path in configurations([])}
    entries = {name: entry for name, entry in old.items() if names and name in known}
    configs = configurations(names)
    with ThreadPoolExecutor(max_workers=2) as pool:
        for config, entry in zip(configs, pool.map(record, configs), strict=True):
            entries[config.stem] = entry
            counts = [entry[key] for key in ("distinct", "generated", "depth", "trace")]
            print(config.stem, entry["verdict"], *counts, f"{entry['seconds']} s", flush=True)
            if entry["verdict"] == "error":
                print("   ", entry.get("code"), entry["message"], entry.get("position"))
            _write(entries)


def _write(entries: dict[str, Entry]) -> None:
    """Write one entry a line, so that a diff shows which of them changed."""
    lines = [f" {json.dumps(name)}: {json.dumps(entries[name], sort_keys=True)}"
             for name in sorted(entries)]  # fmt: skip
    EXPECTED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
