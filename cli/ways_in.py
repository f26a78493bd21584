"""The ways to sign in without a token: what the server offers, and each of them."""

import socket

from cli.code_screen import Countdown, show_for_issuer, show_for_slack
from cli.target import Target, display_name
from cli.terminal import Terminal
from cli.text import safe
from cli.trust import warn_if_insecure
from core.domain.identity import SignInOffer
from core.domain.sign_in import HOST_LIMIT
from core.errors import NotAuthenticated, ServerUnavailable
from core.logins import Login, LoginKind
from core.remote.device_flow import DeviceFlow, Waiting
from core.remote.forms import Correspondent, Reply
from core.remote.issuer import discover, end_of
from core.remote.offers import read_offer
from core.remote.transport import Transport
from core.wire.sign_in import CLIENT_ID


def sign_in(
    terminal: Terminal, target: Target, *, provider: str | None, slack: bool
) -> Login:
    """Return a login of whoever confirms the code; the e-mail is still unknown.

    Raises:
        NotAuthenticated: the server has no such way, or nobody confirmed.
        ServerUnavailable: the server or the issuer does not answer.
    """
    transport = target.transport or Transport()
    warn_if_insecure(terminal, target.server)
    offer = read_offer(target.server, Correspondent.server(transport))
    _check(display_name(target.server), offer, provider=provider, slack=slack)
    if offer.issuer and not slack:
        return _at_issuer(terminal, target.server, offer, transport)
    return _through_slack(terminal, target.server, transport)


def _check(
    server: str, offer: SignInOffer, *, provider: str | None, slack: bool
) -> None:
    """Raise what is wrong with the way that was chosen, if anything is."""
    ways = [f"at {offer.issuer}"] if offer.issuer else []
    ways += ["through Slack (--slack)"] if offer.slack else []
    known = f"it signs people in {' or '.join(ways)}"
    if not ways:
        raise NotAuthenticated(
            why=f"{server} offers no sign-in: have an admin make a token with "
            "`jitsudo token issue`, and store it with `jitsudo login --token-stdin`"
        )
    if slack and not offer.slack:
        raise NotAuthenticated(why=f"{server} has no sign-in through Slack; {known}")
    if provider is not None and provider.rstrip("/") != offer.issuer.rstrip("/"):
        raise NotAuthenticated(
            why=f"{server} does not take sign-ins of {provider}; {known}"
        )


def _at_issuer(
    terminal: Terminal, server: str, offer: SignInOffer, transport: Transport
) -> Login:
    correspondent = Correspondent.issuer(transport)
    endpoints = discover(offer.issuer, correspondent, discovery_url=offer.discovery_url)
    if not endpoints.device:
        raise NotAuthenticated(
            why=f"{offer.issuer} has no device flow (RFC 8628); have it switched on "
            f"for the client {offer.client_id}"
        )
    flow = DeviceFlow(
        name=offer.issuer, correspondent=correspondent, client_id=offer.client_id
    )
    waiting = flow.begin(endpoints.device, {"scope": " ".join(offer.scopes)})
    show_for_issuer(terminal, offer.issuer, waiting)
    tokens = _waited(terminal, flow, endpoints.token, waiting)
    id_token = tokens.text("id_token")
    if not id_token:
        raise ServerUnavailable(
            server=offer.issuer, why="it signed you in without an ID token"
        )
    return Login(
        server=server,
        token=id_token,
        expires_at=end_of(id_token),
        kind=LoginKind.OIDC,
        refresh_token=tokens.text("refresh_token"),
        issuer=offer.issuer,
        client_id=offer.client_id,
        discovery_url=offer.discovery_url,
    )


def _through_slack(terminal: Terminal, server: str, transport: Transport) -> Login:
    host = safe(socket.gethostname())[:HOST_LIMIT] or "unknown"
    flow = DeviceFlow(
        name=display_name(server),
        correspondent=Correspondent.server(transport),
        client_id=CLIENT_ID,
    )
    waiting = flow.begin(f"{server}/oauth/device_authorization", {"host": host})
    show_for_slack(terminal, host, waiting)
    tokens = _waited(terminal, flow, f"{server}/oauth/token", waiting)
    token = tokens.text("access_token")
    if not token:
        raise ServerUnavailable(server=server, why="it signed you in without a token")
    return Login(server=server, token=token, kind=LoginKind.SLACK)


def _waited(terminal: Terminal, flow: DeviceFlow, url: str, waiting: Waiting) -> Reply:
    countdown = Countdown(terminal, waiting)
    try:
        return flow.wait(url, waiting, pause=countdown.pause)
    finally:
        countdown.clear()
