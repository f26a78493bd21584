"""What a server offers to a terminal comes back from the wire as it went."""

import json

import pytest

from core.domain.identity import SignInOffer
from core.wire.fields import Fields
from core.wire.sign_in import from_offer, to_offer

AT_AN_ISSUER = SignInOffer(
    issuer="https://login.example.com",
    client_id="jitsudo-cli",
    discovery_url="https://login.example.com/.well-known/openid-configuration",
    scopes=("openid", "email"),
)


@pytest.mark.parametrize(
    "offer",
    [SignInOffer(), SignInOffer(slack=True), AT_AN_ISSUER],
    ids=["nothing", "slack", "issuer"],
)
def test_an_offer_comes_back_identical(offer: SignInOffer) -> None:
    """With everything, and with nothing."""
    body = json.loads(json.dumps(to_offer(offer)))

    assert from_offer(Fields.of(body)) == offer


def test_what_is_not_offered_is_null() -> None:
    """So that no client takes an empty text for an address."""
    assert to_offer(SignInOffer()) == {
        "issuer": None,
        "clientId": None,
        "discoveryUrl": None,
        "scopes": [],
        "slack": False,
    }


def test_a_server_that_says_nothing_offers_nothing() -> None:
    """What is absent is not offered."""
    assert from_offer(Fields({})) == SignInOffer()
