"""An e-mail that has changed hands, and whoever had it before."""

from datetime import timedelta

from tests.support.builders import BOB, ERIN
from tests.support.sign_in_houses import SignInHouse


async def test_what_was_issued_before_an_email_changed_hands_takes_it_not_back(
    signing: SignInHouse,
) -> None:
    """Whoever left has a token that is good for a while yet, and would come first."""
    left = signing.issuer.token(BOB, groups=["sre-lead"])
    assert (await signing.whoami(left)).status == 200
    signing.clock.move(timedelta(minutes=1))
    path = f"/api/v1alpha1/principals/{BOB}/forget-sign-in"
    await signing.api.send("POST", path, token=await signing.api.token(ERIN))

    refused = await signing.whoami(left)
    signing.clock.move(timedelta(minutes=1))
    heir = await signing.whoami(signing.issuer.token(BOB, sub="new-bob"))

    assert (refused.status, heir.status) == (401, 200)
    assert "change hands" in str(refused.body)
    assert (await signing.whoami(left)).status == 401
