"""ID tokens of one identity provider, verified with its public keys."""

import asyncio
from typing import Final, Self

import structlog
from joserfc import jws
from joserfc.errors import JoseError
from typing_extensions import override

from core.auth_settings import AuthSettings
from core.clock import Deadline
from core.domain.identity import SignedIn
from core.errors import Invalid, IssuerUnavailable, NotAuthenticated
from core.identity.id_claims import read_claims
from core.identity.oidc_keys import IssuerKeys, PublicKey
from core.identity.oidc_requests import IssuerRequests
from core.ports import Clock, IdTokens
from core.wire.parsing import parse_json

MOST_CHARACTERS: Final = 16_384
"""Of a token, before anything of it is read; some 200 groups fit."""

_MOST_HEADER: Final = 4_096
_PARTS: Final = 3

_NOT_TAKEN: Final = frozenset({"b64", "crit", "cty", "zip"})
"""Header parameters that would have the rest read in another way.

Source: RFC 7515 section 4.1.11, RFC 7519 section 5.2, RFC 7797.
"""

_log = structlog.get_logger()


class OidcTokens(IdTokens):
    """Believes what the configured issuer has signed for us, while it is valid."""

    def __init__(
        self,
        *,
        settings: AuthSettings,
        keys: IssuerKeys,
        requests: IssuerRequests,
        clock: Clock,
    ) -> None:
        """Use `open`, which builds what this needs."""
        self._settings = settings
        self._keys = keys
        self._requests = requests
        self._clock = clock
        self._registry = _registry(settings)

    @classmethod
    def open(cls, settings: AuthSettings, *, clock: Clock) -> Self:
        """Return a verifier; the issuer is not asked before the first token.

        Args:
            settings: with an issuer.

        Raises:
            ConfigurationError: the CA file cannot be used.
        """
        requests = IssuerRequests.open(ca_file=settings.oidc_ca_file)
        keys = IssuerKeys(settings=settings, requests=requests, clock=clock)
        return cls(settings=settings, keys=keys, requests=requests, clock=clock)

    @property
    @override
    def refresh_failures(self) -> int:
        return self._keys.failures

    @override
    async def verify(self, token: str, deadline: Deadline | None) -> SignedIn:
        signature = self._opened(token)
        try:
            async with asyncio.timeout(deadline.remaining() if deadline else None):
                await self._check_signature(signature)
        except TimeoutError as error:
            raise IssuerUnavailable(why="no answer in time") from error
        try:
            claims = parse_json("claims", signature.payload.decode())
        except (Invalid, UnicodeDecodeError) as error:
            raise _refused(why="its claims are no JSON") from error
        if not isinstance(claims, dict):
            raise _refused(why="its claims are no JSON object")
        return read_claims(claims, self._settings, now=self._clock.now())

    @override
    async def check(self) -> str:
        count = await self._keys.fetch()
        noun = "key" if count == 1 else "keys"
        return f"{self._settings.oidc_issuer} answers, {count} {noun}"

    @override
    async def close(self) -> None:
        await self._requests.close()

    def _opened(self, token: str) -> jws.CompactSignature:
        """Return the token's parts; nothing in them is believed yet.

        Raises:
            NotAuthenticated: it is no signed token, or not by a pinned algorithm.
        """
        if len(token) > MOST_CHARACTERS:
            raise _refused(why=f"it is longer than {MOST_CHARACTERS} characters")
        if token.count(".") != _PARTS - 1 or not token.isascii():
            raise _refused(why="it is no signed token of three parts")
        try:
            signature = jws.extract_compact(token.encode(), registry=self._registry)
            header = signature.headers()
            self._registry.check_header(header)
            self._registry.get_alg(header["alg"])
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            _log.info("id_token_malformed", why=type(error).__name__)
            raise _refused(
                why="its header is malformed, or its algorithm is none of "
                + ", ".join(self._settings.algorithms)
            ) from error
        if not _NOT_TAKEN.isdisjoint(header):
            raise _refused(why="its header asks for what this server does not do")
        if header.get("typ", "JWT").upper() != "JWT":
            raise _refused(why="it is another kind of token; send the ID token")
        return signature

    async def _check_signature(self, signature: jws.CompactSignature) -> None:
        """Try the keys that there are, then the ones that the issuer has now.

        Raises:
            NotAuthenticated: none of its keys made the signature.
            IssuerUnavailable: a key of that id is not known, and the issuer does
                not say whether it has one.
        """
        keys = await self._keys.current()
        if self._is_signed(signature, keys):
            return
        has_answered = await self._keys.refresh()
        if self._is_signed(signature, await self._keys.current()):
            return
        if not has_answered and not _candidates(signature, keys):
            raise IssuerUnavailable(why="the token's key is not known here")
        raise _refused(why="no key of the identity provider made its signature")

    def _is_signed(
        self, signature: jws.CompactSignature, keys: tuple[PublicKey, ...]
    ) -> bool:
        """Tell whether one key made the signature; keys may share an id."""
        for key in _candidates(signature, keys):
            try:
                if jws.validate_compact(signature, key, registry=self._registry):
                    return True
            except (JoseError, ValueError, TypeError) as error:
                # Such as a key for another algorithm than the header's.
                _log.debug("id_token_key_passed_over", why=type(error).__name__)
        return False


def _candidates(
    signature: jws.CompactSignature, keys: tuple[PublicKey, ...]
) -> tuple[PublicKey, ...]:
    """Return the keys that the header means; without an id, the only one there is.

    Source: OpenID Connect Core 1.0 section 10.1.
    """
    kid = signature.headers().get("kid")
    if kid is None:
        return keys if len(keys) == 1 else ()
    return tuple(key for key in keys if key.kid == kid)


def _registry(settings: AuthSettings) -> jws.JWSRegistry:
    """Return what reads a header: our algorithms and no others."""
    registry = jws.JWSRegistry(
        algorithms=settings.algorithms, strict_check_header=False
    )
    registry.max_header_length = _MOST_HEADER
    registry.max_payload_length = MOST_CHARACTERS
    return registry


def _refused(*, why: str) -> NotAuthenticated:
    return NotAuthenticated(why=f"the ID token is not accepted: {why}")
