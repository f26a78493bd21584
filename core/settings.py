"""Core's settings: one optional YAML file, and the environment over it."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from core.auth_settings import AUTH_PART, AUTH_VARIABLES, AuthSettings
from core.duration import parse_duration
from core.environment import (
    read_environment as read_environment,  # noqa: PLC0414 - exported from here
)
from core.errors import ConfigurationError, Invalid
from core.vocabulary import GroupSource

FILE_VARIABLE: Final = "JITSUDO_CONFIG"

_VARIABLES: Final[Mapping[str, str]] = {
    "JITSUDO_DATABASE_URL": "database_url",
    "JITSUDO_OPA_URL": "opa_url",
    "JITSUDO_POLICY_DIR": "policy_dir",
    "JITSUDO_GROUPS_FILE": "groups_file",
    "JITSUDO_GROUPS_FROM": "groups_from",
    "JITSUDO_OIDC_GROUPS_MAX_AGE": "oidc_groups_max_age",
    "JITSUDO_ADMIN_GROUPS_FROM_SLACK": "admin_groups_from_slack",
    "JITSUDO_ENCRYPTION_KEYS": "encryption_keys",
    "JITSUDO_REQUEST_TTL": "request_ttl",
    "JITSUDO_ABANDON_AFTER": "abandon_after",
    "JITSUDO_REVIEW_REMINDER": "review_reminder",
    "JITSUDO_LOCAL_PROVIDER": "local_provider",
    "JITSUDO_PENDING_PER_REQUESTER": "pending_per_requester",
    "JITSUDO_SUBMISSIONS_PER_MINUTE": "submissions_per_minute",
    "JITSUDO_BREAK_GLASS_PER_MINUTE": "break_glass_per_minute",
    "JITSUDO_DECISIONS_PER_MINUTE": "decisions_per_minute",
    "JITSUDO_FAILED_SIGN_INS_PER_MINUTE": "failed_sign_ins_per_minute",
    "JITSUDO_SLACK_LINK": "slack_link",
}
"""Environment variables and the settings they override."""

LIMITS: Final[Mapping[str, str]] = {
    variable: setting
    for variable, setting in _VARIABLES.items()
    if setting.endswith(("_per_requester", "_per_minute"))
}
"""How often somebody may do something, by variable."""

_EXAMPLES: Final[Mapping[str, str]] = {
    "JITSUDO_DATABASE_URL": "; for example sqlite+aiosqlite:///jitsudo.db",
    "JITSUDO_SLACK_CHANNEL": "; for example access, the channel for the cards",
    "JITSUDO_SLACK_BOT_TOKEN": "; it is the xoxb-… token of the Slack app",
}
"""What to set where nothing is set, by variable."""


def _duration(value: object) -> object:
    if isinstance(value, str):
        try:
            return parse_duration("duration", value)
        except Invalid as error:
            raise ValueError(error.why) from error
    return value


def split(value: object) -> object:
    """Return the parts of a text with commas, as the environment spells a list."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""A time such as `24h`, `30m` or `1h30m`."""


class CoreSettings(BaseModel):
    """What core needs to know before it can start.

    Attributes:
        database_url: `postgresql+asyncpg://…` or `sqlite+aiosqlite:///…`.
        opa_url: an OPA server; without one, `policy_dir` is read.
        policy_dir: Rego for the embedded engine.
        groups_file: YAML with who is in which group.
        groups_from: where groups come from; empty is the file, if there is one.
        oidc_groups_max_age: how long the groups of a sign-in count.
        admin_groups_from_slack: whether a Slack user group of that handle makes
            its members admins or auditors.
        encryption_keys: Fernet keys; the first encrypts, all decrypt.
        request_ttl: how long a request waits for a decision.
        abandon_after: how long issuing is tried before it is given up.
        review_reminder: from one reminder of an open break-glass review to the next.
        local_provider: whether the stand-in provider `local` exists.
        pending_per_requester: requests that one person may have waiting at once;
            0 in this and in the next ones is no limit.
        submissions_per_minute: asks of one person, refused ones too.
        break_glass_per_minute: asks of one person that break the glass; they count
            neither there nor as waiting.
        decisions_per_minute: approvals and denials of one person, refused ones too.
        failed_sign_ins_per_minute: tokens from one address that are nobody's.
        auth: the identity provider whose ID tokens are believed, if any.
        slack_link: what binds an account in Slack to a person: its first use, or a
            sign-in at an identity provider, without which it cannot act.
        providers: the settings of each provider, by the name that requests use;
            `kind` names another provider's code than the name does. Only in the
            file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    database_url: SecretStr
    opa_url: str | None = None
    policy_dir: Path | None = None
    groups_file: Path | None = None
    groups_from: Annotated[tuple[GroupSource, ...], BeforeValidator(split)] = ()
    oidc_groups_max_age: Duration = Field(default=timedelta(hours=24), gt=timedelta(0))
    admin_groups_from_slack: bool = False
    encryption_keys: Annotated[tuple[SecretStr, ...], BeforeValidator(split)] = ()
    request_ttl: Duration = Field(default=timedelta(hours=24), gt=timedelta(0))
    abandon_after: Duration = Field(default=timedelta(hours=1), gt=timedelta(0))
    review_reminder: Duration = Field(default=timedelta(hours=24), gt=timedelta(0))
    local_provider: bool = False
    pending_per_requester: int = Field(default=20, ge=0)
    submissions_per_minute: int = Field(default=20, ge=0)
    break_glass_per_minute: int = Field(default=10, ge=0)
    decisions_per_minute: int = Field(default=60, ge=0)
    failed_sign_ins_per_minute: int = Field(default=20, ge=0)
    auth: AuthSettings = AuthSettings()
    slack_link: Literal["first_use", "oidc"] = "first_use"
    providers: Mapping[str, Mapping[str, object]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_policy_source(self) -> Self:
        if self.opa_url is not None and self.policy_dir is not None:
            message = "set JITSUDO_OPA_URL or JITSUDO_POLICY_DIR, not both"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _linked_by_somebody(self) -> Self:
        if self.links_by_oidc and not self.has_oidc:
            message = "JITSUDO_SLACK_LINK is oidc, but there is no OIDC issuer"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _sources_that_fit(self) -> Self:
        names = self.groups_from
        if len(set(names)) < len(names):
            message = "JITSUDO_GROUPS_FROM names a source twice"
            raise ValueError(message)
        if GroupSource.FILE in names and self.groups_file is None:
            message = "JITSUDO_GROUPS_FROM names file; set JITSUDO_GROUPS_FILE"
            raise ValueError(message)
        if names and GroupSource.FILE not in names and self.groups_file is not None:
            message = (
                "JITSUDO_GROUPS_FILE would not be read; "
                "add file to JITSUDO_GROUPS_FROM, or unset it"
            )
            raise ValueError(message)
        return self

    @property
    def has_oidc(self) -> bool:
        """Tell whether an identity provider is configured."""
        return self.auth.oidc_issuer is not None

    @property
    def links_by_oidc(self) -> bool:
        """Tell whether an account in Slack needs a sign-in before it can act."""
        return self.slack_link == "oidc"

    @property
    def group_sources(self) -> tuple[GroupSource, ...]:
        """Return where groups come from; nowhere if nothing is set."""
        if self.groups_from or self.groups_file is None:
            return self.groups_from
        return (GroupSource.FILE,)


def without_limits(settings: CoreSettings) -> CoreSettings:
    """Return settings for where load is tried: the demo, and tests."""
    return settings.model_copy(update=dict.fromkeys(LIMITS.values(), 0))


def load_document(environment: Mapping[str, str]) -> dict[str, object]:
    """Return the settings file that `JITSUDO_CONFIG` names; empty without one.

    Raises:
        ConfigurationError: it cannot be read, or is no mapping.
    """
    name = environment.get(FILE_VARIABLE)
    if not name:
        return {}
    try:
        document = yaml.safe_load(Path(name).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            setting=FILE_VARIABLE, why=f"{name} cannot be read: {error}"
        ) from error
    except yaml.YAMLError as error:
        raise ConfigurationError(
            setting=FILE_VARIABLE, why=f"{name} is not YAML: {first_line(error)}"
        ) from error
    if not isinstance(document, dict):
        raise ConfigurationError(
            setting=FILE_VARIABLE, why=f"{name} has to be a mapping of settings"
        )
    return document


def load_core(
    environment: Mapping[str, str], document: Mapping[str, object]
) -> CoreSettings:
    """Return core's settings; the environment wins over the file.

    Args:
        document: the settings file's mapping, without what belongs to bot.

    Raises:
        ConfigurationError: naming the first setting that cannot be.
    """
    values = {**document, **overrides(environment, _VARIABLES)}
    part = document.get(AUTH_PART) or {}
    if isinstance(part, dict):  # anything else is refused below, by its name
        values[AUTH_PART] = {**part, **overrides(environment, AUTH_VARIABLES)}
    names = {name: f"{AUTH_PART}.{key}" for name, key in AUTH_VARIABLES.items()}
    try:
        return CoreSettings.model_validate(values)
    except ValidationError as error:
        raise to_configuration_error(error, {**_VARIABLES, **names}) from error


def overrides(
    environment: Mapping[str, str], variables: Mapping[str, str]
) -> dict[str, str]:
    """Return the settings that the environment gives; empty ones do not count."""
    return {
        setting: environment[variable]
        for variable, setting in variables.items()
        if environment.get(variable)
    }


def to_configuration_error(
    error: ValidationError, variables: Mapping[str, str]
) -> ConfigurationError:
    """Return the first thing that is wrong, by its variable, without its value."""
    first = error.errors(include_input=False, include_url=False)[0]
    # What is wrong within a list is the list's: `groups_from.0` is no setting.
    parts = takewhile(lambda part: isinstance(part, str), first["loc"])
    setting = ".".join(map(str, parts)) or "settings"
    names = {setting: variable for variable, setting in variables.items()}
    why = first["msg"].removeprefix("Value error, ")
    if first["type"] == "missing":
        why = "is not set" + _EXAMPLES.get(names.get(setting, ""), "; set it")
    elif first["type"] == "extra_forbidden":
        why = "is no setting; look at how it is written, or take it out"
    return ConfigurationError(setting=names.get(setting, setting), why=why)


def first_line(error: Exception) -> str:
    """Return the first line of an error's text."""
    return (str(error).splitlines() or [type(error).__name__])[0]
