"""Where a request came from: what a trusted proxy says, else the connection.

Only `X-Forwarded-…` is read, and never `Forwarded`: a proxy sets one of the two
and hands on the other as the client wrote it.
"""

import re
from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)
from typing import Final, TypeAlias

from aiohttp import web

Networks: TypeAlias = tuple[IPv4Network | IPv6Network, ...]

TRUSTED_PROXIES: Final = web.AppKey("trusted_proxies", Networks)
"""In the application; without it nobody is trusted."""

FOR: Final = "X-Forwarded-For"
PROTO: Final = "X-Forwarded-Proto"
HOST: Final = "X-Forwarded-Host"

MAX_HOPS: Final = 32
"""Addresses in one header; more is nobody's chain of proxies."""

UNKNOWN: Final = "unknown"
"""The address of a connection that is gone already."""

_WITH_PORT: Final = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]+)?|([0-9.]+):[0-9]+")
_NAME: Final = re.compile(
    r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?"
)


def client_address(request: web.Request) -> str:
    """Return the address of whoever sent this.

    From a trusted proxy it is the right-most address in `X-Forwarded-For` that is
    no trusted proxy's: what stands left of it was written by the client. Something
    that is no address ends the search, and the hop that passed it on counts.
    """
    hop = request.remote or UNKNOWN
    trusted = _trusted(request)
    if not _is_trusted(hop, trusted):
        return _plain(hop)
    for text in reversed(_parts(request, FOR)[-MAX_HOPS:]):
        address = _parsed(text)
        if address is None:
            break
        hop = str(address)
        if not _is_trusted(hop, trusted):
            break
    return _plain(hop)


def is_ignored(request: web.Request) -> bool:
    """Tell whether this says for whom it was sent, and nobody believes it."""
    trusted = _trusted(request)
    return FOR in request.headers and not _is_trusted(
        request.remote or UNKNOWN, trusted
    )


def base_url(request: web.Request) -> str:
    """Return scheme and host as the client sees them, without a slash at the end.

    A `Host` header is a claim: this is for links, never for decisions.
    """
    scheme, host = request.scheme, request.host
    if _is_trusted(request.remote or UNKNOWN, _trusted(request)):
        forwarded = _parts(request, PROTO)[-1:]
        if forwarded in (["http"], ["https"]):
            scheme = forwarded[0]
        host = (_parts(request, HOST) or [host])[-1]
    if not _NAME.fullmatch(host):
        host = "localhost"
    return f"{scheme}://{host}"


def _trusted(request: web.Request) -> Networks:
    return request.config_dict.get(TRUSTED_PROXIES, ())


def _parts(request: web.Request, name: str) -> list[str]:
    """Return the members of a header, left to right, however many lines it has."""
    joined = ",".join(request.headers.getall(name, []))
    return [part.strip() for part in joined.split(",")] if joined else []


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    found = _WITH_PORT.fullmatch(text)
    try:
        return ip_address((found[1] or found[2]) if found else text)
    except ValueError:
        return None


def _is_trusted(text: str, trusted: Iterable[IPv4Network | IPv6Network]) -> bool:
    address = _parsed(_plain(text))
    return address is not None and any(address in network for network in trusted)


def _plain(text: str) -> str:
    """Return an address as it is counted and logged: IPv4 as such, and no zone."""
    address = _parsed(text.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return UNKNOWN if address is None else str(address)
