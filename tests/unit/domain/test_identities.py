"""E-mails and request ids: one spelling each, no look-alikes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.principal import Principal, normalise_email
from core.domain.request import parse_request_id
from core.errors import Invalid
from tests.support.builders import a_request_id


@pytest.mark.parametrize(
    "text", ["Alice@Example.com", " alice@example.com\n", "ALICE@EXAMPLE.COM"]
)
def test_one_person_has_one_spelling(text: str) -> None:
    """Case and outer blanks make no second person."""
    assert normalise_email(text) == "alice@example.com"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        "@example.com",
        "alice@",
        "alice@localhost",
        "alice@example.",
        "ali ce@example.com",
        "alice@exam ple.com",
        "\u0430lice@example.com",
        "mi\u212ae@example.com",
        "alice@ex\u0430mple.com",
        "a@b@example.com",
        "operator:root@host.example.com",
        "slack:T1/U1@example.com",
        "<!channel>@example.com",
        "alice\x00@example.com",
        "alice@example.com,bob@example.com",
        "x" * 250 + "@example.com",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """Among them a Cyrillic a, and a Kelvin sign whose lower case is a plain k."""
    with pytest.raises(Invalid) as refused:
        normalise_email(text)

    assert refused.value.field == "e-mail"


@given(st.emails())
def test_normalising_twice_changes_nothing(text: str) -> None:
    """The stored spelling is the one that is looked up."""
    try:
        email = normalise_email(text)
    except Invalid:
        return

    assert normalise_email(email) == email
    assert email.isascii()


def test_an_id_is_read_in_any_case() -> None:
    """People copy ids from anywhere."""
    request_id = a_request_id()

    assert parse_request_id(f" {request_id.lower()}\n") == request_id
    assert parse_request_id(request_id.upper()) == request_id
    assert parse_request_id(request_id) == request_id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "req_",
        "01J8KZ4F2EMNQZ3V7XKQYBD4WA",
        "req_01J8KZ4F2EMNQZ3V7XKQYBD4W",
        "req_01J8KZ4F2EMNQZ3V7XKQYBD4WAA",
        "req_81J8KZ4F2EMNQZ3V7XKQYBD4WA",
        "req_01J8KZ4F2EMNQZ3V7XKQYBD4WI",
        "req_01J8KZ4F2EMNQZ3V7XKQYBD4W\u017f",
        "req-01J8KZ4F2EMNQZ3V7XKQYBD4WA",
        "req_01J8KZ4F2EMNQZ3V7XKQYBD4WA\x00",
        "'; DROP TABLE requests; --",
    ],
)
def test_what_is_no_id_is_refused_and_says_where_to_look(text: str) -> None:
    """Too short, too long, over 2^128, letters Crockford left out, a long s."""
    with pytest.raises(Invalid) as refused:
        parse_request_id(text)

    assert "jitsudo status --pending" in refused.value.why


@given(st.text(max_size=40))
def test_no_text_makes_parsing_crash(text: str) -> None:
    """An id or a refusal, nothing else."""
    try:
        request_id = parse_request_id(text)
    except Invalid:
        return

    assert parse_request_id(request_id) == request_id


def test_who_may_read_everything() -> None:
    """Admins and auditors, and nobody by any other group."""

    def person(*groups: str) -> Principal:
        return Principal(email="x@example.com", groups=frozenset(groups))

    assert person("jitsudo-admins").is_auditor
    assert person("jitsudo-admins").is_admin
    assert person("jitsudo-auditors").is_auditor
    assert not person("jitsudo-auditors").is_admin
    assert not person("sre", "Jitsudo-Admins").is_auditor
    assert not person().is_auditor
