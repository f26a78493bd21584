"""The settings of the provider `gcp`."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from core.errors import Invalid
from core.providers.endpoints import Endpoint
from core.providers.gcp_names import to_role
from core.settings import Duration

ENDPOINT: Final = "https://cloudresourcemanager.googleapis.com"

_DEFAULT_LONGEST: Final = timedelta(hours=12)


def _full_role(role: str) -> str:
    try:
        return to_role(role)
    except Invalid as error:
        raise ValueError(error.why) from error


class GcpSettings(BaseModel):
    """What the provider needs to know.

    Attributes:
        max_duration: longer requests are refused when they are made.
        condition_title_prefix: begins the title of every binding of ours. Two
            installations that change the same project need different ones.
        allowed_roles: the only roles that can be asked for; without any, all but
            those that can change the policy itself.
        service_account_file: a service account's key; without one, application
            default credentials are used.
        impersonate_service_account: the e-mail of the service account to act as.
        endpoint: the root of the Resource Manager API.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_duration: Duration = Field(default=_DEFAULT_LONGEST, gt=timedelta(0))
    condition_title_prefix: str = Field(
        default="jitsudo", pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$"
    )
    allowed_roles: tuple[Annotated[str, AfterValidator(_full_role)], ...] = ()
    service_account_file: Path | None = None
    impersonate_service_account: str | None = Field(
        default=None, pattern=r"^[^@\s/]+@[^@\s/]+\.gserviceaccount\.com$"
    )
    endpoint: Endpoint = ENDPOINT
