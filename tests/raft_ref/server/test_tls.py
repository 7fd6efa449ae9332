"""Certificates: who is let in, who may speak for a server, and what is no certificate."""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import trustme

from raft_ref.server.codec import encode
from raft_ref.server.network.addresses import Address
from raft_ref.server.network.framing import frame, read_frame
from raft_ref.server.network.hello import VERSION, Answer, Hello
from raft_ref.server.network.links import Link
from raft_ref.server.network.sockets import SocketTransport
from raft_ref.server.network.tls import Certificate, TlsError, speaks_for
from tests.support.sockets import (
    LOOPBACK,
    End,
    free_ports,
    hello,
    message,
    run,
    said,
)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def certificate(
    authority: trustme.CA,
    folder: Path,
    trusts: trustme.CA | None = None,
    names: Sequence[str] = ("127.0.0.1", "localhost"),
) -> Certificate:
    folder.mkdir(exist_ok=True)
    issued = authority.issue_cert(*names)
    paths = Certificate(folder / "cert.pem", folder / "key.pem", folder / "ca.pem")
    issued.private_key_pem.write_to_path(paths.key)
    for part in issued.cert_chain_pems:
        part.write_to_path(paths.cert, append=True)
    (trusts or authority).cert_pem.write_to_path(paths.ca)
    return paths


def test_who_has_a_certificate_of_the_cluster_is_let_in_and_nobody_else(
    authority: trustme.CA, tmp_path: Path
) -> None:
    ours = certificate(authority, tmp_path / "ours")
    theirs = certificate(trustme.CA(), tmp_path / "theirs", trusts=authority)
    nothing = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    nothing.load_verify_locations(ours.ca)

    async def test() -> None:
        one = End("s1", {"s1": LOOPBACK})
        tls = ours.for_listening(), ours.for_connecting()
        one.transport = SocketTransport(
            {"s1": LOOPBACK},
            lambda: one.hello,
            lambda _: asyncio.sleep(0, Answer()),
            lambda *_: None,
            one.answer,
            tls=tls,
        )
        address = await one.transport.start(LOOPBACK)
        reader, writer = await asyncio.open_connection(*address, ssl=ours.for_connecting())
        writer.write(hello() + frame(b"quick"))
        assert await read_frame(reader) == b"QUICK"
        writer.close()
        for stranger in (None, nothing, theirs.for_connecting()):
            with contextlib.suppress(ssl.SSLError):
                assert await said(address, hello() + frame(b"quick"), stranger) == b""
        await one.transport.close()

    run(test)


def test_a_server_without_a_certificate_of_the_cluster_is_not_spoken_to(
    authority: trustme.CA, tmp_path: Path
) -> None:
    ours = certificate(authority, tmp_path / "ours")
    theirs = certificate(trustme.CA(), tmp_path / "theirs")

    async def test() -> None:
        heard = []

        async def false_peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.read(1))
            writer.close()

        server = await asyncio.start_server(false_peer, *LOOPBACK, ssl=theirs.for_listening())
        address = Address(*server.sockets[0].getsockname())
        link = Link(address, lambda: Hello(VERSION, "s1", "s2"), ours.for_connecting())
        task = asyncio.ensure_future(link.run())
        await asyncio.sleep(0.3)
        assert not link.is_connected
        assert heard in ([], [b""])
        task.cancel()
        server.close()

    run(test)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda c: c.cert.unlink(), "cert.pem: there is no such file"),
        (lambda c: c.ca.write_text("nonsense"), "ca.pem: not a certificate"),
        (lambda c: c.key.write_text("nonsense"), "key.pem: not a certificate and its key"),
    ],
)
def test_files_that_are_no_certificate(
    change: Callable[[Certificate], object], reason: str, authority: trustme.CA, tmp_path: Path
) -> None:
    files = certificate(authority, tmp_path)
    change(files)
    with pytest.raises(TlsError, match=reason) as error:
        files.for_listening()
    assert "\n" not in str(error.value)


def certified(*names: str) -> dict[str, Any]:
    kinds = (("IP Address" if each[0].isdigit() else "DNS", each) for each in names)
    return {"subjectAltName": tuple(kinds)}


def test_a_handshake_that_is_not_made_is_given_up(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raft_ref.server.network.listener.HELLO_TIMEOUT", 0.1)
    ours = certificate(authority, tmp_path / "ours")

    async def test() -> None:
        one = End("s1", {"s1": LOOPBACK})
        tls = ours.for_listening(), ours.for_connecting()
        one.transport = SocketTransport(
            {"s1": LOOPBACK}, lambda: one.hello, one._greet, one._deliver, one.answer, tls=tls
        )
        address = await one.transport.start(LOOPBACK)
        reader, writer = await asyncio.open_connection(*address)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
        await one.transport.close()

    run(test)


@pytest.mark.parametrize(
    ("names", "name", "host", "is_its"),
    [
        (("127.0.0.1",), "s1", "127.0.0.1", True),
        (("127.0.0.1", "s1"), "s1", "127.0.0.1", True),
        (("127.0.0.1", "s1"), "s2", "127.0.0.1", False),  # it names another one
        (("s2",), "s2", "127.0.0.1", True),
        (("a.example",), "s1", "b.example", False),
        (("*.example",), "s1", "b.example", True),
        (("*.example",), "s1", "c.b.example", False),
        (("client",), "s1", "127.0.0.1", False),
        ((), "s1", "127.0.0.1", False),
    ],
)
def test_a_certificate_says_which_server_its_owner_is(
    names: tuple[str, ...], name: str, host: str, is_its: bool
) -> None:
    assert speaks_for(certified(*names), name, host, ("s1", "s2")) == is_its


def test_a_client_does_not_speak_as_a_server(
    authority: trustme.CA, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ours = certificate(authority, tmp_path / "ours")
    theirs = certificate(authority, tmp_path / "theirs", names=("client.example",))

    async def test() -> None:
        where = dict(zip(("s1", "s2"), free_ports(2), strict=True))
        one = End("s1", where)
        tls = ours.for_listening(), ours.for_connecting()
        one.transport = SocketTransport(
            where, lambda: one.hello, one._greet, one._deliver, one.answer, tls=tls
        )
        address = await one.transport.start(where["s1"])
        vote = frame(encode(message("s2", "s1")))
        for files, is_heard in ((theirs, False), (ours, True)):
            reader, writer = await asyncio.open_connection(*address, ssl=files.for_connecting())
            writer.write(hello("s2", "s1") + vote)
            if is_heard:
                await one.hears(1)
            else:
                assert await reader.read() == b""
            writer.close()
            # It is a client all the same.
            reader, writer = await asyncio.open_connection(*address, ssl=files.for_connecting())
            writer.write(hello() + frame(b"quick"))
            assert await read_frame(reader) == b"QUICK"
            writer.close()
            assert bool(one.heard) == is_heard
        await one.transport.close()

    run(test)
    assert "its certificate is not that of the server s2" in caplog.text
