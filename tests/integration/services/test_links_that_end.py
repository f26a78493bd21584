"""What ends with a link: whatever its person was signed in with by Slack's word."""

from datetime import timedelta

import pytest

from core.approvals import IssuedToken
from core.domain.sign_in import PollOutcome
from core.errors import NotAuthenticated
from core.use_cases import ALL_SCOPES
from core.vocabulary import AuditAction
from tests.support.builders import ALICE, ERIN
from tests.support.products import Product
from tests.support.sign_ins import HOST, begin, consent, poll
from tests.support.slackers import Slacker


async def signed_in(product: Product, email: str) -> IssuedToken:
    """Return the token of a terminal that somebody in Slack said is theirs."""
    begun = await begin(product.jitsudo)
    await consent(product.jitsudo, email).confirm(begun.sign_in.user_code, typed=HOST)
    issued = (await poll(product.jitsudo, begun)).issued
    assert issued is not None
    return issued


async def test_unlinking_an_impostor_ends_what_they_signed_in(product: Product) -> None:
    """Their terminal had twelve hours left, and another one was about to get a token.

    What an admin issued, and what others have, is not by that account's word.
    """
    impostor = Slacker(product=product, user="U9", email=ALICE)
    await impostor.acts()
    stolen = await signed_in(product, ALICE)
    erins = await signed_in(product, ERIN)
    issued = await product.acting(ERIN).issue_token(
        ALICE, scopes=ALL_SCOPES, ttl=timedelta(hours=1)
    )
    waiting = await begin(product.jitsudo)
    await consent(product.jitsudo, ALICE).confirm(waiting.sign_in.user_code, typed=HOST)

    await product.acting(ERIN).unlink_identity(impostor.account)

    with pytest.raises(NotAuthenticated, match="revoked"):
        await product.jitsudo.authenticate(stolen.secret)
    assert (await poll(product.jitsudo, waiting)).outcome is PollOutcome.REFUSED
    for kept in (erins, issued):
        await product.jitsudo.authenticate(kept.secret)
    (ended,) = await product.events(AuditAction.TOKEN_REVOKED)
    assert (ended.fact.actor, ended.fact.details["token"]) == (ERIN, stolen.token.id)
