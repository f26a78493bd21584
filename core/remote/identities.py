"""Links between accounts in Slack and people, over the REST API."""

from typing_extensions import override

from core.approvals.identities import Identities
from core.domain.identity import SlackAccount, SlackLink
from core.remote.caller import Caller, Doubt, path_of
from core.wire import identities
from core.wire.fields import Fields


class HttpIdentities(Identities):
    """The part of `HttpApprovals` that is about accounts in Slack."""

    _server: Caller

    @override
    async def identities(self) -> tuple[SlackLink, ...]:
        """Return every link."""
        return await self._server.call(
            "GET",
            "/identities",
            lambda answer: answer.objects("identities", identities.from_link),
        )

    @override
    async def link_identity(self, account: SlackAccount, email: str) -> SlackLink:
        """Link an account to a person."""
        return await self._server.call(
            "PUT",
            path_of("identities", account.team_id, account.user_id),
            _link,
            body={"identity": email},
            doubt=Doubt.REPEAT,
        )

    @override
    async def unlink_identity(self, account: SlackAccount) -> SlackLink:
        """End a link."""
        return await self._server.call(
            "DELETE",
            path_of("identities", account.team_id, account.user_id),
            _link,
            doubt=Doubt.LOOK,
        )

    @override
    async def claim_identity(self, code: str, *, is_confirmed: bool) -> SlackLink:
        """Link the account that was given a code to oneself."""
        return await self._server.call(
            "POST",
            "/identities:link",
            _link,
            body=identities.to_claim(code, is_confirmed=is_confirmed),
            doubt=Doubt.LOOK,
        )


def _link(answer: Fields) -> SlackLink:
    return identities.from_link(answer.inner("identity"))
