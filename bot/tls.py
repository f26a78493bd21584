"""TLS of the server itself: files read, checked, and read again when they change."""

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

import structlog
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bot.settings import BotSettings
from core.errors import ConfigurationError

LOOK_SECONDS: Final = 10.0
"""How soon a renewed certificate is used."""

CERT: Final = "JITSUDO_TLS_CERT_FILE"
KEY: Final = "JITSUDO_TLS_KEY_FILE"
CLIENT_CA: Final = "JITSUDO_TLS_CLIENT_CA_FILE"

_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class TlsFiles:
    """The certificate and the key of the server, and whose clients it lets in."""

    cert: Path
    key: Path
    client_ca: Path | None = None

    @classmethod
    def from_settings(cls, settings: BotSettings) -> Self | None:
        """Return the files that the settings name; None for plain HTTP."""
        if settings.tls_cert_file is None or settings.tls_key_file is None:
            return None
        return cls(
            cert=settings.tls_cert_file,
            key=settings.tls_key_file,
            client_ca=settings.tls_client_ca_file,
        )

    def check(self) -> datetime:
        """Return until when the certificate is valid; what has expired is no error.

        Raises:
            ConfigurationError: naming the file and what is wrong with it.
        """
        certificates = _certificates(CERT, self.cert)
        key = _key(self.key)
        if certificates[0].public_key() != key:
            raise ConfigurationError(
                setting=KEY,
                why=f"{self.key} is not the key of the first certificate in "
                f"{self.cert}; the server's own has to come first",
            )
        if self.client_ca is not None:
            _certificates(CLIENT_CA, self.client_ca)
        return certificates[0].not_valid_after_utc

    def stamp(self) -> tuple[tuple[int, int], ...]:
        """Return what differs once a file was replaced; zeros for one that is gone."""
        return tuple(_stamp(path) for path in (self.cert, self.key))


class Tls:
    """The TLS context of a listening server."""

    def __init__(self, files: TlsFiles) -> None:
        """Read the files.

        Raises:
            ConfigurationError: naming the file and what is wrong with it.
        """
        self._files = files
        self._seen = files.stamp()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        if files.client_ca is not None:
            files.check()
            self.context.load_verify_locations(cafile=files.client_ca)
            self.context.verify_mode = ssl.CERT_REQUIRED
        self._load()

    async def watch(self) -> None:
        """Use a renewed certificate for new connections, until cancelled.

        One that cannot be used is said once, and the old one stays in use. The
        client CA is read at the start only: a context cannot forget one.
        """
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Read the files again if they changed."""
        stamp = self._files.stamp()
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self._load()
        except ConfigurationError as error:
            _log.warning("tls_not_reloaded", error=error.code, why=str(error))
        else:
            _log.info("tls_reloaded", cert=str(self._files.cert))

    def _load(self) -> None:
        ends_at = self._files.check()
        if ends_at <= datetime.now(UTC):
            _log.warning(
                "tls_certificate_expired",
                cert=str(self._files.cert),
                at=ends_at.isoformat(),
            )
        try:
            self.context.load_cert_chain(self._files.cert, self._files.key)
        except (OSError, ssl.SSLError) as error:  # such as a key that is too short
            reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
            raise ConfigurationError(
                setting=CERT, why=f"{self._files.cert} cannot be used: {reason}"
            ) from error


def _certificates(setting: str, path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_read(setting, path))
    except ValueError as error:
        raise ConfigurationError(
            setting=setting, why=f"{path} holds no certificate in PEM"
        ) from error


def _key(path: Path) -> object:
    """Return the public half of a private key.

    Raises:
        ConfigurationError: saying what it is instead.
    """
    text = _read(KEY, path)
    try:
        return load_pem_private_key(text, password=None).public_key()
    except TypeError as error:
        raise ConfigurationError(
            setting=KEY,
            why=f"{path} is encrypted; write it without a passphrase, readable by "
            "the server alone",
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(
            setting=KEY, why=f"{path} holds no private key in PEM"
        ) from error


def _read(setting: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            setting=setting, why=f"{path} cannot be read: {error.strerror}"
        ) from error


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_ino
