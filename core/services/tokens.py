"""Bearer tokens: made, checked, listed, ended."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from core.approvals import IssuedToken
from core.clock import Deadline
from core.domain.audit import AuditFact
from core.domain.principal import Actor, normalise_email
from core.domain.token import (
    ENTROPY_BYTES,
    Token,
    digest_of,
    is_well_formed,
    secret_from,
)
from core.errors import Invalid, NotAuthenticated, NotFound, OutcomeUnknown
from core.ports import Clock, Store, UnitOfWork
from core.services.transactions import in_transaction
from core.vocabulary import AuditAction, Outcome, TokenScope

MAX_TTL: Final = timedelta(days=366)
TOUCH_AFTER: Final = timedelta(minutes=1)
"""A token's last use is written at most this often."""

HOW_TO_SIGN_IN: Final = (
    "ask an admin for a token (`jitsudo token issue`) and store it with "
    "`jitsudo login --token-stdin`"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bearer:
    """Whose token it is, what it may do and until when.

    Attributes:
        method: `token` for one of jitsudo's; `oidc` for an identity provider's.
    """

    email: str
    scopes: frozenset[TokenScope]
    expires_at: datetime
    method: str = "token"


class Tokens:
    """Knows tokens by the digest of their secret."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        """Keep where they are."""
        self._store = store
        self._clock = clock

    async def authenticate(self, secret: str) -> Bearer:
        """Return who holds `secret`.

        Raises:
            NotAuthenticated: it is unknown, revoked or expired, or its person
                is disabled.
        """
        if not is_well_formed(secret):
            raise NotAuthenticated(
                why=f"the token is not one of jitsudo's; {HOW_TO_SIGN_IN}"
            )
        now = self._clock.now()
        async with self._store.snapshot() as uow:
            token = await uow.tokens.by_digest(digest_of(secret))
            if token is None or token.revoked_at is not None:
                raise NotAuthenticated(
                    why=f"the token is unknown or revoked; {HOW_TO_SIGN_IN}"
                )
            person = await uow.principals.get(token.email)
        if not token.is_valid(now):
            raise NotAuthenticated(
                why=f"the token expired {token.expires_at:%Y-%m-%d %H:%M} UTC; "
                f"{HOW_TO_SIGN_IN}"
            )
        if person.is_disabled:
            raise NotAuthenticated(why=f"{token.email} is disabled; ask an admin")
        await self._touch(token, now)
        return Bearer(
            email=token.email, scopes=token.scopes, expires_at=token.expires_at
        )

    async def _touch(self, token: Token, now: datetime) -> None:
        last = token.last_used_at
        if last is not None and now - last < TOUCH_AFTER:
            return

        async def work(uow: UnitOfWork) -> None:
            await uow.tokens.touch(token.id, at=now)

        await in_transaction(self._store, work)

    async def issue(
        self,
        actor: Actor,
        email: str,
        *,
        scopes: frozenset[TokenScope],
        ttl: timedelta,
        deadline: Deadline | None,
    ) -> IssuedToken:
        """Make a token for a person; the secret is not kept.

        Raises:
            Invalid: the e-mail, the scopes or the time to live cannot be.
        """
        if not scopes:
            raise Invalid(field="scope", why="name at least one, such as request,read")
        if not timedelta(0) < ttl <= MAX_TTL:
            raise Invalid(field="ttl", why="has to be longer than 0, at most 366d")
        now = self._clock.now()
        secret = secret_from(secrets.token_bytes(ENTROPY_BYTES))
        token = Token(
            id=f"tok_{secrets.token_hex(6)}",
            digest=digest_of(secret),
            email=normalise_email(email),
            scopes=scopes,
            created_at=now,
            created_by=actor.email,
            expires_at=now + ttl,
        )

        async def work(uow: UnitOfWork) -> None:
            await uow.tokens.add(token)
            await uow.audit.append(_fact(actor, AuditAction.TOKEN_ISSUED, token, now))

        try:
            await in_transaction(self._store, work, deadline=deadline)
        except OutcomeUnknown as error:  # its secret is lost with the answer
            raise OutcomeUnknown(look_with="jitsudo token list") from error
        return IssuedToken(token=token, secret=secret)

    async def find(self, email: str | None) -> tuple[Token, ...]:
        """Return tokens, newest first; None for everybody's."""
        async with self._store.snapshot() as uow:
            return tuple(await uow.tokens.find(email=email))

    async def revoke(self, actor: Actor, token_id: str, *, owner: str | None) -> Token:
        """End a token; ending it again changes nothing.

        Args:
            owner: whose it has to be; None for anybody's.

        Raises:
            NotFound: there is none, or it is not the owner's.
        """

        async def work(uow: UnitOfWork) -> Token:
            token = await uow.tokens.get(token_id)
            if token is None or owner not in {None, token.email}:
                raise NotFound(what="token", name=token_id)
            now = self._clock.now()
            if not await uow.tokens.revoke(token_id, at=now):
                return token
            await uow.audit.append(_fact(actor, AuditAction.TOKEN_REVOKED, token, now))
            return replace(token, revoked_at=now)

        return await in_transaction(self._store, work)


def _fact(actor: Actor, action: AuditAction, token: Token, now: datetime) -> AuditFact:
    return AuditFact(
        occurred_at=now,
        actor=actor.email,
        action=action,
        outcome=Outcome.SUCCESS,
        origin=actor.origin,
        details={
            "token": token.id,
            "email": token.email,
            "scopes": sorted(scope.value for scope in token.scopes),
            "expires_at": token.expires_at.isoformat(),
            **actor.evidence,
        },
    )
