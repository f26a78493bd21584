"""Certificates and keys of a throw-away authority, as files."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

LONG: Final = timedelta(days=30)


@dataclass
class Authority:
    """Signs certificates for 127.0.0.1, and writes them to a directory."""

    directory: Path
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def root(self) -> Path:
        """Return the authority's own certificate."""
        own = self._signed("jitsudo test CA", self.key, LONG, is_authority=True)
        return self._write("ca.pem", own.public_bytes(Encoding.PEM))

    def pair(
        self,
        name: str,
        *,
        valid_for: timedelta = LONG,
        passphrase: bytes | None = None,
    ) -> tuple[Path, Path]:
        """Return a certificate and its key, replaced if they are there already.

        Args:
            valid_for: from now; negative for one that has expired.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(name, key, valid_for)
        encryption = (
            NoEncryption()
            if passphrase is None
            else BestAvailableEncryption(passphrase)
        )
        return (
            self._write(f"{name}.pem", certificate.public_bytes(Encoding.PEM)),
            self._write(
                f"{name}.key",
                key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption),
            ),
        )

    def _signed(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        valid_for: timedelta,
        *,
        is_authority: bool = False,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(_named("jitsudo test CA"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=2))
            .not_valid_after(now + valid_for)
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]),
                critical=False,
            )
            .sign(self.key, hashes.SHA256())
        )

    def _write(self, name: str, text: bytes) -> Path:
        path = self.directory / name
        path.write_bytes(text)
        return path


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
