"""The way to a place as a file: a trace, a schedule, a test, a picture, a page.

Each is what other commands read: `validate` and `draw` a trace, `conform` and `play` a schedule.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from raft_ref.spec.requests import RequestError
from raft_ref.traces import Trace, TraceError, draw, render, write
from raft_ref.traces.conformance.schedule import Command, Schedule, as_written
from raft_ref.traces.conformance.schedule import write as write_schedule
from raft_ref.traces.drawing.page import page
from raft_ref.verify.cluster import ClusterRequest
from raft_ref.verify.exploring.session import Place, Session
from raft_ref.verify.replay import NotTakenError, annotated, asked_annotations


class Kind(NamedTuple):
    """A kind of file: how its name ends, what a browser calls it, what it is, and what makes it."""

    suffix: str
    media: str
    what: str
    made: Callable[[Session, Place, Path], None]


def exported(session: Session, place: Place, kind: str) -> bytes:
    """Return the way to a place as a file of a kind, one of `KINDS`.

    Raises `RequestError` for what such a file cannot have, and `RenderError` for a picture where
    there is no Graphviz.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"walk{KINDS[kind].suffix}"
        KINDS[kind].made(session, place, path)
        return path.read_bytes()


def _trace(session: Session, place: Place) -> Trace:
    return session.trace(place, f"raft-ref explore: {place.text}")


def _write_schedule(session: Session, place: Place, path: Path) -> None:
    trace = _trace(session, place)
    commands = tuple(
        Command(each.step, None if each.message else each.server, each.arguments, each.message)
        for each in trace.steps
    )
    features = frozenset(trace.features)
    schedule = Schedule(trace.servers, commands, trace.network, features=features)
    try:
        write_schedule(as_written(schedule), path, trace.source)
    except TraceError as error:
        raise RequestError(f"a schedule cannot have this: {error}", is_named=False) from error


def _write_page(session: Session, place: Place, path: Path) -> None:
    trace = _trace(session, place)
    try:
        known = annotated(session.request, trace)
    except NotTakenError:
        known = asked_annotations(session.request.properties, trace)
    path.write_text(page(trace, known), encoding="utf-8")


def _write_test(session: Session, place: Place, path: Path) -> None:
    path.write_text(as_test(session, place), encoding="utf-8")


def as_test(session: Session, place: Place) -> str:
    """Return a test that walks to a place, and holds what is broken there to what it was."""
    request = session.request
    broken = session.broken(place)
    imports, cluster = _made(request)
    names = "".join(f"        {name!r},\n" for name in place.address)
    return (
        f'"""A walk of {len(place.address)} steps through a cluster of Raft."""\n\n'
        f"{imports}\n\n"
        "def test_walk() -> None:\n"
        f"    session = Session({cluster})\n"
        f"    place = session.at([\n{names}    ])\n"
        f"    assert session.broken(place) == {broken!r}\n"
    )


def _made(request: ClusterRequest) -> tuple[str, str]:
    """Return the imports that a request needs, and the expression that makes it."""
    imports = []
    given: dict[str, Any] = {}
    if request.node is not None:
        module, _, name = (request.name or "").partition(":")
        imports.append(f"from {module} import {name}")
        given["node"] = name
    if request.bug is not None:
        given["bug"] = repr(request.bug)
    if request.features:
        imports.append("from raft_ref.features import Feature")
        named = ", ".join(f"Feature.{each.name}" for each in sorted(request.features))
        given["features"] = f"frozenset({{{named}}})"
    if request.network != "set":
        given["network"] = repr(request.network)
    names = "ClusterRequest"
    if sizes := request.sizes.given():
        names = "ClusterRequest, GivenSizes"
        arguments = ", ".join(f"{name}={number}" for name, number in sizes.items())
        given["sizes"] = f"GivenSizes({arguments})"
    if request.bounds:
        given["bounds"] = repr(dict(request.bounds))
    imports.append(f"from raft_ref.verify import {names}")
    imports.append("from raft_ref.verify.exploring import Session")
    arguments = ", ".join(f"{name}={value}" for name, value in given.items())
    return "\n".join(imports) + "\n", f"ClusterRequest({arguments})"


def _drawn(session: Session, place: Place, path: Path) -> None:
    render(draw(_trace(session, place)).source, path)


KINDS: Mapping[str, Kind] = {
    "trace": Kind(
        ".ndjson",
        "application/x-ndjson",
        "trace",
        lambda session, place, path: write(_trace(session, place), path),
    ),
    "schedule": Kind(
        ".schedule.ndjson", "application/x-ndjson", "schedule for conform", _write_schedule
    ),
    "test": Kind(".py", "text/x-python", "pytest", _write_test),
    "svg": Kind(".svg", "image/svg+xml", "diagram", _drawn),
    "gv": Kind(".gv", "text/vnd.graphviz", "diagram as text", _drawn),
    "page": Kind(".html", "text/html", "page", _write_page),
}
"""What a way can be written as."""
