"""ID tokens of one identity provider, verified with its public keys."""

import asyncio
from typing import Self

import structlog
from joserfc import jws
from joserfc.errors import JoseError
from typing_extensions import override

from core.auth_settings import AuthSettings
from core.clock import Deadline
from core.domain.identity import SignedIn
from core.errors import ConfigurationError, Invalid, IssuerUnavailable
from core.identity.id_claims import read_claims
from core.identity.id_token_form import Pinned, opened, refused
from core.identity.kept_keys import KeptKeys
from core.identity.oidc_keys import IssuerKeys, PublicKey
from core.identity.oidc_requests import IssuerRequests
from core.ports import Clock, IdTokens, Store
from core.wire.parsing import parse_json

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
        self._registry = Pinned(algorithms=settings.algorithms)

    @classmethod
    def open(
        cls, settings: AuthSettings, *, clock: Clock, store: Store | None = None
    ) -> Self:
        """Return a verifier; the issuer is not asked before the first token.

        Args:
            settings: with an issuer.
            store: where its keys outlive this process, if they are to.

        Raises:
            ConfigurationError: the CA file cannot be used.
        """
        requests = IssuerRequests.open(ca_file=settings.oidc_ca_file)
        kept = None
        if store is not None:
            kept = KeptKeys(store=store, issuer=settings.oidc_issuer or "")
        keys = IssuerKeys(settings=settings, requests=requests, clock=clock, kept=kept)
        return cls(settings=settings, keys=keys, requests=requests, clock=clock)

    @property
    @override
    def refresh_failures(self) -> int:
        return self._keys.failures

    @override
    async def verify(self, token: str, deadline: Deadline | None) -> SignedIn:
        signature = opened(token, self._registry)
        try:
            async with asyncio.timeout(deadline.remaining() if deadline else None):
                await self._check_signature(signature)
        except TimeoutError as error:
            raise IssuerUnavailable(why="no answer in time") from error
        try:
            claims = parse_json("claims", signature.payload.decode())
        except (Invalid, UnicodeDecodeError) as error:
            raise refused(why="its claims are no JSON") from error
        if not isinstance(claims, dict):
            raise refused(why="its claims are no JSON object")
        return read_claims(claims, self._settings, now=self._clock.now())

    @override
    async def check(self) -> str:
        try:
            count = await self._keys.fetch()
        except IssuerUnavailable as error:
            url = self._settings.oidc_discovery_url
            raise ConfigurationError(
                setting="JITSUDO_OIDC_DISCOVERY_URL" if url else "JITSUDO_OIDC_ISSUER",
                why=f"{url or self._settings.oidc_issuer} gives no keys "
                f"({error.why}); see that it is right, runs, and can be reached "
                "from here",
            ) from error
        noun = "key" if count == 1 else "keys"
        return f"{self._settings.oidc_issuer} answers, {count} {noun}"

    @override
    async def close(self) -> None:
        await self._requests.close()

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
        raise refused(why="no key of the identity provider made its signature")

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
