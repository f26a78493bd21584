"""Providers that answer a grant with what is none, or with more than was asked."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from core.domain.grant import IssuedGrant, Secrets
from core.vocabulary import GrantStatus, JobKind, RequestState
from tests.support.builders import ALICE
from tests.support.products import Product
from tests.support.providers import SECRET, Distort


def with_variables(variables: Any) -> Distort:
    """Return what makes an answer hold these secrets."""
    return lambda issued: replace(issued, secrets=Secrets(variables=variables))


def changed(issued: IssuedGrant, **parts: Any) -> IssuedGrant:
    """Return an answer with parts that its type does not allow."""
    return replace(issued, **parts)


ODD: Final[dict[str, Distort]] = {
    "nothing": lambda _: None,
    "a mapping": lambda issued: {"secrets": issued.secrets},
    "no secrets": lambda issued: changed(issued, secrets={"KEY": SECRET}),
    "a time without zone": lambda issued: replace(
        issued, expires_at=issued.expires_at.replace(tzinfo=None)
    ),
    "an end before its beginning": lambda issued: replace(
        issued, expires_at=issued.issued_at
    ),
    "a text for a time": lambda issued: changed(
        issued, expires_at=issued.expires_at.isoformat()
    ),
    "a NUL in its handle": lambda issued: replace(issued, handle="arn\0"),
    "half a character": lambda issued: replace(issued, handle="\ud800"),
    "a number for a secret": with_variables({"KEY": 7}),
    "bytes for a name": with_variables({b"KEY": "x"}),
    "a NUL in a secret": with_variables({"KEY": f"{SECRET}\0"}),
    "a list for secrets": with_variables(["KEY"]),
}


@pytest.mark.parametrize("oddity", ODD)
async def test_an_answer_that_is_no_grant_is_a_failure_that_is_said(
    scripted: Product, oddity: str
) -> None:
    """Not *Granting* for an hour; what it may have granted is kept track of."""
    approved = (await scripted.approved()).request
    scripted.provider.distort = ODD[oddity]

    await scripted.work()

    failed = (await scripted.record(approved.id)).request
    assert failed.grant_status is GrantStatus.FAILED
    assert failed.grant_error == "its answer is no grant that can be used"
    (job,) = await scripted.jobs(JobKind.ISSUE)
    assert SECRET not in job.last_error
    assert await scripted.grant(approved.id) is None
    scripted.provider.distort = lambda issued: issued
    await scripted.hurry_and_work()
    assert (await scripted.record(approved.id)).request.is_in_force


async def test_nobody_gets_longer_than_was_approved(scripted: Product) -> None:
    """A provider that says twelve hours where one was asked for is ended after one."""
    approved = (await scripted.approved()).request
    scripted.provider.distort = lambda issued: replace(
        issued, expires_at=issued.expires_at + timedelta(hours=11)
    )

    await scripted.work()

    request = (await scripted.record(approved.id)).request
    assert request.expires_at == scripted.clock.now() + approved.ask.duration
    scripted.clock.move(approved.ask.duration)
    await scripted.hurry_and_work()
    assert (await scripted.record(approved.id)).request.state is RequestState.EXPIRED
    assert scripted.provider.in_force == {}


async def test_shorter_than_asked_is_what_the_provider_says(scripted: Product) -> None:
    """Nobody is told that a session lasts which the cloud has ended."""
    approved = (await scripted.approved()).request
    scripted.provider.distort = lambda issued: replace(
        issued, expires_at=issued.expires_at - timedelta(minutes=30)
    )

    await scripted.work()

    request = (await scripted.record(approved.id)).request
    assert request.expires_at == scripted.clock.now() + timedelta(minutes=30)
    credentials = await scripted.acting(ALICE).credentials(approved.id)
    assert credentials.expires_at == request.expires_at
