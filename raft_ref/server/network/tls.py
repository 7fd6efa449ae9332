"""Who may speak with whom: TLS with certificates on both sides, all from the cluster's own CA."""

import ssl
from dataclasses import dataclass
from pathlib import Path


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


def _reason(error: OSError) -> str:
    return getattr(error, "reason", None) or error.strerror or str(error)
