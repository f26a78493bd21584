"""A terminal is signed in by who confirms it in Slack: once, or not at all."""

import asyncio
from datetime import timedelta

import pytest

from core.domain.sign_in import LIFETIME, TOKEN_TTL, PollOutcome
from core.errors import Invalid, NotAllowed
from core.ports import TokenFilter
from core.use_cases import ALL_SCOPES
from core.vocabulary import AuditAction, JobKind, Origin, Outcome, SignInState
from tests.support.builders import ALICE, BOB, DAVE
from tests.support.products import Product, a_product
from tests.support.rosters import Groups
from tests.support.sign_ins import ADDRESS, EVIDENCE, HOST, begin, consent, poll

WRONG = "ZZZZ-ZZZZ"
A_WHILE = timedelta(seconds=6)


async def test_the_terminal_gets_a_token_with_the_power_of_who_confirmed(
    product: Product,
) -> None:
    """Every scope, for twelve hours; audited twice, without any code."""
    begun = await begin(product.jitsudo)
    code = begun.sign_in.user_code
    waiting = await poll(product.jitsudo, begun)

    seen = await consent(product.jitsudo).look(code)
    done = await consent(product.jitsudo).confirm(code, typed=HOST)
    product.clock.move(A_WHILE)
    answer = await poll(product.jitsudo, begun)

    assert waiting.outcome is PollOutcome.PENDING
    assert (seen.host, seen.address, seen.state) == (HOST, ADDRESS, SignInState.WAITING)
    assert done.state is SignInState.CONFIRMED
    assert answer.outcome is PollOutcome.READY
    assert answer.issued is not None
    bearer = await product.jitsudo.authenticate(answer.issued.secret)
    assert (bearer.email, bearer.scopes) == (ALICE, ALL_SCOPES)
    assert bearer.expires_at == product.clock.now() + TOKEN_TTL
    assert await product.actions() == ["sign_in.confirmed", "token.issued"]
    told = [event.record for event in await product.events()]
    for secret in (code, begun.device_code, answer.issued.secret, begun.sign_in.digest):
        assert not any(secret in record for record in told)
    confirmed = (await product.events())[0].fact
    assert confirmed.details == {
        "host": HOST,
        "address": ADDRESS,
        "asked_at": begun.sign_in.created_at.isoformat(),
        **EVIDENCE,
    }
    assert begun.device_code not in repr(begun)


async def test_nothing_that_is_stored_signs_anybody_in(product: Product) -> None:
    """Of the device code there is a digest, of the token as well."""
    begun = await begin(product.jitsudo)

    async with product.store.transaction() as uow:
        stored = await uow.sign_ins.by_digest(begun.sign_in.digest)

    assert stored == begun.sign_in
    assert begun.device_code not in repr(stored)
    answer = await product.jitsudo.services.sign_in.poll(
        begun.sign_in.digest[:43], address=ADDRESS
    )
    assert answer.outcome is PollOutcome.UNKNOWN


async def test_a_device_code_is_used_once(product: Product) -> None:
    """Who asks again with it learns nothing, and gets nothing."""
    begun = await begin(product.jitsudo)
    await consent(product.jitsudo).confirm(begun.sign_in.user_code, typed=HOST)
    assert (await poll(product.jitsudo, begun)).issued is not None
    product.clock.move(A_WHILE)

    again = await poll(product.jitsudo, begun)

    assert (again.outcome, again.issued) == (PollOutcome.UNKNOWN, None)
    assert (await product.actions()).count("token.issued") == 1


async def test_two_questions_at_once_get_one_token(
    product: Product, groups: Groups
) -> None:
    """On two replicas, with the sign-in confirmed just before."""
    url = product.settings.database_url.get_secret_value()
    async with a_product(url, groups, clock=product.clock) as other:
        begun = await begin(product.jitsudo)
        await consent(product.jitsudo).confirm(begun.sign_in.user_code, typed=HOST)

        async with asyncio.TaskGroup() as tasks:
            asked = [
                tasks.create_task(poll(each.jitsudo, begun))
                for each in (product, other) * 4
            ]

    issued = [task.result().issued for task in asked if task.result().issued]
    assert len(issued) == 1
    async with product.store.snapshot() as uow:
        assert len(await uow.tokens.find(TokenFilter(email=ALICE))) == 1
    assert (await product.actions()).count("token.issued") == 1


async def test_a_question_between_look_and_lock_makes_no_second_token(
    product: Product,
) -> None:
    """Both have read that it is confirmed; the second finds it used."""
    begun = await begin(product.jitsudo)
    await consent(product.jitsudo).confirm(begun.sign_in.user_code, typed=HOST)
    terminals = product.jitsudo.services.sign_in

    async with asyncio.TaskGroup() as tasks:
        handed = [
            tasks.create_task(
                terminals._hand_over(  # the moment between the two
                    begun.sign_in.digest, ALICE, ADDRESS
                )
            )
            for _ in range(4)
        ]

    outcomes = sorted(task.result().outcome for task in handed)
    assert outcomes == [PollOutcome.READY, *[PollOutcome.UNKNOWN] * 3]


async def test_confirmed_twice_by_the_same_person_is_confirmed_once(
    product: Product,
) -> None:
    """A double click, a delivery that came again: the same answer, one event."""
    begun = await begin(product.jitsudo)
    code = begun.sign_in.user_code

    async with asyncio.TaskGroup() as tasks:
        for _ in range(5):
            tasks.create_task(consent(product.jitsudo).confirm(code, typed=HOST))
    await poll(product.jitsudo, begun)
    late = await consent(product.jitsudo).confirm(code, typed=HOST)

    assert late.state is SignInState.USED
    assert (await product.actions()).count("sign_in.confirmed") == 1


async def test_two_people_cannot_confirm_one_sign_in(product: Product) -> None:
    """The first one counts; the other is refused, and that is audited."""
    begun = await begin(product.jitsudo)
    code = begun.sign_in.user_code
    await consent(product.jitsudo, ALICE).confirm(code, typed=HOST)

    with pytest.raises(NotAllowed):
        await consent(product.jitsudo, BOB).confirm(code, typed=HOST)
    with pytest.raises(NotAllowed):
        await consent(product.jitsudo, BOB).look(code)
    with pytest.raises(NotAllowed):
        await consent(product.jitsudo, BOB).refuse(code)

    answer = await poll(product.jitsudo, begun)
    assert answer.issued is not None
    assert answer.issued.token.email == ALICE
    (failure,) = await product.events(AuditAction.SIGN_IN_REFUSED)
    assert (failure.fact.actor, failure.fact.outcome) == (BOB, Outcome.FAILURE)


async def test_two_people_who_confirm_at_once_are_one(product: Product) -> None:
    """Whoever is first is who the token is of."""
    begun = await begin(product.jitsudo)
    code = begun.sign_in.user_code

    async with asyncio.TaskGroup() as tasks:
        tried = [
            tasks.create_task(_tried(product, person, code)) for person in (ALICE, BOB)
        ]

    won = [task.result() for task in tried if task.result() is not None]
    assert len(won) == 1
    answer = await poll(product.jitsudo, begun)
    assert answer.issued is not None
    assert [answer.issued.token.email] == won


async def _tried(product: Product, person: str, code: str) -> str | None:
    try:
        await consent(product.jitsudo, person).confirm(code, typed=HOST)
    except NotAllowed:
        return None
    return person


async def test_a_refusal_is_final_and_the_admins_hear_of_it(product: Product) -> None:
    """Not even who refused can confirm afterwards."""
    begun = await begin(product.jitsudo)
    code = begun.sign_in.user_code

    await consent(product.jitsudo, BOB).refuse(code)
    await consent(product.jitsudo, BOB).refuse(code)

    for person in (ALICE, BOB):
        with pytest.raises(NotAllowed):
            await consent(product.jitsudo, person).confirm(code, typed=HOST)
    answer = await poll(product.jitsudo, begun)
    assert (answer.outcome, answer.issued) == (PollOutcome.REFUSED, None)
    (job,) = await product.jobs(JobKind.TELL_ADMINS)
    text = job.payload["text"]
    assert BOB in text
    assert HOST in text
    assert ADDRESS in text
    assert code not in text
    first = (await product.events(AuditAction.SIGN_IN_REFUSED))[0].fact
    assert (first.actor, first.outcome) == (BOB, Outcome.SUCCESS)


async def test_who_confirmed_by_mistake_can_take_it_back(product: Product) -> None:
    """While the terminal has no token; afterwards they are told how to end that."""
    first, second = await begin(product.jitsudo), await begin(product.jitsudo)
    alice = consent(product.jitsudo)
    for begun in (first, second):
        await alice.confirm(begun.sign_in.user_code, typed=HOST)
    await poll(product.jitsudo, second)

    await alice.refuse(first.sign_in.user_code)
    with pytest.raises(NotAllowed, match="token revoke"):
        await alice.refuse(second.sign_in.user_code)

    assert (await poll(product.jitsudo, first)).outcome is PollOutcome.REFUSED


async def test_after_ten_minutes_nothing_can_be_confirmed(product: Product) -> None:
    """And the terminal is told that it has to begin anew."""
    begun = await begin(product.jitsudo)
    product.clock.move(LIFETIME)

    with pytest.raises(Invalid, match="expired") as refusal:
        await consent(product.jitsudo).confirm(begun.sign_in.user_code, typed=HOST)

    assert refusal.value.field == "code"
    assert (await poll(product.jitsudo, begun)).outcome is PollOutcome.EXPIRED
    assert await product.actions() == []


async def test_a_confirmed_code_that_expires_before_the_question_is_dead(
    product: Product,
) -> None:
    """A yes does not outlive its code."""
    begun = await begin(product.jitsudo)
    await consent(product.jitsudo).confirm(begun.sign_in.user_code, typed=HOST)
    product.clock.move(LIFETIME)

    answer = await poll(product.jitsudo, begun)

    assert (answer.outcome, answer.issued) == (PollOutcome.EXPIRED, None)
    assert await product.actions() == ["sign_in.confirmed"]


async def test_what_has_to_be_typed_has_to_be_typed(product: Product) -> None:
    """Nothing is confirmed by pressing Enter."""
    begun = await begin(product.jitsudo)

    with pytest.raises(Invalid) as refusal:
        await consent(product.jitsudo).confirm(begun.sign_in.user_code, typed="")

    assert refusal.value.field == "machine"
    assert (await poll(product.jitsudo, begun)).outcome is PollOutcome.PENDING


async def test_who_is_disabled_or_unknown_confirms_nothing(product: Product) -> None:
    """As with decisions: unclear means no, and it is audited."""
    begun = await begin(product.jitsudo)
    code = begun.sign_in.user_code
    await product.disable(DAVE)

    for person in (DAVE, "nobody@example.com"):
        for act in (
            consent(product.jitsudo, person).look(code),
            consent(product.jitsudo, person).confirm(code, typed=HOST),
            consent(product.jitsudo, person).refuse(code),
        ):
            with pytest.raises(NotAllowed):
                await act

    assert (await poll(product.jitsudo, begun)).outcome is PollOutcome.PENDING
    failures = await product.events(outcome=Outcome.FAILURE)
    assert {event.fact.actor for event in failures} == {DAVE, "nobody@example.com"}


async def test_who_is_disabled_after_the_yes_gets_no_token(product: Product) -> None:
    """Also if it was confirmed in time; the refusal is final and audited."""
    begun = await begin(product.jitsudo)
    await consent(product.jitsudo).confirm(begun.sign_in.user_code, typed=HOST)
    await product.disable(ALICE)

    answer = await poll(product.jitsudo, begun)

    assert (answer.outcome, answer.issued) == (PollOutcome.REFUSED, None)
    (failure,) = await product.events(outcome=Outcome.FAILURE)
    assert failure.fact.action is AuditAction.SIGN_IN_REFUSED
    async with product.store.snapshot() as uow:
        assert await uow.tokens.find(TokenFilter(email=ALICE)) == []


@pytest.mark.parametrize("origin", sorted(set(Origin) - {Origin.SLACK}))
async def test_a_token_never_makes_a_token(product: Product, origin: Origin) -> None:
    """Whoever did not come by Slack is refused, whatever they hold."""
    begun = await begin(product.jitsudo)
    alice = consent(product.jitsudo, origin=origin)

    with pytest.raises(NotAllowed, match="Slack"):
        await alice.confirm(begun.sign_in.user_code, typed=HOST)

    assert (await poll(product.jitsudo, begun)).outcome is PollOutcome.PENDING
