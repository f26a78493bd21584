"""The part of `Approvals` that is about accounts in Slack and whose they are."""

from typing import Protocol

from core.domain.identity import SlackAccount, SlackLink


class Identities(Protocol):
    """Which account in Slack is linked to whom."""

    async def identities(self) -> tuple[SlackLink, ...]:
        """Return every link, by e-mail.

        Raises:
            NotAllowed: the actor is no admin.
        """
        ...

    async def link_identity(self, account: SlackAccount, email: str) -> SlackLink:
        """Link an account to a person; again answers the same.

        Raises:
            Invalid: the e-mail cannot be, or either side is linked elsewhere.
            NotAllowed: the actor is no admin.
            Conflict: either side was linked at the same time.
        """
        ...

    async def unlink_identity(self, account: SlackAccount) -> SlackLink:
        """End a link; the next use of the account links it anew.

        Raises:
            NotFound: the account is not linked.
            NotAllowed: the actor is no admin.
        """
        ...

    async def claim_identity(self, code: str, *, is_confirmed: bool) -> SlackLink:
        """Link the account in Slack that was given a code to oneself.

        Args:
            code: as `/jitsudo link` said it.
            is_confirmed: without it nothing is linked; the answer is the link that
                would be.

        Raises:
            Invalid: the code is wrong, used or too old.
            NotAllowed: the actor did not sign in at the identity provider; or the
                account has another e-mail, or either side is linked elsewhere.
            TooMany: the actor named too many codes.
            Conflict: either side was linked at the same time.
        """
        ...
