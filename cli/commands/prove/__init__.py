"""`raft-ref prove`: the safety of Raft for any number of servers, terms and entries, by z3.

`requests` makes what is asked for, and needs z3: it is imported when the command runs.
"""

import argparse
from pathlib import Path

from raft_ref.cli.options.errors import NO_Z3, UsageError, positive
from raft_ref.cli.options.sizes import add_sizes

EXIT_CODES = (
    "exit codes: 0 proved; 1 refuted; 2 bad usage, or no z3; 3 not known in the time, or stopped"
)

EXAMPLES = r"""examples:
  raft-ref prove                                  Raft, without bounds
  raft-ref prove --bug older-term-committed --diagram bug.svg
                                                  which conjunct a bug breaks, and how
  raft-ref prove --bug read-before-first-commit-of-term
                                                  the same of reads
  raft-ref prove --with membership                with changes of membership
  raft-ref prove --with membership --bug election-quorum-over-the-union
                                                  majorities that need not meet
  raft-ref prove --conjecture '\A s \in Server, t \in Term : voted(s, t, s) => requested(s, t)'
                                                  whether that is so, and inductive
  raft-ref prove --bounded 10 --max-term 1        no violation within 10 steps
  raft-ref prove --needs needs.svg                which conjunct leans on which
  raft-ref prove --smt-lib questions              all questions, for another solver
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Give the parser of the command its options."""
    parser.description = (
        "Prove by z3 that an invariant holds at first, that each action keeps each of "
        "its conjuncts, and that ElectionSafety, LogMatching, LeaderCompleteness and "
        "StateMachineSafety follow from it: for any number of servers, terms and entries. "
        "LinearizableReads is proved as well, of reads by ReadIndex. What is proved holds with "
        "pre-vote, check-quorum and leadership transfer on, since their steps are steps of Raft. "
        "Changes of membership have a proof of their own: `--with membership`."
    )
    parser.epilog = f"{EXAMPLES}\n{EXIT_CODES}"
    parser.add_argument(
        "--with", dest="features", metavar="FEATURES",
        help="membership (or membership,joint): prove Raft with changes of membership instead, one "
        "server at a time and by C_old,new, for any number of changes (some minutes)",
    )  # fmt: skip
    parser.add_argument("--bug", metavar="NAME", help="a known bug; `--bug list` lists them")
    parser.add_argument(
        "--timeout", type=positive, metavar="SECONDS",
        help="how long to wait for each answer (default: 60, with a bug 20)",
    )  # fmt: skip
    parser.add_argument(
        "--processes", type=int, metavar="N", help="how many (default: one for each core)"
    )
    what = parser.add_argument_group("what else to do").add_mutually_exclusive_group()
    what.add_argument(
        "--conjecture", metavar="FORMULA",
        help="a formula of TLA+ in the words of the proof: say whether it holds in all states "
        "explored within bounds, and whether it is inductive, given the conjuncts",
    )  # fmt: skip
    what.add_argument(
        "--needs", type=Path, metavar="FILE",
        help="draw what each property and conjunct needs of the others",
    )  # fmt: skip
    what.add_argument(
        "--bounded", type=int, metavar="K",
        help="ask instead whether a property can be false within K steps of a small cluster, by "
        "Raft.tla's own Init and Next",
    )  # fmt: skip
    what.add_argument(
        "--smt-lib", type=Path, metavar="DIR",
        help="write all questions to this folder in SMT-LIB, and ask none",
    )  # fmt: skip
    parser.add_argument(
        "--spec", type=Path, metavar="FILE.tla", help="with --bounded, another Raft.tla"
    )
    add_sizes(
        parser.add_argument_group("the cluster of --conjecture and --bounded"),
        "or less here",
        with_membership=False,
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "--diagram", type=Path, metavar="FILE", help="draw the first counterexample to induction"
    )
    output.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    output.add_argument("--quiet", action="store_true", help="print the verdict alone")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prove, or what else was asked for; return the exit code."""
    try:
        from raft_ref.cli.commands.prove import requests as prove_requests  # noqa: PLC0415 - z3 is an extra
    except ModuleNotFoundError as error:
        raise UsageError(NO_Z3) from error
    return prove_requests.run(options)
