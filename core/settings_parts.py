"""Which part of the settings file is whose."""

from collections.abc import Mapping
from typing import Final

FRONT_KEYS: Final = frozenset(
    {
        "host",
        "port",
        "tls_cert_file",
        "tls_key_file",
        "tls_client_ca_file",
        "trusted_proxies",
        "max_connections",
        "slack",
    }
)
"""The keys of the settings file that are about who is served, and not core's."""


def core_part(document: Mapping[str, object]) -> dict[str, object]:
    """Return what of the settings file belongs to core."""
    return {key: value for key, value in document.items() if key not in FRONT_KEYS}
