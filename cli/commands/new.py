"""`raft-ref new`: files for a user to begin with."""

import argparse
from pathlib import Path

from raft_ref.cli import examples
from raft_ref.cli.options.errors import UsageError

WRITTEN = {"node": ("my_raft.py", "test_my_raft.py")}
"""What there is, and the files of each, which stand in `cli.examples`."""

EXIT_CODES = "exit codes: 0 written; 2 bad input or usage"

EXAMPLES = """\
examples:
  raft-ref new node                    a small Raft to change, and its test
  raft-ref check --node my_raft:MyRaft
  pytest test_my_raft.py
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Write a whole small Raft, as one may write it from the paper, and its test: to be read, "
        "and to be changed into your own."
    )
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    parser.add_argument("what", choices=[*WRITTEN], help="node: a Raft of your own")
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path(), metavar="DIR",
        help="where to (default: here)",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the files, over no others; return the exit code."""
    names = WRITTEN[options.what]
    folder: Path = options.folder
    for name in names:
        if (folder / name).exists():
            raise UsageError(f"{folder / name}: it is there already")
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        text = Path(examples.__file__).with_name(name).read_text(encoding="utf-8")
        (folder / name).write_text(text, encoding="utf-8")
        print(f"written to {folder / name}")
    return 0
