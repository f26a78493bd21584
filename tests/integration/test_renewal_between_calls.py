"""A command that runs for hours, on ID tokens that live for one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import NotAuthenticated
from core.logins import Login, LoginKind, Logins
from core.remote import HttpApprovals
from core.remote.renewal import Renewal
from core.remote.transport import Transport
from tests.support.issuers import CLIENT, TOKEN, Issuer
from tests.support.sign_in_servers import SignInServer, signed_in


class Clock:
    """Tells the time that a test says it is."""

    def __init__(self) -> None:
        """Begin now."""
        self.time = datetime.now(UTC)

    def now(self) -> datetime:
        """Return it."""
        return self.time


async def test_a_token_that_ends_between_two_calls_is_renewed(
    sign_in_server: SignInServer, tmp_path: Path
) -> None:
    """One client goes on for three lives of a token, renewing when it has to."""
    clock, logins = Clock(), Logins(tmp_path)
    with Issuer(now=clock.now).serving() as issuer:
        sign_in_server.offer(issuer)
        login = Login(
            server=sign_in_server.url,
            token=issuer.token(),
            expires_at=clock.time.replace(microsecond=0) + issuer.lifetime,
            kind=LoginKind.OIDC,
            refresh_token=signed_in(issuer, "alice@example.com"),
            issuer=issuer.url,
            client_id=CLIENT,
        )
        logins.store("default", login)
        renewal = Renewal(
            logins=logins,
            profile="default",
            login=login,
            transport=Transport(),
            now=clock.now,
            how_to_sign_in="sign in again",
        )
        client = HttpApprovals(sign_in_server.url, token=renewal.token)

        for _ in range(6):
            assert (await client.whoami()).email == "alice@example.com"
            clock.time += timedelta(minutes=30)

        asked = issuer.asked[TOKEN]

    assert asked == 2
    assert len(set(sign_in_server.bearers)) == 3


async def test_a_login_that_was_replaced_is_not_used_elsewhere(
    sign_in_server: SignInServer, issuer: Issuer, tmp_path: Path
) -> None:
    """Who signs in to another server meanwhile does not send its token here."""
    ended = datetime.now(UTC) - timedelta(minutes=1)
    login = Login(
        server=sign_in_server.url,
        token=issuer.token(),
        expires_at=ended,
        kind=LoginKind.OIDC,
        refresh_token=signed_in(issuer, "alice@example.com"),
        issuer=issuer.url,
        client_id=CLIENT,
    )
    logins = Logins(tmp_path)
    logins.store("default", Login(server="https://other.example", token="others"))
    renewal = Renewal(
        logins=logins,
        profile="default",
        login=login,
        transport=Transport(),
        now=lambda: datetime.now(UTC),
        how_to_sign_in="sign in again",
    )

    with pytest.raises(NotAuthenticated, match="was replaced meanwhile; sign in again"):
        await HttpApprovals(sign_in_server.url, token=renewal.token).whoami()

    assert sign_in_server.bearers == []
    assert issuer.asked[TOKEN] == 0
