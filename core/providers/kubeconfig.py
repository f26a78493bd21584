"""The kubeconfig that a requester gets."""

from base64 import b64encode

import yaml

from core.providers.kubernetes_connection import Endpoint
from core.providers.kubernetes_settings import CLUSTER_WIDE


def to_kubeconfig(endpoint: Endpoint, *, name: str, token: str, scope: str) -> str:
    """Return a kubeconfig with one context, which is the current one.

    Args:
        name: of cluster, user and context; people see it in their prompt.
        token: the secret in it.
        scope: the namespace to begin in; `*` for the cluster's default.

    Source: Kubernetes, kubeconfig (v1).
    """
    cluster = {"server": endpoint.server}
    if endpoint.authority is not None:
        encoded = b64encode(endpoint.authority.encode()).decode()
        cluster["certificate-authority-data"] = encoded
    if endpoint.server_name is not None:
        cluster["tls-server-name"] = endpoint.server_name
    context = {"cluster": name, "user": name}
    if scope != CLUSTER_WIDE:
        context["namespace"] = scope
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": context}],
        "current-context": name,
    }
    return yaml.safe_dump(document, sort_keys=False)
