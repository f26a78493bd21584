"""Says in one line what AWS answered, for whoever is on call."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    ConnectionError,  # noqa: A004  # botocore's own, as its documents call it
    CredentialRetrievalError,
    HTTPClientError,
    LoginError,
    MetadataRetrievalError,
    NoAuthTokenError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from core.errors import ProviderFailed

_WITHOUT_KEYS: Final = (
    ConfigParseError,
    CredentialRetrievalError,
    LoginError,
    MetadataRetrievalError,
    NoAuthTokenError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
"""What the SDK raises where it finds nothing to sign with."""

_EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException"})

_NOT_TAKEN: Final = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)

_CLOCK: Final = frozenset(
    {"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"}
)

_THROTTLED: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)

_BUSY: Final = frozenset({"ConcurrentModification", "ConflictException"})

_DENIED: Final = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
)
"""Error codes by what they mean for us.

Source: the common errors of the STS, IAM and SSO Admin API references; the
throttling codes of botocore's standard retry mode.
"""

_ANSWERS: Final = (
    (_EXPIRED, "jitsudo's own AWS credentials have expired; renew the server's"),
    (
        _NOT_TAKEN,
        "AWS does not take jitsudo's own credentials ({code}); replace them",
    ),
    (_CLOCK, "AWS finds the time of this machine wrong ({code}); set its clock"),
    (_THROTTLED, "AWS asks for fewer calls ({code} at {doing}); it is tried again"),
    (_BUSY, "AWS is still at work on an earlier change ({code} at {doing})"),
)

_TEXT_LIMIT: Final = 170
"""Characters of AWS's own words that are kept; a card shows 300 in all."""

_SERVER_ERROR: Final = 500


def code_of(error: ClientError) -> str:
    """Return AWS's code for an error, such as `NoSuchEntity`."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def text_of(error: ClientError) -> str:
    """Return AWS's own words, clipped; they name principals, never keys."""
    return str(error.response.get("Error", {}).get("Message", ""))[:_TEXT_LIMIT]


@contextmanager
def aws_failures(provider: str, doing: str, *, denied: str = "") -> Iterator[None]:
    """Turn whatever the SDK raises inside into the one error of providers.

    Args:
        doing: what is tried, such as `sts:AssumeRole`.
        denied: what to look at where AWS denies it.

    Raises:
        ProviderFailed: AWS refused, was not reached, or took no keys of ours.
    """
    try:
        yield
    except ClientError as error:
        why = _answered(doing, error, denied)
        raise ProviderFailed(provider=provider, why=why) from error
    except (BotoCoreError, ResponseParserError) as error:
        why = _unanswered(doing, error)
        raise ProviderFailed(provider=provider, why=why) from error


def _answered(doing: str, error: ClientError, denied: str) -> str:
    code = code_of(error)
    for codes, why in _ANSWERS:
        if code in codes:
            return why.format(code=code, doing=doing)
    if code in _DENIED:
        advice = denied or "give jitsudo this permission"
        return f"AWS denied {doing}; {advice}: {text_of(error)}"
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if status >= _SERVER_ERROR:
        return f"AWS has trouble of its own ({code} at {doing}); it is tried again"
    return f"AWS refused {doing} ({code}): {text_of(error)}"


def _unanswered(doing: str, error: Exception) -> str:
    kind = type(error).__name__
    if isinstance(error, _WITHOUT_KEYS):
        return (
            f"jitsudo found no AWS credentials to use ({kind}); "
            "give the server a role or keys"
        )
    if isinstance(error, (HTTPClientError, ConnectionError)):
        return f"AWS was not reached, or its answer was lost ({kind} at {doing})"
    if isinstance(error, ResponseParserError):
        return f"AWS's answer to {doing} makes no sense; is endpoint_url right?"
    return f"{doing} could not be asked of AWS ({kind}); look at the settings"
