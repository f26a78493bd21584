"""Keys of an issuer, and tokens signed with them as the RFCs say, or not at all.

Without the library that is tested, so that it is not its own witness.
"""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_P256_BYTES: Final = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningKey:
    """A key pair with its id and algorithm.

    Attributes:
        alg: `RS256`, `PS256`, `ES256` or `EdDSA`.
    """

    kid: str
    alg: str
    private: PrivateKey

    @classmethod
    def rsa(cls, kid: str, *, alg: str = "RS256", bits: int = 2048) -> Self:
        """Return a new RSA key."""
        private = rsa.generate_private_key(public_exponent=65_537, key_size=bits)
        return cls(kid=kid, alg=alg, private=private)

    @classmethod
    def elliptic(cls, kid: str) -> Self:
        """Return a new key on P-256."""
        private = ec.generate_private_key(ec.SECP256R1())
        return cls(kid=kid, alg="ES256", private=private)

    @classmethod
    def edwards(cls, kid: str) -> Self:
        """Return a new Ed25519 key."""
        private = ed25519.Ed25519PrivateKey.generate()
        return cls(kid=kid, alg="EdDSA", private=private)

    @classmethod
    def made(cls, kid: str, alg: str) -> Self:
        """Return a new key for an algorithm."""
        if alg == "ES256":
            return cls.elliptic(kid)
        return cls.edwards(kid) if alg == "EdDSA" else cls.rsa(kid, alg=alg)

    def public(self, **more: Any) -> dict[str, Any]:
        """Return the public half as a JSON Web Key; what is None is left out.

        Source: RFC 7517, RFC 7518 section 6, RFC 8037 section 2.
        """
        key = {**self._numbers(), "kid": self.kid, "alg": self.alg, "use": "sig"}
        return {name: value for name, value in (key | more).items() if value}

    def pem(self) -> bytes:
        """Return the public half as PEM, as an attacker would take it for a secret."""
        return self.private.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )

    def sign(
        self, claims: object, *, header: Mapping[str, object] | None = None
    ) -> str:
        """Return a compact JWS with a true signature over whatever is in it.

        Args:
            header: over the usual one; a value of None leaves it out.
        """
        full = {"alg": self.alg, "kid": self.kid, "typ": "JWT", **(header or {})}
        signed = unsigned(
            {name: value for name, value in full.items() if value is not None}, claims
        )
        return f"{signed}.{encoded(self._signature(signed.encode()))}"

    def _signature(self, data: bytes) -> bytes:
        if isinstance(self.private, rsa.RSAPrivateKey):
            sha256 = hashes.SHA256()
            if self.alg == "PS256":
                pss = padding.PSS(mgf=padding.MGF1(sha256), salt_length=32)
                return self.private.sign(data, pss, sha256)
            return self.private.sign(data, padding.PKCS1v15(), sha256)
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            der = self.private.sign(data, ec.ECDSA(hashes.SHA256()))
            return b"".join(
                number.to_bytes(_P256_BYTES, "big")
                for number in decode_dss_signature(der)
            )
        return self.private.sign(data)

    def _numbers(self) -> dict[str, Any]:
        if isinstance(self.private, rsa.RSAPrivateKey):
            numbers = self.private.public_key().public_numbers()
            return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            point = self.private.public_key().public_numbers()
            x, y = (
                number.to_bytes(_P256_BYTES, "big") for number in (point.x, point.y)
            )
            return {"kty": "EC", "crv": "P-256", "x": encoded(x), "y": encoded(y)}
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": encoded(raw)}


def unsigned(header: object, claims: object) -> str:
    """Return the first two parts of a compact JWS; bytes go as they are."""
    return ".".join(
        encoded(part if isinstance(part, bytes) else json.dumps(part).encode())
        for part in (header, claims)
    )


def with_secret(claims: object, secret: bytes, *, kid: str) -> str:
    """Return a token signed by HS256 with any bytes."""
    signed = unsigned({"alg": "HS256", "kid": kid, "typ": "JWT"}, claims)
    return f"{signed}.{encoded(hmac.digest(secret, signed.encode(), 'sha256'))}"


def encoded(data: bytes) -> str:
    """Return base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(number: int) -> str:
    return encoded(number.to_bytes((number.bit_length() + 7) // 8, "big"))
