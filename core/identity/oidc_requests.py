"""Asks an identity provider for JSON: timed, short, and nowhere else than told."""

import asyncio
import os
import ssl
from pathlib import Path
from typing import Final

import aiohttp

from core.errors import ConfigurationError, Invalid, IssuerUnavailable
from core.wire.parsing import parse_json

FETCH_SECONDS: Final = 2.0
"""For one answer; whoever signs in meanwhile may wait for two."""

MOST_BYTES: Final = 262_144
"""The longest answer that is read; a large key set has some 20 kilobytes."""

_HTTP_OK: Final = 200


class IssuerRequests:
    """A pooled client that follows no redirect and keeps no cookie."""

    def __init__(self, *, session: aiohttp.ClientSession) -> None:
        """Use `open`, which reads the CA file."""
        self._session = session

    @classmethod
    def open(cls, *, ca_file: Path | None) -> "IssuerRequests":
        """Return a client; whoever opens it closes it.

        Args:
            ca_file: PEM of who vouches for the issuer; None for the system's.

        Raises:
            ConfigurationError: the file cannot be read, or holds no certificate.
        """
        return cls(
            session=aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=_trust(ca_file), limit=4),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            )
        )

    async def get(self, what: str, url: str) -> dict[str, object]:
        """Return the JSON object at `url`.

        Args:
            what: is asked for, for errors.

        Raises:
            IssuerUnavailable: it does not answer, not in time, or with anything
                else; a redirect is no answer.
        """
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                status, body = await self._get(what, url)
        except TimeoutError as error:
            raise IssuerUnavailable(why=f"{what}: no answer in time") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise IssuerUnavailable(why=f"{what}: {_what(error)}") from error
        if status != _HTTP_OK:
            raise IssuerUnavailable(why=f"{what}: answered with status {status}")
        try:
            document = parse_json(what, body.decode())
        except (Invalid, UnicodeDecodeError) as error:
            raise IssuerUnavailable(why=f"{what}: the answer is no JSON") from error
        if not isinstance(document, dict):
            raise IssuerUnavailable(why=f"{what}: the answer is no JSON object")
        return document

    async def close(self) -> None:
        """Close the pooled connections."""
        await self._session.close()

    async def _get(self, what: str, url: str) -> tuple[int, bytes]:
        async with self._session.get(url, allow_redirects=False) as reply:
            received = bytearray()
            async for chunk in reply.content.iter_any():
                received += chunk
                if len(received) > MOST_BYTES:
                    raise IssuerUnavailable(why=f"{what}: the answer is too long")
            return reply.status, bytes(received)


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            setting="JITSUDO_OIDC_CA_FILE",
            why=f"{ca_file} cannot be read as PEM certificates: {error}",
        ) from error


def _what(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "its certificate is not one to trust (JITSUDO_OIDC_CA_FILE)"
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno
        return os.strerror(number) if number else type(error.os_error).__name__
    return type(error).__name__
