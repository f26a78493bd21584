"""Encrypts credentials at rest, bound to their request."""

import json
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from typing_extensions import override

from core.domain.grant import Secrets
from core.errors import ConfigurationError
from core.ports import Sealer
from core.vocabulary import RequestId

_SETTING = "JITSUDO_ENCRYPTION_KEYS"


class FernetSealer(Sealer):
    """Seals with the first key, opens with any; the request id is inside.

    Source: cryptography's Fernet specification; MultiFernet for rotation.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        """Build the cipher.

        Args:
            keys: 32 bytes each in URL-safe base 64; the first one encrypts.

        Raises:
            ConfigurationError: there is none, or one is malformed.
        """
        if not keys:
            raise ConfigurationError(
                setting=_SETTING,
                why="is not set; make a key with `openssl rand -base64 32 | tr +/ -_`",
            )
        try:
            self._cipher = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise ConfigurationError(
                setting=_SETTING,
                why="holds a key that is not 32 bytes in URL-safe base 64",
            ) from error

    @override
    def seal(self, request_id: RequestId, secrets: Secrets) -> bytes:
        """Return ciphertext that names its request inside."""
        content = {
            "request_id": request_id,
            "variables": dict(secrets.variables),
            "files": dict(secrets.files),
        }
        return self._cipher.encrypt(json.dumps(content).encode())

    @override
    def open(self, request_id: RequestId, sealed: bytes) -> Secrets:
        """Return what was sealed.

        Raises:
            ConfigurationError: no key fits, or they are another request's.
        """
        try:
            content = json.loads(self._cipher.decrypt(sealed))
        except InvalidToken as error:
            raise ConfigurationError(
                setting=_SETTING,
                why=f"has no key that opens the credentials of {request_id}; "
                "add the key that was in use when they were issued",
            ) from error
        if content["request_id"] != request_id:
            raise ConfigurationError(
                setting=_SETTING,
                why=f"the sealed credentials stored for {request_id} are another "
                "request's; the database was changed by hand",
            )
        return Secrets(variables=content["variables"], files=content.get("files", {}))
