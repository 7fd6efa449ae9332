"""`raft-ref prove`, where there is z3: from its options to one of five requests, and its report."""

import argparse

from raft_ref.cli.options.errors import UsageError
from raft_ref.cli.options.output import demand_picture
from raft_ref.cli.options.sizes import sizes_of
from raft_ref.cli.reports.pictures import drawn
from raft_ref.cli.reports.proof import described
from raft_ref.cli.reports.proof.progress import shown_progress
from raft_ref.features import Feature
from raft_ref.spec.files import RAFT
from raft_ref.spec.proof import BoundedRequest, NeedsRequest, ProofRequest, SmtLibRequest
from raft_ref.spec.proof.bounded.request import SIZES as SIZES_OF_BOUNDED
from raft_ref.spec.proof.membership.protocol import BUGS as MEMBERSHIP_BUGS
from raft_ref.spec.proof.protocol import BUGS
from raft_ref.spec.proof.reads.protocol import READ_BUGS
from raft_ref.spec.requests import Sizes
from raft_ref.verify.conjecture import SECONDS as SECONDS_OF_CONJECTURE
from raft_ref.verify.conjecture import SIZES as SIZES_OF_CONJECTURE
from raft_ref.verify.conjecture import ConjectureRequest

Request = ProofRequest | NeedsRequest | ConjectureRequest | BoundedRequest | SmtLibRequest


def run(options: argparse.Namespace) -> int:
    """Do what was asked for; return the exit code."""
    if options.features is not None:
        _demand_membership(options)
    if options.bug == "list":
        print("\n".join(MEMBERSHIP_BUGS if options.features else (*BUGS, *READ_BUGS)))
        return 0
    _demand_sense(options)
    request = _request(options)
    with shown_progress(not options.quiet and not options.json) as on_progress:
        report = request.run(on_progress)
    description = described(report)
    if not options.json:
        print("\n".join(description.as_text(options.quiet)))
    path, written = options.needs or options.diagram, None
    graph = None if path is None else description.graph()
    if graph is not None:
        written = str(drawn(graph, path))
        if not options.json:
            print(f"diagram written to {written}")
    if options.json:
        print(description.as_json(written))
    return description.exit_code


def _demand_sense(options: argparse.Namespace) -> None:
    """Refuse options that do not go together, or that would be known to fail too late."""
    if options.processes is not None and options.processes < 1:
        raise UsageError("--processes: expected 1 or more")
    if options.spec is not None and options.bounded is None:
        raise UsageError("--spec: only with --bounded")
    for name in ("needs", "conjecture", "bounded"):
        if options.bug is not None and getattr(options, name) is not None:
            raise UsageError(f"--bug: not with --{name}")
    for name in ("needs", "bounded", "smt_lib"):
        if options.diagram is not None and getattr(options, name) is not None:
            raise UsageError(f"--diagram: not with --{name.replace('_', '-')}")
    for name in ("diagram", "needs"):
        if getattr(options, name) is not None:
            demand_picture(f"--{name}", getattr(options, name))


_CHANGES = (Feature.MEMBERSHIP, Feature.JOINT_CONSENSUS)
"""What has a proof of its own: the one that is of both."""


def _demand_membership(options: argparse.Namespace) -> None:
    """Refuse features of which nothing else is proved, and questions that are of Raft alone."""
    try:
        features = Feature.of_option(options.features, _CHANGES)
    except ValueError:
        features = frozenset()
    if not features:
        raise UsageError(
            f"--with {options.features}: expected membership, or membership,joint (with pre-vote, "
            "check-quorum and transfer on, what is proved of Raft holds; reads are in its proof)"
        )
    for name in ("needs", "conjecture", "bounded"):
        if getattr(options, name) is not None:
            raise UsageError(f"--with: not with --{name}")


def _request(options: argparse.Namespace) -> Request:
    with_membership = options.features is not None
    if options.needs is not None:
        return NeedsRequest(options.timeout, options.processes)
    if options.conjecture is not None:
        return ConjectureRequest(
            options.conjecture,
            _sizes(options, SIZES_OF_CONJECTURE),
            options.timeout or SECONDS_OF_CONJECTURE,
            "raft-ref prove --conjecture",
        )
    if options.bounded is not None:
        sizes = _sizes(options, SIZES_OF_BOUNDED)
        return BoundedRequest(options.bounded, sizes, options.spec or RAFT)
    if options.smt_lib is not None:
        return SmtLibRequest(options.smt_lib, options.bug, with_membership)
    return ProofRequest(options.bug, options.timeout, options.processes, with_membership)


def _sizes(options: argparse.Namespace, otherwise: Sizes) -> Sizes:
    return Sizes(**sizes_of(options, otherwise.as_dict()))
