"""People who come to core from Slack: an account, and what Slack says of it."""

from dataclasses import dataclass

from core.clock import Deadline
from core.domain.identity import LinkCode, SlackAccount, SlackLink
from core.domain.principal import Actor
from core.vocabulary import RequestId, Verdict
from tests.support.products import Product

TEAM = "T1"


@dataclass(frozen=True, kw_only=True)
class Slacker:
    """Somebody in Slack, for whom Slack has vouched.

    Attributes:
        user: the account's id.
        email: what Slack says of it.
    """

    product: Product
    user: str
    email: str

    @property
    def account(self) -> SlackAccount:
        """Return the account."""
        return SlackAccount(team_id=TEAM, user_id=self.user)

    async def acts(
        self, request_id: RequestId | None = None, verdict: Verdict | None = None
    ) -> Actor:
        """Do something; return as whom."""
        return await self.product.jitsudo.recognise(
            self.account,
            self.email,
            evidence={"slack_team": TEAM, "slack_user": self.user},
            deadline=Deadline(seconds=10),
            request_id=request_id,
            verdict=verdict,
        )

    async def asks_for_code(self) -> LinkCode | None:
        """Type `/jitsudo link`."""
        return await self.product.jitsudo.offer_link(
            self.account, self.email, evidence={}, deadline=Deadline(seconds=10)
        )

    async def code(self) -> str:
        """Return the code that `/jitsudo link` says."""
        found = await self.asks_for_code()
        assert found is not None
        return found.code


async def links(product: Product) -> list[SlackLink]:
    """Return every link, by e-mail."""
    async with product.store.snapshot() as uow:
        return await uow.links.all()


async def names(product: Product) -> dict[str, str]:
    """Return whose each linked account is."""
    return {link.account.user_id: link.email for link in await links(product)}
