"""How jitsudo signs in to a cluster; read anew each time, since tokens rotate."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml
from kubernetes_asyncio.client import Configuration
from kubernetes_asyncio.config import (
    ConfigException,
    load_incluster_config,
    load_kube_config,
)

from core.errors import ProviderFailed
from core.providers.kubernetes_settings import KubernetesSettings

SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its token. Source: Kubernetes, accessing the API from a pod."""

_SIGN_IN_SECONDS: Final = 10.0
"""A kubeconfig may name a program that fetches a token."""

_UNUSABLE: Final = (
    *(ConfigException, yaml.YAMLError),
    *(OSError, ValueError, TypeError, KeyError, AttributeError),
    *(AssertionError, RuntimeError),
)
"""What the client library raises where a kubeconfig is not as it should be."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """Where an API server is, and whom to trust there.

    Attributes:
        authority: PEM certificates; None for the system's.
        server_name: the name its certificate has, where that is another one.
    """

    server: str
    authority: str | None = None
    server_name: str | None = None


async def configure(
    name: str, settings: KubernetesSettings, *, pod_files: Path = SERVICE_ACCOUNT
) -> Configuration:
    """Return the client library's configuration with credentials of now.

    Args:
        name: the provider's, for errors.
        pod_files: the directory of a pod's token and authority.

    Raises:
        ProviderFailed: a file is missing or not as it should be. Its text stays
            out of the error: what the library says may hold a token.
    """
    configuration = Configuration()
    # Python 3.13 began to refuse certificates without an authority key id, which
    # some clusters have; chain and name are checked all the same.
    configuration.disable_strict_ssl_verification = True
    try:
        async with asyncio.timeout(_SIGN_IN_SECONDS):
            await _load(configuration, settings, pod_files)
    except TimeoutError as error:
        why = f"signing in took over {_SIGN_IN_SECONDS:.0f} s: {_how(settings)}"
        raise ProviderFailed(provider=name, why=why) from error
    except _UNUSABLE:
        why = f"jitsudo cannot sign in: {_how(settings)}"
        # The cause may quote the kubeconfig, and a traceback would show it.
        raise ProviderFailed(provider=name, why=why) from None
    if not configuration.host.startswith("https://") or not configuration.verify_ssl:
        why = "the kubeconfig does without TLS, or does not check who answers"
        raise ProviderFailed(provider=name, why=why)
    return configuration


async def _load(
    configuration: Configuration, settings: KubernetesSettings, pod_files: Path
) -> None:
    if settings.kubeconfig is not None:
        path = settings.kubeconfig.expanduser()
        path.read_bytes()  # The library takes a missing file for an empty one.
        await load_kube_config(
            config_file=str(path),
            context=settings.context,
            client_configuration=configuration,
            persist_config=False,
        )
    elif settings.in_cluster:
        load_incluster_config(
            client_configuration=configuration,
            try_refresh_token=False,
            token_filename=str(pod_files / "token"),
            cert_filename=str(pod_files / "ca.crt"),
        )
    else:
        configuration.host = settings.server
        if settings.ca_file is not None:
            configuration.ssl_ca_cert = str(settings.ca_file.expanduser())
        token = (settings.token_file or Path()).expanduser().read_text("utf-8")
        configuration.api_key["BearerToken"] = f"Bearer {token}"
    token = configuration.api_key.get("BearerToken", "")
    if token:
        configuration.api_key["BearerToken"] = token.strip()
    _read_authority(configuration)


def _read_authority(configuration: Configuration) -> str | None:
    if configuration.ssl_ca_cert is None:
        return None
    return Path(configuration.ssl_ca_cert).read_text("utf-8")


def endpoint_for_people(
    configuration: Configuration, settings: KubernetesSettings
) -> Endpoint:
    """Return where a requester reaches the cluster that jitsudo is connected to.

    Raises:
        OSError: `token_request.ca_file` cannot be read.
    """
    own = settings.token_request
    if own is None or own.server is None:
        server, server_name = configuration.host, configuration.tls_server_name
    else:
        server, server_name = own.server, None
    if own is not None and own.ca_file is not None:
        authority: str | None = own.ca_file.expanduser().read_text("utf-8")
    else:
        authority = _read_authority(configuration)
    return Endpoint(server=server, authority=authority, server_name=server_name)


def _how(settings: KubernetesSettings) -> str:
    if settings.kubeconfig is not None:
        context = f" --context {settings.context}" if settings.context else ""
        return f"try kubectl --kubeconfig {settings.kubeconfig}{context} version"
    if settings.in_cluster:
        return "is it in a pod, with the token of its ServiceAccount mounted?"
    ca_file = f" and {settings.ca_file}" if settings.ca_file else ""
    return f"are {settings.token_file}{ca_file} there and readable?"
