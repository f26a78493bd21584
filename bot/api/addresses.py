"""From where a request came, and under which address the server was asked."""

from typing import Final

from aiohttp import web

UNKNOWN: Final = "unknown"
"""Of a connection that has no address, such as a socket in the file system."""


def client_address(request: web.Request) -> str:
    """Return the network address that a request came from.

    The connection's own: headers that a proxy would add can be sent by anybody.
    """
    return request.remote or UNKNOWN


def server_address(request: web.Request) -> str:
    """Return scheme and host as the client sees them, without a slash at the end."""
    return f"{request.scheme}://{request.host}"
