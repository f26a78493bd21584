"""How a server is reached over TLS: whom to believe, and who to be."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from core.errors import ConfigurationError
from core.remote.address import Address

CA_FILE: Final = "--ca-file"
CLIENT_CERT: Final = "--client-cert"
CLIENT_KEY: Final = "--client-key"


@dataclass(frozen=True, kw_only=True, slots=True)
class Transport:
    """What the way to a server is made of; the check of a certificate always is.

    Attributes:
        ca_file: certificates in PEM form to believe instead of the system's;
            empty for the system's.
        client_cert: our own certificate in PEM form, with those between it and
            its authority; empty for none. There with `client_key` or not at all.
        is_insecure: whether a token may go over plain http to another machine.
    """

    ca_file: str = ""
    client_cert: str = ""
    client_key: str = ""
    is_insecure: bool = False

    @classmethod
    def checked(
        cls,
        *,
        ca_file: str = "",
        client_cert: str = "",
        client_key: str = "",
        is_insecure: bool = False,
    ) -> Self:
        """Return a transport that has both client files or neither.

        Raises:
            ConfigurationError: one is there without the other.
        """
        if bool(client_cert) != bool(client_key):
            missing = CLIENT_KEY if client_cert else CLIENT_CERT
            raise ConfigurationError(
                setting=missing,
                why=f"is missing; {client_cert or client_key} is of no use without it, "
                "and both come from one place: flags, variables, config.yaml or login",
            )
        return cls(
            ca_file=ca_file,
            client_cert=client_cert,
            client_key=client_key,
            is_insecure=is_insecure,
        )

    def check_secrecy(self, address: Address) -> None:
        """Check that a token may be sent there.

        Raises:
            ConfigurationError: anybody on the way could read it, and nobody said
                that this is meant.
        """
        if not self.is_insecure:
            address.check_secrecy()

    def context(self) -> ssl.SSLContext:
        """Return what makes the connections; it always checks who answers.

        Raises:
            ConfigurationError: a file cannot be read, or is not what it should be.
        """
        context = ssl.create_default_context(cafile=self._checked_ca())
        if self.client_cert:
            self._show_certificate(context)
        return context

    def for_issuer(self) -> ssl.SSLContext:
        """Return the same for an identity provider, which may be a public one.

        The system's certificates are believed as well, and our own is not shown.

        Raises:
            ConfigurationError: as `context`.
        """
        context = ssl.create_default_context()
        if ca_file := self._checked_ca():
            context.load_verify_locations(cafile=ca_file)
        return context

    def _checked_ca(self) -> str | None:
        if not self.ca_file:
            return None
        _check_readable(CA_FILE, self.ca_file)
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(self.ca_file)
        except (ssl.SSLError, OSError) as error:
            why = f"{self.ca_file} holds no certificate in PEM form"
            raise ConfigurationError(setting=CA_FILE, why=why) from error
        return self.ca_file

    def _show_certificate(self, context: ssl.SSLContext) -> None:
        _check_readable(CLIENT_CERT, self.client_cert)
        _check_readable(CLIENT_KEY, self.client_key)

        def password() -> str:
            # Otherwise OpenSSL would ask on the terminal.
            why = f"{self.client_key} is encrypted; give a key without a passphrase"
            raise ConfigurationError(setting=CLIENT_KEY, why=why)

        try:
            context.load_cert_chain(self.client_cert, self.client_key, password)
        except ssl.SSLError as error:
            raise self._bad_pair(error) from error

    def _bad_pair(self, error: ssl.SSLError) -> ConfigurationError:
        if error.reason == "KEY_VALUES_MISMATCH":
            why = f"{self.client_key} is not the key of {self.client_cert}"
            return ConfigurationError(setting=CLIENT_KEY, why=why)
        try:
            probe = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            probe.load_verify_locations(self.client_cert)
        except ssl.SSLError:
            why = f"{self.client_cert} holds no certificate in PEM form"
            return ConfigurationError(setting=CLIENT_CERT, why=why)
        why = f"{self.client_key} holds no private key in PEM form"
        return ConfigurationError(setting=CLIENT_KEY, why=why)


def _check_readable(setting: str, path: str) -> None:
    try:
        with Path(path).open("rb"):
            pass
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ConfigurationError(
            setting=setting, why=f"{path} cannot be read ({reason})"
        ) from error
