"""The server's settings: where it listens, and how it reaches Slack."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from core.errors import ConfigurationError
from core.settings import overrides, split, to_configuration_error
from core.settings_parts import FRONT_KEYS

SLACK_PART: Final = "slack"
"""The key of the settings file under which Slack's settings stand."""

_VARIABLES: Final[Mapping[str, str]] = {
    "JITSUDO_HOST": "host",
    "JITSUDO_PORT": "port",
    "JITSUDO_TLS_CERT_FILE": "tls_cert_file",
    "JITSUDO_TLS_KEY_FILE": "tls_key_file",
    "JITSUDO_TLS_CLIENT_CA_FILE": "tls_client_ca_file",
    "JITSUDO_TRUSTED_PROXIES": "trusted_proxies",
    "JITSUDO_MAX_CONNECTIONS": "max_connections",
}

_SLACK_VARIABLES: Final[Mapping[str, str]] = {
    "JITSUDO_SLACK_CHANNEL": "channel",
    "JITSUDO_SLACK_BOT_TOKEN": "bot_token",
    "JITSUDO_SLACK_APP_TOKEN": "app_token",
    "JITSUDO_SLACK_SIGNING_SECRET": "signing_secret",
    "JITSUDO_SLACK_API_URL": "api_url",
    "JITSUDO_SLACK_HOOKS_URL": "hooks_url",
    "JITSUDO_SLACK_ALLOW_SHARED_CHANNELS": "allow_shared_channels",
    "JITSUDO_SLACK_PACING": "pacing",
    "JITSUDO_SLACK_EMAIL_DOMAINS": "email_domains",
}

_HOOKS: Final[Mapping[str, str]] = {
    "slack.com": "https://hooks.slack.com",
    "slack-gov.com": "https://hooks.slack-gov.com",
}
"""Where a response_url points, by the API's domain.

Source: docs.slack.dev, handling user interaction, and GovSlack.
"""


def _domains(value: object) -> object:
    """Return domains from a list, or from a text with commas."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list | tuple):
        return value
    domains = [str(part).strip().lower().removeprefix("@") for part in value]
    if not all(_DOMAIN.fullmatch(domain) for domain in domains):
        message = "has to name domains such as example.com, separated by commas"
        raise ValueError(message)
    return domains


_DOMAIN: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")


def _networks(value: object) -> object:
    """Return networks from a list, or from a text with commas."""
    parts = split(value)
    if not isinstance(parts, list | tuple):
        return parts
    try:
        return [ip_network(str(part)) for part in parts]
    except ValueError as error:
        message = (
            "has to name networks such as 10.0.0.0/8, without bits behind the "
            f"prefix, or addresses such as 192.0.2.7: {error}"
        )
        raise ValueError(message) from error


class SlackSettings(BaseModel):
    """How to reach one Slack workspace.

    Attributes:
        channel: the id or name of the channel for cards of which policy names none.
        app_token: `xapp-…`; Socket Mode.
        signing_secret: HTTP mode; exactly one of the two is set.
        api_url: the Web API's base, ending in a slash.
        hooks_url: scheme and host of every response_url; by `api_url` if unset.
        allow_shared_channels: whether cards may go where another company reads.
        pacing: whether calls are spread to stay below Slack's rate limits.
        email_domains: of the addresses that may act, in lower case; empty: any.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: str = Field(min_length=1)
    bot_token: SecretStr
    app_token: SecretStr | None = None
    signing_secret: SecretStr | None = None
    api_url: str = "https://slack.com/api/"
    hooks_url: str | None = None
    allow_shared_channels: bool = False
    pacing: bool = True
    email_domains: Annotated[tuple[str, ...], BeforeValidator(_domains)] = ()

    @field_validator("api_url", "hooks_url")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            message = "has to be an address such as https://slack.com/api/"
            raise ValueError(message)
        return value

    @field_validator("api_url")
    @classmethod
    def _ends_in_slash(cls, value: str) -> str:
        return value if value.endswith("/") else value + "/"

    @model_validator(mode="after")
    def _one_transport(self) -> Self:
        if (self.app_token is None) == (self.signing_secret is None):
            message = (
                "set JITSUDO_SLACK_APP_TOKEN for Socket Mode or "
                "JITSUDO_SLACK_SIGNING_SECRET for HTTP, one of the two"
            )
            raise ValueError(message)
        for name in ("bot_token", "app_token", "signing_secret"):
            secret: SecretStr | None = getattr(self, name)
            if secret is not None and not secret.get_secret_value().strip():
                message = f"{name} is blank"
                raise ValueError(message)
        return self

    @property
    def is_socket_mode(self) -> bool:
        """Tell whether Slack is reached by Socket Mode rather than HTTP."""
        return self.app_token is not None

    @property
    def response_base(self) -> str:
        """Return the scheme and host that every response_url has to have."""
        parts = urlsplit(self.hooks_url or self.api_url)
        if self.hooks_url is None:
            domain = ".".join((parts.hostname or "").split(".")[-2:])
            if domain in _HOOKS:
                return _HOOKS[domain]
        return f"{parts.scheme}://{parts.netloc}"


class BotSettings(BaseModel):
    """Where the server listens, and whom it believes.

    Attributes:
        tls_cert_file: PEM, the server's certificate first; with `tls_key_file`.
        tls_client_ca_file: PEM; clients then need a certificate from it. It keeps
            strangers off the transport and says nothing about who somebody is.
        trusted_proxies: networks from which `X-Forwarded-…` is believed.
        max_connections: open at once; one more is turned away.
        slack: None runs the REST API and the workers without Slack.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65_535)
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    tls_client_ca_file: Path | None = None
    trusted_proxies: Annotated[
        tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_networks)
    ] = ()
    max_connections: int = Field(default=1_000, ge=1)
    slack: SlackSettings | None = None

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            message = (
                "set JITSUDO_TLS_CERT_FILE and JITSUDO_TLS_KEY_FILE, both or neither"
            )
            raise ValueError(message)
        if self.tls_client_ca_file is not None and self.tls_cert_file is None:
            message = "JITSUDO_TLS_CLIENT_CA_FILE needs JITSUDO_TLS_CERT_FILE as well"
            raise ValueError(message)
        return self

    @property
    def has_tls(self) -> bool:
        """Tell whether the server speaks TLS itself."""
        return self.tls_cert_file is not None


def load_bot(
    environment: Mapping[str, str], document: Mapping[str, object]
) -> BotSettings:
    """Return the server's settings; the environment wins over the file.

    Args:
        document: the whole settings file's mapping.

    Raises:
        ConfigurationError: naming the first setting that cannot be.
    """
    values = {
        key: document[key] for key in FRONT_KEYS - {SLACK_PART} if key in document
    }
    values |= overrides(environment, _VARIABLES)
    slack = load_slack(environment, document.get(SLACK_PART))
    try:
        settings = BotSettings.model_validate(values)
    except ValidationError as error:
        raise to_configuration_error(error, _VARIABLES) from error
    return settings.model_copy(update={"slack": slack})


def load_slack(environment: Mapping[str, str], part: object) -> SlackSettings | None:
    """Return Slack's settings; None if neither file nor environment names Slack.

    Args:
        part: what stands under `slack:` in the settings file, if anything.

    Raises:
        ConfigurationError: naming the first setting that cannot be.
    """
    if part is not None and not isinstance(part, dict):
        raise ConfigurationError(
            setting=SLACK_PART, why="has to be a mapping of settings"
        )
    values = {**(part or {}), **overrides(environment, _SLACK_VARIABLES)}
    if not values:
        return None
    try:
        return SlackSettings.model_validate(values)
    except ValidationError as error:
        raise to_configuration_error(error, _SLACK_VARIABLES) from error
