"""The server's settings: file and environment, Slack's part apart."""

import pytest

from bot.settings import BotSettings, load_bot, load_slack
from core.errors import ConfigurationError
from core.settings import load_core
from core.settings_parts import FRONT_KEYS, core_part

SLACK = {
    "JITSUDO_SLACK_CHANNEL": "C0ACCESS",
    "JITSUDO_SLACK_BOT_TOKEN": "xoxb-1",
    "JITSUDO_SLACK_SIGNING_SECRET": "s",
}


def test_the_environment_wins_over_the_file() -> None:
    """Both may say something; what is nearer to the process counts."""
    document = {"port": 9000, "host": "::1", "slack": {"channel": "C0FILE"}}

    settings = load_bot({**SLACK, "JITSUDO_PORT": "9001"}, document)

    assert (settings.host, settings.port) == ("::1", 9001)
    assert settings.slack is not None
    assert settings.slack.channel == "C0ACCESS"
    assert settings.slack.is_socket_mode is False


def test_without_a_word_about_slack_there_is_no_slack() -> None:
    """The REST API and the workers run alone."""
    assert load_bot({}, {}).slack is None
    assert load_bot({"JITSUDO_SLACK_CHANNEL": ""}, {}).slack is None


def test_core_leaves_every_key_of_bots_alone() -> None:
    """A setting of the server that core took for its own would stop direct mode."""
    assert set(BotSettings.model_fields) == FRONT_KEYS


def test_core_does_not_see_what_is_bots() -> None:
    """One file serves both, and both refuse what they do not know."""
    document = {"host": "x", "port": 1, "slack": {}, "opa_url": "http://opa"}

    assert core_part(document) == {"opa_url": "http://opa"}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"JITSUDO_SLACK_BOT_TOKEN": ""}, "JITSUDO_SLACK_BOT_TOKEN"),
        ({"JITSUDO_SLACK_CHANNEL": ""}, "JITSUDO_SLACK_CHANNEL"),
        ({"JITSUDO_SLACK_SIGNING_SECRET": ""}, "JITSUDO_SLACK_APP_TOKEN"),
        ({"JITSUDO_SLACK_APP_TOKEN": "xapp-1"}, "one of the two"),
        ({"JITSUDO_SLACK_SIGNING_SECRET": "  "}, "blank"),
        ({"JITSUDO_SLACK_API_URL": "slack.com"}, "JITSUDO_SLACK_API_URL"),
        ({"JITSUDO_SLACK_PACING": "perhaps"}, "JITSUDO_SLACK_PACING"),
        ({"JITSUDO_SLACK_EMAIL_DOMAINS": "example"}, "JITSUDO_SLACK_EMAIL_DOMAINS"),
        ({"JITSUDO_SLACK_EMAIL_DOMAINS": "a.test,,"}, "JITSUDO_SLACK_EMAIL_DOMAINS"),
    ],
)
def test_a_setting_that_cannot_be_is_named(changed: dict[str, str], named: str) -> None:
    """The operator reads which variable it is; no value is repeated."""
    with pytest.raises(ConfigurationError, match=named) as caught:
        load_slack({**SLACK, **changed}, None)

    assert "xoxb-1" not in str(caught.value)


@pytest.mark.parametrize("text", ["10.0.0.5/8", "10.0.0.0/33", "proxy", "::1, x"])
def test_what_is_no_network_is_named(text: str) -> None:
    """The operator reads which part it is, and what one looks like."""
    with pytest.raises(ConfigurationError, match=r"such as 10\.0\.0\.0/8") as caught:
        load_bot({"JITSUDO_TRUSTED_PROXIES": text}, {})

    assert caught.value.setting == "JITSUDO_TRUSTED_PROXIES"
    assert text.rpartition(" ")[2] in str(caught.value)


def test_networks_are_separated_by_commas() -> None:
    """An address is a network of one."""
    settings = load_bot({"JITSUDO_TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.7,::1"}, {})

    assert list(map(str, settings.trusted_proxies)) == [
        "10.0.0.0/8",
        "192.0.2.7/32",
        "::1/128",
    ]


def test_an_unknown_key_is_refused() -> None:
    """A misspelled setting must not be a default in silence."""
    with pytest.raises(ConfigurationError, match="chanel"):
        load_slack(SLACK, {"chanel": "C1"})
    with pytest.raises(ConfigurationError, match="slack"):
        load_slack(SLACK, "C1")


@pytest.mark.parametrize(
    ("api_url", "base"),
    [
        ("https://slack.com/api/", "https://hooks.slack.com"),
        ("https://slack-gov.com/api", "https://hooks.slack-gov.com"),
        ("http://127.0.0.1:8080/api/", "http://127.0.0.1:8080"),
        ("https://evilslack.com/api/", "https://evilslack.com"),
    ],
)
def test_answers_go_to_slacks_own_host_only(api_url: str, base: str) -> None:
    """A response_url of another host would carry texts away."""
    settings = load_slack({**SLACK, "JITSUDO_SLACK_API_URL": api_url}, None)

    assert settings is not None
    assert settings.response_base == base
    assert settings.api_url.endswith("/")


def test_a_secret_is_never_shown() -> None:
    """Settings end up in logs."""
    assert "xoxb-1" not in repr(load_slack(SLACK, None))


def test_what_is_not_set_says_what_to_set() -> None:
    """Neither in the words of a library nor without an example."""
    with pytest.raises(
        ConfigurationError, match="is not set; it is the xoxb-"
    ) as slack:
        load_bot({"JITSUDO_SLACK_CHANNEL": "access"}, {})
    assert slack.value.setting == "JITSUDO_SLACK_BOT_TOKEN"
    with pytest.raises(
        ConfigurationError, match="is not set; for example sqlite"
    ) as it:
        load_core({}, {})
    assert it.value.setting == "JITSUDO_DATABASE_URL"


@pytest.mark.parametrize(
    ("part", "variable"),
    [
        ({}, {"JITSUDO_SLACK_EMAIL_DOMAINS": "Example.com, @corp.example.org"}),
        ({"email_domains": ["example.com", "corp.example.org"]}, {}),
    ],
)
def test_domains_are_read_from_a_list_or_a_line(
    part: dict[str, object], variable: dict[str, str]
) -> None:
    """In one spelling, whichever it was."""
    settings = load_slack({**SLACK, **variable}, part)

    assert settings is not None
    assert settings.email_domains == ("example.com", "corp.example.org")


def test_a_sign_in_cannot_be_needed_where_nobody_can_sign_in() -> None:
    """The server does not start, rather than refusing everybody in Slack."""
    values = {"JITSUDO_DATABASE_URL": "sqlite+aiosqlite:///x.db"}
    assert load_core(values, {}).links_by_oidc is False

    with pytest.raises(ConfigurationError, match="no OIDC issuer"):
        load_core({**values, "JITSUDO_SLACK_LINK": "oidc"}, {})
    with pytest.raises(ConfigurationError, match="JITSUDO_SLACK_LINK"):
        load_core({**values, "JITSUDO_SLACK_LINK": "first-use"}, {})
