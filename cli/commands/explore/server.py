"""What answers the page: on this machine alone, to whoever knows the token.

The rules: the address begins with a token that nobody can guess; a request of another page (its
Origin) or by another name of this machine (its Host) is refused; what is answered may load nothing
from elsewhere. What a reader gets wrong is one line, and never a traceback.
"""

from __future__ import annotations

import json
import mimetypes
import secrets
from asyncio import CancelledError, Future, InvalidStateError, get_running_loop
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from importlib import resources
from threading import Thread
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from raft_ref.cli.commands.explore.asked import (
    address_of,
    cluster_of,
    numbers_of,
    object_of,
    text_of,
)
from raft_ref.cli.commands.explore.searches import Searches
from raft_ref.cli.commands.explore.sessions import Sessions
from raft_ref.explorer import ActorError
from raft_ref.spec import SpecError
from raft_ref.spec.requests import RequestError
from raft_ref.traces import RenderError, TraceError
from raft_ref.verify.exploring import KINDS, AddressError, Goal, exported, goals, told, tours

MOST_BYTES = 2_000_000
"""How long what the page asks may be."""

HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}

_OF_THE_USER = (
    AddressError,
    RequestError,
    SpecError,
    ActorError,
    TraceError,
    RenderError,
)


class Answers:
    """What is asked by the page, and answered as JSON. Argument: the sessions."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.searches = Searches()

    def place(self, asked: Mapping[str, Any]) -> Response:
        """Answer what is known of a place."""
        request = cluster_of(asked, self._sessions.default)
        with self._sessions.of(request) as session:
            place = session.at(address_of(asked))
            note = self._sessions.note(request, place.text)
            return JSONResponse({**told(session, place), "note": note})

    def export(self, asked: Mapping[str, Any]) -> Response:
        """Answer with the way to a place as a file."""
        name = text_of(asked, "kind")
        if name not in KINDS:
            raise RequestError(f"kind: expected one of {', '.join(KINDS)}", is_named=False)
        with self._sessions.of(cluster_of(asked, self._sessions.default)) as session:
            content = exported(session, session.at(address_of(asked)), name)
        kind = KINDS[name]
        named = {"content-disposition": f'attachment; filename="walk{kind.suffix}"'}
        return Response(content, media_type=kind.media, headers=named)

    def goals(self, asked: Mapping[str, Any]) -> Response:
        """Answer what can be searched for, and within which bounds it usually is."""
        with self._sessions.of(cluster_of(asked, self._sessions.default)) as session:
            return JSONResponse(goals(session))

    def search(self, asked: Mapping[str, Any]) -> Response:
        """Begin a search; answer with its number."""
        request = cluster_of(asked, self._sessions.default)
        goal = Goal(text_of(asked, "property"), text_of(asked, "formula"))
        with self._sessions.of(request) as session:
            place = session.at(address_of(asked))
            number = self.searches.begin(session, place, goal, numbers_of(asked, "bounds"))
        return JSONResponse({"search": number})

    def progress(self, asked: Mapping[str, Any]) -> Response:
        """Answer how far a search is, or what it has found."""
        return JSONResponse(self.searches.progress(text_of(asked, "search")))

    def stop(self, asked: Mapping[str, Any]) -> Response:
        """Stop a search; it answers how far it came."""
        self.searches.stop(text_of(asked, "search"))
        return JSONResponse({})

    def tours(self, asked: Mapping[str, Any]) -> Response:
        """Answer with the guided tours, or with one of them."""
        return JSONResponse(tours(text_of(asked, "tour")))


def application(sessions: Sessions, token: str, port: int) -> Starlette:
    """Return what answers at a port of this machine under a token."""
    answers = Answers(sessions)
    asked = {
        name: getattr(answers, name)
        for name in ("place", "export", "goals", "search", "progress", "stop", "tours")
    }

    async def api(request: Request) -> Response:
        method = asked.get(request.path_params["name"])
        if method is None:
            return _wrong(404, "no such question")
        return await _answered(request, method)

    async def site(request: Request) -> Response:
        return _file(request.path_params.get("file") or "index.html")

    routes = [
        Route("/{token}/api/{name}", api, methods=["POST"]),
        Route("/{token}/{file}", site),
        Route("/{token}/", site),
    ]
    app = Starlette(routes=routes)
    app.add_middleware(Guarded, token=token, port=port)
    app.state.searches = answers.searches
    return app


async def _answered(request: Request, method: Callable[[Mapping[str, Any]], Response]) -> Response:
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > MOST_BYTES:
            return _wrong(413, f"expected at most {MOST_BYTES} bytes")
    try:
        question = object_of(json.loads(content or b"{}"))
        return await _beside(lambda: method(question))
    except CancelledError:
        return _wrong(503, "the server ends")
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        return _wrong(400, "what is asked is no JSON")
    except _OF_THE_USER as error:
        return _wrong(400, str(error))


async def _beside(answer: Callable[[], Response]) -> Response:
    """Return what a thread answers: a daemon, so that a slow node keeps nobody from ending."""
    loop = get_running_loop()
    awaited: Future[Response] = loop.create_future()

    def settle(how: Callable[[Any], None], what: Any) -> None:
        with suppress(InvalidStateError):  # nobody waits any more
            how(what)

    def run() -> None:
        how: Callable[[Any], None] = awaited.set_result
        what: Any
        try:
            what = answer()
        except Exception as error:
            how, what = awaited.set_exception, error
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle, how, what)

    Thread(target=run, daemon=True).start()
    return await awaited


def _wrong(status: int, line: str) -> Response:
    return JSONResponse({"error": line.partition("\n")[0]}, status)


def _file(name: str) -> Response:
    folder = resources.files("raft_ref.cli.commands.explore") / "site"
    known = {each.name: each for each in folder.iterdir() if each.is_file()}
    if name not in known:
        return PlainTextResponse("no such file", 404)
    media = "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0]
    return Response(known[name].read_bytes(), media_type=media)


class Guarded:
    """Lets through what knows the token, and comes from the page itself.

    Arguments: what is guarded; the token; the port at which it is served.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app, self._token = app, token
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._origins = {f"http://{host}" for host in self._hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse to."""
        if scope["type"] != "http":  # no route is of another type: it ends as such a one does
            await self._app(scope, receive, send)
            return
        refused = self._refused(scope)
        answer: Callable[[Scope, Receive, Send], Awaitable[None]] = refused or self._app
        await answer(scope, receive, _with_headers(send))

    def _refused(self, scope: Scope) -> Response | None:
        request = Request(scope)
        if request.headers.get("host") not in self._hosts:
            return PlainTextResponse("refused: another Host", 403)
        origin = request.headers.get("origin")
        if origin is not None and origin not in self._origins:
            return PlainTextResponse("refused: another Origin", 403)
        token = scope["path"].split("/")[1].encode()
        if not secrets.compare_digest(token, self._token.encode()):
            return PlainTextResponse("refused: the address lacks the token", 403)
        return None


def _with_headers(send: Send) -> Send:
    async def sends(message: Any) -> None:
        if message["type"] == "http.response.start":
            more = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            message = {**message, "headers": [*message.get("headers", []), *more]}
        await send(message)

    return sends
