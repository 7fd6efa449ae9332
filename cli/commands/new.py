"""`raft-ref new`: files for a user to begin with."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from raft_ref.cli import examples
from raft_ref.cli.examples.adapters import KITS, Kit
from raft_ref.cli.options.errors import UsageError

NODE = ("my_raft.py", "test_my_raft.py")
"""The files of a node, which stand in `cli.examples`; those of adapters stand inside it."""

EXAMPLES_FOLDER = Path(examples.__file__).parent

EXIT_CODES = "exit codes: 0 written; 2 bad input or usage"

EXAMPLES = """\
examples:
  raft-ref new node                    a small Raft to change, and its test
  raft-ref check --node my_raft:MyRaft
  pytest test_my_raft.py
  raft-ref new adapter --lang go DIR   what lets a Raft in Go be traced and driven
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = "Write files to begin with, to be read and changed."
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    kinds = parser.add_subparsers(title="what", metavar="WHAT", required=True)
    node = kinds.add_parser("node", help="a small Raft in Python, and its test")
    node.description = "Write a whole small Raft, as one may write it from the paper, and its test."
    node.set_defaults(run=_run_node)
    adapter = kinds.add_parser("adapter", help="for the Raft that you have, in your language")
    adapter.description = (
        "Write a kit of one file, which writes traces of a Raft in your language and lets raft-ref "
        "conform drive it; a toy Raft in the place of yours; and what a test runner makes of both."
    )
    adapter.add_argument("--lang", choices=[*KITS], required=True, help="the language of your Raft")
    adapter.set_defaults(run=_run_adapter)
    for each in (node, adapter):
        each.epilog = EXIT_CODES
        each.add_argument(
            "folder", nargs="?", type=Path, default=Path(), metavar="DIR",
            help="where to (default: here)",
        )  # fmt: skip


def _run_node(options: argparse.Namespace) -> int:
    """Write the files of a node, over no others; return the exit code."""
    _write(NODE, EXAMPLES_FOLDER, options.folder)
    return 0


def _run_adapter(options: argparse.Namespace) -> int:
    """Write the files of an adapter, over no others, and say what is next; return the exit code."""
    kit = KITS[options.lang]
    _write(kit.files, EXAMPLES_FOLDER / "adapters" / options.lang, options.folder)
    print("\n".join(_next(kit, options.folder)))
    return 0


def _write(names: tuple[str, ...], source: Path, folder: Path) -> None:
    for name in names:
        if (folder / name).exists():
            raise UsageError(f"{folder / name}: it is there already")
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        text = (source / name).read_text(encoding="utf-8")
        (folder / name).write_text(text, encoding="utf-8")
        print(f"written to {folder / name}")


def _next(kit: Kit, folder: Path) -> Iterator[str]:
    """Yield what is to be typed next."""
    yield "then:" if folder == Path() else f"then, in {folder}:"
    if kit.build:
        yield f"  {kit.build}"
    yield f'  raft-ref conform --cmd "{kit.toy}" --random --runs 100'
    yield f"  RAFT_TRACE=run.ndjson {kit.toy} run && raft-ref validate run.ndjson"
    if kit.test:
        yield f"  {kit.test}"
