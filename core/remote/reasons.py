"""Why a server was not reached, or hung up, in words that say what helps."""

import ssl
from http.client import HTTPException, RemoteDisconnected
from typing import Final

_TODO: Final = {
    10: "whoever runs it has to renew it",
    62: "write the name that it is for, or have it name this one",
    64: "write the name that it is for, or have it name this one",
}
"""What helps, other than to trust it.

Source: OpenSSL, x509_vfy.h: expired, another host name, another IP address.
"""

_NEEDED: Final = "it asks for a client certificate; pass --client-cert and --client-key"
_REFUSED: Final = "it does not accept our client certificate ({})"

REFUSALS: Final = {
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": _NEEDED,
    # Before TLS 1.3 a missing certificate is a failed handshake.
    "SSLV3_ALERT_HANDSHAKE_FAILURE": _NEEDED,
    "TLSV1_ALERT_UNKNOWN_CA": _REFUSED.format("unknown authority"),
    "SSLV3_ALERT_BAD_CERTIFICATE": _REFUSED.format("bad certificate"),
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": _REFUSED.format("expired"),
    "SSLV3_ALERT_CERTIFICATE_REVOKED": _REFUSED.format("revoked"),
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _REFUSED.format("not believed"),
}
"""What a server says of our certificate, by OpenSSL's names of the alerts.

Source: RFC 8446 section 6.2; names as in OpenSSL's `ssl.h`.
"""

NO_TLS: Final = "it does not speak TLS; is it an http address?"

_ALERTS: Final = {**REFUSALS, "WRONG_VERSION_NUMBER": NO_TLS}

_HUNG_UP: Final = {
    True: "it hung up without an answer; a server that wants a client certificate, or "
    "another one (--client-cert), may do that",
    False: "it hung up without an answer; a server that speaks TLS does that (https://)",
}
"""By whether TLS was to be spoken."""


def why_broken(error: Exception, *, is_https: bool) -> str:
    """Return what went wrong with a connection, and what may help.

    Args:
        error: of a socket, or of what speaks HTTP over it.
        is_https: whether TLS was to be spoken.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        what = error.verify_message.rstrip(".")
        todo = _TODO.get(error.verify_code, "--ca-file names a certificate to trust")
        return f"its certificate is not trusted: {what}; {todo}"
    if isinstance(error, ssl.SSLEOFError | RemoteDisconnected):
        return _HUNG_UP[is_https]
    if isinstance(error, ssl.SSLError) and error.reason in _ALERTS:
        return _ALERTS[error.reason]
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, HTTPException):
        return f"it does not speak HTTP properly ({type(error).__name__})"
    return type(error).__name__
