"""`raft-ref draw`: a trace as a diagram, or as a page to be stepped through."""

import argparse
from pathlib import Path

from raft_ref_cli.errors import UsageError, demand_writable
from raft_ref_cli.findings import findings
from traces import draw, read, render
from traces.page import page
from traces.render import FORMATS
from traces.style import THEMES

EXIT_CODES = "exit codes: 0 drawn; 2 bad input or usage, or no Graphviz"

EXAMPLES = """\
examples:
  raft-ref draw trace.ndjson -o trace.svg
  raft-ref draw trace.ndjson -o trace.png --theme dark
  raft-ref draw trace.ndjson -o trace.html
"""

PAGE = ".html"


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to those of `raft-ref`."""
    parser = commands.add_parser(
        "draw",
        help="draw a trace",
        description="Draw a trace as a space-time diagram (.svg, .png, .pdf, .gv), or as one page "
        "of HTML that needs no network (.html): step back and forward with the arrow keys, and see "
        "the cluster, the messages in flight, the properties, and each action in Raft.tla and in "
        "the node.",
        epilog=f"{EXAMPLES}\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("trace", type=Path, metavar="TRACE", help="a trace (traces/FORMAT.md)")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE",
        help=f"where to draw it: {', '.join([*FORMATS, PAGE])}",
    )  # fmt: skip
    parser.add_argument(
        "--theme", choices=[*THEMES], default="light", help="the colours (default: light)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Draw a trace; return the exit code."""
    output: Path = options.output
    if output.suffix not in (*FORMATS, PAGE):
        raise UsageError(f"-o {output}: it must end in one of {', '.join([*FORMATS, PAGE])}")
    demand_writable("-o", output)
    trace, theme = read(options.trace), THEMES[options.theme]
    if output.suffix == PAGE:
        output.write_text(page(trace, findings(trace), theme), encoding="utf-8")
    else:
        render(draw(trace, theme).source, output)
    print(f"drawn to {output}")
    return 0
