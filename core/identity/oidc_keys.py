"""The public keys of an identity provider: found, kept, and asked for again."""

import asyncio
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import structlog
from joserfc import jwk
from joserfc.errors import JoseError

from core.auth_settings import WELL_KNOWN, AuthSettings, fault_of
from core.errors import IssuerUnavailable
from core.identity.kept_keys import KeptKeys
from core.identity.oidc_requests import IssuerRequests
from core.ports import Clock
from core.wire.parsing import shown

BETWEEN_REFRESHES: Final = timedelta(seconds=5)
"""The issuer is not asked more often, whatever tokens come in."""

FRESH_FOR: Final = timedelta(hours=1)
"""Then keys are asked for again, so that one which was withdrawn stops to count."""

BETWEEN_RENEWALS: Final = timedelta(minutes=1)
"""While the issuer does not renew them, one sign-in in so long waits for it."""

GOOD_FOR: Final = timedelta(hours=24)
"""For so long keys are believed while the issuer does not answer."""

MOST_KEYS: Final = 64

MIN_RSA_BITS: Final = 2048
"""Source: RFC 7518 section 3.3."""

PublicKey: TypeAlias = jwk.RSAKey | jwk.ECKey | jwk.OKPKey

_MEMBERS: Final = ("kty", "kid", "alg", "n", "e", "crv", "x", "y")
"""Source: RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2."""

_log = structlog.get_logger()


class IssuerKeys:
    """One issuer's keys; asked for when they are needed, by one at a time."""

    def __init__(
        self,
        *,
        settings: AuthSettings,
        requests: IssuerRequests,
        clock: Clock,
        kept: KeptKeys | None = None,
    ) -> None:
        """Have no keys yet; the issuer need not be up.

        Args:
            settings: with an issuer.
            kept: where keys outlive this process; None where they do not.
        """
        self._kept = kept
        self._issuer = settings.oidc_issuer or ""
        self._base = _base_of(settings)
        self._requests = requests
        self._clock = clock
        self._lock = asyncio.Lock()
        self._keys: tuple[PublicKey, ...] = ()
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._failure: IssuerUnavailable | None = None
        self.failures = 0

    async def current(self) -> tuple[PublicKey, ...]:
        """Return the keys, asking for them if they are missing or old.

        Old ones do until the issuer has answered.

        Raises:
            IssuerUnavailable: there are none, and the issuer gives none.
        """
        if not self._is_within(self._fetched_at, GOOD_FOR):
            await self._recall()
        if not self._is_within(self._fetched_at, GOOD_FOR):
            await self.refresh()
        elif not (self._lock.locked() or self._is_within(self._fetched_at, FRESH_FOR)):
            await self.refresh(between=BETWEEN_RENEWALS)
        if not self._is_within(self._fetched_at, GOOD_FOR):
            raise self._failure or IssuerUnavailable(why="they are too old")
        return self._keys

    async def refresh(self, *, between: timedelta = BETWEEN_REFRESHES) -> bool:
        """Ask for the keys, unless somebody just did; tell whether that worked.

        Whoever comes while they are being asked for waits for the same answer.

        Args:
            between: how long after the last try nobody asks.
        """
        async with self._lock:
            if not self._is_within(self._tried_at, between):
                self._tried_at = self._clock.now()
                self._failure = IssuerUnavailable(why="no answer in time")
                try:
                    await self.fetch()
                except IssuerUnavailable as error:
                    self._note(error)
            return self._failure is None

    async def _recall(self) -> None:
        """Take the keys that a server got before this process began.

        So that a restart while the issuer is down shuts nobody out.
        """
        recalled = None if self._kept is None else await self._kept.recall()
        if recalled is None:
            return
        published, fetched_at = recalled
        keys = tuple(_usable(published[:MOST_KEYS]))
        if keys and self._is_within(fetched_at, GOOD_FOR):
            self._keys, self._fetched_at = keys, fetched_at
            _log.info("issuer_keys_recalled", issuer=self._issuer, keys=len(keys))

    def _note(self, error: IssuerUnavailable) -> None:
        self._failure = error
        self.failures += 1
        _log.warning(
            "issuer_keys_not_refreshed",
            issuer=self._issuer,
            why=error.why,
            cached_keys=len(self._keys),
        )

    async def fetch(self) -> int:
        """Ask for the keys now; return how many there are.

        Raises:
            IssuerUnavailable: the issuer does not answer, or not as itself; the
                keys from before stay.
        """
        document = await self._requests.get("discovery", self._base + WELL_KNOWN)
        issuer, where = document.get("issuer"), document.get("jwks_uri")
        if issuer != self._issuer:
            raise IssuerUnavailable(
                why=f"discovery: it says that it is {shown(issuer)}, not "
                f"{self._issuer!r}"
            )
        if not isinstance(where, str):
            raise IssuerUnavailable(why="discovery: it has no jwks_uri")
        published = (await self._requests.get("keys", self._reached(where))).get("keys")
        if not isinstance(published, list):
            raise IssuerUnavailable(why="keys: the answer has no list of keys")
        keys = tuple(_usable(published[:MOST_KEYS]))
        if not keys:
            raise IssuerUnavailable(why="keys: there is none that can be used")
        now = self._clock.now()
        self._keys, self._fetched_at, self._failure = keys, now, None
        if self._kept is not None:
            await self._kept.keep([*_public(published[:MOST_KEYS])], at=now)
        return len(keys)

    def _reached(self, url: str) -> str:
        """Return a URL of the issuer's as this server reaches it."""
        if url.startswith(f"{self._issuer.rstrip('/')}/"):
            url = self._base + url.removeprefix(self._issuer.rstrip("/"))
        if why := fault_of(url):
            raise IssuerUnavailable(why=f"discovery: jwks_uri {why}")
        return url

    def _is_within(self, then: datetime | None, span: timedelta) -> bool:
        """Tell whether `then` was less than `span` ago; never, once a clock jumped."""
        return then is not None and timedelta(0) <= self._clock.now() - then < span


def _base_of(settings: AuthSettings) -> str:
    url = settings.oidc_discovery_url or settings.oidc_issuer or ""
    return url.removesuffix(WELL_KNOWN).rstrip("/")


def _public(published: Iterable[object]) -> Iterable[Mapping[str, object]]:
    """Yield what may be kept of each key: a provider's own members are none of ours.

    A private half that slipped in is not wanted either.
    """
    for key in published:
        if isinstance(key, dict):
            yield {name: key[name] for name in ("use", *_MEMBERS) if name in key}


def _usable(published: Iterable[object]) -> Iterable[PublicKey]:
    """Yield the keys that can check a signature; others are passed over.

    Source: RFC 7517 section 5.
    """
    for key in published:
        try:
            yield _imported(key)
        except (JoseError, ValueError, TypeError, KeyError, ArithmeticError) as error:
            _log.info("issuer_key_passed_over", why=type(error).__name__)


def _imported(key: object) -> PublicKey:
    """Return a public key.

    Raises:
        ValueError: it is none that this can use: a secret, for encryption, or weak.
        JoseError, TypeError, KeyError, ArithmeticError: it is malformed.
    """
    if not isinstance(key, dict) or key.get("use", "sig") != "sig":
        message = "not for signatures"
        raise ValueError(message)
    # Only what names the key: a provider's own members are none of ours, and a
    # private half that slipped in is not wanted.
    public = {name: key[name] for name in _MEMBERS if name in key}
    if public.get("kty") == "RSA" and _bits_of(public) < MIN_RSA_BITS:
        message = "too weak"
        raise ValueError(message)
    imported = jwk.import_key(public)
    if isinstance(imported, jwk.OctKey):
        message = "a secret"
        raise ValueError(message)  # noqa: TRY004 - the published value is wrong
    return imported


def _bits_of(key: Mapping[str, object]) -> int:
    """Return the length of an RSA modulus, before the library warns of it."""
    modulus = urlsafe_b64decode(str(key.get("n", "")) + "==")
    return int.from_bytes(modulus, "big").bit_length()
