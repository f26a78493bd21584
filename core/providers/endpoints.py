"""Addresses of clouds that settings name: HTTPS, but for stand-ins on this machine."""

from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator


def is_loopback(url: str) -> bool:
    """Tell whether an address is on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _checked(url: str) -> str:
    """Return an address without a slash at its end.

    Raises:
        ValueError: tokens of ours would go over the network in the clear, or it
            is more than scheme, host and port.
    """
    parts = urlsplit(url)
    is_root = parts.path in {"", "/"} and not parts.query and not parts.fragment
    if parts.scheme not in {"http", "https"} or not parts.hostname or not is_root:
        message = "expected an address such as https://example.com, without a path"
        raise ValueError(message)
    if parts.username is not None:
        message = "must hold neither user nor password"
        raise ValueError(message)
    if parts.scheme == "http" and not is_loopback(url):
        message = "has to be https, because credentials are sent there"
        raise ValueError(message)
    return url.rstrip("/")


Endpoint = Annotated[str, AfterValidator(_checked)]
"""The root of a cloud's API; plain HTTP on loopback only."""
