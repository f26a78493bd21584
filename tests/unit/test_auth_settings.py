"""Settings of the identity provider: what belongs together, and what is not safe."""

import pytest

from core.auth_settings import USUAL
from core.errors import ConfigurationError
from core.settings import CoreSettings, load_core

DATABASE = {"JITSUDO_DATABASE_URL": "sqlite+aiosqlite:///unused.db"}
ISSUER = "https://login.example.com/dex"
GOOD = {"oidc_issuer": ISSUER, "client_id": "jitsudo-cli"}


def _load(part: object, **environment: str) -> CoreSettings:
    return load_core({**DATABASE, **environment}, {"auth": part})


def test_without_an_issuer_nobody_signs_in_by_one() -> None:
    """An empty part of the file is none."""
    assert _load(None).auth.oidc_issuer is None
    assert _load({}).auth.all_audiences == frozenset()


def test_file_and_environment_name_the_same_settings() -> None:
    """The environment wins, key by key; lists are separated by commas."""
    settings = _load(
        {**GOOD, "groups_claim": "roles"},
        JITSUDO_OIDC_CLIENT_ID="other",
        JITSUDO_OIDC_AUDIENCES="one, two",
        JITSUDO_OIDC_ALGORITHMS="ES256",
    ).auth

    assert settings.oidc_issuer == ISSUER
    assert settings.all_audiences == {"other", "one", "two"}
    assert settings.groups_claim == "roles"
    assert settings.algorithms == ("ES256",)


def test_usual_algorithms_are_those_of_key_pairs() -> None:
    """Neither none nor a shared secret."""
    assert _load(GOOD).auth.algorithms == USUAL
    assert not [name for name in USUAL if name.startswith("HS") or name == "none"]


@pytest.mark.parametrize(
    "issuer",
    [
        "http://127.0.0.1:5556/dex",
        "http://localhost:5556/dex",
        "http://[::1]:5556",
        ISSUER,
        f"{ISSUER}/",
    ],
)
def test_issuers_are_https_or_on_this_machine(issuer: str) -> None:
    """A slash at the end is part of the name."""
    assert _load({**GOOD, "oidc_issuer": issuer}).auth.oidc_issuer == issuer


@pytest.mark.parametrize(
    ("part", "setting", "why"),
    [
        ({"client_id": "x"}, "auth", "JITSUDO_OIDC_ISSUER is not set"),
        ({"oidc_issuer": ISSUER}, "auth", "JITSUDO_OIDC_CLIENT_ID"),
        ({**GOOD, "client_id": ""}, "JITSUDO_OIDC_CLIENT_ID", "at least 1"),
        ({**GOOD, "oidc_issuer": "login"}, "JITSUDO_OIDC_ISSUER", "an address"),
        ({**GOOD, "oidc_issuer": "https://[x"}, "JITSUDO_OIDC_ISSUER", "no address"),
        (
            {**GOOD, "oidc_issuer": "http://login.example.com"},
            "JITSUDO_OIDC_ISSUER",
            "has to be https",
        ),
        (
            {**GOOD, "oidc_issuer": "https://me:pw@login.example.com"},
            "JITSUDO_OIDC_ISSUER",
            "plain address",
        ),
        (
            {**GOOD, "oidc_discovery_url": "http://dex:5556/dex"},
            "JITSUDO_OIDC_DISCOVERY_URL",
            "has to be https",
        ),
        ({**GOOD, "algorithms": []}, "JITSUDO_OIDC_ALGORITHMS", "one or more"),
        ({**GOOD, "algorithms": ["HS256"]}, "JITSUDO_OIDC_ALGORITHMS", "one or more"),
        ({**GOOD, "algorithms": ["RS256", 7]}, "JITSUDO_OIDC_ALGORITHMS", "string"),
        ({**GOOD, "algorithms": ["none"]}, "JITSUDO_OIDC_ALGORITHMS", "one or more"),
        ({**GOOD, "issuer": ISSUER}, "auth.issuer", "is no setting"),
        ("login", "auth", "dictionary"),
    ],
)
def test_what_cannot_be_stops_the_start(part: object, setting: str, why: str) -> None:
    """It names the variable, and no password."""
    with pytest.raises(ConfigurationError, match=why) as caught:
        _load(part)

    assert caught.value.setting == setting
    assert "pw@" not in str(caught.value)
