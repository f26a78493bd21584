"""Credentials at rest, and the provider that grants nothing."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from core.domain.grant import Secrets, order_of
from core.errors import ConfigurationError
from core.providers.local import LocalProvider
from core.providers.sealing import FernetSealer
from tests.support.builders import FrozenClock, a_request, a_request_id

SECRETS = Secrets(
    variables={"KEY": "s3cret", "UMLAUT": "schön 🚀", "EMPTY": ""},
    files={"KUBECONFIG": "apiVersion: v1\n"},
)


def a_key() -> str:
    """Return a new key."""
    return Fernet.generate_key().decode()


def test_what_was_sealed_opens_for_its_request() -> None:
    """And shows nothing until then."""
    sealer = FernetSealer([a_key()])
    request_id = a_request_id()

    sealed = sealer.seal(request_id, SECRETS)

    assert sealer.open(request_id, sealed) == SECRETS
    assert b"s3cret" not in sealed
    assert request_id.encode() not in sealed
    assert sealer.seal(request_id, SECRETS) != sealed


def test_it_opens_for_no_other_request() -> None:
    """The id is inside, so a row that was copied by hand is of no use."""
    sealer = FernetSealer([a_key()])
    sealed = sealer.seal(a_request_id(), SECRETS)

    with pytest.raises(ConfigurationError, match="another request's"):
        sealer.open(a_request_id(), sealed)


def test_keys_rotate() -> None:
    """The first seals, all open; without the old one it says which to add."""
    old, new = a_key(), a_key()
    request_id = a_request_id()
    sealed = FernetSealer([old]).seal(request_id, SECRETS)

    assert FernetSealer([new, old]).open(request_id, sealed) == SECRETS
    fresh = FernetSealer([new, old]).seal(request_id, SECRETS)
    assert FernetSealer([new]).open(request_id, fresh) == SECRETS
    with pytest.raises(ConfigurationError, match="add the key") as wrong:
        FernetSealer([new]).open(request_id, sealed)
    assert old not in str(wrong.value)


def test_a_changed_byte_opens_nothing() -> None:
    """Ciphertext is authenticated."""
    sealer = FernetSealer([a_key()])
    request_id = a_request_id()
    sealed = bytearray(sealer.seal(request_id, SECRETS))
    sealed[40] ^= 1

    with pytest.raises(ConfigurationError):
        sealer.open(request_id, bytes(sealed))


@pytest.mark.parametrize("keys", [[], [""], ["short"], ["x" * 44, "short"]])
def test_a_missing_or_malformed_key_stops_before_serving(keys: list[str]) -> None:
    """By the name of the setting, without the key."""
    with pytest.raises(ConfigurationError) as wrong:
        FernetSealer(keys)

    assert wrong.value.setting == "JITSUDO_ENCRYPTION_KEYS"
    assert "short" not in str(wrong.value)


async def test_the_local_provider_is_visibly_fake_and_repeats_itself() -> None:
    """Granting twice grants the same; ending what is not there is fine."""
    clock = FrozenClock()
    provider = LocalProvider(clock=clock)
    order = order_of(a_request())

    first = await provider.grant(order)
    assert first.expires_at == clock.now() + timedelta(hours=1)
    clock.move(timedelta(minutes=5))
    again = await provider.grant(order)

    assert first == again
    assert "fake" in first.secrets.variables["LOCAL_ACCESS_KEY"]
    assert await provider.is_active(order, first.handle)
    await provider.revoke(order, first.handle)
    await provider.revoke(order, first.handle)
    assert not await provider.is_active(order, first.handle)
