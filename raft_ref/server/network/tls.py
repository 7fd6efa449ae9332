"""Who may speak with whom: TLS with certificates on both sides, all from the cluster's own CA.

A certificate says by its names (SAN) what its owner is. A server speaks under a name if its
certificate has that name, or the host at which the server of that name listens; one that has the
names of servers speaks under these alone, so that servers on one host can be told apart. All others
are clients: they may ask, and nothing else.
"""

import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class TlsError(Exception):
    """The files of a certificate cannot be used; the message says which and why, in one line."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The PEM files that prove who one is: a certificate, its key, and the CA of the cluster."""

    cert: Path
    key: Path
    ca: Path

    def for_listening(self) -> ssl.SSLContext:
        """Return how to accept connections: only from who has a certificate of the same CA."""
        context = self._loaded(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def for_connecting(self) -> ssl.SSLContext:
        """Return how to connect: only to who has a certificate of the same CA for the host."""
        return self._loaded(ssl.PROTOCOL_TLS_CLIENT)

    def _loaded(self, protocol: int) -> ssl.SSLContext:
        context = ssl.SSLContext(protocol)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        for path in (self.cert, self.key, self.ca):
            if not path.is_file():
                raise TlsError(f"{path}: there is no such file")
        try:
            context.load_verify_locations(self.ca)
        except (ssl.SSLError, OSError) as error:
            raise TlsError(f"{self.ca}: not a certificate: {_reason(error)}") from error
        try:
            context.load_cert_chain(self.cert, self.key)
        except (ssl.SSLError, OSError) as error:
            reason = f"not a certificate and its key: {_reason(error)}"
            raise TlsError(f"{self.cert}, {self.key}: {reason}") from error
        return context


def speaks_for(
    certificate: Mapping[str, Any], name: str, host: str, servers: Collection[str]
) -> bool:
    """Tell whether the owner of a certificate is the server of a name, which listens at a host.

    The certificate is as `ssl.SSLSocket.getpeercert` returns it; `servers` are the names that are
    known of servers.
    """
    found = {value for kind, value in certificate.get("subjectAltName", ()) if kind in _KINDS}
    if named := found & {*servers, name}:
        return name in named
    parent = host.partition(".")[2]
    return host in found or (bool(parent) and f"*.{parent}" in found)


_KINDS = ("DNS", "IP Address")


def _reason(error: OSError) -> str:
    return getattr(error, "reason", None) or error.strerror or str(error)
