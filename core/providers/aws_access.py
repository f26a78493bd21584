"""Opens clients of AWS, with the time each call may take."""

from typing import TYPE_CHECKING, Any, Final

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from types_aiobotocore_iam.client import IAMClient
    from types_aiobotocore_identitystore.client import IdentityStoreClient
    from types_aiobotocore_sso_admin.client import SSOAdminClient
    from types_aiobotocore_sts.client import STSClient
    from types_aiobotocore_sts.type_defs import CredentialsTypeDef

_CONFIG: Final = AioConfig(
    connect_timeout=3,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 2},
)
"""Short: a job repeats the whole call, and its time is 20 s."""


class AwsAccess:
    """Signs with the credentials that the SDK finds in the server's surroundings.

    A client is opened for each piece of work and closed after it: credentials
    are renewed by the session, which lives as long as the provider.
    """

    def __init__(self, *, region: str, endpoint_url: str | None) -> None:
        """Prepare; nothing is read or connected before the first client."""
        self._session = get_session()
        self._region = region
        self._endpoint_url = endpoint_url

    def sts(self) -> "AbstractAsyncContextManager[STSClient]":
        """Open a client of the Security Token Service."""
        client: AbstractAsyncContextManager[STSClient] = self._client("sts")
        return client

    def iam(
        self, keys: "CredentialsTypeDef | None"
    ) -> "AbstractAsyncContextManager[IAMClient]":
        """Open a client of IAM.

        Args:
            keys: of a role in the account that is meant; None are our own.
        """
        client: AbstractAsyncContextManager[IAMClient] = self._client("iam", keys)
        return client

    def sso_admin(self) -> "AbstractAsyncContextManager[SSOAdminClient]":
        """Open a client of IAM Identity Center."""
        client: AbstractAsyncContextManager[SSOAdminClient] = self._client("sso-admin")
        return client

    def identity_store(self) -> "AbstractAsyncContextManager[IdentityStoreClient]":
        """Open a client of Identity Center's directory of people."""
        client: AbstractAsyncContextManager[IdentityStoreClient] = self._client(
            "identitystore"
        )
        return client

    def _client(self, service: str, keys: "CredentialsTypeDef | None" = None) -> Any:
        return self._session.create_client(
            service,
            region_name=self._region,
            endpoint_url=self._endpoint_url,
            aws_access_key_id=keys["AccessKeyId"] if keys else None,
            aws_secret_access_key=keys["SecretAccessKey"] if keys else None,
            aws_session_token=keys["SessionToken"] if keys else None,
            config=_CONFIG,
        )
