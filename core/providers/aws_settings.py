"""Settings of the provider `aws`, and the roles that they spell."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core.settings import Duration

SHORTEST: Final = timedelta(minutes=15)
LONGEST: Final = timedelta(hours=12)
"""What `DurationSeconds` may be. Source: STS API reference, AssumeRole."""

ROLE_NAME_LIMIT: Final = 64

ROLE_NAME: Final = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")
ACCOUNT: Final = re.compile(r"[0-9]{12}")
"""Source: IAM API reference, CreateRole; account ids have twelve digits."""

_ARN: Final = re.compile(
    r"(?P<partition>aws[a-z-]*):iam::(?P<account>[0-9]{12}|\{scope\})"
    r":role/(?P<path>(?:[A-Za-z0-9_+=,.@{}-]+/)*)(?P<name>[A-Za-z0-9_+=,.@{}-]+)"
)

EndpointUrl = Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+/?$")]
Region = Annotated[str, Field(pattern=r"^[a-z]{2,}(-[a-z]+)+-[0-9]+$")]


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleArn:
    """One role, or a template of them with `{scope}` and `{role}` left open."""

    text: str
    account: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the role that an ARN names.

        Raises:
            ValueError: it is not the ARN of an IAM role.
        """
        found = _ARN.fullmatch(text.removeprefix("arn:"))
        if found is None or not text.startswith("arn:"):
            message = (
                "has to look like arn:aws:iam::{scope}:role/jitsudo-{role}, with "
                "{scope} or twelve digits for the account"
            )
            raise ValueError(message)
        return cls(text=text, account=found["account"], name=found["name"])

    def filled(self, *, scope: str, role: str) -> "RoleArn":
        """Return the role that a template makes of a scope and a role."""

        def fill(text: str) -> str:
            return text.replace("{scope}", scope).replace("{role}", role)

        return RoleArn(
            text=fill(self.text), account=fill(self.account), name=fill(self.name)
        )


def checked_template(text: str, *, holes: tuple[str, ...]) -> RoleArn:
    """Return a template that leaves nothing open but `holes`.

    Raises:
        ValueError: it is no role's ARN, or has other braces.
    """
    rest = text
    for hole in holes:
        rest = rest.replace(hole, "")
    if "{" in rest or "}" in rest:
        message = f"has braces around something other than {' and '.join(holes)}"
        raise ValueError(message)
    return RoleArn.parse(text)


class AwsSettings(BaseModel):
    """The part `providers: {aws: …}` of the settings file.

    Attributes:
        role_arn_template: the role to assume, with `{scope}` and `{role}`.
        revoker_role_arn_template: the role that may write the policies of those
            roles, in their account; without it our own credentials do it.
        external_id: sent whenever a role is assumed.
        region: of the service, and what the requester's tools begin with.
        endpoint_url: instead of AWS's own addresses, for tests.
        max_duration: asks for longer are refused.
        source_identity: whether sessions carry the requester as source identity.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    role_arn_template: str
    revoker_role_arn_template: str | None = None
    external_id: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9_+=,.@:/-]{2,1224}$"
    )
    region: Region = "us-east-1"
    endpoint_url: EndpointUrl | None = None
    max_duration: Duration = Field(default=LONGEST, ge=SHORTEST, le=LONGEST)
    source_identity: bool = False

    @field_validator("role_arn_template")
    @classmethod
    def _names_a_role(cls, text: str) -> str:
        checked_template(text, holes=("{scope}", "{role}"))
        if "{role}" not in text:
            message = "has no {role}; whatever was asked for, it would give the same"
            raise ValueError(message)
        return text

    @field_validator("revoker_role_arn_template")
    @classmethod
    def _names_a_revoker(cls, text: str | None) -> str | None:
        if text is not None:
            checked_template(text, holes=("{scope}",))
        return text

    @model_validator(mode="after")
    def _can_end_what_it_grants(self) -> Self:
        account = self.role.account
        if self.revoker is None and account == "{scope}":
            message = (
                "revoker_role_arn_template is not set; without it a session in "
                "another account cannot be ended early. Set it, or write the one "
                "account into role_arn_template"
            )
            raise ValueError(message)
        if self.revoker is not None and self.revoker.account != account:
            message = (
                "revoker_role_arn_template names another account than "
                "role_arn_template; a role's policies are written in its own"
            )
            raise ValueError(message)
        return self

    @property
    def role(self) -> RoleArn:
        """Return the template of the roles that are granted."""
        return RoleArn.parse(self.role_arn_template)

    @property
    def revoker(self) -> RoleArn | None:
        """Return the template of the roles that end sessions."""
        text = self.revoker_role_arn_template
        return None if text is None else RoleArn.parse(text)
