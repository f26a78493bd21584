"""Tokens, and lists of them, come over the wire as they were."""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.approvals import IssuedToken, TokenPage, TokenQuery
from core.domain.token import Token
from core.vocabulary import TokenScope
from core.wire import tokens
from core.wire.fields import Fields

_NAME = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1)
_MOMENT = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001  # hypothesis adds the zone
    max_value=datetime(9000, 1, 1),  # noqa: DTZ001  # the same
    timezones=st.just(UTC),
)
_MAYBE = st.none() | _MOMENT
_SECONDS = st.integers(1, 2_592_000).map(lambda seconds: timedelta(seconds=seconds))
_SCOPES = st.frozensets(st.sampled_from(TokenScope))
_TOKENS = st.builds(
    Token,
    id=_NAME,
    digest=st.just(""),
    email=_NAME,
    scopes=_SCOPES,
    created_at=_MOMENT,
    created_by=_NAME,
    expires_at=_MOMENT,
    revoked_at=_MAYBE,
    last_used_at=_MAYBE,
)


def _over_the_wire(body: object) -> Fields:
    return Fields.of(json.loads(json.dumps(body)))


@given(_TOKENS, _NAME)
def test_token_comes_back_without_its_digest(token: Token, secret: str) -> None:
    """The digest stays on the server; the secret of a new one crosses once."""
    issued = IssuedToken(token=token, secret=secret)
    body = tokens.to_issued_token(issued)

    assert tokens.from_issued_token(_over_the_wire(body)) == issued
    assert "digest" not in json.dumps(body)


@given(_NAME, _SCOPES, _SECONDS)
def test_token_order_comes_back_identical(
    email: str, scopes: frozenset[TokenScope], ttl: timedelta
) -> None:
    """What is issued is what was asked for."""
    body = tokens.to_token_order(email, scopes, ttl)

    assert tokens.from_token_order(_over_the_wire(body)) == (email, scopes, ttl)


@given(
    st.builds(
        TokenQuery,
        email=st.none() | _NAME,
        with_ended=st.booleans(),
        before=st.none() | _NAME,
        limit=st.integers(1, 500),
    )
)
def test_token_query_comes_back_identical(query: TokenQuery) -> None:
    """Whose, whether ended ones as well, from where and how many."""
    written = Fields(dict(tokens.to_token_query(query)), is_query=True)

    assert tokens.from_token_query(written) == query


@given(
    st.builds(
        TokenPage,
        tokens=st.lists(_TOKENS, max_size=3).map(tuple),
        next_before=st.none() | _NAME,
    )
)
def test_token_page_comes_back_identical(page: TokenPage) -> None:
    """The tokens, and where the next page begins."""
    assert tokens.from_token_page(_over_the_wire(tokens.to_token_page(page))) == page


def test_a_client_that_asks_for_nothing_gets_the_first_page() -> None:
    """As one does that knows no pages."""
    assert tokens.from_token_query(Fields({}, is_query=True)) == TokenQuery()


def test_a_server_without_pages_has_one() -> None:
    """It names no token to go on from."""
    assert tokens.from_token_page(Fields.of({"tokens": []})) == TokenPage(tokens=())
