"""Bearer tokens: made, checked, ended."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from core.approvals import IssuedToken
from core.clock import Deadline
from core.domain.audit import AuditFact
from core.domain.job import NewJob
from core.domain.principal import Actor, normalise_email, vouchers
from core.domain.token import (
    ENTROPY_BYTES,
    Token,
    digest_of,
    is_well_formed,
    secret_from,
)
from core.errors import Invalid, NotAuthenticated, NotFound, OutcomeUnknown
from core.ports import Clock, Store, UnitOfWork
from core.services.notices import notice_to_admins
from core.services.transactions import in_transaction
from core.vocabulary import AuditAction, Outcome, SignInMethod, TokenScope

MAX_TTL: Final = timedelta(days=366)
TOUCH_AFTER: Final = timedelta(minutes=1)
"""A token's last use is written at most this often."""

_POWERS: Final = frozenset({TokenScope.APPROVE, TokenScope.ADMIN})
"""What lets whoever holds another person's token get round four eyes."""

HOW_TO_SIGN_IN: Final = (
    "sign in with `jitsudo login`, or ask an admin for a token and store it with "
    "`jitsudo login --token-stdin`"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bearer:
    """Whose token it is, what it may do and until when.

    Attributes:
        method: whether it is a token of jitsudo's or of an identity provider's.
        token_id: of a token of ours, for the audit log; empty of any other.
        issued_by: who made it; empty if nobody of ours did.
    """

    email: str
    scopes: frozenset[TokenScope]
    expires_at: datetime
    method: SignInMethod = SignInMethod.TOKEN
    token_id: str = ""
    issued_by: str = ""

    @property
    def evidence(self) -> Mapping[str, str]:
        """Return what the audit log has to know of it."""
        return {"token_id": self.token_id} if self.token_id else {}


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
                is disabled, or whoever issued it and it does nothing but decide.
        """
        if not is_well_formed(secret):
            raise NotAuthenticated(
                why=f"the token is not one of jitsudo's; {HOW_TO_SIGN_IN}"
            )
        now, digest = self._clock.now(), digest_of(secret)
        async with self._store.snapshot() as uow:
            token = await uow.tokens.by_digest(digest)
            # The database found it by an index; the last word is said in a time
            # that does not depend on how much of it fits.
            if token is None or not hmac.compare_digest(token.digest, digest):
                token = None
            if token is None or token.revoked_at is not None:
                raise NotAuthenticated(
                    why=f"the token is unknown or revoked; {HOW_TO_SIGN_IN}"
                )
            issuers = vouchers(token.created_by)
            people = await uow.principals.of({token.email, *issuers})
        if not token.is_valid(now):
            raise NotAuthenticated(
                why=f"the token expired {token.expires_at:%Y-%m-%d %H:%M} UTC; "
                f"{HOW_TO_SIGN_IN}"
            )
        if people[token.email].is_disabled:
            raise NotAuthenticated(why=f"{token.email} is disabled; ask an admin")
        scopes = token.scopes
        if any(people[issuer].is_disabled for issuer in issuers):
            # Who left saw the secret, and their word that it is somebody else's is
            # worth nothing; what only asks goes on, and is told to the admins.
            scopes -= _POWERS
        if not scopes:
            raise NotAuthenticated(
                why=f"whoever issued the token is disabled; {HOW_TO_SIGN_IN}"
            )
        await self._touch(token, now)
        return Bearer(
            email=token.email,
            scopes=scopes,
            expires_at=token.expires_at,
            token_id=token.id,
            issued_by=token.created_by,
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
        is_told: bool = False,
        deadline: Deadline | None,
    ) -> IssuedToken:
        """Make a token for a person; the secret is not kept.

        Args:
            is_told: whether the admins hear of a token by which somebody could
                decide as somebody else.

        Raises:
            Invalid: the e-mail, the scopes or the time to live cannot be, or the
                person is disabled.
        """
        if not scopes:
            raise Invalid(field="scope", why="name at least one, such as request,read")
        if not timedelta(0) < ttl <= MAX_TTL:
            raise Invalid(field="ttl", why="has to be longer than 0, at most 366d")
        now = self._clock.now()
        # Whoever holds a token that somebody else made of them may be that one: what
        # it makes is both's, however many lie between.
        by = actor.word
        issued = new_token(
            normalise_email(email), by=by, scopes=scopes, ttl=ttl, now=now
        )

        async def work(uow: UnitOfWork) -> None:
            if (await uow.principals.get(issued.token.email)).is_disabled:
                raise Invalid(
                    field="e-mail",
                    why=f"{issued.token.email} is disabled; "
                    "`jitsudo principal enable` first",
                )
            await uow.tokens.add(issued.token)
            if is_told and issued.token.email != by and scopes & _POWERS:
                await uow.jobs.add(_tell_admins(issued.token))
            await uow.audit.append(
                token_fact(actor, AuditAction.TOKEN_ISSUED, issued.token, now)
            )

        try:
            await in_transaction(self._store, work, deadline=deadline)
        except OutcomeUnknown as error:  # its secret is lost with the answer
            raise OutcomeUnknown(look_with="jitsudo token list") from error
        return issued

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
            await uow.audit.append(
                token_fact(actor, AuditAction.TOKEN_REVOKED, token, now)
            )
            return replace(token, revoked_at=now)

        return await in_transaction(self._store, work)


def _tell_admins(token: Token) -> NewJob:
    scopes = ", ".join(sorted(token.scopes))
    by = " with a token made by ".join(reversed(vouchers(token.created_by)))
    return notice_to_admins(
        f"token:{token.id}",
        f"{by} issued a token for {token.email} that may {scopes} "
        f"until {token.expires_at:%Y-%m-%d %H:%M} UTC. Whoever holds it acts as "
        f"{token.email}. If that is not meant: jitsudo token revoke {token.id}",
    )


def new_token(
    email: str,
    *,
    by: str,
    scopes: frozenset[TokenScope],
    ttl: timedelta,
    now: datetime,
) -> IssuedToken:
    """Return a token that nobody has stored yet, with its secret.

    Args:
        email: normalised; whose it is.
        by: who made it, for the list.
    """
    secret = secret_from(secrets.token_bytes(ENTROPY_BYTES))
    token = Token(
        id=f"tok_{secrets.token_hex(6)}",
        digest=digest_of(secret),
        email=email,
        scopes=scopes,
        created_at=now,
        created_by=by,
        expires_at=now + ttl,
    )
    return IssuedToken(token=token, secret=secret)


def token_fact(
    actor: Actor, action: AuditAction, token: Token, now: datetime
) -> AuditFact:
    """Return what the audit log is told of a token; never its secret."""
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
