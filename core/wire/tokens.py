"""Bearer tokens as JSON, and which of them to list as a query string."""

from datetime import timedelta

from core.approvals import IssuedToken, TokenPage, TokenQuery
from core.domain.audit import to_timestamp
from core.domain.token import Token
from core.errors import Invalid
from core.vocabulary import TokenScope
from core.wire.fields import Fields
from core.wire.pages import DEFAULT_PAGE, Parameters
from core.wire.requests import JsonObject, to_moment


def to_token_query(query: TokenQuery) -> Parameters:
    """Return the query string of a list."""
    wanted = [("pageSize", str(query.limit))]
    if query.email is not None:
        wanted.append(("identity", query.email))
    if query.with_ended:
        wanted.append(("withEnded", "true"))
    if query.before is not None:
        wanted.append(("pageToken", query.before))
    return wanted


def from_token_query(fields: Fields) -> TokenQuery:
    """Return which tokens to list.

    Raises:
        Invalid: naming the parameter.
    """
    return TokenQuery(
        email=fields.text_or_none("identity"),
        with_ended=fields.boolean("withEnded"),
        before=fields.text_or_none("pageToken"),
        limit=fields.integer("pageSize", default=DEFAULT_PAGE),
    )


def to_token_page(page: TokenPage) -> JsonObject:
    """Return a page of tokens."""
    return {
        "tokens": [to_token(token) for token in page.tokens],
        "nextPageToken": page.next_before or "",
    }


def from_token_page(fields: Fields) -> TokenPage:
    """Return the page that `to_token_page` wrote.

    Raises:
        Invalid: it did not write this.
    """
    return TokenPage(
        tokens=fields.objects("tokens", from_token),
        next_before=fields.text_or_none("nextPageToken"),
    )


def to_token(token: Token) -> JsonObject:
    """Return a token without its digest, which is of no use to anybody."""
    return {
        "id": token.id,
        "identity": token.email,
        "scopes": sorted(token.scopes),
        "createdAt": to_timestamp(token.created_at),
        "createdBy": token.created_by,
        "expiresAt": to_timestamp(token.expires_at),
        "revokedAt": to_moment(token.revoked_at),
        "lastUsedAt": to_moment(token.last_used_at),
    }


def from_token(fields: Fields) -> Token:
    """Return the token that `to_token` wrote; its digest is empty.

    Raises:
        Invalid: it did not write this.
    """
    return Token(
        id=fields.text("id"),
        digest="",
        email=fields.text("identity"),
        scopes=fields.members("scopes", TokenScope),
        created_at=fields.moment("createdAt"),
        created_by=fields.text("createdBy"),
        expires_at=fields.moment("expiresAt"),
        revoked_at=fields.moment_or_none("revokedAt"),
        last_used_at=fields.moment_or_none("lastUsedAt"),
    )


def to_issued_token(issued: IssuedToken) -> JsonObject:
    """Return a new token with its secret, the only time it is said."""
    return {"token": to_token(issued.token), "secret": issued.secret}


def from_issued_token(fields: Fields) -> IssuedToken:
    """Return the token that `to_issued_token` wrote.

    Raises:
        Invalid: it did not write this.
    """
    return IssuedToken(
        token=from_token(fields.inner("token")), secret=fields.text("secret")
    )


def to_token_order(
    email: str, scopes: frozenset[TokenScope], ttl: timedelta
) -> JsonObject:
    """Return the body that asks for a token."""
    return {
        "identity": email,
        "scopes": sorted(scopes),
        "ttlSeconds": str(int(ttl.total_seconds())),
    }


def from_token_order(
    fields: Fields,
) -> tuple[str, frozenset[TokenScope], timedelta]:
    """Return whose token is wanted, with which scopes and for how long.

    Raises:
        Invalid: naming the field.
    """
    seconds = fields.integer("ttlSeconds")
    try:
        ttl = timedelta(seconds=seconds)
    except OverflowError as error:
        raise Invalid(field="ttlSeconds", why="is longer than anybody lives") from error
    return fields.text("identity"), fields.members("scopes", TokenScope), ttl
