"""The outer form of an ID token: three parts, and a header that asks for nothing odd.

Source: RFC 7515, RFC 7519; RFC 8725 for what to refuse.
"""

from collections.abc import Collection
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from typing_extensions import override

from core.errors import NotAuthenticated

MOST_CHARACTERS: Final = 16_384
"""Of a token, before anything of it is read; some 200 groups fit."""

_PARTS: Final = 3

_NOT_TAKEN: Final = frozenset({"b64", "crit", "cty", "zip"})
"""Header parameters that would have the rest read in another way.

Source: RFC 7515 section 4.1.11, RFC 7519 section 5.2, RFC 7797.
"""


class Pinned(jws.JWSRegistry):
    """Reads a header: the algorithms that it was given, and no others.

    The library's own falls back to what it recommends where it was given none,
    secrets included, and warns each time of a name that is on its way out.
    """

    max_header_length = 4_096
    max_payload_length = MOST_CHARACTERS

    def __init__(self, *, algorithms: Collection[str]) -> None:
        """Take these, and header parameters of which nothing is known."""
        super().__init__(algorithms=algorithms, strict_check_header=False)

    @override
    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


def opened(token: str, registry: Pinned) -> jws.CompactSignature:
    """Return the token's parts; nothing in them is believed yet.

    Raises:
        NotAuthenticated: it is no signed token, or not by a pinned algorithm.
    """
    if len(token) > MOST_CHARACTERS:
        raise refused(why=f"it is longer than {MOST_CHARACTERS} characters")
    if token.count(".") != _PARTS - 1 or not token.isascii():
        raise refused(why="it is no signed token of three parts")
    try:
        signature = jws.extract_compact(token.encode(), registry=registry)
        header = signature.headers()
        registry.check_header(header)
        registry.get_alg(header["alg"])
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise refused(
            why="its header is malformed, or its algorithm is none of "
            + ", ".join(registry.allowed or ())
        ) from error
    if not _NOT_TAKEN.isdisjoint(header):
        raise refused(why="its header asks for what this server does not do")
    if header.get("typ", "JWT").upper() != "JWT":
        raise refused(why="it is another kind of token; send the ID token")
    return signature


def refused(*, why: str) -> NotAuthenticated:
    """Return the refusal of a token, which never holds the token."""
    return NotAuthenticated(why=f"the ID token is not accepted: {why}")
