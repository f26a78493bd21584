"""Rotating keys: everything opens with the new one, and nothing is lost."""

from dataclasses import replace

import pytest
from cryptography.fernet import Fernet

from core.errors import ConfigurationError
from core.providers.sealing import FernetSealer
from core.services.rotate import Rotate
from tests.support.builders import ALICE
from tests.support.products import KEY, Product
from tests.support.providers import SECRET


def a_key() -> str:
    """Return a new key."""
    return Fernet.generate_key().decode()


async def test_every_credential_opens_with_the_new_key_alone(
    scripted: Product,
) -> None:
    """Also twice; what has ended has nothing to reseal."""
    kept = [(await scripted.active()).request.id for _ in range(3)]
    ended = (await scripted.active()).request.id
    await scripted.acting(ALICE).revoke(ended, reason="")
    await scripted.work()
    new = a_key()
    rotate = Rotate(store=scripted.store, sealer=FernetSealer([new, KEY]))

    first, second = await rotate.run(), await rotate.run()

    assert (first.resealed, first.unreadable) == (3, ())
    assert second == first
    alone = FernetSealer([new])
    for request_id in kept:
        grant = await scripted.grant(request_id)
        assert grant is not None
        assert grant.sealed_credentials is not None
        secrets = alone.open(request_id, grant.sealed_credentials)
        assert secrets.variables == {"KEY": SECRET}
        with pytest.raises(ConfigurationError):
            FernetSealer([KEY]).open(request_id, grant.sealed_credentials)


async def test_what_no_key_opens_is_named_and_left_alone(scripted: Product) -> None:
    """Nothing is decrypted to garbage, and the rest is resealed."""
    good = (await scripted.active()).request.id
    bad = (await scripted.active()).request.id
    lost = FernetSealer([a_key()])
    async with scripted.store.transaction() as uow:
        grant = await uow.grants.get(bad)
        assert grant is not None
        opened = FernetSealer([KEY]).open(bad, grant.sealed_credentials or b"")
        sealed = lost.seal(bad, opened)
        await uow.grants.put(replace(grant, sealed_credentials=sealed))
        await uow.commit()

    sealer = FernetSealer([a_key(), KEY])
    rotation = await Rotate(store=scripted.store, sealer=sealer).run()

    assert (rotation.resealed, rotation.unreadable) == (1, (bad,))
    left = await scripted.grant(bad)
    assert left is not None
    assert left.sealed_credentials == sealed
    assert (await scripted.grant(good)) is not None
    with pytest.raises(ConfigurationError, match=bad):
        await scripted.acting(ALICE).credentials(bad)
